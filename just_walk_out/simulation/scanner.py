"""A serial code scanner at a gate: it sends what it reads as a line."""

from __future__ import annotations

from just_walk_out.simulation.world import Showing

_READS_AFTER = 0.7


def scan_time(showing: Showing) -> float:
    """When the scanner has read the code, seconds of the scenario."""
    return showing.start + min(_READS_AFTER, 0.5 * showing.seconds)


def scan_line(text: str) -> bytes:
    """Return what goes over the line."""
    return text.encode() + b"\r\n"
