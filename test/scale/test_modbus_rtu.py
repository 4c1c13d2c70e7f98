"""Modbus RTU transmitters: rounds, codings, and units that are silent, hurt or refuse."""

import dataclasses
import itertools
import math
import struct

import pytest
from buses import SECOND, STORE, T0, modbus_bus
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.protocols import make_parser
from just_walk_out.store.bus import StatusRegister

MS = 1_000_000
OK, NO_VALUE, SATURATED, FAULT = range(4)


def crc(data):
    """Bit by bit, from the specification; low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def answer(unit, *registers, function=3):
    body = struct.pack(f">BBB{len(registers)}H", unit, function, 2 * len(registers), *registers)
    return body + crc(body)


class Bench:
    """Transmitters that answer after 5 ms, by ``replies``: unit to bytes, or to a function of the request."""

    def __init__(self, bus, replies):
        self.parser = make_parser(bus)
        self.replies = replies
        self.now = T0
        self.requests = []
        self.frames = []

    def run(self, seconds):
        end = self.now + round(seconds * SECOND)
        while self.now < end:
            poll = self.parser.poll(self.now)
            if poll.data:
                self.requests.append((poll.at, poll.data))
                assert poll.data[-2:] == crc(poll.data[:-2])
                reply = self.replies.get(poll.data[0], b"")
                if callable(reply):
                    reply = reply(poll.data)
                if reply:
                    arrival = poll.at + 5 * MS
                    self.frames += [(arrival, frame) for frame in self.parser.feed(reply, arrival)]
                    self.now = arrival
                    continue
            assert poll.due is not None and (poll.due > self.now or poll.data)
            self.now = max(poll.due, self.now)
            self.frames += [(self.now, frame) for frame in self.parser.feed(b"", self.now)]
        return self

    def rows(self):
        return [frame.counts[0].tolist() for _, frame in self.frames]


def test_each_unit_is_asked_once_a_round_for_what_the_description_names():
    bench = Bench(modbus_bus(((1, 0), (2, 0), (9, 4))), {n: answer(n, 0, 100 * n) for n in (1, 2, 9)}).run(1.0)
    assert [data[:6] for _, data in bench.requests[:3]] == [
        bytes((1, 3, 0, 0, 0, 2)),
        bytes((2, 3, 0, 0, 0, 2)),
        bytes((9, 3, 0, 4, 0, 2)),
    ]
    assert bench.rows() == [[100, 200, 900]] * len(bench.frames)
    assert len(bench.frames) == pytest.approx(10, abs=1)


def test_weights_that_a_unit_keeps_close_together_are_read_at_once():
    """As a transmitter for several cells keeps them; others are not worth asking for what lies between."""
    bus = modbus_bus(((5, 4), (5, 0), (5, 40)), status=StatusRegister(8, fault=1))
    replies = {
        bytes((5, 3, 0, 0, 0, 9)): answer(5, 0, 10, 0, 0, 0, 14, 0, 0, 0),
        bytes((5, 3, 0, 8, 0, 34)): answer(5, 1, *[0] * 31, 0, 50),
    }
    bench = Bench(bus, {5: lambda request: replies[request[:6]]}).run(0.09)
    ((_, frame),) = bench.frames
    assert frame.status.tolist() == [OK, OK, FAULT]
    assert frame.counts[0, :2].tolist() == [14, 10]


def test_a_frame_is_as_old_as_its_readings():
    bench = Bench(modbus_bus(), {n: answer(n, 0, 1) for n in (1, 2, 3)}).run(0.09)
    ((arrival, frame),) = bench.frames
    first, last = bench.requests[0][0], bench.requests[2][0]
    assert first < arrival - frame.age < last + 5 * MS


def test_requests_keep_the_silence_that_parts_frames():
    bench = Bench(modbus_bus(), {n: answer(n, 0, 1) for n in (1, 2, 3)}).run(1.0)
    times = [at for at, _ in bench.requests]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 5 * MS + 1_750_000


@pytest.mark.parametrize(
    ("kind", "word", "byte", "registers", "value"),
    [
        ("int16", "big", "big", (0xFF38,), -200),
        ("uint16", "big", "big", (0xFF38,), 65336),
        ("int16", "big", "little", (0x38FF,), -200),
        ("int32", "big", "big", (0x0001, 0x86A0), 100_000),
        ("int32", "little", "big", (0x86A0, 0x0001), 100_000),
        ("int32", "big", "little", (0x0100, 0xA086), 100_000),
        ("int32", "little", "little", (0xA086, 0x0100), 100_000),
        ("int32", "big", "big", (0xFFFF, 0xFFFE), -2),
        ("uint32", "big", "big", (0xFFFF, 0xFFFE), 2**32 - 2),
        ("float32", "big", "big", (0x3FC0, 0x0000), 1.5),
        ("float32", "little", "big", (0x0000, 0x3FC0), 1.5),
        ("float32", "big", "little", (0xC03F, 0x0000), 1.5),
    ],
)
def test_every_type_and_order_is_read(kind, word, byte, registers, value):
    bus = modbus_bus(((7, 10),), type=kind, word_order=word, byte_order=byte, function="input")
    bench = Bench(bus, {7: answer(7, *registers, function=4)}).run(0.05)
    assert bench.requests[0][1][:6] == bytes((7, 4, 0, 10, 0, len(registers)))
    assert bench.rows() == [[value]]


@pytest.mark.parametrize("registers", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
def test_a_float_that_is_no_number_is_a_fault(registers):
    bench = Bench(modbus_bus(((1, 0),), type="float32"), {1: answer(1, *registers)}).run(0.05)
    assert bench.frames[0][1].status.tolist() == [FAULT]


@pytest.mark.parametrize(
    ("register", "flags", "status"),
    [(0, 0, OK), (0, 4, SATURATED), (0, 3, FAULT), (0, 5, FAULT), (0, 64, OK), (5, 4, SATURATED)],
)
def test_flags_beside_the_weight_are_read_with_it(register, flags, status):
    bus = modbus_bus(((1, 2),), status=StatusRegister(register, overload=4, fault=3))
    registers = (flags, 0, 0, 77) if register == 0 else (0, 77, 0, flags)
    bench = Bench(bus, {1: answer(1, *registers)}).run(0.05)
    assert bench.requests[0][1][2:6] == bytes((0, min(register, 2), 0, 4))
    assert bench.frames[0][1].status.tolist() == [status]
    assert bench.rows() == [[77]] if status == OK else math.isnan(bench.rows()[0][0])


def test_a_unit_that_does_not_answer_delays_the_others_for_a_few_rounds_only():
    bench = Bench(modbus_bus(), {1: answer(1, 0, 1), 3: answer(3, 0, 3)}).run(20.0)
    stamps = [arrival - frame.age for arrival, frame in bench.frames]
    gaps = [(b - a) / MS for a, b in itertools.pairwise(stamps)]
    assert len(stamps) == pytest.approx(200, abs=2)
    assert max(gaps[5:]) < 175, "no gap that shelf_events would take for lost samples"
    assert all(frame.status.tolist() == [OK, NO_VALUE, OK] for _, frame in bench.frames)
    assert sum(data[0] == 2 for _, data in bench.requests) == pytest.approx(3 + 9, abs=2)


def test_a_unit_that_misses_once_is_asked_again_in_the_same_round():
    answers = iter([b"", *[answer(2, 0, 2)] * 50])
    bench = Bench(modbus_bus(), {1: answer(1, 0, 1), 2: lambda _: next(answers), 3: answer(3, 0, 3)}).run(1.0)
    assert bench.rows() == [[1, 2, 3]] * len(bench.frames)
    assert bench.parser.counts.timeouts == 1
    assert [data[0] for _, data in bench.requests[:5]] == [1, 2, 3, 2, 1]


def test_half_an_answer_is_none_and_the_next_one_is_whole():
    answers = iter([answer(2, 0, 2)[:4], *[answer(2, 0, 2)] * 50])
    bench = Bench(modbus_bus(), {1: answer(1, 0, 1), 2: lambda _: next(answers), 3: answer(3, 0, 3)}).run(1.0)
    assert bench.rows() == [[1, 2, 3]] * len(bench.frames) and len(bench.frames) >= 9


@pytest.mark.parametrize("answered", [True, False])
def test_a_clock_that_is_set_back_stops_nothing(answered):
    bench = Bench(modbus_bus(), {n: answer(n, 0, n) for n in (1, 2, 3)} if answered else {}).run(1.0)
    bench.now -= 3600 * SECOND
    bench.parser.feed(b"", bench.now)
    bench.requests.clear()
    bench.replies = {n: answer(n, 0, n) for n in (1, 2, 3)}
    bench.run(6.0)
    assert len(bench.requests) > 100 and bench.rows()[-1] == [1, 2, 3]


def test_a_unit_that_comes_back_is_weighed_again():
    replies = {1: answer(1, 0, 1), 3: answer(3, 0, 3)}
    bench = Bench(modbus_bus(), replies).run(5.0)
    replies[2] = answer(2, 0, 2)
    bench.run(4.0)
    assert bench.rows()[-1] == [1, 2, 3]


def test_when_nobody_answers_there_is_no_frame_and_everyone_is_still_asked():
    bench = Bench(modbus_bus(), {}).run(10.0)
    assert bench.frames == []
    assert {data[0] for _, data in bench.requests[-6:]} == {1, 2, 3}
    bench.replies = {n: answer(n, 0, n) for n in (1, 2, 3)}
    bench.run(4.0)
    assert bench.rows()[-1] == [1, 2, 3]


def test_an_exception_is_a_fault_and_one_notice():
    refusal = bytes((2, 0x83, 2))
    bench = Bench(modbus_bus(), {1: answer(1, 0, 1), 2: refusal + crc(refusal), 3: answer(3, 0, 3)}).run(1.0)
    assert all(frame.status.tolist() == [OK, FAULT, OK] for _, frame in bench.frames)
    assert bench.parser.counts.refusals == len(bench.frames)
    assert bench.parser.notices == ("bus: unit 2 answers with exception 2",)


def test_an_answer_that_was_hurt_is_counted_and_not_believed():
    hurt = bytearray(answer(2, 0, 200))
    hurt[4] ^= 0x10
    bench = Bench(modbus_bus(), {1: answer(1, 0, 1), 2: bytes(hurt), 3: answer(3, 0, 3)}).run(0.25)
    assert bench.parser.counts.crc_errors >= 1
    assert all(frame.status[1] == NO_VALUE for _, frame in bench.frames)


def test_the_echo_of_an_adapter_and_noise_before_the_answer_do_no_harm():
    bench = Bench(
        modbus_bus(((1, 0), (2, 0))),
        {1: lambda request: request + answer(1, 0, 1), 2: b"\xff\x02\x03" + answer(2, 0, 2)},
    ).run(1.0)
    assert bench.rows() == [[1, 2]] * len(bench.frames) and len(bench.frames) >= 9


def test_the_answer_of_another_unit_is_none():
    bench = Bench(modbus_bus(((1, 0), (2, 0))), {1: answer(2, 0, 9), 2: answer(2, 0, 2)}).run(0.3)
    assert all(frame.status.tolist() == [NO_VALUE, OK] for _, frame in bench.frames)


def test_an_answer_that_comes_too_late_is_dropped():
    parser = make_parser(modbus_bus(((1, 0),)))
    due = parser.poll(T0).due
    assert parser.feed(answer(1, 0, 5), due + MS) == []
    assert (parser.counts.timeouts, parser.counts.framing_errors) == (1, 1)


def test_transmitters_at_the_wrong_speed_are_stale_plates():
    driver = LoadCellDriver(modbus_bus(), STORE)
    rubbish = bytes((byte * 37 + 91) & 0xFF for byte in answer(1, 0, 1))
    batches = []
    for tick in range(600):
        now = T0 + tick * 5 * MS
        batches += driver.feed(now, b"")
        if driver.poll(now).data:
            batches += driver.feed(now + 3 * MS, rubbish)
        batches += driver.idle(now + 3 * MS)
    assert batches and all(set(batch.status) == {PlateStatus.STALE} and not len(batch.weights) for batch in batches)


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=40)), max_size=40))
def test_no_bytes_whatever_stop_the_poller(chunks):
    parser = make_parser(modbus_bus(((1, 0), (2, 0))))
    now = T0
    for pause, chunk in chunks:
        now += pause * MS
        parser.feed(chunk, now)
        poll = parser.poll(now)
        assert poll.due is not None and poll.due > now - MS
    # whatever has been, both are weighed again
    bench = Bench(modbus_bus(((1, 0), (2, 0))), {1: answer(1, 0, 1), 2: answer(2, 0, 2)})
    bench.parser, bench.now = parser, now + SECOND
    parser.feed(b"", bench.now)
    bench.run(4.0)
    assert bench.rows()[-1] == [1, 2]


@given(st.lists(st.integers(0, 9), max_size=4), st.binary(max_size=20).filter(lambda b: b[:1] != b"\x01"))
def test_an_answer_is_the_same_however_it_is_cut_and_whatever_comes_before(cuts, before):
    parser = make_parser(modbus_bus(((1, 0),)))
    at = parser.poll(T0).at
    data, frames = before.replace(b"\x01", b"") + answer(1, 0, 42), []
    edges = sorted({0, *(cut + len(data) - 9 for cut in cuts), len(data)})
    for begin, end in itertools.pairwise(edges):
        frames += parser.feed(data[max(0, begin) : end], at + 5 * MS)
    assert [frame.counts.tolist() for frame in frames] == [[[42]]]


def test_a_bus_without_registers_is_refused_in_one_line():
    with pytest.raises(ValueError, match="bus: expected registers"):
        make_parser(dataclasses.replace(modbus_bus(), registers=None))
