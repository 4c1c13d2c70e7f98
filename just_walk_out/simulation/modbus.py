"""Weight transmitters on a Modbus RTU line, written from the specifications of the Modbus Organization."""

from __future__ import annotations

import math
import struct

import numpy as np

from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.weighing import ScaleElectronics, Weighing
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus, Registers
from just_walk_out.store.model import Store

_DIVISION = 0.001
_FUNCTIONS = {3: "holding", 4: "input"}
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_MOST_REGISTERS = 125
_LAYOUTS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_REQUEST = struct.Struct(">BBHH")


class ModbusTransmitters:
    """All transmitters of a line: each answers to its unit address, and none to a request that was hurt."""

    def __init__(self, store: Store, bus: Bus, noise: Noise, seed: int) -> None:
        """Set a transmitter under each plate that the bus names.

        Raises:
            ValueError: the bus does not say where the registers are.
        """
        if bus.registers is None:
            raise ValueError(f"{bus.id}: expected registers")
        self.bus = bus
        self._map: Registers = bus.registers
        plates = [channel.plate for channel in bus.channels]
        self._electronics = ScaleElectronics(store, plates, noise, seed, bus.id, _DIVISION)
        self._byte = bus.framing.bits / bus.baudrate
        self._rng = np.random.default_rng([seed, *bus.id.encode()])
        self._request: tuple[float, bytes] | None = None
        self._sample_at = 0.0

    @property
    def due(self) -> float:
        """Seconds since launch at which the next answer has gone out; infinite while nobody asks."""
        return math.inf if self._request is None else self._request[0]

    def hear(self, data: bytes, at: float) -> None:
        """Receive a request of the host, begun ``at`` seconds since launch."""
        if len(data) != _REQUEST.size + 2 or crc16(data) != 0:
            return
        unit, function, _, count = _REQUEST.unpack_from(data)
        if unit not in {number for number, _ in self._map.points}:
            return
        answered = at + len(data) * self._byte + float(self._rng.uniform(0.001, 0.003)) + 4.0 * self._byte
        size = 5 + 2 * count if function in _FUNCTIONS and count <= _MOST_REGISTERS else 5
        self._sample_at = answered
        self._request = (answered + size * self._byte, data)

    def advance(self, to: float, world: World, start: float | None) -> bytes:
        """Return all answers that have gone out by ``to`` seconds since launch; the world must have got there."""
        if self._request is None or self._request[0] > to:
            return b""
        _, data = self._request
        self._request = None
        self._electronics.convert(self._sample_at, world, start)
        unit, function, first, count = _REQUEST.unpack_from(data)
        refusal = self._refusal(unit, function, first, count)
        if refusal:
            return frame(bytes((unit, function | 0x80, refusal)))
        registers = self._registers(unit)
        words = [registers.get(first + index, 0) for index in range(count)]
        return frame(struct.pack(f">BBB{count}H", unit, function, 2 * count, *words))

    def _refusal(self, unit: int, function: int, first: int, count: int) -> int:
        if function not in _FUNCTIONS:
            return _ILLEGAL_FUNCTION
        if not 1 <= count <= _MOST_REGISTERS:
            return _ILLEGAL_VALUE
        known = self._registers(unit)
        inside = min(known) <= first and first + count - 1 <= max(known)
        return 0 if inside and _FUNCTIONS[function] == self._map.function else _ILLEGAL_ADDRESS

    def _registers(self, unit: int) -> dict[int, int]:
        """Return the table of a unit: what each register holds, by its address."""
        table: dict[int, int] = {}
        for index, (number, register) in enumerate(self._map.points):
            if number != unit:
                continue
            shown = self._electronics.show(index)
            table.update(enumerate(self._words(index, shown), start=register))
            if self._map.status is not None:
                flags = self._map.status.overload if shown.over or shown.under else 0
                table[self._map.status.register] = table.get(self._map.status.register, 0) | flags
        return table

    def _words(self, index: int, shown: Weighing) -> list[int]:
        channel = self.bus.channels[index]
        value = shown.kilograms / channel.scale + channel.zero
        layout = _LAYOUTS[self._map.type]
        if layout != ">f":
            signed, bits = layout[1].islower(), 8 * struct.calcsize(layout)
            lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
            content = struct.pack(layout, min(max(round(value), lowest), highest))
        else:
            content = struct.pack(layout, value)
        order = ">" if self._map.byte_order == "big" else "<"
        words = list(struct.unpack(f"{order}{len(content) // 2}H", content))
        return words if self._map.word_order == "big" else words[::-1]


def crc16(data: bytes) -> int:
    """Return the CRC of the serial line guide: polynomial 0xA001 reflected, start 0xFFFF; 0 over a sound frame."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def frame(message: bytes) -> bytes:
    """Append the checksum, low byte first."""
    return message + struct.pack("<H", crc16(message))
