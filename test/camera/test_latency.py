"""What the estimate of a latency must keep, on simulated exposures, screens and networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.camera.latency import LEAST_SIGHTS, Sight, estimate
from just_walk_out.camera.time_codes import LONGEST, SHORTEST


def sights(rng, latencies, period, exposure=0.02, drops=0.0, row=0.0, stands=(SHORTEST, LONGEST)):
    """What a camera reads: one picture a period, each as late as given; a code that changes in its exposure is lost.

    Args:
        rng: of the simulation.
        latencies: of the pictures, seconds.
        period: of the camera, seconds.
        exposure: seconds.
        drops: share of the pictures that are lost.
        row: seconds by which a rolling shutter reads the rows of the code later than the picture's stamp says.
        stands: the shortest and the longest time a code stands, seconds.
    """
    count = len(latencies)
    exposed = 1.0 + rng.uniform(0, period) + period * np.arange(count)
    shown = np.cumsum(rng.uniform(*stands, int(exposed[-1] / stands[0]) + 3))
    number = np.searchsorted(shown, exposed + row) - 1
    clear = np.minimum(exposed + row - shown[number], shown[number + 1] - exposed - row) > 0.5 * exposure
    kept = clear & (rng.random(count) >= drops)
    stamps = exposed + latencies
    nanoseconds = np.rint(1e9 * np.column_stack([stamps, shown[number], shown[number + 1]])[kept]).astype(int)
    return [Sight(*row) for row in nanoseconds.tolist()]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.floats(-0.2, 8.0), st.floats(0.03, 0.4), st.floats(0.0, 0.04), st.floats(0.0, 0.7),
    st.floats(0.0, 0.03),
)  # fmt: skip
def test_a_steady_latency_lies_where_all_pictures_allow_it(seed, latency, period, exposure, drops, row):
    read = sights(np.random.default_rng(seed), np.full(200, latency), period, exposure, drops, row)
    found = estimate(read)
    late = latency - row
    assert abs(found.median - late) < 1.74 * found.deviation + 1e-6
    assert found.low <= found.median <= found.high <= found.low + 3.5 * found.deviation
    assert found.deviation < found.stood / 3
    assert found.pictures == len(read)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, count: rng.normal(0.2, 0.005, count),
        lambda rng, count: rng.normal(0.35, 0.02, count),
        lambda rng, count: 0.15 + rng.gamma(2.0, 0.025, count),
        lambda rng, count: np.where(
            rng.random(count) < 0.05, rng.uniform(0.3, 1.0, count), rng.normal(0.2, 0.003, count)
        ),
    ],
    ids=["steady", "uneven", "skewed", "hiccups"],
)
def test_uneven_latencies_are_found_to_what_the_result_says(draw):
    truth = np.quantile(draw(np.random.default_rng(1), 100_000), [0.1, 0.5, 0.9])
    found = [estimate(sights(rng, draw(rng, 140), 0.1)) for rng in map(np.random.default_rng, range(12))]
    off = np.array([one.median for one in found]) - truth[1]
    said = np.array([one.deviation for one in found])
    assert np.abs(off).max() < 0.025 and abs(off.mean()) < 0.003
    assert np.mean(np.abs(off) < 2.0 * said) > 0.85 and np.sqrt(np.mean(off**2)) < 1.4 * np.sqrt(np.mean(said**2))
    assert np.mean([one.low for one in found]) == pytest.approx(truth[0], abs=0.012)
    assert np.mean([one.high for one in found]) == pytest.approx(truth[2], abs=0.012 + 0.1 * (truth[2] - truth[0]))


@given(st.integers(0, 2**32 - 1), st.integers(-(10**10), 10**10), st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_order_changes_nothing_and_a_constant_delay_only_itself(seed, shift, order):
    rng = np.random.default_rng(seed)
    read = sights(rng, rng.gamma(2.0, 0.05, 60), 0.07)
    mixed = list(read)
    order.shuffle(mixed)
    found = estimate(read)
    assert estimate(mixed) == found
    later = estimate([Sight(one.stamp + shift, one.shown, one.replaced) for one in read])
    assert later.median == pytest.approx(found.median + shift / 1e9, abs=1e-8)
    assert later.deviation == found.deviation


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.3))
@settings(max_examples=8, deadline=None)
def test_no_more_than_half_of_the_pictures_are_surely_below_or_above_the_median(seed, spread):
    rng = np.random.default_rng(seed)
    read = sights(rng, rng.exponential(spread + 1e-3, 80), 0.09)
    found = estimate(read)
    below = sum(one.stamp - one.shown < 1e9 * found.median - 1e3 for one in read)
    above = sum(one.stamp - one.replaced > 1e9 * found.median + 1e3 for one in read)
    assert max(below, above) <= 0.5 * len(read) + 1


def test_codes_that_keep_step_with_the_camera_leave_open_how_long_they_stand_and_it_is_said():
    rng = np.random.default_rng(5)
    even = estimate(sights(rng, np.full(140, 0.2), 0.1, stands=(0.1, 0.1)))
    drawn = estimate(sights(rng, np.full(140, 0.2), 0.1))
    assert even.deviation > 0.1 / np.sqrt(12) > 3 * drawn.deviation


def test_too_few_pictures_are_refused():
    read = sights(np.random.default_rng(0), np.full(200, 0.2), 0.1)[: LEAST_SIGHTS - 1]
    with pytest.raises(ValueError, match="expected at least 20 pictures with a code, got 19"):
        estimate(read)
