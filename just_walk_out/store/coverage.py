"""How many overview cameras see each part of the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    """Whether points (n, 3) in ``map`` fall into the camera's picture, fixtures and lens distortion left aside.

    The equidistant model is r = f theta, the pinhole r = f tan(theta).
    """
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    x, y, z = (homogeneous @ camera.extrinsic().T)[:, :3].T
    across = np.hypot(x, y)
    if camera.distortion_model == "equidistant":
        ahead = np.ones(len(points), bool)
        stretch = np.arctan2(across, z) / np.maximum(across, 1e-9)
    else:
        ahead = z > 1e-6
        stretch = 1.0 / np.where(ahead, z, 1.0)
    u, v = camera.fx * x * stretch + camera.cx, camera.fy * y * stretch + camera.cy
    inside: NDArray[np.bool_] = ahead & (u >= -0.5) & (u < camera.width - 0.5) & (v >= -0.5) & (v < camera.height - 0.5)
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
