"""Every fault of a line: what the stream says, what diagnostics say, and that the rest goes on.

The boards are those of the simulation, which was written apart from the parser; the faults happen to
their bytes. Ports that are missing, unplugged or come back elsewhere are in ``test_transport.py``.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import make_store

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.simulation.boards import Board

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
PLATES = 4
WEIGHT = 3.0
PER_FRAME = 6


class Sender:
    """One simulated board with 3 kg on each of its plates."""

    def __init__(self, store, seed=5, rate_error=None):
        plates = [plate.id for shelf in store.shelf.values() for plate in shelf.plates]
        self.world = SimpleNamespace(handlings=[], initial_weight=dict.fromkeys(plates, WEIGHT))
        self.board = Board(store, store.buses[0], 0, "quiet", seed)
        if rate_error is not None:
            self.board.rate_error = rate_error
        self.sent = 0

    def frames(self, seconds):
        """Return (arrival, bytes) of frames, and the true time of the first sample of each."""
        found = []
        for _ in range(round(seconds * 10)):
            due, first = self.board.due, self.sent * PER_FRAME
            truth = self.board._phase + first / 60.0 / (1.0 + self.board.rate_error)
            found.append((T0 + round(due * SECOND), self.board.emit(self.world, None), T0 + round(truth * SECOND)))
            self.sent += 1
        return found


@pytest.fixture
def store():
    return make_store(1, PLATES)


@pytest.fixture
def driver(store):
    return LoadCellDriver(store.buses[0], store)


def listen(driver, frames):
    """Feed frames; return records and the health at the end."""
    records = [record for arrival, data, *_ in frames for record in driver.feed(arrival, data)]
    return records, driver.health(frames[-1][0])


def intact(records):
    """Whatever was lost: the samples that came are those that were sent."""
    stamps = np.concatenate([record.stamps() for record in records])
    weights = np.concatenate([record.samples for record in records])
    assert np.diff(stamps).min() > 0
    assert np.abs(weights - WEIGHT).max() < 0.5
    return len(weights)


def test_nothing_is_wrong_with_a_good_line(driver, store):
    records, health = listen(driver, Sender(store).frames(20))
    assert intact(records) == 200 * PER_FRAME
    assert (health.errors, health.warnings, records[-1].lost) == ((), (), 0)


def spoil_half(data, rng):
    return data[: int(rng.integers(1, len(data)))]


def spoil_bit(data, rng):
    place = int(rng.integers(len(data)))
    return data[:place] + bytes([data[place] ^ (1 << int(rng.integers(8)))]) + data[place + 1 :]


def spoil_all(data, rng):
    return b""


@pytest.mark.parametrize("spoil", [spoil_half, spoil_bit, spoil_all], ids=["half frames", "bit flips", "10 % loss"])
def test_frames_that_are_hurt_or_missing_are_counted_as_lost_and_said(driver, store, spoil):
    rng = np.random.default_rng(2)
    frames = Sender(store).frames(60)
    hurt = [0 < index < len(frames) - 1 and rng.random() < 0.1 for index in range(len(frames))]
    records, health = listen(
        driver, [(at, spoil(data, rng) if bad else data) for bad, (at, data, _) in zip(hurt, frames, strict=True)]
    )
    received = intact(records)
    # A half frame or a lost delimiter takes the next frame with it.
    assert (len(frames) - 2.2 * sum(hurt)) * PER_FRAME < received <= (len(frames) - sum(hurt)) * PER_FRAME
    assert records[-1].lost == len(frames) * PER_FRAME - received
    assert np.diff([record.lost for record in records]).min() >= 0
    assert records[-1].lost == health.boards[0].lost == health.counts.lost * PER_FRAME
    assert len(health.warnings) == 1 and health.warnings[0].startswith("board 0 loses ")
    if spoil is not spoil_all:
        assert health.counts.crc_errors + health.counts.framing_errors >= 0.9 * sum(hurt)


def test_a_loss_that_is_over_is_no_warning_any_more(driver, store):
    sender = Sender(store)
    listen(driver, sender.frames(5))
    sender.frames(1)
    assert listen(driver, sender.frames(2))[1].warnings
    records, health = listen(driver, sender.frames(6))
    assert health.warnings == () and records[-1].lost == 10 * PER_FRAME


def test_repeated_frames_come_once(driver, store):
    frames = [frame for frame in Sender(store).frames(10) for _ in range(2)]
    records, health = listen(driver, frames)
    assert intact(records) == 100 * PER_FRAME
    assert (health.counts.duplicates, records[-1].lost) == (100, 0)


def test_frames_out_of_order_are_dropped_counted_and_said_to_be_lost(driver, store):
    frames = Sender(store).frames(10)
    for k in range(10, 90, 10):
        frames[k], frames[k + 1] = (frames[k][0], frames[k + 1][1]), (frames[k + 1][0], frames[k][1])
    records, health = listen(driver, frames)
    assert intact(records) == 92 * PER_FRAME
    assert health.counts.reordered == 8 and records[-1].lost == 8 * PER_FRAME


def test_rubbish_between_frames_is_counted_and_hurts_at_most_the_next_one(driver, store):
    rng = np.random.default_rng(4)
    frames = [(at, rng.bytes(int(rng.integers(1, 60))) + data) for at, data, _ in Sender(store).frames(20)]
    records, health = listen(driver, frames)
    assert records and intact(records) < 200 * PER_FRAME
    assert health.counts.crc_errors + health.counts.framing_errors > 100


def hold(frames, column, value=None):
    """The same bytes, but that one channel repeats its first count, or a given one, for ever."""
    import binascii
    import struct

    from cobs import cobs

    held = value
    for at, data, truth in frames:
        payload = bytearray(cobs.decode(data[:-1])[:-2])
        counts = np.frombuffer(payload, "<i4", offset=12 + PLATES).reshape(-1, PLATES)
        held = int(counts[0, column]) if held is None else held
        counts[:, column] = held
        body = bytes(payload)
        yield at, cobs.encode(body + struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))) + b"\0", truth


def test_a_channel_that_stands_still_becomes_a_fault_and_recovers(driver, store):
    sender = Sender(store)
    listen(driver, sender.frames(70))
    records, health = listen(driver, list(hold(sender.frames(20), 2)))
    at = next(index for index, record in enumerate(records) if record.status[2] is PlateStatus.FAULT)
    assert 9.0 <= at / 10 <= 13.0
    assert np.isnan(records[-1].samples[:, 2]).all() and not np.isnan(records[-1].samples[:, [0, 1, 3]]).any()
    assert records[-1].status == (PlateStatus.OK, PlateStatus.OK, PlateStatus.FAULT, PlateStatus.OK)
    assert health.warnings == ("plates not OK: g1/s0/p2 (stuck)",)
    records, health = listen(driver, sender.frames(1))
    assert set(records[0].status) == {PlateStatus.OK} and health.warnings == (), "well with the first count that moves"


def test_a_board_that_hangs_with_all_channels_still_is_a_fault_too(driver, store):
    sender = Sender(store)
    listen(driver, sender.frames(70))
    frames = sender.frames(20)
    for column in range(PLATES):
        frames = list(hold(frames, column))
    records, health = listen(driver, frames)
    assert set(records[-1].status) == {PlateStatus.FAULT} and health.warnings[0].count("(stuck)") == PLATES


@pytest.mark.parametrize("load", [60.0, -60.0])
def test_a_plate_beyond_the_range_of_its_converter_is_saturated(store, load):
    sender, driver = Sender(store), LoadCellDriver(store.buses[0], store)
    sender.world.initial_weight["g1/s0/p1"] = load
    records, health = listen(driver, sender.frames(3))
    assert {record.status for record in records} == {(0, PlateStatus.SATURATED, 0, 0)}
    assert abs(records[-1].samples[0, 1]) == pytest.approx(8.4, abs=0.1)
    assert health.warnings == ("plates not OK: g1/s0/p1",)


def test_a_plate_that_stays_overloaded_stays_saturated(driver, store):
    sender = Sender(store)
    listen(driver, sender.frames(70))
    sender.board._group._resting(sender.world)[1] = 60.0
    records, health = listen(driver, sender.frames(30))
    assert records[-1].status == (0, PlateStatus.SATURATED, 0, 0)
    assert health.warnings == ("plates not OK: g1/s0/p1",)


@pytest.mark.parametrize("ppm", [200, -200])
def test_a_board_clock_that_is_off_stays_within_five_milliseconds_over_an_hour(store, ppm):
    """Bytes in, stamps out; the arrivals are late by 1 to 5 ms and now and then by 300."""
    sender, driver = Sender(store, rate_error=ppm * 1e-6), LoadCellDriver(store.buses[0], store)
    rng = np.random.default_rng(ppm + 1000)
    worst, skew = 0, 0.0
    for minute in range(60):
        for at, data, truth in sender.frames(60 if minute in (0, 1, 30, 59) else 1):
            late = int(rng.uniform(0, 0.3) * SECOND) if rng.random() < 0.02 else 0
            (record,) = driver.feed(at + late, data)
            if minute:
                worst = max(worst, abs(record.stamp - truth))
        # Most of the hour passes unheard, in gaps that the clock must bridge.
        if minute not in (0, 1, 30, 59):
            skip(sender, 59)
        skew = driver.health(at).boards[0].skew
    assert worst < 5_000_000
    assert skew == pytest.approx(-ppm * 1e-6, abs=2e-5)


def skip(sender, seconds):
    """Let time go by on the board without drawing its noise."""
    frames = round(seconds * 10)
    sender.sent += frames
    sender.board._batch += frames
    sender.board._sequence = (sender.board._sequence + frames) % 2**16
    sender.board.due = sender.board._next_due()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(-(10**9), 10**10), st.binary(max_size=120)), max_size=30))
def test_no_bytes_at_no_times_stop_the_reader(chunks):
    store = make_store(1, PLATES)
    driver = LoadCellDriver(store.buses[0], store)
    now = T0
    for step, data in chunks:
        now += step
        driver.feed(now, data)
        driver.idle(now)
        driver.health(now)
    driver.feed(now, b"\0")
    assert driver.feed(now + SECOND, Sender(store).frames(1)[0][1])
