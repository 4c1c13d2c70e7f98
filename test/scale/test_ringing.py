"""What a ringing plate weighs is known before it is still; what a hand does is not taken for ringing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import Signal, make_store, seconds

from just_walk_out.scale.events.ringing import FEWEST, ringing
from just_walk_out.scale.events.stage import ShelfEventStage

PERIOD = 0.05
NOISE = 0.0003


def swing(hertz, damping, count, size, phase):
    """Return a free swing as blocks show it: each is the mean of what the plate does over its period."""
    fine = np.arange(count * 30) / 30.0 * PERIOD
    turn = 2 * np.pi * hertz * fine
    wave = size * np.exp(-damping * turn) * np.cos(turn * np.sqrt(1 - damping**2) + phase)
    return wave.reshape(count, 30).mean(axis=1)


def ring_of(course, count=FEWEST, period=PERIOD):
    return ringing(course, count, NOISE, 2.0 * NOISE, period)


@pytest.mark.parametrize("hertz", [6.5, 8.0, 9.0, 10.0, 11.0, 12.0])
@pytest.mark.parametrize("damping", [0.06, 0.1, 0.2])
def test_a_free_swing_rings_about_its_level(hertz, damping):
    ring = ring_of(3.0 + swing(hertz, damping, FEWEST, 0.1, 0.5))
    assert ring is not None
    assert ring.course[-FEWEST:] == pytest.approx(3.0, abs=0.001)
    assert ring.swing > 0.005


@settings(max_examples=80, deadline=None)
@given(
    hertz=st.floats(6.0, 13.0),
    damping=st.floats(0.05, 0.2),
    phase=st.floats(0.0, 6.28),
    size=st.floats(0.01, 0.2),
    level=st.floats(-5.0, 5.0),
    count=st.integers(FEWEST, 13),
    seed=st.integers(0, 10_000),
)
def test_the_error_of_a_level_is_what_is_said_of_it(hertz, damping, phase, size, level, count, seed):
    noise = np.random.default_rng(seed).normal(0.0, NOISE, count)
    ring = ring_of(level + swing(hertz, damping, count, size, phase) + noise, count)
    if ring is not None:
        assert abs(ring.course[-count:].mean() - level) < 5.0 * ring.variance**0.5 + 0.02 * ring.swing


@settings(max_examples=80, deadline=None)
@given(
    hertz=st.floats(0.1, 4.5),
    damping=st.floats(0.0, 0.02),
    phase=st.floats(0.0, 6.28),
    size=st.floats(0.01, 0.2),
)
def test_what_is_as_slow_as_a_hand_never_rings(hertz, damping, phase, size):
    assert ring_of(swing(hertz, damping, FEWEST, size, phase)) is None


@pytest.mark.parametrize("hertz", [7.0, 9.0, 11.0])
def test_what_does_not_die_away_never_rings(hertz):
    assert ring_of(swing(hertz, 0.0, FEWEST, 0.05, 1.0)) is None


def test_readings_too_rare_to_tell_a_swing_from_a_hand_never_ring():
    course = 0.1 * (-0.6) ** np.arange(FEWEST)
    assert ring_of(course) is not None
    assert ring_of(course, period=0.1) is None


@pytest.mark.parametrize("course", [np.zeros(FEWEST), np.full(FEWEST, 3.0), np.linspace(0.0, 1.0, FEWEST)])
def test_what_stands_or_glides_never_rings(course):
    assert ring_of(course) is None


@pytest.mark.parametrize("noise", [0.3, 1.0])
@pytest.mark.parametrize(("change", "size"), [(-120.0, 0.4), (700.0, 0.3), (-1500.0, 0.15)])
def test_the_step_of_a_plate_that_rings_long_is_told_before_it_is_still(noise, change, size):
    signal = Signal(9, noise=noise, seed=3).move(2, 4.0, change)
    since = np.maximum(signal.t - 4.15, 0.0)
    signal.grams[:, 2] += size * change * np.exp(-since / 0.25) * np.sin(2 * np.pi * 8.5 * since)
    stage, found = ShelfEventStage(make_store()), []
    for record in signal.records():
        for output in stage.push(record):
            found += [(seconds(output.stamp), event) for event in output.events]
    ((published, event),) = found
    assert published < 5.0
    assert event.change == pytest.approx((change / 1000.0,), abs=0.002)
    assert abs(event.change[0] - change / 1000.0) < 5.0 * event.covariance[0] ** 0.5
