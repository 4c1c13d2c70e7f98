"""Where people can walk: the floor without fixtures and walls, as a grid with connected regions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from just_walk_out.store.geometry import contains, distance_to_segment, edges, segments_cross
from just_walk_out.store.model import Gate, Gondola, Point, Wall

CELL = 0.05
"""Side of a grid cell, metres; larger on floors where that would give more than ``MOST_CELLS``."""
MOST_CELLS = 1_000_000
BODY_RADIUS = 0.2
"""Half the width of a narrow adult walking straight on, metres."""


@dataclass(frozen=True)
class Walkable:
    """Regions of the floor that a person's middle can reach without passing a gate's line.

    Attributes:
        origin: lower left corner of the grid, metres.
        cell: side of a cell, metres.
        free: (rows along y, columns along x) whether a person fits there.
        region: number of the connected region of each cell, 0 where nobody fits.
        obstacles: segments of walls and of the fixtures' outlines.
    """

    origin: Point
    cell: float
    free: NDArray[np.bool_]
    region: NDArray[np.int32]
    obstacles: tuple[tuple[Point, Point], ...]

    def obstructed(self, start: Point, end: Point) -> bool:
        """Whether a straight step crosses a wall or a fixture."""
        return any(segments_cross((start, end), obstacle) for obstacle in self.obstacles)

    def region_at(self, point: Point, within: float = 0.0) -> int:
        """Return the region at a point, or the nearest within some metres; 0 if there is none."""
        column, row = (round((value - low) / self.cell - 0.5) for value, low in zip(point, self.origin, strict=True))
        span = math.ceil(within / self.cell)
        top, left = max(row - span, 0), max(column - span, 0)
        window = self.region[top : max(row + span + 1, 0), left : max(column + span + 1, 0)]
        found = np.argwhere(window > 0)
        if not len(found):
            return 0
        distance = np.hypot(found[:, 0] + top - row, found[:, 1] + left - column)
        nearest = int(np.argmin(distance))
        if distance[nearest] * self.cell > within + self.cell:
            return 0
        return int(window[tuple(found[nearest])])

    def area(self, region: int) -> float:
        """Return the area of a region, square metres."""
        return float(np.count_nonzero(self.region == region)) * self.cell**2


def walkable(
    floor: Sequence[Point],
    walls: Iterable[Wall],
    gondolas: Iterable[Gondola],
    gates: Iterable[Gate] = (),
    body: float = BODY_RADIUS,
) -> Walkable:
    """Find where people can walk.

    Args:
        floor: corners of the floor polygon, ``map``.
        walls: keep a body's radius from them, as from the floor's border.
        gondolas: the same.
        gates: their lines part regions, so that a way through one does not count as a way on foot inside.
        body: radius that a person needs, metres.
    """
    corners = np.asarray(floor, float)
    low, size = corners.min(0), np.ptp(corners, axis=0)
    cell = max(CELL, math.sqrt(float(size[0] * size[1]) / MOST_CELLS), float(size.max()) / 20_000)
    columns, rows = (max(1, math.ceil(extent / cell)) for extent in size)
    x, y = low[0] + (np.arange(columns) + 0.5) * cell, low[1] + (np.arange(rows) + 0.5) * cell
    points = np.stack(np.meshgrid(x, y), axis=-1)
    free = contains(floor, points)
    gondolas = tuple(gondolas)
    for gondola in gondolas:
        (left, bottom), (right, top) = (pick(gondola.footprint(), axis=0) for pick in (np.min, np.max))
        window = _near(y, bottom, top, 0.0), _near(x, left, right, 0.0)
        free[window] &= ~contains(gondola.footprint(), points[window])
    obstacles = [(wall.start, wall.end) for wall in walls]
    for gondola in gondolas:
        obstacles += edges(gondola.footprint())
    solid = [*edges(floor), *obstacles]
    lines = [(gate.start, gate.end) for gate in gates]
    # a line that parts must leave no diagonal gap between cells
    for segments, margin in ((solid, body), (lines, cell)):
        for start, end in segments:
            window = _near(y, start[1], end[1], margin), _near(x, start[0], end[0], margin)
            free[window] &= distance_to_segment(points[window], start, end) >= margin
    region, _ = ndimage.label(free)
    return Walkable((float(low[0]), float(low[1])), cell, free, region.astype(np.int32), tuple(obstacles))


def _near(axis: NDArray[np.float64], start: float, end: float, margin: float) -> slice:
    return slice(*np.searchsorted(axis, [min(start, end) - margin, max(start, end) + margin]))
