import dataclasses
import math

import numpy as np
import pytest
from board_frames import encode
from shelf_signals import make_store

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


@pytest.fixture
def driver():
    store = make_store(shelves=2, plates=3)
    return LoadCellDriver(store.buses[0], store)


def frame(sequence, board=0, status=(0, 0, 0), value=500_000, samples=2):
    counts = [tuple(1000 * c + value for c in range(len(status)))] * samples
    return encode(board, sequence, sequence * 100_000, 50_000, status, counts)


def test_counts_become_kilograms_of_the_plates_of_a_shelf(driver):
    (batch,) = driver.feed(T0, frame(0))
    assert (batch.shelf, batch.source, batch.plates) == ("g1/s0", "bus/0", ("g1/s0/p0", "g1/s0/p1", "g1/s0/p2"))
    assert batch.samples == pytest.approx(np.full((2, 3), 0.5))
    assert batch.weights.dtype == np.float32
    assert batch.sample_period == 50_000_000
    assert batch.stamps().tolist() == [T0 - 50_000_000, T0]


def test_each_status_shows_and_a_plate_without_value_is_nan(driver):
    (batch,) = driver.feed(T0, frame(0, status=(1, 2, 3)))
    assert batch.status == (PlateStatus.STALE, PlateStatus.SATURATED, PlateStatus.FAULT)
    values = batch.samples[0].tolist()
    assert math.isnan(values[0]) and values[1] == pytest.approx(0.5) and math.isnan(values[2])
    assert driver.health(T0).boards[0].faulty == batch.plates


def test_unknown_status_codes_are_faults(driver):
    (batch,) = driver.feed(T0, frame(0, status=(0, 77, 0)))
    assert batch.status[1] is PlateStatus.FAULT


def test_lost_frames_are_counted_in_samples_and_batches_are_numbered(driver):
    batches = [b for n in (0, 1, 4, 5) for b in driver.feed(T0 + n * SECOND // 10, frame(n))]
    assert [b.lost for b in batches] == [0, 0, 4, 4]
    assert [b.sequence for b in batches] == [0, 1, 2, 3]
    assert driver.health(T0 + SECOND).boards[0].lost == 4


def test_boards_and_channels_that_nobody_described_are_reported_once(driver):
    for n in range(3):
        assert driver.feed(T0, frame(n, board=9)) == []
        driver.feed(T0, frame(n, board=1, status=(0,) * 5))
    assert driver.take_notices() == [
        "bus: board 9 is not in the store description",
        "bus: board 1 sends channel 3, which is not in the store description",
        "bus: board 1 sends channel 4, which is not in the store description",
    ]
    assert driver.take_notices() == []


def test_a_channel_that_is_described_as_not_connected_is_no_news():
    store = make_store(plates=3)
    (bus,) = store.buses
    bus = dataclasses.replace(bus, channels=(bus.channels[0], bus.channels[2]), unused=((0, 1), (1, 1)))
    # and neither is a board of which no channel is connected
    driver = LoadCellDriver(bus, store)
    assert driver.feed(T0, frame(0, board=1)) == []
    (batch,) = driver.feed(T0, frame(0, status=(0, 3, 0)))
    assert batch.plates == ("g1/s0/p0", "g1/s0/p2") and batch.status == (PlateStatus.OK,) * 2
    assert driver.take_notices() == [] and driver.health(T0).warnings == ()
    driver.feed(T0 + SECOND, frame(1, status=(0, 0, 0, 0)))
    assert driver.take_notices() == ["bus: board 0 sends channel 3, which is not in the store description"]


def test_channels_that_a_board_does_not_send_are_faults(driver):
    (batch,) = driver.feed(T0, frame(0, status=(0, 0)))
    assert batch.status == (PlateStatus.OK, PlateStatus.OK, PlateStatus.FAULT)
    assert driver.take_notices() == ["bus: board 0 does not send channel 2 of the store description"]


def test_a_silent_board_is_stale_once_a_second_and_then_well_again(driver):
    driver.feed(T0, frame(0) + frame(0, board=1))
    stale = []
    for tenth in range(1, 45):
        now = T0 + tenth * SECOND // 10
        driver.feed(now, frame(tenth, board=1))
        stale += driver.idle(now)
    assert [round((b.stamp - T0) / SECOND, 1) for b in stale] == [1.1, 2.1, 3.1, 4.1]
    assert all(b.shelf == "g1/s0" and len(b.weights) == 0 for b in stale)
    assert all(set(b.status) == {PlateStatus.STALE} for b in stale)
    health = {b.board: b for b in driver.health(T0 + 44 * SECOND // 10).boards}
    assert health[0].stale and not health[1].stale
    assert health[1].rate == pytest.approx(20.0, rel=0.15)
    assert driver.feed(T0 + 5 * SECOND, frame(50))[0].status[0] is PlateStatus.OK
    assert driver.idle(T0 + 5 * SECOND + 1)[0:1] == []


def test_a_board_that_never_spoke_is_stale_too(driver):
    assert driver.idle(T0) == []
    assert {b.shelf for b in driver.idle(T0 + 2 * SECOND)} == {"g1/s0", "g1/s1"}


def test_rubbish_and_wrong_speed_show_in_the_counts_and_hurt_nothing(driver):
    rng = np.random.default_rng(0)
    for n in range(50):
        driver.feed(T0 + n, rng.integers(0, 256, 97, np.uint8).tobytes())
    counts = driver.health(T0).counts
    assert counts.frames == 0 and counts.framing_errors + counts.crc_errors > 5
    assert len(driver.feed(T0 + SECOND, b"\0" + frame(3))) == 1
