"""Load-cell protocols: from the bytes of a serial line to frames of counts or kilograms.

A protocol turns whatever bytes come into frames and never raises on any of them; what it had to
throw away it counts. Where devices have to be asked, it says what to write and when. It knows no port
and no clock: bytes and host times are passed in. Protocols are chosen by name in the store description
(``buses[].protocol``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from just_walk_out.scale.protocols.and_stream import AND_STREAM
from just_walk_out.scale.protocols.board import BoardParser
from just_walk_out.scale.protocols.dialect import Command
from just_walk_out.scale.protocols.frame import LISTEN, Frame, LineCounts, Poll
from just_walk_out.scale.protocols.modbus_rtu import ModbusPoller
from just_walk_out.scale.protocols.mt_sics import MT_SICS
from just_walk_out.scale.protocols.text_scale import TextScale
from just_walk_out.store.bus import Bus, ProtocolName

__all__ = ["LISTEN", "PROTOCOLS", "Command", "Frame", "LineCounts", "LineParser", "Poll", "make_parser"]


class LineParser(Protocol):
    """One serial line: an incremental parser, and what has to be said to the devices."""

    @property
    def counts(self) -> LineCounts:
        """What has been received and thrown away since the parser was made."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What the devices do otherwise than described, a line each."""
        ...

    @property
    def commands(self) -> tuple[Command, ...]:
        """What the devices can be asked to do."""
        ...

    @property
    def outcome(self) -> str:
        """What became of the last request; empty when there was none."""
        ...

    def request(self, command: Command) -> None:
        """Have the devices carry out one of ``commands``."""
        ...

    def feed(self, data: bytes, arrival: int = 0) -> list[Frame]:
        """Take the next bytes of the line, cut anywhere, and return the frames completed by them.

        Args:
            data: the bytes; none to say that time has passed, which may complete a frame, too.
            arrival: host time at which the last of them had come, nanoseconds.
        """
        ...

    def poll(self, now: int) -> Poll:
        """Return what to write at host time ``now``, nanoseconds; to be called after ``feed``."""
        ...


PROTOCOLS: Mapping[ProtocolName, Callable[[Bus], LineParser]] = MappingProxyType(
    {
        "board": lambda bus: BoardParser(),
        "mt_sics": lambda bus: TextScale(bus, MT_SICS),
        "and_stream": lambda bus: TextScale(bus, AND_STREAM),
        "modbus_rtu": ModbusPoller,
    }
)


def make_parser(bus: Bus) -> LineParser:
    """Make the parser of a bus by the protocol that its description names.

    Raises:
        ValueError: no protocol has that name.
    """
    try:
        return PROTOCOLS[bus.protocol](bus)
    except KeyError:
        known = ", ".join(sorted(PROTOCOLS))
        raise ValueError(f"protocol: {bus.protocol!r} is unknown, expected one of {known}") from None
