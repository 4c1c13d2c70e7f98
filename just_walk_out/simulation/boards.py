"""The microcontroller boards of a serial bus: load-cell signal in, protocol bytes out.

Protocol version 1: COBS(payload + CRC-16/CCITT-FALSE) + 0x00, see docs/scales.md.
"""

from __future__ import annotations

import binascii
import struct
import zlib

import numpy as np
from cobs import cobs

from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.scales import PlateGroup
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus, Channel
from just_walk_out.store.model import Store

_VERSION = 1
_RATE = 60.0
_SAMPLES = 6
_OK, _SATURATED, _NO_CELL = 0, 2, 3
_HIGHEST, _LOWEST = 2**23 - 1, -(2**23)
_SLOWEST = 0.004


class Board:
    """One board: it samples by its own clock, which is a little wrong, and sends batches."""

    def __init__(self, store: Store, bus: Bus, number: int, noise: Noise, seed: int) -> None:
        """Wire the channels of the board as the store description says.

        Args:
            store: where the plates are.
            bus: what the board hangs on.
            number: of the board.
            noise: disturbance of its cells.
            seed: of the simulation.
        """
        self.number = number
        wired = {channel.channel: channel for channel in bus.channels if channel.board == number}
        self._channels: list[Channel | None] = [wired.get(index) for index in range(max(wired) + 1)]
        plates = [channel.plate if channel else "" for channel in self._channels]
        self._group = PlateGroup(store, plates, noise, seed, f"{bus.id}/{number}")
        self._scale = np.array([channel.scale if channel else 1.0 for channel in self._channels])
        self._zero = np.array([channel.zero if channel else 0.0 for channel in self._channels])
        self._rng = np.random.default_rng([seed, zlib.crc32(f"clock {bus.id}/{number}".encode())])
        self.rate_error = float(self._rng.uniform(-80e-6, 80e-6))
        self._offset = int(self._rng.integers(0, 2**32))
        self._phase = float(self._rng.uniform(0.0, _SAMPLES / _RATE))
        self._sequence = int(self._rng.integers(0, 2**16))
        self._batch = 0
        self.due = self._next_due()

    def emit(self, world: World, start: float | None) -> bytes:
        """Return the frame that is due, and set when the next one is.

        Args:
            world: advanced at least to ``due``.
            start: seconds since launch at second 0 of the world; None while the scenario waits.
        """
        first = self._batch * _SAMPLES
        clock = self._phase + (np.arange(first, first + _SAMPLES) / _RATE) / (1.0 + self.rate_error)
        counts = np.round(self._group.sample(clock, world, start) / self._scale + self._zero)
        clipped = np.clip(counts, _LOWEST, _HIGHEST).astype("<i4")
        saturated = (counts != clipped).any(axis=0)
        status = bytes(
            _NO_CELL if channel is None else _SATURATED if over else _OK
            for channel, over in zip(self._channels, saturated, strict=True)
        )
        ticks = (
            self._offset + round(clock[0] * (1.0 + self.rate_error) * 1e6) + int(self._rng.integers(0, 30))
        ) % 2**32
        payload = (
            struct.pack(
                "<BBHIHBB",
                _VERSION,
                self.number,
                self._sequence,
                ticks,
                round(1e6 / _RATE),
                len(self._channels),
                _SAMPLES,
            )
            + status
            + clipped.tobytes()
        )
        self._sequence = (self._sequence + 1) % 2**16
        self._batch += 1
        self.due = self._next_due()
        return frame(payload)

    def _next_due(self) -> float:
        last = (self._batch + 1) * _SAMPLES - 1
        sampled = self._phase + last / _RATE / (1.0 + self.rate_error)
        return sampled + 0.001 + float(self._rng.uniform(0.0, _SLOWEST))


class BusBoards:
    """All boards of one bus, sending one after another."""

    def __init__(self, store: Store, bus: Bus, noise: Noise, seed: int) -> None:
        """Set up a board for each board number the bus names."""
        self.bus = bus
        numbers = sorted({channel.board for channel in bus.channels})
        self.boards = [Board(store, bus, number, noise, seed) for number in numbers]

    @property
    def due(self) -> float:
        """Seconds since launch at which the next frame is sent."""
        return min(board.due for board in self.boards)

    def hear(self, data: bytes, at: float) -> None:
        """Receive bytes of the host: boards do not listen."""

    def advance(self, to: float, world: World, start: float | None) -> bytes:
        """Return all bytes sent up to ``to`` seconds since launch; the world must have got there."""
        sent = bytearray()
        while self.due <= to:
            board = min(self.boards, key=lambda board: (board.due, board.number))
            sent += board.emit(world, start)
        return bytes(sent)


def frame(payload: bytes) -> bytes:
    """Wrap a payload: checksum, COBS, delimiter."""
    checked = payload + struct.pack("<H", binascii.crc_hqx(payload, 0xFFFF))
    encoded: bytes = cobs.encode(checked)
    return encoded + b"\x00"
