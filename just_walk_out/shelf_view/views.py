"""Where the plates of a shelf lie in a camera's picture, and the people before them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Gondola, Shelf, Store
from just_walk_out.store.sight import plate_corners

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST = 30
_MARGIN = 0.25  # of a plate's extent in the picture, kept around it: what reaches out of its space is none of its goods
_BODY, _HEAD = 0.22, 1.8
_REMEMBERED = 200  # outlines of bodies
_RING = np.linspace(0.0, 2.0 * np.pi, 9)[:-1]
_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))


@dataclass(frozen=True)
class PlateView:
    """The space over one plate as a camera sees it.

    Attributes:
        plate: its id.
        rows: of the picture, those that hold it, with a margin around.
        columns: likewise.
        mask: which pixels of these rows and columns show it.
        edge: a hand's height over the middle of its front edge; (3,) metres, ``map``.
        middle: the same over its middle.
    """

    plate: str
    rows: slice
    columns: slice
    mask: Mask
    edge: Floats
    middle: Floats

    @property
    def inwards(self) -> Floats:
        """Which way it goes from the front into the shelf: (2,) of length 1, ``map``."""
        way = (self.middle - self.edge)[:2]
        return np.asarray(way / max(float(np.hypot(*way)), 1e-6))


class Eye:
    """A calibrated camera: points of the store to pixels, distortion included."""

    def __init__(self, camera: Camera) -> None:
        """Take calibration and pose."""
        self.camera = camera
        self.shape = (camera.height, camera.width)
        self._extrinsic = camera.extrinsic()
        self._lens = Lens.of(camera)
        self._bodies: dict[tuple[float, float], Mask] = {}
        self.place = np.linalg.inv(self._extrinsic)[:3, 3]

    def project(self, points: Floats) -> Floats:
        """Return pixels (n, 2) of points (n, 3) in ``map``, metres; NaN where the camera does not look."""
        return self._lens.project(points @ self._extrinsic[:3, :3].T + self._extrinsic[:3, 3])

    def outline(self, points: Floats) -> Mask:
        """Return the pixels (height, width) inside the hull of points (n, 3); none where a point is out of view."""
        mask = np.zeros(self.shape, np.uint8)
        pixels = self.project(points)
        if np.isfinite(pixels).all():
            hull = cv2.convexHull(np.round(np.clip(pixels, -20_000, 20_000)).astype(np.int32))
            cv2.fillConvexPoly(mask, hull, 1)
        return np.asarray(mask, dtype=bool)

    def body(self, x: float, y: float) -> Mask:
        """Return the pixels (height, width) that a person at a place on the floor, metres, hides; to a decimetre."""
        spot = (round(x, 1), round(y, 1))
        if spot not in self._bodies:
            if len(self._bodies) >= _REMEMBERED:
                self._bodies.clear()
            self._bodies[spot] = self._draw_body(*spot)
        return self._bodies[spot]

    def _draw_body(self, x: float, y: float) -> Mask:
        ring = np.stack([x + _BODY * np.cos(_RING), y + _BODY * np.sin(_RING)], axis=1)
        levels = [np.column_stack([ring, np.full(len(ring), height)]) for height in (0.1, 0.9, _HEAD)]
        return self.outline(np.concatenate(levels))


def plate_views(store: Store, camera: Camera, settings: ShelfViewSettings) -> dict[str, PlateView]:
    """Return the plates that a shelf camera sees, by id; those too small in the picture are left out.

    Args:
        store: fixtures.
        camera: of role shelf.
        settings: how high goods stand.
    """
    eye = Eye(camera)
    found = {}
    for name in camera.shelves:
        gondola, shelf = store.gondola_of[name], store.shelf[name]
        height = min(settings.pack_height, _clearance(gondola, shelf))
        for plate in shelf.plates:
            corners = plate_corners(gondola, shelf, plate, height)
            middles = [(corners[a] + corners[b]) / 2.0 for a, b in _EDGES]
            mask = eye.outline(np.concatenate([corners, middles]))
            if int(mask.sum()) < _LEAST:
                continue
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            high, wide = _widened(rows, camera.height), _widened(columns, camera.width)
            over = np.array([0.0, 0.0, min(0.1, height / 2.0)])
            edge, middle = corners[:2].mean(axis=0) + over, corners[:4].mean(axis=0) + over
            found[plate.id] = PlateView(plate.id, high, wide, mask[high, wide], edge, middle)
    return found


def fixtures(store: Store, camera: Camera, eye: Eye) -> Mask:
    """Return the pixels (height, width) that the gondolas of a shelf camera take, up to their top boards."""
    found = np.zeros(eye.shape, bool)
    for gondola in {store.gondola_of[name].id: store.gondola_of[name] for name in camera.shelves}.values():
        top = gondola.pose.z + max(shelf.pose.z for shelf in gondola.shelves)
        corners = [(x, y, z) for x, y in gondola.footprint() for z in (gondola.pose.z, top)]
        found |= eye.outline(np.array(corners))
    return found


def _widened(indices: NDArray[np.intp], size: int) -> slice:
    margin = max(4, round(_MARGIN * len(indices)))
    return slice(max(0, int(indices[0]) - margin), min(size, int(indices[-1]) + 1 + margin))


def _clearance(gondola: Gondola, shelf: Shelf) -> float:
    """Return the height up to the next board, metres."""
    above = [other.pose.z - shelf.pose.z for other in gondola.shelves if other.pose.z > shelf.pose.z + 0.05]
    return max(0.05, min([*above, gondola.height - shelf.pose.z, 2.0]) - 0.05)
