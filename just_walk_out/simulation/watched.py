"""A copy of a store in which shelf cameras look at its gondolas, with photos of the simulated packs."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from just_walk_out.simulation.photos import write_photos
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Camera, Gondola, Pose

_WIDTH, _HEIGHT, _RATE, _FIELD = 640, 480, 5.0, 70.0
_ASIDE, _BEFORE, _UP = 0.8, 1.3, 2.2
_OVER_BEFORE, _OVER_UP, _OVER_AIM, _OVER_AIM_UP, _OVER_FIELD = 0.05, 2.45, 0.4, 0.9, 90.0
_MAIN, _OVER = "store.yaml", "over"

SIDES = (-1, 0, 1)
"""Of the shelf cameras of a gondola: see ``shelf_camera``."""


def shelf_camera(gondola: Gondola, side: int) -> Camera:
    """Return a shelf camera of a gondola: one of three that see most together.

    Args:
        gondola: what it looks at.
        side: -1 and 1 hang over the aisle at its left and its right end and see goods past the people before it;
            0 hangs over its front and looks down at hands.
    """
    base = gondola.pose.matrix()
    middle = gondola.width / 2.0
    place, target, field = (
        ((middle, -_OVER_BEFORE, _OVER_UP), (middle, -_OVER_AIM, _OVER_AIM_UP), _OVER_FIELD)
        if side == 0
        else ((middle + side * (middle + _ASIDE), -_BEFORE, _UP), (middle, 0.1, 0.7), _FIELD)
    )
    eye = (base @ np.array([*place, 1.0]))[:3]
    dx, dy, dz = (float(value) for value in (base @ np.array([*target, 1.0]))[:3] - eye)
    pose = Pose(
        float(eye[0]), float(eye[1]), float(eye[2]), 0.0, math.atan2(-dz, math.hypot(dx, dy)), math.atan2(dy, dx)
    )
    focal = _WIDTH / 2.0 / math.tan(math.radians(field) / 2.0)
    centre = ((_WIDTH - 1) / 2.0, (_HEIGHT - 1) / 2.0)
    shelves = tuple(shelf.id for shelf in gondola.shelves)
    name = f"{gondola.id}_{('left', _OVER, 'right')[side + 1]}"
    return Camera(name, "", _WIDTH, _HEIGHT, _RATE, focal, focal, *centre, pose, "shelf", shelves=shelves)


def looks_down(camera: str) -> bool:
    """Tell whether a camera of ``shelf_camera``, by its id, is the one over the front, which sees hands."""
    return camera.endswith(f"_{_OVER}")


def write_watched(path: Path, folder: Path, gondolas: Sequence[str], photos: int = 6, seed: int = 1) -> None:
    """Write a copy of a store description with shelf cameras and photos; comments in what changes are lost.

    Args:
        path: folder of the store, or its main file there.
        folder: of the copy; must not exist.
        gondolas: ids of those that get cameras.
        photos: of each product.
        seed: of the photos' light and angle.

    Raises:
        StoreError: the store cannot be read.
        ValueError: there is no such gondola.
        OSError: a file cannot be written.
    """
    store = load_store(path)
    known = {gondola.id: gondola for gondola in store.gondolas}
    for name in gondolas:
        if name not in known:
            raise ValueError(f"gondola {name!r}: expected one of {', '.join(known)}")
    shutil.copytree(path if path.is_dir() else path.parent, folder)
    write_photos(store, folder / "photos", photos, seed)
    main = yaml.safe_load((folder / _MAIN).read_text(encoding="utf-8"))
    for name in (_MAIN, *main.get("include", [])):
        file = folder / name
        sections = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if "cameras" in sections:
            sections["cameras"] += [_entry(shelf_camera(known[name], side)) for name in gondolas for side in SIDES]
        for product in sections.get("products", ()):
            product["photos"] = f"photos/{product['sku']}"
        if "cameras" in sections or "products" in sections:
            file.write_text(yaml.safe_dump(sections, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _entry(camera: Camera) -> dict[str, Any]:
    """Return a camera as the description has it; the source is a device that the simulation stands in for."""
    pose = camera.pose
    angles = [math.degrees(angle) for angle in (pose.roll, pose.pitch, pose.yaw)]
    return {
        "id": camera.id,
        "source": f"/dev/v4l/by-id/{camera.id}",
        "role": "shelf",
        "shelves": list(camera.shelves),
        "width": camera.width,
        "height": camera.height,
        "rate": camera.rate,
        "intrinsics": {name: round(float(getattr(camera, name)), 4) for name in ("fx", "fy", "cx", "cy")},
        "pose": {
            "xyz": [round(value, 4) for value in (pose.x, pose.y, pose.z)],
            "rpy_deg": [round(angle, 4) for angle in angles],
        },
    }
