import numpy as np
import pytest

from just_walk_out.scale.stuck import StuckDetector

PERIOD = 16_666_667
SECOND = 1_000_000_000


def play(detector, counts, batch=6):
    """Feed samples x channels; return for each second which channels were stuck at its end."""
    seen = []
    for k in range(0, len(counts) - batch + 1, batch):
        detector.push(counts[k : k + batch].astype(np.int32), PERIOD)
        seen.append(detector.stuck.copy())
    return np.array(seen)[9::10]


def noise(seconds, channels=1, seed=0):
    return np.round(np.random.default_rng(seed).normal(0.0, 100.0, (seconds * 60, channels)))


def rounded(seconds, seed=0):
    """A scale that rounds to grams: still, but for a hand now and then."""
    rng = np.random.default_rng(seed)
    counts = np.full(seconds * 60, 500.0)
    for at in rng.uniform(0, seconds, seconds // 25):
        begin = int(at * 60)
        length = int(rng.uniform(0.5, 4.0) * 60)
        counts[begin : begin + length] += np.round(rng.normal(0, 80, len(counts[begin : begin + length])))
        counts[begin + length :] += round(rng.normal(0, 200))
    return counts[:, None]


def test_a_noisy_channel_that_stands_still_is_stuck_after_ten_seconds_and_well_when_it_moves():
    counts = np.concatenate([noise(90), np.full((30 * 60, 1), 7.0), noise(20, seed=1)])
    seen = play(StuckDetector(10.0), counts)[:, 0]
    assert not seen[:99].any()
    assert seen[103:119].all()
    assert not seen[121:].any()


def test_only_the_channel_that_stands_still_is_stuck():
    counts = noise(120, 4)
    counts[60 * 60 :, 2] = counts[60 * 60, 2]
    assert play(StuckDetector(10.0), counts)[-1].tolist() == [False, False, True, False]


@pytest.mark.parametrize("seed", range(20))
def test_a_scale_that_rounds_is_not_stuck_however_long_nobody_comes(seed):
    day = rounded(900, seed)
    night = np.full((3600 * 60, 1), day[-1, 0])
    assert not play(StuckDetector(10.0), np.concatenate([day, night, day])).any()


def test_a_channel_that_was_never_quiet_for_a_second_but_once_is_given_more_time():
    counts = noise(200)
    counts[100 * 60 : 102 * 60] = 5.0
    counts[150 * 60 :] = 5.0
    seen = play(StuckDetector(10.0), counts)[:, 0]
    assert not seen[:165].any() and seen[195:].all()


def test_a_channel_that_never_moved_is_stuck_where_its_neighbours_are_noisy():
    counts = noise(90, 4)
    counts[:, 1] = 0.0
    assert play(StuckDetector(10.0), counts)[-1].tolist() == [False, True, False, False]


def test_channels_that_are_all_silent_say_nothing():
    assert not play(StuckDetector(10.0), np.full((300 * 60, 4), 12.0)).any()


def test_another_number_of_channels_starts_anew():
    detector = StuckDetector(10.0)
    play(detector, np.concatenate([noise(70), np.full((15 * 60, 1), 1.0)]))
    assert detector.any
    play(detector, noise(2, 3))
    assert not detector.any and len(detector.stuck) == 3
