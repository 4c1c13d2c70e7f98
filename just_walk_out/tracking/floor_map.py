"""What the tracker knows about the store: its outline, gates, fixtures and which cameras look where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.camera.visibility import Coverage, Occluders
from just_walk_out.store.geometry import distance_outside, distance_to_segment, steps_cross
from just_walk_out.store.model import Camera, Store

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_STEP = 0.2
_MARGIN = 3.0
_BEFORE_WALL = 0.01  # metres


class FloorMap:
    """Look-ups on the floor plan; coverage is precomputed on a grid."""

    def __init__(self, store: Store, cameras: Sequence[Camera]) -> None:
        """Take the store and the cameras whose detections are tracked."""
        self._store = store
        self._occluders = Occluders(store.gondolas, store.walls)
        self.cameras = tuple(camera.id for camera in cameras)
        self.eyes: Floats = np.array([camera.pose.matrix()[:3, 3] for camera in cameras]).reshape(-1, 3)
        corners = np.asarray(store.floor, dtype=np.float64)
        self._low = corners.min(axis=0) - _MARGIN
        cells = np.ceil((corners.max(axis=0) + _MARGIN - self._low) / _STEP).astype(int) + 1
        xs, ys = (self._low[k] + _STEP * np.arange(cells[k]) for k in (0, 1))
        grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)
        self._seen = Coverage(store, cameras).sees(grid)
        self._outside = distance_outside(store.floor, grid)

    def _cell(self, points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        index = np.rint((points - self._low) / _STEP).astype(np.intp)
        limit = np.array(self._outside.shape) - 1
        index = np.clip(index, 0, limit)
        return index[..., 0], index[..., 1]

    def seen_by(self, points: ArrayLike) -> Bools:
        """Return (N, cameras): which cameras should see somebody at floor points (N, 2)."""
        return np.asarray(self._seen[self._cell(np.asarray(points, dtype=np.float64))])

    def outside(self, points: ArrayLike) -> Floats:
        """Distance beyond the floor plan (N,), metres; negative inside; from the grid, to a few centimetres."""
        where = (np.asarray(points, dtype=np.float64) - self._low) / _STEP
        where = np.clip(where, 0.0, np.array(self._outside.shape) - 1.001)
        cell = where.astype(np.intp)
        (i, j), (s, t) = np.moveaxis(cell, -1, 0), np.moveaxis(where - cell, -1, 0)
        grid = self._outside
        left = (1.0 - t) * grid[i, j] + t * grid[i, j + 1]
        right = (1.0 - t) * grid[i + 1, j] + t * grid[i + 1, j + 1]
        return np.asarray((1.0 - s) * left + s * right)

    def in_fixture(self, points: ArrayLike) -> Bools:
        """Whether floor points (N, 2) lie well within a fixture."""
        return self._occluders.blocked(points, -0.1)

    def push_out(self, points: Floats) -> Floats:
        """Move points (N, 2) out of fixtures."""
        return self._occluders.push_out(points)

    def walled_off(self, starts: Floats, ends: Floats, slack: Floats) -> Bools:
        """Whether a wall is between floor points (N, 2) and (M, 2), as (N, M).

        Args:
            starts: where people are.
            ends: where something was seen.
            slack: (M,) how far these may be off, metres; one that near to a wall may be on either side.
        """
        result = np.zeros((len(starts), len(ends)), dtype=bool)
        for wall in self._store.walls:
            clear = distance_to_segment(ends, wall.start, wall.end) > slack
            result |= clear & steps_cross(starts[:, None], ends[None], (wall.start, wall.end))
        return result

    def hold(self, before: Floats, mean: Floats) -> Floats:
        """Keep people from walking through walls.

        Args:
            before: (N, 2) where they were.
            mean: (N, 4) x, y, vx, vy as estimated now.

        Returns:
            (N, 4): who would be behind a wall stands before it and has no speed towards it.
        """
        held = np.array(mean)
        for wall in self._store.walls:
            segment = (wall.start, wall.end)
            rows = np.flatnonzero(steps_cross(before, held[:, :2], segment))
            if not rows.size:
                continue
            along = np.subtract(wall.end, wall.start)
            normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
            normal = normal * np.sign((before[rows] - wall.start) @ normal)[:, None]
            depth = ((held[rows, :2] - wall.start) * normal).sum(axis=1)
            held[rows, :2] += (_BEFORE_WALL - depth)[:, None] * normal
            speed = np.minimum((held[rows, 2:] * normal).sum(axis=1), 0.0)
            held[rows, 2:] -= speed[:, None] * normal
        for wall in self._store.walls:  # pushed from one wall through another, as in a corner
            stuck = steps_cross(before, held[:, :2], (wall.start, wall.end))
            held[stuck] = np.concatenate([before[stuck], np.zeros_like(before[stuck])], axis=1)
        return held

    def gate_near(self, x: float, y: float, radius: float) -> str:
        """Id of the gate somebody first seen here came through: near its line or just beyond it; else empty."""
        best, name = radius, ""
        for gate in self._store.gates:
            away = float(distance_to_segment((x, y), gate.start, gate.end))
            side = (x - gate.start[0]) * gate.inward[0] + (y - gate.start[1]) * gate.inward[1]
            if side < 0.0:
                away -= min(1.0, -side)
            if away <= best:
                best, name = away, gate.id
        return name

    def leaving(self, x: float, y: float, vx: float, vy: float, radius: float) -> bool:
        """Whether somebody here walks out through a gate."""
        for gate in self._store.gates:
            near = float(distance_to_segment((x, y), gate.start, gate.end)) <= radius
            if near and vx * gate.inward[0] + vy * gate.inward[1] < -0.2:
                return True
        return False

    def beyond_gate(self, x: float, y: float, distance: float) -> bool:
        """Whether a point lies behind a gate's line, by at least ``distance`` metres and before its ends."""
        for gate in self._store.gates:
            side = (x - gate.start[0]) * gate.inward[0] + (y - gate.start[1]) * gate.inward[1]
            if side <= -distance and float(distance_to_segment((x, y), gate.start, gate.end)) <= 1.0 - side:
                length = np.hypot(gate.end[0] - gate.start[0], gate.end[1] - gate.start[1])
                along = (x - gate.start[0]) * gate.inward[1] - (y - gate.start[1]) * gate.inward[0]
                if -0.5 <= along <= length + 0.5:
                    return True
        return False
