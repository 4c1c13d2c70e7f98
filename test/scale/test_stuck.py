import numpy as np
import pytest

from just_walk_out.scale.stuck import StuckDetector

PERIOD = 16_666_667
SECOND = 1_000_000_000


def play(detector, counts, batch=6):
    """Feed samples x channels; return for each second (of small batches) which channels were stuck at its end."""
    seen = []
    for k in range(0, len(counts) - batch + 1, batch):
        detector.push(counts[k : k + batch].astype(np.int32), PERIOD)
        seen.append(detector.stuck.copy())
    return np.array(seen)[9::10] if batch == 6 else np.array(seen)


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


@pytest.mark.parametrize("seed", range(6))
def test_a_scale_that_rounds_is_not_stuck_however_long_nobody_comes(seed):
    day = rounded(900, seed)
    night = np.full((3600 * 60, 1), day[-1, 0])
    assert not play(StuckDetector(10.0), np.concatenate([day, night, day]), 60).any()


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


def test_what_the_board_itself_calls_saturated_or_without_value_is_not_called_stuck():
    detector = StuckDetector(10.0)
    play(detector, noise(90))
    still = np.full((6, 1), 8_388_607, np.int32)
    for _ in range(600):
        detector.push(still, PERIOD, np.array([True]))
    assert not detector.any
    assert not play(detector, np.full((8 * 60, 1), 3.0)).any(), "the time before does not count either"
    assert play(detector, np.full((20 * 60, 1), 3.0))[-1].all()


def test_a_scale_that_sent_nothing_and_then_rounds_is_well():
    """Without a value there is NaN, which differs from itself."""
    detector = StuckDetector(10.0)
    for _ in range(900):
        detector.push(np.full((6, 1), np.nan), PERIOD, np.array([True]))
    for _ in range(3000):
        detector.push(np.full((6, 1), 1.25), PERIOD)
    assert not detector.any


@pytest.mark.parametrize("step", [1, 3])
def test_a_scale_that_flickers_between_two_steps_for_hours_may_come_to_rest(step):
    rng = np.random.default_rng(3)
    flicker = 500 + step * rng.integers(0, 2, (1200 * 60, 1))
    rest = np.full((1200 * 60, 1), 500)
    assert not play(StuckDetector(10.0), np.concatenate([flicker, rest]), 60).any()


def test_scales_that_flicker_do_not_make_one_that_rests_a_broken_one():
    counts = 500 + np.random.default_rng(4).integers(0, 2, (300 * 60, 4))
    counts[:, 2] = 500
    assert not play(StuckDetector(10.0), counts).any()
