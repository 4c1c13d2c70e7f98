import numpy as np
import pytest

from just_walk_out.scale.arrivals import ArrivalClock

MS = 1_000_000
T0 = 1_700_000_000_000_000_000


def run(clock, intervals, now=T0):
    stamps, missing = [], 0
    for interval in intervals:
        now += round(interval * MS)
        stamp, lost = clock.stamp(now)
        stamps.append(stamp)
        missing += lost
    return stamps, missing


def test_readings_keep_their_times_and_a_period_that_jitters_stays_as_described():
    rng = np.random.default_rng(1)
    clock = ArrivalClock(100 * MS)
    stamps, missing = run(clock, 100 + rng.uniform(-20, 20, 200))
    assert clock.period == 100 * MS and clock.measured is None and missing == 0
    assert stamps == sorted(set(stamps))


def test_stamps_never_go_back():
    clock = ArrivalClock(100 * MS)
    stamps, _ = run(clock, [100, -30, 0, 100])
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize("true", [40, 200, 163])
def test_a_scale_that_sends_at_another_rate_is_noticed(true):
    clock = ArrivalClock(100 * MS)
    stamps, _ = run(clock, [true] * 60)
    assert clock.period == true * MS and clock.measured == pytest.approx(1000 / true)
    run(clock, [100] * 60, stamps[-1])
    assert clock.period == 100 * MS and clock.measured is None


def test_missing_readings_are_counted():
    clock = ArrivalClock(100 * MS)
    assert run(clock, [100] * 20 + [210] + [100] * 5 + [410] + [100] * 5)[1] == 3, "one is late, three are missing"
