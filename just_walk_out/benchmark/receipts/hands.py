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
from just_walk_out.store.model import Camera, Store

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
        self._projectors = [FloorProjector(camera) for camera in cameras]
        self._rng = rng
        inverse = np.array([np.linalg.inv(gondola.pose.matrix()) for gondola in store.gondolas]).reshape(-1, 4, 4)
        self._turns, self._shifts = inverse[:, :3, :3], inverse[:, :3, 3]
        self._sizes = np.array([(each.width, each.depth, each.height) for each in store.gondolas]).reshape(-1, 3)
        # its back and sides, then its boards; there is no plane at infinity
        most = max((len(gondola.shelves) for gondola in store.gondolas), default=0)
        self._axes = np.array([1, 0, 0] + [2] * most)
        self._across = self._axes[:, None] == np.arange(3)
        self._places = np.full((len(store.gondolas), len(self._axes)), np.inf)
        for row, each in zip(self._places, store.gondolas, strict=True):
            row[: 3 + len(each.shelves)] = [each.depth, 0.0, each.width, *(s.pose.z - 0.02 for s in each.shelves)]

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
        """Tell which points (..., 3) are behind the back, a side or a board of a fixture."""
        start = self._turns @ eye + self._shifts  # (fixtures, 3), in the frame of each
        way = np.einsum("fij,...j->...fi", self._turns, points) + self._shifts - start
        step = np.where(np.abs(way) < 1e-9, 1e-9, way)[..., self._axes]  # (..., fixtures, planes)
        share = (self._places - start[:, self._axes]) / step
        cross = start[:, None] + share[..., None] * way[..., None, :]  # (..., fixtures, planes, 3)
        inside = ((cross >= 0.0) & (cross <= self._sizes[:, None])) | self._across
        hidden = (share > 0.0) & (share < 0.995) & inside.all(axis=-1)
        return np.asarray(hidden.any(axis=(-2, -1)))


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
