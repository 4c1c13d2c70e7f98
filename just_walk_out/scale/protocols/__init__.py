"""Load-cell protocols: from the bytes of a serial line to frames of counts.

A protocol turns whatever bytes come into frames and never raises on any of them; what it had to
throw away it counts. Protocols are chosen by name in the store description (``buses[].protocol``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from just_walk_out.scale.protocols.board import BoardParser
from just_walk_out.scale.protocols.frame import Frame, LineCounts

__all__ = ["PROTOCOLS", "Frame", "LineCounts", "LineParser", "make_parser"]


class LineParser(Protocol):
    """An incremental parser of one serial line."""

    @property
    def counts(self) -> LineCounts:
        """What has been received and thrown away since the parser was made."""
        ...

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the line, cut anywhere, and return the frames completed by them."""
        ...


PROTOCOLS: Mapping[str, Callable[[], LineParser]] = MappingProxyType({"board": BoardParser})


def make_parser(protocol: str) -> LineParser:
    """Make the parser of a protocol by its name in the store description.

    Raises:
        ValueError: no protocol has that name.
    """
    try:
        return PROTOCOLS[protocol]()
    except KeyError:
        raise ValueError(f"protocol: {protocol!r} is unknown, expected one of {', '.join(sorted(PROTOCOLS))}") from None
