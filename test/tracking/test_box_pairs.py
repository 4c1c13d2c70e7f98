"""Pairs of tracks and boxes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.tracking.box_pairs import best, shares, within

GAINS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 50)), max_size=12, unique_by=lambda pair: pair[:2]
)


def total(pairs, most):
    """Greatest gain of any choice of pairs in which nobody is twice."""
    best_yet = 0
    for count in range(most + 1):
        for some in itertools.combinations(pairs, count):
            if len({who for who, _, _ in some}) == count == len({which for _, which, _ in some}):
                best_yet = max(best_yet, sum(gain for *_, gain in some))
    return best_yet


@settings(max_examples=60, deadline=None)
@given(GAINS)
def test_no_other_choice_of_pairs_gains_more(pairs):
    who, which, gain = (np.array([pair[k] for pair in pairs], dtype=kind) for k, kind in enumerate((int, int, float)))
    rows, columns = best(who, which, gain, (4, 4))
    assert len(set(rows.tolist())) == len(rows) == len(set(columns.tolist()))
    worth = {(a, b): g for a, b, g in pairs}
    assert sum(worth[pair] for pair in zip(rows.tolist(), columns.tolist(), strict=True)) == total(pairs, 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_pairs_within_a_gate_are_within_it_in_each_coordinate(seed):
    rng = np.random.default_rng(seed)
    places, points = rng.normal(0.0, 3.0, (2, 6)), rng.normal(0.0, 3.0, (2, 5))
    roots, others = rng.normal(size=(6, 2, 2)), rng.normal(size=(5, 2, 2))
    spread, noise = roots @ roots.transpose(0, 2, 1), others @ others.transpose(0, 2, 1) + 0.1 * np.eye(2)
    away = points.T[None] - places.T[:, None]
    sums = spread[:, None] + noise[None]
    squared = np.einsum("nmi,nmij,nmj->nm", away, np.linalg.inv(sums), away)
    variances, errors = (each[:, [0, 1], [0, 1]].T for each in (spread, noise))
    pairs = list(zip(*(side.tolist() for side in within(places, variances, points, errors, 9.0)), strict=True))
    assert pairs == sorted(set(pairs)) and {*map(tuple, np.argwhere(squared < 9.0 - 1e-9).tolist())} <= {*pairs}
    assert all((away[pair] ** 2 < 9.0 * (variances[:, pair[0]] + errors[:, pair[1]]) + 1e-9).all() for pair in pairs)


def test_boxes_share_what_they_have_in_common():
    one, two = (
        np.array([0.0, 0.0, 4.0, 2.0]),
        np.array([[2.0, 0.0, 6.0, 2.0], [0.0, 0.0, 4.0, 2.0], [9.0, 9.0, 10.0, 10.0]]),
    )
    assert shares(one[:, None], two.T).tolist() == pytest.approx([4 / 12, 1.0, 0.0])
