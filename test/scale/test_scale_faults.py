"""Faults of the lines of scales and transmitters: stream and diagnostics say so, and takes are found all the same.

Boards are in ``test_faults.py``. Scales have no numbers on their readings, so that repeated and reordered ones cannot
be told, and no clock; ports that are missing, pulled or come back elsewhere are in ``test_talking.py``.
"""

import dataclasses
import itertools

import numpy as np
import pytest
from buses import PLATES, SECOND, STORE, T0, modbus_bus, text_bus
from test_faults import spoil_all, spoil_bit, spoil_half
from test_scales_to_events import events_of, record, takes
from test_simulated_shelf import score

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.stage import ShelfEventStage

BUSES = {
    "mt_sics": text_bus("mt_sics"),
    "mt_sics polled": text_bus("mt_sics", polled=True),
    "and_stream": text_bus("and_stream", rate=20.0),
    "modbus_rtu": modbus_bus(((1, 0), (2, 0))),
}
SECONDS = 32.0
SPOILS = {"half": spoil_half, "bit flips": spoil_bit, "10 % loss": spoil_all}


class Spoiler:
    """Hurts one message in ten, after a while without a fault."""

    def __init__(self, spoil, seed=2):
        self._spoil, self._rng = spoil, np.random.default_rng(seed)
        self.seen = self.hurt = 0

    def __call__(self, data):
        self.seen += 1
        if self.seen < 30 or self._rng.random() >= 0.1:
            return data
        self.hurt += 1
        return self._spoil(data, self._rng)


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
@pytest.mark.parametrize("bus", BUSES.values(), ids=BUSES)
def test_messages_that_are_hurt_or_missing_are_said_and_takes_are_found(bus, spoil):
    plates = [channel.plate for channel in bus.channels]
    hands = [each for each in takes(plates, (0.35, 1.0), 5.0, np.random.default_rng(1)) if each.start < SECONDS - 6.0]
    spoiler = Spoiler(spoil)
    driver, batches = record(bus, hands, seconds=SECONDS, spoil=spoiler)
    health = driver.health(batches[-1][0])
    counts = health.counts
    if bus.protocol == "modbus_rtu":
        # An answer that is missing is asked for again in the same round; a plate that gives none then is stale.
        assert counts.timeouts >= 0.9 * spoiler.hurt
        stale = sum(PlateStatus.STALE in batch.status for _, batch in batches)
        assert 0 < stale < 0.1 * len(batches)
    else:
        assert batches[-1][1].lost >= 0.5 * spoiler.hurt and np.diff([batch.lost for _, batch in batches]).min() >= 0
        assert any(each.startswith("board 0 loses ") for each in health.warnings)
    if bus.reading.polled and spoil is not spoil_bit:
        assert counts.timeouts >= 0.6 * spoiler.hurt
    if spoil is not spoil_all:
        assert counts.framing_errors + counts.crc_errors >= 0.5 * spoiler.hurt
    hits, truths, found, _ = score(hands, events_of(batches))
    assert hits >= truths - 1 and found <= truths + 1, "one in ten is lost, the takes are not"


def test_a_transmitter_whose_value_stands_still_where_it_always_was_noisy_is_a_fault():
    bus = modbus_bus(scale=1e-6)
    driver, rng = LoadCellDriver(bus, STORE), np.random.default_rng(1)
    statuses = []
    parser_answers = {1: 0, 2: 0, 3: 0}
    now = T0
    for tick in range(900):
        while True:
            poll = driver.poll(now)
            if not poll.data:
                break
            unit = poll.data[0]
            if not (unit == 2 and tick > 700):
                parser_answers[unit] = int(3_000_000 + rng.normal(0, 200))
            batches = driver.feed(max(now, poll.at) + 3_000_000, reply(unit, parser_answers[unit]))
            now = max(now, poll.at) + 3_000_000
            statuses += [batch.status for batch in batches]
        now = max(now + 1, poll.due)
        driver.feed(now, b"")
    fault = (PlateStatus.OK, PlateStatus.FAULT, PlateStatus.OK)
    assert statuses[690] == (PlateStatus.OK,) * 3 and statuses[-1] == fault
    assert driver.health(now).warnings == (f"plates not OK: {PLATES[1]} (stuck)",)


def reply(unit, value):
    """The answer of a unit with a 32-bit value, its checksum computed bit by bit."""
    said = bytes((unit, 3, 4)) + value.to_bytes(4, "big", signed=True)
    crc = 0xFFFF
    for byte in said:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return said + crc.to_bytes(2, "little")


def test_a_repeated_answer_of_a_transmitter_counts_once():
    bus = modbus_bus(((1, 0),))
    driver = LoadCellDriver(bus, STORE)
    poll = driver.poll(T0)
    first = driver.feed(poll.at + 3_000_000, reply(1, 1500))
    again = driver.feed(poll.at + 4_000_000, reply(1, 1400))
    assert [batch.samples[0, 0] for batch in first] == [pytest.approx(1.5)] and again == []
    assert driver.health(T0 + SECOND).counts.framing_errors == 1


OVERLOADS = {"mt_sics": b"S +\r\n", "and_stream": b"OL,GS,+9999.99kg\r\n"}


@pytest.mark.parametrize("protocol", OVERLOADS)
def test_an_overloaded_scale_is_saturated_said_and_no_event(protocol):
    """A hand that leans on it: its weight is that of before when the hand is gone."""
    line = {"mt_sics": b"S S     500.00 g\r\n", "and_stream": b"ST,GS,+0000.50kg\r\n"}[protocol]
    driver, stage, events = LoadCellDriver(text_bus(protocol), STORE), ShelfEventStage(STORE), []
    statuses = []
    for number in range(120):
        over = 50 <= number < 70
        for batch in driver.feed(T0 + number * SECOND // 10, OVERLOADS[protocol] if over else line):
            statuses.append(batch.status[0])
            events += [event for output in stage.push(batch) for event in output.events]
        if number == 60:
            assert driver.health(T0 + 6 * SECOND).warnings == (f"plates not OK: {PLATES[0]}",)
    runs = [(status, len(list(group))) for status, group in itertools.groupby(statuses)]
    assert runs == [(PlateStatus.OK, 50), (PlateStatus.SATURATED, 20), (PlateStatus.OK, 50)] and events == []


def test_a_value_that_is_read_in_part_is_no_weight_whatever_the_rate():
    """Half lines, cut at any place, one after the other: none of them is a reading."""
    for protocol in ("mt_sics", "and_stream"):
        bus = dataclasses.replace(text_bus(protocol))
        driver = LoadCellDriver(bus, STORE)
        line = {"mt_sics": b"S S     500.00 g\r\n", "and_stream": b"ST,GS,+0000.50kg\r\n"}[protocol]
        assert len(driver.feed(T0, line)) == 1
        for cut in range(1, len(line) - 2):
            assert driver.feed(T0 + cut * SECOND, line[cut:] if cut % 2 else line[:cut] + b"\r\n") == []
        assert driver.health(T0 + 20 * SECOND).counts.framing_errors == len(line) - 3
