"""How many overview cameras see each part of the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Store
from just_walk_out.store.walkable import walkable

SPACING = 0.1
"""Metres between the points looked at."""


def floor_points(store: Store) -> NDArray[np.float64]:
    """Return points (n, 2) of the floor where a person's middle can be, ``map``."""
    ground = walkable(store.floor, store.walls, store.gondolas)
    step = max(1, round(SPACING / ground.cell))
    rows, columns = np.nonzero(ground.free)
    kept = (rows % step == 0) & (columns % step == 0)
    return np.asarray(ground.origin) + (np.stack([columns[kept], rows[kept]], axis=1) + 0.5) * ground.cell


def in_picture(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points (n, 3) in ``map`` fall into the camera's picture, fixtures left aside."""
    extrinsic = camera.extrinsic()
    u, v = Lens.of(camera).project(points @ extrinsic[:3, :3].T + extrinsic[:3, 3]).T
    inside: NDArray[np.bool_] = (u >= -0.5) & (u < camera.width - 0.5) & (v >= -0.5) & (v < camera.height - 0.5)
    return inside


def views(store: Store, height: float = 0.0) -> NDArray[np.int64]:
    """Return, for each of ``floor_points``, how many overview cameras see it at a height above the floor."""
    flat = floor_points(store)
    points = np.concatenate([flat, np.full((len(flat), 1), height)], axis=1)
    count = np.zeros(len(flat), np.int64)
    for camera in store.cameras:
        if camera.role == "overview":
            count += in_picture(camera, points)
    return count
