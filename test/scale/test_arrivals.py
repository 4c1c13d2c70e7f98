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
    assert run(clock, [100] * 20 + [210, 10, 80] + [100] * 5 + [410] + [100] * 5)[1] == 3, (
        "one is late, three are missing"
    )


def test_a_single_reading_that_is_missing_is_counted_once_the_next_ones_have_not_made_up_for_it():
    clock = ArrivalClock(100 * MS)
    assert run(clock, [100] * 30)[1] == 0
    assert [clock.stamp(clock._last + interval * MS)[1] for interval in (200, 100, 100)] == [0, 1, 0]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("rate", [0.95, 1.0, 1.05])
@pytest.mark.parametrize("jitter", [0.0, 15.0])
def test_lost_readings_are_counted_whatever_the_rate_within_the_described_and_the_jitter(share, rate, jitter):
    rng = np.random.default_rng(7)
    times = np.arange(3000) * 100.0 / rate
    times += rng.exponential(jitter, len(times)) if jitter else 0.0
    kept = rng.random(len(times)) >= share
    kept[0] = kept[-5:] = True
    clock = ArrivalClock(100 * MS)
    missing = sum(clock.stamp(T0 + round(time * MS))[1] for time in times[kept])
    assert missing == pytest.approx(np.count_nonzero(~kept), rel=0.1, abs=8)
