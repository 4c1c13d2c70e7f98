"""Whose arm reached in: a way of foreground from the edge of a plate to somebody's shoulder.

For each person near, the line from the plate to either shoulder is drawn into the picture through the
calibration. Where that person's arm is there, nearly all of it is foreground; where it is another's, only by chance.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from just_walk_out.shelf_view.pictures import HALF
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Eye, Mask, PlateView

_POINTS = np.linspace(0.0, 0.85, 24)
_LEAST = 5  # points of an arm that must be in the picture and beside bodies
_WIDTH = 0.2  # half the distance between the shoulders, metres
_LEAN = 0.1  # how far people lean towards what they reach for, metres
_SAG = 0.1  # how far the elbow hangs below the straight line, metres
_EVIDENT = 0.7  # share of an arm that must be seen, or no arm was


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
        seen: dict[str, list[float]] = {}
        for mask, places in people:
            wide = np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
            bodies = np.zeros(wide.shape, bool)
            for place in places.values():
                bodies |= self._eye.body(*place)[::HALF, ::HALF][: wide.shape[0], : wide.shape[1]]
            for track, place in places.items():
                if math.dist(place, view.edge[:2]) <= self._settings.arm_reach:
                    share = self._share(view, place, wide, bodies)
                    if share is not None:
                        seen.setdefault(track, []).append(share)
        best = {track: float(np.mean(sorted(shares)[-max(1, len(shares) // 3) :])) for track, shares in seen.items()}
        if not best or max(best.values()) < _EVIDENT:
            return {}
        return {track: self._score(best[track]) for track in sorted(best)}

    def _score(self, share: float) -> float:
        settings = self._settings
        there = share * math.log(settings.arm_seen) + (1.0 - share) * math.log(1.0 - settings.arm_seen)
        chance = share * math.log(settings.arm_by_chance) + (1.0 - share) * math.log(1.0 - settings.arm_by_chance)
        score = settings.arm_looks * (there - chance)
        return round(min(max(score, -settings.limit), settings.limit), 4)

    def _share(self, view: PlateView, place: tuple[float, float], mask: Mask, bodies: Mask) -> float | None:
        """Return the share of foreground along the best way of an arm; None where too little of all can be seen.

        Either arm, to the edge of the plate or to its middle: how deep a hand goes is not known. Points before or
        behind bodies say nothing, whoever's arm it is.
        """
        way = np.array(place) - view.edge[:2]
        length = max(float(np.hypot(*way)), 1e-6)
        aside = np.array([-way[1], way[0]]) / length * _WIDTH
        lean = way / length * min(_LEAN, length)
        best = None
        for side, hand in itertools.product((-1.0, 1.0), (view.edge, view.middle)):
            shoulder = np.array([*(np.array(place) - lean + side * aside), self._settings.shoulder_height])
            points = hand + _POINTS[:, None] * (shoulder - hand)
            points[:, 2] -= _SAG * np.sin(np.pi * _POINTS)
            pixels = self._eye.project(points) / HALF
            inside: Mask = np.asarray(np.isfinite(pixels).all(axis=1))
            spots = np.where(inside[:, None], pixels, -1.0).round().astype(int)
            inside = inside & (spots >= 0).all(axis=1) & (spots[:, 0] < mask.shape[1]) & (spots[:, 1] < mask.shape[0])
            inside[inside] = ~bodies[spots[inside, 1], spots[inside, 0]]
            if int(inside.sum()) < _LEAST:
                continue
            share = float(mask[spots[inside, 1], spots[inside, 0]].mean())
            best = share if best is None else max(best, share)
        return best
