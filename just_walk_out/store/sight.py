"""Which shelves a camera looks at: those whose plates it has in its picture, from the front."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Gondola, Plate, Shelf

FARTHEST = 4.0
"""Metres beyond which a pack is too small to be told, in pictures of common size."""


def plate_corners(gondola: Gondola, shelf: Shelf, plate: Plate, height: float) -> NDArray[np.float64]:
    """Return the corners (8, 3) in ``map``, metres, of the space over a plate, the four of the plate first."""
    x, y = plate.width / 2.0, plate.depth / 2.0
    flat = [(-x, -y), (x, -y), (x, y), (-x, y)]
    local = np.array([[*corner, z, 1.0] for z in (0.0, height) for corner in flat])
    placed = local @ (gondola.pose.matrix() @ shelf.pose.matrix() @ plate.pose.matrix()).T
    return np.asarray(placed[:, :3])


def seen_shelves(camera: Camera, gondolas: Iterable[Gondola]) -> tuple[str, ...]:
    """Return the ids of the shelves that a camera has wholly in its picture, before their fronts and not too far.

    Args:
        camera: with calibration and pose.
        gondolas: of the store.
    """
    extrinsic = camera.extrinsic()
    eye = np.linalg.inv(extrinsic)[:3, 3]
    lens = Lens.of(camera)
    found = []
    for gondola in gondolas:
        base = gondola.pose.matrix()
        if float((np.linalg.inv(base) @ np.array([*eye, 1.0]))[1]) > 0.0:
            continue
        for shelf in gondola.shelves:
            points = np.concatenate([plate_corners(gondola, shelf, plate, 0.0) for plate in shelf.plates])
            if float(np.linalg.norm(points.mean(axis=0) - eye)) > FARTHEST:
                continue
            u, v = lens.project(points @ extrinsic[:3, :3].T + extrinsic[:3, 3]).T
            if bool(np.all((u >= 0.0) & (u < camera.width) & (v >= 0.0) & (v < camera.height))):
                found.append(shelf.id)
    return tuple(found)
