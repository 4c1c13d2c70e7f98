"""The bound on who is who by places alone: searched paths of people whose true paths are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.benchmark.tracking.offline import Places, likeliest

INTERVAL = 0.5


def walkers(seed, count=6, moments=24, noise=0.04):
    """Rows (moment, person, x, y) of people who walk straight over a square of 20 m, each at a pace of their own."""
    rng = np.random.default_rng(seed)
    start, way = rng.uniform(4.0, 16.0, (count, 2)), rng.uniform(0.0, 2.0 * np.pi, count)
    pace = rng.uniform(0.6, 1.4, count)
    step = INTERVAL * pace[:, None] * np.column_stack([np.cos(way), np.sin(way)])
    return np.array(
        [
            (k, who, *(start[who] + k * step[who] + rng.normal(0.0, noise, 2)))
            for k in range(moments)
            for who in range(count)
        ]
    )


def as_found(truth, numbers):
    """Report rows under these numbers (R,)."""
    moments = truth[:, 0].astype(int)
    return [(numbers[moments == k], truth[moments == k, 2:]) for k in range(moments.max() + 1)]


def grouped(found):
    """Which places share a number."""
    groups = {}
    for moment, (ids, places) in enumerate(found):
        for who, place in zip(ids.tolist(), places.tolist(), strict=True):
            groups.setdefault(who, set()).add((moment, *place))
    return {frozenset(each) for each in groups.values()}


@pytest.mark.parametrize("seed", range(3))
def test_paths_of_straight_walkers_are_found_again_from_exchanged_and_broken_ones(seed):
    truth = walkers(seed)
    numbers = truth[:, 1].astype(np.int64)
    exchanged = np.where((truth[:, 0] >= 9) & (numbers < 2), 1 - numbers, numbers)
    broken = np.where((truth[:, 0] >= 15) & (numbers == 3), 90, exchanged)
    paths, above = likeliest(truth, INTERVAL, as_found(truth, broken))
    assert grouped(paths) == grouped(as_found(truth, numbers))
    assert above == pytest.approx(0.0)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), mixed=st.integers(0, 1000))
def test_a_search_loses_no_place_and_never_makes_paths_less_likely(seed, mixed):
    truth = walkers(seed, count=4, moments=8, noise=0.3)
    places = Places(truth, INTERVAL)
    # Numbers by chance, each at most once a moment.
    rng = np.random.default_rng(mixed)
    given_paths = places.followed(as_found(truth, np.concatenate([rng.permutation(4) for _ in range(8)])))
    better = places.improve(given_paths)
    assert sorted(place for path in better for place in path) == list(range(len(truth)))
    assert places.total(better) >= places.total(given_paths) - 1e-9
    assert all(places.moments[a] < places.moments[b] for path in better for a, b in pairwise(path))
    assert better == places.improve(given_paths)


def test_a_moment_without_anybody_and_a_single_place_are_no_obstacle():
    truth = np.array([(0.0, 7.0, 1.0, 2.0), (2.0, 7.0, 1.5, 2.0), (3.0, 8.0, 9.0, 9.0)])
    nobody = (np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
    paths, above = likeliest(truth, INTERVAL, [nobody] * 4)
    assert [len(ids) for ids, _ in paths] == [1, 0, 1, 1]
    assert np.isfinite(above) and above >= 0.0


def test_one_moment_alone_has_one_path_a_person():
    truth = np.array([(0.0, 1.0, 2.0, 2.0), (0.0, 2.0, 2.3, 2.0)])
    paths, above = likeliest(truth, INTERVAL, as_found(truth, np.array([4, 9])))
    assert [len(set(ids.tolist())) for ids, _ in paths] == [2] and above == pytest.approx(0.0)
