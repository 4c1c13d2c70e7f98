"""The line of a gate on the floor."""

from __future__ import annotations

import math

from just_walk_out.records import Crossing
from just_walk_out.store.model import Gate, Point


class GateLine:
    """A gate's line with coordinates along it and into the store, metres."""

    def __init__(self, gate: Gate, overhang: float) -> None:
        """Take the line of a gate, lengthened by ``overhang`` metres at both ends."""
        self.gate = gate
        self._overhang = overhang
        self._length = math.dist(gate.start, gate.end)
        self._along = (
            (gate.end[0] - gate.start[0]) / self._length,
            (gate.end[1] - gate.start[1]) / self._length,
        )
        self._inward = gate.inward

    def locate(self, x: float, y: float) -> tuple[float, float]:
        """Return the distance into the store (negative: outside) and the place along the line from its start."""
        dx, dy = x - self.gate.start[0], y - self.gate.start[1]
        inside = dx * self._inward[0] + dy * self._inward[1]
        return inside, dx * self._along[0] + dy * self._along[1]

    def excess(self, along: float) -> float:
        """Return how far a place along the line is past the ends of the gate, 0 between them."""
        return max(-along, along - self._length, 0.0)

    def spans(self, along: float) -> bool:
        """Tell whether a place along the line is within the gate and its overhang."""
        return self.excess(along) <= self._overhang

    def intersect(self, before: Point, after: Point) -> tuple[float, Crossing, float, float] | None:
        """Return where a step crosses the gate: share of the step, direction, x and y; None if it does not.

        A point on the line itself counts as inside, so that each step belongs to one side only.
        """
        inside_before, along_before = self.locate(*before)
        inside_after, along_after = self.locate(*after)
        if (inside_before < 0.0) == (inside_after < 0.0):
            return None
        share = inside_before / (inside_before - inside_after)
        along = along_before + share * (along_after - along_before)
        if not self.spans(along):
            return None
        x, y = before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])
        return share, Crossing.IN if inside_after > inside_before else Crossing.OUT, x, y
