"""Photos of packs as a catalogue has them: taken by hand on a table, in another light than that of the store."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.packs import pack_front, pack_size
from just_walk_out.simulation.raycast import Canvas
from just_walk_out.simulation.scene import Quad, box
from just_walk_out.store.model import Camera, Pose, Product, Store

Image = NDArray[np.uint8]

_SIDE = 160
_LANE, _DEPTH = 0.1, 0.4


def photograph(product: Product, rng: np.random.Generator, dress: str = "") -> Image:
    """Return a photo (160, 160, 3), BGR: the pack in the middle, seen from somewhere in front and above.

    Args:
        product: of the catalogue.
        rng: of light and angle.
        dress: what the pack looks like; empty for what follows from the SKU.
    """
    wide, deep, tall = pack_size(product, _LANE, _DEPTH)
    colour, front = pack_front(dress or product.sku, product.name)
    turn, rise = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(0.1, 0.6))
    far = float(rng.uniform(2.1, 2.6)) * max(wide, tall)
    middle = np.array([wide / 2.0, deep / 2.0, tall / 2.0])
    eye = middle + far * np.array([math.sin(turn) * math.cos(rise), -math.cos(turn) * math.cos(rise), math.sin(rise)])
    dx, dy, dz = middle - eye
    pose = Pose(
        float(eye[0]), float(eye[1]), float(eye[2]), 0.0, math.atan2(-dz, math.hypot(dx, dy)), math.atan2(dy, dx)
    )
    centre = (_SIDE - 1) / 2.0
    camera = Camera("photo", "", _SIDE, _SIDE, 1.0, 1.4 * _SIDE, 1.4 * _SIDE, centre, centre, pose)
    canvas = Canvas(camera)
    table = np.full((2, 2, 3), int(rng.integers(190, 250)), np.uint8)
    canvas.paint([Quad(np.array([-3.0, -3.0, 0.0]), np.array([6.0, 0, 0]), np.array([0, 6.0, 0]), table)])
    canvas.paint(box(np.eye(4), (0.0, 0.0, 0.0), (wide, deep, tall), colour, front))
    picture = canvas.view()[0].astype(np.float64)
    light = rng.uniform(0.8, 1.25) * rng.uniform(0.93, 1.07, 3)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.2))) * light
    return np.asarray(np.clip(picture + rng.normal(0.0, 3.0, picture.shape), 0, 255), np.uint8)


def write_photos(store: Store, folder: Path, count: int, seed: int, dresses: Mapping[str, str] | None = None) -> int:
    """Write photos of every product into a folder each, named after the SKU; returns how many.

    Args:
        store: whose catalogue.
        folder: is made where it is not there.
        count: photos a product.
        seed: of light and angle.
        dresses: what packs look like, by SKU; what follows from the SKU where that says nothing.

    Raises:
        OSError: a file cannot be written.
    """
    for product in store.products:
        rng = np.random.default_rng([seed, zlib.crc32(product.sku.encode())])
        own = folder / product.sku
        own.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            good, data = cv2.imencode(".png", photograph(product, rng, (dresses or {}).get(product.sku, "")))
            if not good:
                raise OSError(f"{own}: a photo could not be written")
            (own / f"{number + 1:02d}.png").write_bytes(data.tobytes())
    return count * len(store.products)
