"""Whose arm reached in: a way of foreground from the edge of a plate to somebody's shoulder.

For each person near, lines from the plate to either shoulder, upright or bent forward, are drawn into the picture
through the calibration. Each point that no body hides speaks for or against the arm: foreground is likely where it is
and unlikely where it is not. Where the arm goes under a board, the posture of its owner tells (``postures``). Both are
held against the same just before the step and after it. A camera behind people says nothing of their arms, and what is
said allows for an arm that was there for something else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from just_walk_out.shelf_view.evidence import allow_astray
from just_walk_out.shelf_view.pictures import HALF
from just_walk_out.shelf_view.postures import PostureCue
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Eye, Mask, PlateView

_POINTS = np.linspace(0.0, 0.85, 24)
_WIDTH = 0.2  # half the distance between the shoulders, metres
_SAG = 0.1  # how far the elbow hangs below the straight line, metres
# how far shoulders are before the place where somebody stands, metres, and how high, of their height upright
_POSTURES = ((0.1, 1.0), (0.35, 0.85), (0.45, 0.7))
_BENT = 0.3  # how far before their place somebody's trunk may be who bends, metres
_SLACK = 100_000_000  # nanoseconds by which the hand of a step may be there before its start and after its end
BEFORE, AFTER = (800_000_000, 400_000_000), (300_000_000, 600_000_000)
"""Nanoseconds before a step's start and after its end at which its hand is not there yet, and no more."""


@dataclass(frozen=True, eq=False)
class Scene:
    """People in one picture.

    Attributes:
        stamp: event time, nanoseconds.
        mask: foreground at half size.
        places: on the floor by track, metres.
    """

    stamp: int
    mask: Mask
    places: Mapping[str, tuple[float, float]]


class ArmCue:
    """Log-likelihoods of people for having reached to a plate."""

    def __init__(self, eye: Eye, fixtures: Mask, settings: ShelfViewSettings) -> None:
        """Take the camera.

        Args:
            eye: its calibration.
            fixtures: pixels (height, width) of shelves, behind and under which nobody is seen.
            settings: chances and reach.
        """
        self._eye = eye
        self._postures = PostureCue(eye, fixtures, settings)
        self._settings = settings

    def scores(self, view: PlateView, start: int, end: int, people: Sequence[Scene]) -> dict[str, float]:
        """Return a log-likelihood for each person near, in relation to nobody's arm; empty where nobody was.

        A hand comes with a step and goes with it: what speaks for one that was there before, or stays, is no sign.

        Args:
            view: of the plate.
            start: of the step, nanoseconds.
            end: of the step.
            people: pictures around the step.
        """
        core = [scene for scene in people if start - _SLACK <= scene.stamp <= end + _SLACK]
        if not core and people:
            core = [min(people, key=lambda scene: abs(2 * scene.stamp - start - end))]
        during = [self._told(view, scene) for scene in core]
        tracks = sorted({track for each in during for track in each})
        if not tracks:
            return {}
        before, after = (
            [self._told(view, scene) for scene in people if first <= scene.stamp <= last]
            for first, last in ((start - BEFORE[0], start - BEFORE[1]), (end + AFTER[0], end + AFTER[1]))
        )
        stays = self._settings.arm_stays
        totals = {
            track: _mean(during, track) - stays * (_mean(before, track) + _mean(after, track)) for track in tracks
        }
        # that no arm is seen says who had none rather than that it was nobody's: it may have been hidden
        lift = min(0.0, max(totals.values()))
        lifted = {track: total - lift for track, total in totals.items()}
        return allow_astray(lifted, self._settings.arm_astray, self._settings.limit)

    def watches(self, view: PlateView) -> bool:
        """Tell whether the camera hangs near enough to the front of a plate to see the arms of anybody in reach."""
        return bool((view.edge - self._eye.place)[:2] @ view.inwards < self._settings.arm_reach)

    def _told(self, view: PlateView, scene: Scene) -> dict[str, float]:
        """Return what one picture tells of everybody in reach whose front the camera sees."""
        reach = self._settings.arm_reach
        ahead = view.inwards * _BENT
        wide = np.asarray(cv2.dilate(scene.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        near = [
            track
            for track, place in sorted(scene.places.items())
            if math.dist(place, view.edge[:2]) <= reach and self._before(view, place)
        ]
        if not near:
            return {}
        postures = self._postures.scores(view, scene.mask, scene.places)
        upright = {track: self._body(wide, *place) for track, place in scene.places.items()}
        bent = {track: self._body(wide, *(np.array(place) + ahead)) for track, place in scene.places.items()}
        found = {}
        for track in near:
            hidden = upright[track].copy()
            for other in scene.places.keys() - {track}:
                hidden |= upright[other] | bent[other]
            way = self._way(view, scene.places[track], wide, hidden)
            found[track] = max(way + postures[track], -self._settings.limit)
        return found

    def _before(self, view: PlateView, place: tuple[float, float]) -> bool:
        """Tell whether the camera is nearer to the shelf than somebody: from behind, their back hides the arm."""
        return float(view.inwards @ (self._eye.place[:2] - place)) > 0.0

    def _body(self, mask: Mask, x: float, y: float) -> Mask:
        """Return what somebody at a place hides, metres, at the size of a mask."""
        return self._eye.body(x, y)[::HALF, ::HALF][: mask.shape[0], : mask.shape[1]]

    def _way(self, view: PlateView, place: tuple[float, float], mask: Mask, hidden: Mask) -> float:
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


def _mean(told: Sequence[Mapping[str, float]], track: str) -> float:
    """Return the mean over pictures; who was not near in one had no arm there that could be told of."""
    return sum(each.get(track, 0.0) for each in told) / max(len(told), 1)
