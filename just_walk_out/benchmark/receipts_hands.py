"""What overview cameras would report of the hands of people in a simulated store.

A wrist is seen past the boards and panels of fixtures, bodies (also its owner's) and the edge of the picture, and
then mostly found. Its place has the spread that people who annotate wrists have in COCO (0.062 of the square root of a
person's area in the picture, about 6 cm), some are far off, and where two people overlap one's is now and then
given to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.simulation.body import wrists
from just_walk_out.simulation.figure import Figure
from just_walk_out.store.model import Camera, Gondola, Store

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ERROR, _ASTRAY, _ASTRAY_ERROR = 0.06, 0.05, 0.25
_FOUND = 0.85
_OVERLAP, _MIXED = 0.45, 0.1
_BODY, _LOW, _HIGH = 0.16, 0.3, 1.5


class HandWatch:
    """All overview cameras: rays of the wrists that they find."""

    def __init__(self, store: Store, cameras: Sequence[Camera], rng: np.random.Generator) -> None:
        """Place the cameras.

        Args:
            store: its fixtures.
            cameras: those that look for hands.
            rng: of everything that is drawn.
        """
        self._store = store
        self._projectors = [FloorProjector(camera) for camera in cameras]
        self._rng = rng

    def rays(self, figures: Sequence[Figure], seen: Bools) -> list[list[Floats]]:
        """Return the rays of wrists.

        Args:
            figures: everybody.
            seen: (cameras, people), whether a camera finds a person at all.

        Returns:
            For each camera and person, (hands, 3) unit vectors in ``map``: at most two.
        """
        count = len(figures)
        if not count:
            return [[] for _ in self._projectors]
        places = np.array([(figure.x, figure.y) for figure in figures])
        hands = np.array([wrists(figure) for figure in figures])
        shape = (len(self._projectors), count, 2)
        found = self._rng.random(shape) < _FOUND
        astray = self._rng.random(shape) < _ASTRAY
        mixed = self._rng.random((shape[0], count)) < _MIXED
        noise = self._rng.normal(size=(*shape, 3)) * np.where(astray, _ASTRAY_ERROR, _ERROR)[..., None]
        result = []
        for index, projector in enumerate(self._projectors):
            eye = projector.centre
            overlaps = _overlaps(eye, places)
            visible = found[index] & projector.inside(projector.to_pixels(hands), 0.0)
            visible &= ~self._behind_fixtures(eye, hands) & ~_behind_bodies(eye, hands, places)
            visible &= seen[index][:, None]
            rays = []
            for person in range(count):
                other = int(overlaps[person])
                whose = other if other >= 0 and mixed[index, person] else person
                points = (hands[whose] + noise[index, person])[visible[whose] & seen[index, person]]
                ways = points - eye
                rays.append(ways / np.linalg.norm(ways, axis=1, keepdims=True))
            result.append(rays)
        return result

    def _behind_fixtures(self, eye: Floats, points: Floats) -> Bools:
        hidden = np.zeros(points.shape[:-1], dtype=bool)
        for gondola in self._store.gondolas:
            hidden |= _behind_boards(gondola, eye, points)
        return hidden


def _behind_boards(gondola: Gondola, eye: Floats, points: Floats) -> Bools:
    """Tell which points (..., 3) are behind the back, a side or a board of a fixture."""
    inverse = np.linalg.inv(gondola.pose.matrix())
    start = inverse[:3, :3] @ eye + inverse[:3, 3]
    way = points @ inverse[:3, :3].T + inverse[:3, 3] - start
    size = np.array([gondola.width, gondola.depth, gondola.height])
    planes = [(1, gondola.depth), (0, 0.0), (0, gondola.width)]
    planes += [(2, shelf.pose.z - 0.02) for shelf in gondola.shelves]
    hidden = np.zeros(points.shape[:-1], dtype=bool)
    for axis, at in planes:
        step = np.where(np.abs(way[..., axis]) < 1e-9, 1e-9, way[..., axis])
        share = (at - start[axis]) / step
        cross = start + share[..., None] * way
        inside = ((cross >= 0.0) & (cross <= size))[..., [other for other in range(3) if other != axis]]
        hidden |= (share > 0.0) & (share < 0.995) & inside.all(axis=-1)
    return hidden


def _behind_bodies(eye: Floats, hands: Floats, places: Floats) -> Bools:
    """Tell which hands (people, 2, 3) are behind somebody's body, their owner's too."""
    way = hands - eye
    flat = np.maximum((way[..., :2] ** 2).sum(axis=-1), 1e-9)
    away = places - eye[:2]
    share = (way[..., None, :2] * away).sum(axis=-1) / flat[..., None]
    aside = np.abs(way[..., None, 0] * away[:, 1] - way[..., None, 1] * away[:, 0]) / np.sqrt(flat)[..., None]
    height = eye[2] + share * way[..., None, 2]
    blocked = (share > 0.02) & (share < 0.99) & (aside < _BODY) & (height > _LOW) & (height < _HIGH)
    return np.asarray(blocked.any(axis=-1))


def _overlaps(eye: Floats, places: Floats) -> NDArray[np.intp]:
    """Return for each person who overlaps them most in the picture; -1 for nobody."""
    away = places - eye[:2]
    length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
    bearing = np.arctan2(away[:, 1], away[:, 0])
    turn = np.abs((bearing[:, None] - bearing + np.pi) % (2.0 * np.pi) - np.pi)
    apart = np.sin(np.minimum(turn, np.pi / 2)) * np.minimum(length[:, None], length)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    return np.where(apart[np.arange(len(places)), nearest] < _OVERLAP, nearest, -1)
