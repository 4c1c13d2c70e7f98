"""Where people can walk: a grid over the floor plan, and shortest paths on it (A*)."""

from __future__ import annotations

import heapq
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.model import Point, Store

_Cell = tuple[int, int]

_CELL = 0.08
_BODY = 0.24
_STEPS = [(dx, dy, math.hypot(dx, dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


class Floor:
    """The walkable part of the floor; gate lines are closed, since people cross them on purpose only."""

    def __init__(self, store: Store) -> None:
        """Draw the floor polygon, then everything that a body of 0.24 m radius cannot pass."""
        corners = np.array(store.floor, float)
        self._origin = corners.min(axis=0)
        width, height = (int(n) for n in np.ceil((corners.max(axis=0) - self._origin) / _CELL).astype(int) + 1)
        inside = np.zeros((height, width), np.uint8)
        cv2.fillPoly(inside, [self._cells(store.floor)], 255)
        solid = cv2.bitwise_not(inside)
        for wall in store.walls:
            cv2.line(solid, *self._segment(wall.start, wall.end), 255, 1)
        for gondola in store.gondolas:
            cv2.fillPoly(solid, [self._cells(gondola.footprint())], 255)
        reach = 2 * round(_BODY / _CELL) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        solid = cv2.dilate(solid, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=255)
        for gate in store.gates:
            cv2.line(solid, *self._segment(gate.start, gate.end), 255, 3)
        self._free = solid == 0
        if not self._free.any():
            raise ValueError(f"store {store.id}: nobody can walk on its floor")
        # Keeping off the fixtures a little looks natural and leaves the fronts to those who pick.
        clearance = cv2.distanceTransform(self._free.astype(np.uint8), cv2.DIST_L2, 3) * _CELL
        self._cost = 1.0 + 1.5 * np.clip(0.3 - clearance, 0.0, None) / 0.3

    def is_free(self, point: Point) -> bool:
        """Whether a body's centre can be here."""
        column, row = self._cell(point)
        height, width = self._free.shape
        return 0 <= row < height and 0 <= column < width and bool(self._free[row, column])

    def nearest(self, point: Point) -> Point:
        """Return the nearest place where a body's centre can be."""
        if self.is_free(point):
            return point
        rows, columns = np.nonzero(self._free)
        column, row = self._cell(point)
        best = int(np.argmin((rows - row) ** 2 + (columns - column) ** 2))
        return self._point((int(columns[best]), int(rows[best])))

    def path(self, start: Point, goal: Point, people: list[Point] | None = None) -> list[Point]:
        """Return way points from start to goal, goal included.

        Args:
            start: where to begin; moved to the nearest free cell if need be.
            goal: where to end; likewise.
            people: who stands in the way; paths go around them where there is room.
        """
        goal = self.nearest(goal)
        source, target = self._cell(self.nearest(start)), self._cell(goal)
        cost = self._cost
        if people:
            cost = cost.copy()
            crowd = np.zeros(cost.shape, np.uint8)
            for person in people:
                cv2.circle(crowd, self._cell(person), round(0.5 / _CELL), 1, -1)
            cost[crowd > 0] += 6.0
        cells = self._search(source, target, cost)
        points = [self._point(cell) for cell in cells]
        if not points:
            return [goal]
        points[-1] = goal
        return self._pull(points, cost)

    def _search(self, source: _Cell, target: _Cell, cost: NDArray[np.float64]) -> list[_Cell]:
        height, width = self._free.shape
        free = self._free
        best = {source: 0.0}
        parent: dict[tuple[int, int], tuple[int, int]] = {}
        queue = [(0.0, source)]
        while queue:
            _, cell = heapq.heappop(queue)
            if cell == target:
                found = [cell]
                while found[-1] in parent:
                    found.append(parent[found[-1]])
                return found[::-1]
            x, y = cell
            so_far = best[cell]
            for dx, dy, length in _STEPS:
                column, row = x + dx, y + dy
                if not (0 <= column < width and 0 <= row < height and free[row, column]):
                    continue
                spent = so_far + length * float(cost[row, column])
                if spent < best.get((column, row), math.inf):
                    best[column, row] = spent
                    parent[column, row] = cell
                    rest = math.hypot(column - target[0], row - target[1])
                    heapq.heappush(queue, (spent + rest, (column, row)))
        return []

    def _pull(self, points: list[Point], cost: NDArray[np.float64]) -> list[Point]:
        """Drop way points between which a straight line is free and no dearer."""
        kept = []
        index = 0
        while index < len(points) - 1:
            further = len(points) - 1
            while further > index + 1 and not self._clear(points[index], points[further], cost):
                further = index + (further - index) // 2 if further - index > 8 else further - 1
            kept.append(points[further])
            index = further
        return kept or points[-1:]

    def _clear(self, start: Point, end: Point, cost: NDArray[np.float64]) -> bool:
        length = math.dist(start, end)
        steps = max(2, int(length / (_CELL / 2)))
        along = np.linspace(0.0, 1.0, steps)[:, None]
        line = np.array(start) * (1 - along) + np.array(end) * along
        cells = np.round((line - self._origin) / _CELL).astype(int)
        prices = cost[cells[:, 1], cells[:, 0]]
        return bool(self._free[cells[:, 1], cells[:, 0]].all()) and float(prices.max()) < 2.4

    def _cell(self, point: Point) -> tuple[int, int]:
        x, y = (np.asarray(point, float) - self._origin) / _CELL
        return round(x), round(y)

    def _point(self, cell: tuple[int, int]) -> Point:
        return (float(self._origin[0] + cell[0] * _CELL), float(self._origin[1] + cell[1] * _CELL))

    def _cells(self, points: tuple[Point, ...]) -> NDArray[np.int32]:
        return np.array([self._cell(point) for point in points], np.int32)

    def _segment(self, start: Point, end: Point) -> tuple[tuple[int, int], tuple[int, int]]:
        return self._cell(start), self._cell(end)
