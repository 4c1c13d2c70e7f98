"""What the host says to a simulated scale: lines that wait until it gets round to them."""

from __future__ import annotations

import math

from just_walk_out.store.bus import Bus

_THINKING = 0.005
_LONGEST = 64


class HostCommands:
    """Lines ended by CRLF, in the order they came; at most one unfinished line is kept."""

    def __init__(self, bus: Bus) -> None:
        """Listen to a line as fast as the bus says."""
        self._byte = bus.framing.bits / bus.baudrate
        self._pending = b""
        self._lines: list[tuple[float, bytes]] = []

    @property
    def waiting(self) -> bool:
        """Whether there is a command to answer."""
        return bool(self._lines)

    @property
    def due(self) -> float:
        """Seconds since launch at which the first command is to be answered; infinite without one."""
        return self._lines[0][0] if self._lines else math.inf

    @property
    def first(self) -> bytes:
        """The first command, without its end; there must be one."""
        return self._lines[0][1]

    def hear(self, data: bytes, at: float) -> float:
        """Receive bytes begun ``at`` seconds since launch; returns when the last of them was there."""
        *lines, self._pending = (self._pending + data).split(b"\r\n")
        self._pending = self._pending[-_LONGEST:]
        heard = at + len(data) * self._byte
        self._lines += [(heard + _THINKING, line) for line in lines]
        return heard

    def put_off(self, to: float) -> None:
        """Answer the first command later, at ``to`` seconds since launch."""
        self._lines[0] = (to, self.first)

    def drop(self) -> bytes:
        """Take the first command off the queue and return it."""
        return self._lines.pop(0)[1]
