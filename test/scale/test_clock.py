import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.scale.clock import BoardClock

PERIOD_US = 16667
SAMPLES = 6
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


def run(clock, seconds, ppm, delays, start_us=0, begin=0.0):
    """Frames of a board whose clock is ``ppm`` fast; returns stamps and the true times of first samples."""
    count = int(seconds / (SAMPLES * PERIOD_US * 1e-6))
    stamps, truths = [], []
    for k in range(count):
        board_us = k * SAMPLES * PERIOD_US
        truth = T0 + int((begin + board_us * 1e-6 / (1 + ppm * 1e-6)) * SECOND)
        last = truth + int((SAMPLES - 1) * PERIOD_US * 1000 / (1 + ppm * 1e-6))
        arrival = last + int(delays[k % len(delays)] * SECOND)
        stamps.append(clock.stamp((start_us + board_us) % 2**32, PERIOD_US, SAMPLES, arrival))
        truths.append(truth)
    return np.array(stamps), np.array(truths)


@pytest.mark.parametrize("ppm", [200, -200, 0])
def test_stamps_stay_within_five_milliseconds_over_an_hour(ppm):
    rng = np.random.default_rng(1)
    delays = 0.002 + rng.exponential(0.006, 5000) + (rng.random(5000) < 0.02) * rng.uniform(0, 0.3, 5000)
    clock = BoardClock()
    stamps, truths = run(clock, 3600, ppm, delays, start_us=2**32 - 1_000_000_000)
    error = (stamps - truths) / 1e6
    assert np.abs(error[100:]).max() < 5.0
    assert clock.skew == pytest.approx(-ppm * 1e-6, abs=2e-5)
    assert clock.restarts == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(-200, 200), st.lists(st.floats(0.0, 0.5), min_size=3, max_size=40), st.integers(0, 2**32 - 1))
def test_stamps_grow_and_samples_of_frames_never_overlap(ppm, delays, start_us):
    stamps, _ = run(BoardClock(), 60, ppm, delays, start_us)
    assert np.diff(stamps).min() > (SAMPLES - 1) * PERIOD_US * 1000


def test_a_restarted_board_is_stamped_anew_and_monotone():
    clock = BoardClock()
    delays = [0.004, 0.007, 0.005]
    first, _ = run(clock, 120, 100, delays, start_us=3_000_000_000)
    second, truths = run(clock, 60, 100, delays, start_us=0, begin=125.0)
    assert clock.restarts == 1
    assert second[0] > first[-1]
    assert np.abs(second - truths).max() < 10e6


def test_a_restart_that_looks_like_going_on_is_noticed():
    """The board was off for ten seconds and its counter happens to go on where it stopped."""
    clock = BoardClock()
    run(clock, 30, 0, [0.004])
    stamps, truths = run(clock, 30, 0, [0.004], start_us=30_000_000, begin=40.0)
    assert clock.restarts == 1
    assert np.abs(stamps[-100:] - truths[-100:]).max() < 10e6


def test_a_host_that_was_stuck_and_reads_a_backlog_shifts_nothing():
    clock = BoardClock()
    delays = [0.004] * 600
    for k in range(300, 350):
        delays[k] = 5.0 - (k - 300) * 0.1
    stamps, truths = run(clock, 59, 50, delays)
    assert clock.restarts == 0
    assert np.abs(stamps - truths).max() < 10e6


def test_a_late_first_frame_is_made_up_for():
    stamps, truths = run(BoardClock(), 60, 0, [0.5] + [0.004] * 10_000)
    assert abs(stamps[0] - truths[0]) > 0.4e9
    assert np.abs(stamps[100:] - truths[100:]).max() < 6e6
