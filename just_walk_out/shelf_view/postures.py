"""Who bends so that a hand gets to a plate: whole bodies, upright or bent, held against the foreground of a picture.

A hand that goes under a board is not seen any more, but to get there its owner must bend, and a body that bends looks
quite unlike one that stands. People are trunks with legs and a head that bend at the hips; which way, and how far, is
what fits the picture best.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import cv2
import numpy as np

from just_walk_out.shelf_view.pictures import HALF
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Eye, Floats, Mask, PlateView

_UPRIGHT = (0.0, 0.0)
_BENDS = tuple(math.radians(angle) for angle in (20.0, 40.0, 60.0, 80.0))
_TURNS = tuple(math.radians(angle) for angle in (-60.0, -30.0, 0.0, 30.0, 60.0))
POSTURES = (_UPRIGHT, *itertools.product(_TURNS, _BENDS))
"""Which way somebody faces, in relation to straight into the shelf, and how far they bend at the hips, radians."""

_SHOULDERS = 0.8  # their height as a share of that of a person
_HIPS = 0.5
_ASIDE = 0.2  # half the distance between the shoulders, metres
_ARM = 0.85  # from the shoulder to the tip of a hand that is stretched out, metres
_AROUND = 2.2  # distance on the floor from a plate within which people hide others or are hidden, metres
_RING = np.linspace(0.0, 2.0 * np.pi, 9)[:-1]
# rings around legs, trunk and head: height as a share of that of a person, radius and how far aside in metres
_LEGS = ((0.03, 0.13, 0.0), (0.5, 0.16, 0.0))
_TRUNK = (
    (0.47, 0.14, 0.0),
    (0.6, 0.14, 0.0),
    *((z, r, y) for z, r in ((0.76, 0.1), (0.84, 0.08)) for y in (-0.12, 0.12)),
)
_HEAD = ((0.86, 0.07, 0.0), (0.93, 0.095, 0.0), (1.0, 0.06, 0.0))


class PostureCue:
    """Log-likelihoods of people for standing or bending as one must whose hand is at a plate."""

    def __init__(self, eye: Eye, fixtures: Mask, settings: ShelfViewSettings) -> None:
        """Take the camera.

        Args:
            eye: its calibration.
            fixtures: pixels (height, width) of shelves, behind and under which nobody is seen.
            settings: chances and reach.
        """
        self._eye = eye
        self._settings = settings
        self._free = ~fixtures[::HALF, ::HALF]
        self._height = settings.shoulder_height / _SHOULDERS
        parts = [np.concatenate([self._ring(*ring) for ring in rings]) for rings in (_LEGS, _TRUNK, _HEAD)]
        self._ends = tuple(int(end) for end in np.cumsum([len(part) for part in parts]))
        self._body = np.concatenate(parts)
        height = self._height * _SHOULDERS
        self._shoulders = np.array([[0.0, -_ASIDE, height], [0.0, _ASIDE, height]])

    def scores(self, view: PlateView, mask: Mask, places: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        """Return a log-likelihood for each person in reach: of one who reaches to a plate against one who does not.

        Args:
            view: of the plate.
            mask: foreground of a picture at half size.
            places: of people on the floor by track, metres.
        """
        settings = self._settings
        into = math.atan2(view.inwards[1], view.inwards[0])
        away = {track: math.dist(place, view.edge[:2]) for track, place in places.items()}
        near = {track: np.array(places[track]) for track in sorted(places) if away[track] <= _AROUND}
        there = math.log(settings.arm_seen / settings.arm_by_chance)
        gain = np.where(mask, there, -there) * self._free[: mask.shape[0], : mask.shape[1]]
        drawn = {track: self._silhouettes(place, into, mask.shape) for track, place in near.items()}
        # a body at this distance, seen whole, is worth so many looks, whichever way it bends
        worth = {track: settings.posture_looks / max(int(shapes[0].sum()), 1) for track, shapes in drawn.items()}
        idle = np.array([0.0 if posture == _UPRIGHT else math.log(settings.bent) for posture in POSTURES])
        likely = {
            track: shapes[int(np.argmax(self._fit(gain, shapes) * worth[track] + idle))]
            for track, shapes in drawn.items()
        }
        found = {}
        for track, place in near.items():
            if away[track] > settings.arm_reach:
                continue
            others = np.zeros(mask.shape, bool)
            for other, shape in likely.items():
                if other != track:
                    others |= shape
            fits = self._fit(np.where(others, 0.0, gain), drawn[track]) * worth[track]
            found[track] = float(fits[self._reaching(view, place, into)].max() - (fits + idle).max())
        return found

    def _fit(self, gain: Floats, shapes: list[Mask]) -> Floats:
        return np.array([float(gain[shape].sum()) for shape in shapes])

    def _reaching(self, view: PlateView, place: Floats, into: float) -> Mask:
        """Return in which postures a hand gets to the edge of a plate; those that come nearest if it never does."""
        far = [
            np.linalg.norm(self._pose(self._shoulders, place, into, *each) - view.edge, axis=1).min()
            for each in POSTURES
        ]
        return np.asarray(np.array(far) <= max(_ARM, min(far)))

    def _silhouettes(self, place: Floats, into: float, shape: tuple[int, ...]) -> list[Mask]:
        """Return the pixels that somebody at a place hides in each posture, at half size."""
        bodies = np.concatenate([self._pose(self._body, place, into, *posture) for posture in POSTURES])
        pixels = (self._eye.project(bodies) / HALF).reshape(len(POSTURES), -1, 2)
        found = []
        for points in pixels:
            drawn = np.zeros(shape, np.uint8)
            for part in np.split(points, self._ends[:-1]):
                if np.isfinite(part).all():
                    cv2.fillConvexPoly(drawn, cv2.convexHull(np.clip(part, -9999, 9999).round().astype(np.int32)), 1)
            found.append(drawn > 0)
        return found

    def _pose(self, points: Floats, place: Floats, into: float, turn: float, bend: float) -> Floats:
        """Return points (n, 3) of a body, ahead, to the left and above the floor as upright, in ``map``, metres."""
        ahead, left, height = points.T
        hips = self._height * _HIPS
        above = height - hips
        bent = above > 0.0
        x = np.where(bent, ahead * math.cos(bend) + above * math.sin(bend), ahead)
        z = np.where(bent, hips + above * math.cos(bend) - ahead * math.sin(bend), height)
        cos, sin = math.cos(into + turn), math.sin(into + turn)
        return np.column_stack([place[0] + cos * x - sin * left, place[1] + sin * x + cos * left, z])

    def _ring(self, level: float, radius: float, aside: float) -> Floats:
        return np.column_stack(
            [radius * np.cos(_RING), aside + radius * np.sin(_RING), np.full(len(_RING), level * self._height)]
        )
