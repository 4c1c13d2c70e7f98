"""Whose arm reached in: a way of foreground from the edge of a plate to somebody's shoulder.

For each person near, lines from the plate to either shoulder, upright or bent forward, are drawn into the picture
through the calibration. Each point that no body hides speaks for or against the arm: foreground is likely where it is
and unlikely where it is not. What no picture of the step shows beside bodies says nothing, a camera behind people says
nothing of their arms, and what is said allows for an arm that was there for something else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from just_walk_out.shelf_view.evidence import allow_astray
from just_walk_out.shelf_view.pictures import HALF
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Eye, Mask, PlateView

_POINTS = np.linspace(0.0, 0.85, 24)
_WIDTH = 0.2  # half the distance between the shoulders, metres
_SAG = 0.1  # how far the elbow hangs below the straight line, metres
# how far shoulders are before the place where somebody stands, metres, and how high, of their height upright
_POSTURES = ((0.1, 1.0), (0.35, 0.85), (0.45, 0.7))
_BENT = 0.3  # how far before their place somebody's trunk may be who bends, metres
_EVIDENT = 0.3  # log-likelihood from which an arm counts as seen


class ArmCue:
    """Log-likelihoods of people for having reached to a plate."""

    def __init__(self, eye: Eye, settings: ShelfViewSettings) -> None:
        """Take the camera.

        Args:
            eye: its calibration.
            settings: chances and reach.
        """
        self._eye = eye
        self._settings = settings

    def scores(
        self, view: PlateView, people: Sequence[tuple[Mask, Mapping[str, tuple[float, float]]]]
    ) -> dict[str, float]:
        """Return a log-likelihood for each person near, in relation to nobody's arm; empty where no arm was seen.

        Args:
            view: of the plate.
            people: for each picture of the step, its foreground at half size, and places on the floor by track.
        """
        found: list[dict[str, float]] = []
        reach = self._settings.arm_reach
        inwards = (view.middle - view.edge)[:2]
        ahead = inwards / max(float(np.hypot(*inwards)), 1e-6) * _BENT
        for mask, places in people:
            wide = np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
            upright = {track: self._body(wide, *place) for track, place in places.items()}
            bent = {track: self._body(wide, *(np.array(place) + ahead)) for track, place in places.items()}
            found.append({})
            for track, place in places.items():
                if math.dist(place, view.edge[:2]) <= reach and self._before(view, place):
                    hidden = upright[track].copy()
                    for other in places.keys() - {track}:
                        hidden |= upright[other] | bent[other]
                    found[-1][track] = self._score(view, place, wide, hidden)
        tracks = sorted({track for scores in found for track in scores})
        if not tracks:
            return {}
        # who was not near in a picture could not be seen in it: nobody's arm
        means = {track: float(np.mean([scores.get(track, 0.0) for scores in found])) for track in tracks}
        if max(means.values()) < _EVIDENT:
            return {}
        return allow_astray(means, self._settings.arm_astray, self._settings.limit)

    def _before(self, view: PlateView, place: tuple[float, float]) -> bool:
        """Tell whether the camera is nearer to the shelf than somebody: from behind, their back hides the arm."""
        return float((view.middle - view.edge)[:2] @ (self._eye.place[:2] - place)) > 0.0

    def _body(self, mask: Mask, x: float, y: float) -> Mask:
        """Return what somebody at a place hides, metres, at the size of a mask."""
        return self._eye.body(x, y)[::HALF, ::HALF][: mask.shape[0], : mask.shape[1]]

    def _score(self, view: PlateView, place: tuple[float, float], mask: Mask, hidden: Mask) -> float:
        """Return the log-likelihood of the best way of an arm, in relation to none there.

        Either arm, in any posture, to the edge of the plate or to its middle: how deep a hand goes is not known. Points
        out of the picture and those before or behind bodies say nothing: one's own, and others' upright or bent.
        """
        settings = self._settings
        there = math.log(settings.arm_seen / settings.arm_by_chance)
        missing = math.log((1.0 - settings.arm_seen) / (1.0 - settings.arm_by_chance))
        way = np.array(place) - view.edge[:2]
        length = max(float(np.hypot(*way)), 1e-6)
        aside = np.array([-way[1], way[0]]) / length * _WIDTH
        best = -math.inf
        for side, hand, (lean, upright) in itertools.product((-1.0, 1.0), (view.edge, view.middle), _POSTURES):
            at = np.array(place) - way / length * min(lean, length) + side * aside
            shoulder = np.array([*at, upright * settings.shoulder_height])
            points = hand + _POINTS[:, None] * (shoulder - hand)
            points[:, 2] -= _SAG * np.sin(np.pi * _POINTS)
            pixels = self._eye.project(points) / HALF
            inside: Mask = np.asarray(np.isfinite(pixels).all(axis=1))
            spots = np.where(inside[:, None], pixels, -1.0).round().astype(int)
            inside = inside & (spots >= 0).all(axis=1) & (spots[:, 0] < mask.shape[1]) & (spots[:, 1] < mask.shape[0])
            inside[inside] = ~hidden[spots[inside, 1], spots[inside, 0]]
            seen = mask[spots[inside, 1], spots[inside, 0]]
            best = max(best, float(seen.sum()) * there + float((~seen).sum()) * missing)
        return settings.arm_looks * best / len(_POINTS)
