"""What fixtures and walls hide: sight lines between cameras and points of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.store.geometry import distance_to_segment, steps_cross
from just_walk_out.store.model import Camera, Gondola, Store, Wall

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MOUNTING = 0.05
"""Metres from a wall at which a camera hangs on it: which side it is on is then less than measuring tells."""


class Occluders:
    """The fixtures of a store as solid boxes, and its walls as upright rectangles."""

    def __init__(self, gondolas: Iterable[Gondola], walls: Iterable[Wall] = (), shrink: float = 0.02) -> None:
        """Place the boxes.

        Args:
            gondolas: the fixtures.
            walls: hide what is behind them up to their height; one that a camera hangs on hides nothing from it.
            shrink: metres taken off each side, so that a point on a face is not hidden by its own fixture.
        """
        self._boxes = [
            (np.linalg.inv(item.pose.matrix()), np.array([item.width, item.depth, item.height]), shrink)
            for item in gondolas
        ]
        self._walls = tuple(walls)

    def hidden(self, eye: ArrayLike, points: ArrayLike) -> Bools:
        """Whether each point (..., 3) is hidden from the eye (3,) by a fixture (slab test) or a wall."""
        given = np.asarray(points, dtype=np.float64)
        result = np.zeros(given.shape[:-1], dtype=bool)
        for inverse, size, shrink in self._boxes:
            start = inverse[:3, :3] @ np.asarray(eye, dtype=np.float64) + inverse[:3, 3]
            along = given @ inverse[:3, :3].T + inverse[:3, 3] - start
            along = np.where(np.abs(along) < 1e-9, 1e-9, along)
            low = (np.array([shrink, shrink, -1e-3]) - start) / along
            high = (size - shrink - start) / along
            enter = np.minimum(low, high).max(axis=-1)
            leave = np.maximum(low, high).min(axis=-1)
            result |= (enter < leave) & (leave > 0.0) & (enter < 1.0)
        for wall in self._walls:
            result |= _behind(wall, np.asarray(eye, dtype=np.float64), given)
        return result

    def blocked(self, points: ArrayLike, margin: float = 0.0) -> Bools:
        """Whether floor points (..., 2) lie within a footprint grown by ``margin`` metres."""
        given = np.asarray(points, dtype=np.float64)
        level = np.concatenate([given, np.zeros((*given.shape[:-1], 1))], axis=-1)
        result = np.zeros(given.shape[:-1], dtype=bool)
        for inverse, size, _ in self._boxes:
            local = (level @ inverse[:3, :3].T + inverse[:3, 3])[..., :2]
            result |= ((local > -margin) & (local < size[:2] + margin)).all(axis=-1)
        return result

    def push_out(self, points: ArrayLike) -> Floats:
        """Move floor points (..., 2) that lie within a footprint to its nearest edge."""
        moved = np.array(points, dtype=np.float64)
        for inverse, size, _ in self._boxes:
            back = np.linalg.inv(inverse)
            level = np.concatenate([moved, np.zeros((*moved.shape[:-1], 1))], axis=-1)
            local = (level @ inverse[:3, :3].T + inverse[:3, 3])[..., :2]
            inner = ((local > 0.0) & (local < size[:2])).all(axis=-1)
            if not inner.any():
                continue
            gaps = np.stack([local[..., 0], size[0] - local[..., 0], local[..., 1], size[1] - local[..., 1]], axis=-1)
            side = gaps.argmin(axis=-1)
            target = local.copy()
            target[..., 0] = np.where(side == 0, 0.0, np.where(side == 1, size[0], target[..., 0]))
            target[..., 1] = np.where(side == 2, 0.0, np.where(side == 3, size[1], target[..., 1]))
            placed = np.concatenate([target, level[..., 2:]], axis=-1) @ back[:3, :3].T + back[:3, 3]
            moved = np.where(inner[..., None], placed[..., :2], moved)
        return moved


def _behind(wall: Wall, eye: Floats, points: Floats) -> Bools:
    if float(distance_to_segment(eye[:2], wall.start, wall.end)) <= _MOUNTING:
        return np.zeros(points.shape[:-1], dtype=bool)
    crosses = steps_cross(eye[:2], points[..., :2], (wall.start, wall.end))
    if wall.height is None:
        return crosses
    along = np.subtract(wall.end, wall.start)
    normal = np.array([-along[1], along[0]])
    away = (points[..., :2] - eye[:2]) @ normal
    share = ((np.asarray(wall.start) - eye[:2]) @ normal) / np.where(crosses, away, 1.0)
    return np.asarray(crosses & (eye[2] + share * (points[..., 2] - eye[2]) <= wall.height))


class Coverage:
    """Which cameras can see the upper body of a person who stands somewhere."""

    def __init__(self, store: Store, cameras: Sequence[Camera], height: float = 1.4) -> None:
        """Prepare the projections.

        Args:
            store: its fixtures and walls.
            cameras: the cameras in question.
            height: of the part of the body that must be seen, metres.
        """
        self.cameras = tuple(camera.id for camera in cameras)
        self._projectors = [FloorProjector(camera) for camera in cameras]
        self._occluders = Occluders(store.gondolas, store.walls)
        self._height = height

    def sees(self, points: ArrayLike, margin: float = 8.0) -> Bools:
        """Return (..., cameras): whether each camera sees a person at floor points (..., 2)."""
        given = np.asarray(points, dtype=np.float64)
        raised = np.concatenate([given, np.full((*given.shape[:-1], 1), self._height)], axis=-1)
        columns = [
            item.inside(item.to_pixels(raised), margin) & ~self._occluders.hidden(item.centre, raised)
            for item in self._projectors
        ]
        return np.stack(columns, axis=-1) if columns else np.zeros((*given.shape[:-1], 0), dtype=bool)
