"""How far measurements move an estimate."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.tracking import kalman

METRES = st.floats(0.02, 0.5)


def moved(away, known, error, turn=0.0):
    """How far a measurement so many metres off moves somebody, and what their variance is afterwards."""
    mean = np.zeros((1, 4))
    covariance = np.diag([known**2, known**2, 0.1, 0.1])[None]
    point = away * np.array([[np.cos(turn), np.sin(turn)]])
    noise = kalman.robust(mean, covariance, point, error**2 * np.eye(2)[None])
    mean, covariance = kalman.update(mean, covariance, point, noise)
    return float(np.hypot(*mean[0, :2])), float(covariance[0, 0, 0])


@settings(max_examples=60, deadline=None)
@given(METRES, METRES, st.floats(0.0, 6.3))
def test_the_further_off_a_measurement_lies_the_less_it_counts(known, error, turn):
    expected = np.hypot(known, error)
    shares, spreads = zip(*(moved(k * expected, known, error, turn) for k in (1.0, 2.0, 3.0, 6.0, 12.0)), strict=True)
    shares = [share / k for share, k in zip(shares, (1.0, 2.0, 3.0, 6.0, 12.0), strict=True)]
    assert shares == sorted(shares, reverse=True) and list(spreads) == sorted(spreads)
    # Somebody absurdly far off moves nobody.
    assert moved(1e4 * expected, known, error, turn)[0] < moved(3.0 * expected, known, error, turn)[0]


@settings(max_examples=60, deadline=None)
@given(METRES, METRES, st.floats(0.0, 0.6))
def test_what_lies_where_it_is_expected_counts_in_full(known, error, far):
    gain = known**2 / (known**2 + error**2)
    away = far * np.hypot(known, error)
    assert np.isclose(moved(away, known, error)[0], gain * away)


def test_nobody_measured_is_no_error():
    nothing = np.zeros((0, 4)), np.zeros((0, 4, 4)), np.zeros((0, 2)), np.zeros((0, 2, 2))
    assert kalman.robust(*nothing).shape == (0, 2, 2)
