"""Simulated scales, by what the manuals and specifications say of their lines."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from just_walk_out.simulation.devices import DEVICES, make_devices
from just_walk_out.simulation.handling import draw_handling
from just_walk_out.simulation.modbus import crc16
from just_walk_out.store.bus import MAIN_HOST, Bus, Channel, Framing, ProtocolName, Reading, Registers, StatusRegister
from just_walk_out.store.model import Store

PLATE = "g5/s1/p1"
PLATES = [f"g5/s1/p{number}" for number in (1, 2, 3)]
MT_SICS = re.compile(rb"S [SD] [ 0-9.-]{10} g\r\n")
AND = re.compile(rb"(?:ST|US),(?:GS|NT),[+-][0-9]{4}\.[0-9]{3}kg\r\n")


def scale(protocol: ProtocolName, polled: bool = False, rate: float = 10.0) -> Bus:
    return Bus("bus_x", protocol, "", 9600, (Channel(0, 0, PLATE, 1.0),), MAIN_HOST, Framing(), Reading(rate, polled))


def transmitters(**registers: object) -> Bus:
    channels = tuple(Channel(0, index, plate, 0.001) for index, plate in enumerate(PLATES))
    where = Registers(((1, 0), (2, 0), (2, 2)), **registers)  # type: ignore[arg-type]
    return Bus("bus_x", "modbus_rtu", "", 115200, channels, MAIN_HOST, Framing(), Reading(10.0, True), where)


def world(handlings: list | None = None, weight: float = 1.0) -> SimpleNamespace:
    return SimpleNamespace(handlings=handlings or [], initial_weight=dict.fromkeys(PLATES, weight))


class Talk:
    """A host that writes to devices and reads what they send."""

    def __init__(self, store: Store, bus: Bus, around: SimpleNamespace | None = None, seed: int = 1) -> None:
        self.devices = make_devices(store, bus, "quiet", seed)
        self.world = around or world()
        self.now = 1.0
        self.devices.advance(self.now, self.world, 0.0)

    def ask(self, data: bytes, wait: float = 0.1) -> bytes:
        self.devices.hear(data, self.now)
        self.now += wait
        return self.devices.advance(self.now, self.world, 0.0)

    def request(self, unit: int, function: int, first: int, count: int) -> bytes:
        body = struct.pack(">BBHH", unit, function, first, count)
        return self.ask(body + struct.pack("<H", crc16(body)))


def test_there_are_devices_for_every_protocol() -> None:
    assert set(DEVICES) == set(get_args(ProtocolName))


def test_the_checksum_is_that_of_the_serial_line_guide() -> None:
    # "123456789" is the usual check, and 02 07 -> 41 12 the example of the guide's appendix.
    assert crc16(b"123456789") == 0x4B37
    assert struct.pack("<H", crc16(bytes((0x02, 0x07)))) == bytes((0x41, 0x12))


def test_mt_sics_answers_what_the_reference_manual_says(store: Store) -> None:
    talk = Talk(store, scale("mt_sics"))
    assert talk.devices.due == math.inf, "it says nothing unasked"
    assert MT_SICS.fullmatch(talk.ask(b"SI\r\n"))
    assert talk.ask(b"S\r\n", 1.0).startswith(b"S S ")
    assert talk.ask(b"Z\r\n", 1.0) == b"Z +\r\n", "a kilogram is more than two per cent of the range"
    assert re.fullmatch(rb"T S [ 0-9.-]{10} g\r\n", talk.ask(b"T\r\n", 1.0))
    assert abs(float(talk.ask(b"SI\r\n")[4:14])) < 5.0
    assert talk.ask(b"TAC\r\n") == b"TAC A\r\n"
    assert talk.ask(b"HELLO\r\n") == b"ES\r\n"
    assert re.fullmatch(rb'I4 A "[0-9]{10}"\r\n', talk.ask(b"@\r\n"))


def test_mt_sics_repeats_until_it_is_told_something_else(store: Store) -> None:
    talk = Talk(store, scale("mt_sics"))
    lines = talk.ask(b"SIR\r\n", 2.05).splitlines(keepends=True)
    assert len(lines) == pytest.approx(21, abs=1) and all(MT_SICS.fullmatch(line) for line in lines)
    assert talk.ask(b"@\r\n", 0.05).endswith(b'"\r\n')
    assert talk.ask(b"", 1.0) == b""


@pytest.mark.parametrize(("weight", "answer"), [(25.0, b"S +\r\n"), (-1.0, b"S -\r\n")])
def test_mt_sics_says_what_is_beyond_its_range(store: Store, weight: float, answer: bytes) -> None:
    assert Talk(store, scale("mt_sics"), world(weight=weight)).ask(b"SI\r\n") == answer


def test_a_load_that_moves_is_dynamic_and_waited_for(store: Store) -> None:
    hand = draw_handling("take", "x", PLATE, "a", 1, -0.3, 1.0, "slow", np.random.default_rng(1))
    talk = Talk(store, scale("mt_sics"), world([hand]))
    talk.now = hand.start + 0.5 * (hand.settled - hand.start)
    assert talk.ask(b"SI\r\n", 0.05).startswith(b"S D ")
    talk.devices.hear(b"S\r\n", talk.now)
    assert talk.ask(b"", 0.05) == b""
    assert talk.ask(b"", 4.0).startswith(b"S S ")


def test_an_and_indicator_streams_and_says_when_it_is_at_rest(store: Store) -> None:
    hand = draw_handling("take", "x", PLATE, "a", 1, -0.3, 3.0, "normal", np.random.default_rng(1))
    talk = Talk(store, scale("and_stream", rate=20.0), world([hand]))
    lines = talk.ask(b"", 5.0).splitlines(keepends=True)
    assert len(lines) == pytest.approx(100, abs=1) and all(AND.fullmatch(line) for line in lines)
    assert {line[:2] for line in lines[:30]} == {b"ST"} and b"US" in {line[:2] for line in lines[30:]}
    values = [float(line[6:15]) for line in lines]
    assert values[0] - values[-1] == pytest.approx(0.3, abs=0.005)


def test_a_polled_and_indicator_waits_for_its_question(store: Store) -> None:
    talk = Talk(store, scale("and_stream", polled=True))
    assert talk.ask(b"", 1.0) == b""
    assert AND.fullmatch(talk.ask(b"Q\r\n"))
    assert talk.ask(b"T\r\n") == b"T\r\n"
    assert re.fullmatch(rb"ST,NT,[+-]0000\.00[0-9]kg\r\n", talk.ask(b"Q\r\n"))
    assert talk.ask(b"X\r\n") == b"EC,E01\r\n"
    heavy = Talk(store, scale("and_stream", polled=True), world(weight=30.0))
    assert heavy.ask(b"Q\r\n").startswith(b"OL,GS,+")


def test_transmitters_answer_as_the_specification_says(store: Store) -> None:
    talk = Talk(store, transmitters(status=StatusRegister(6, overload=8)))
    answer = talk.request(2, 3, 0, 7)
    assert answer[:3] == bytes((2, 3, 14)) and crc16(answer) == 0 and len(answer) == 19
    first, second, _, flags = struct.unpack(">iiiH", answer[3:17])
    assert first == pytest.approx(1000, abs=200) and second == pytest.approx(1000, abs=200) and flags == 0
    for function, address, count, code in ((6, 0, 1, 1), (4, 0, 2, 2), (3, 100, 2, 2), (3, 0, 0, 3), (3, 0, 126, 3)):
        refusal = talk.request(1, function, address, count)
        assert refusal[:3] == bytes((1, function | 0x80, code)) and crc16(refusal) == 0
    assert talk.request(9, 3, 0, 2) == b"", "nobody has that address"
    assert talk.ask(b"\x01\x03\x00\x00\x00\x02\x00\x00") == b"", "the checksum is wrong"


def test_transmitters_flag_an_overload(store: Store) -> None:
    talk = Talk(store, transmitters(status=StatusRegister(6, overload=8)), world(weight=25.0))
    assert talk.request(1, 3, 6, 1)[3:5] == bytes((0, 8))


@pytest.mark.parametrize(
    ("kind", "word", "byte", "layout"),
    [("int32", "little", "little", "<i"), ("float32", "big", "big", ">f"), ("uint16", "big", "little", "<H")],
)
def test_registers_are_coded_as_described(store: Store, kind: str, word: str, byte: str, layout: str) -> None:
    talk = Talk(store, transmitters(type=kind, word_order=word, byte_order=byte))
    size = struct.calcsize(layout)
    (value,) = struct.unpack(layout, talk.request(1, 3, 0, size // 2)[3 : 3 + size])
    assert value == pytest.approx(1000, abs=200)


def test_bytes_follow_the_seed(store: Store) -> None:
    def sent(seed: int) -> list[bytes]:
        talk = Talk(store, transmitters(), seed=seed)
        return [talk.request(1, 3, 0, 2) for _ in range(20)]

    assert sent(1) == sent(1) != sent(2)


def test_an_answer_takes_its_time_on_the_line(store: Store) -> None:
    devices = make_devices(store, replace(transmitters(), baudrate=9600), "quiet", 1)
    body = struct.pack(">BBHH", 1, 3, 0, 2)
    devices.hear(body + struct.pack("<H", crc16(body)), 1.0)
    assert devices.due - 1.0 > (8 + 9) * 10 / 9600
