"""Whose hand was at a plate: wrists that overview cameras found, as rays from each camera.

How far along its ray a wrist is, is not known; the ray of whoever takes something passes the place where the
wrist is then, which is before the plate and a little above it. One camera may be wrong about depth, two agree
by chance seldom. A hand that is hidden from a camera says little there, both hands elsewhere say more.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import TrackArray
from just_walk_out.store.model import Store

Floats = NDArray[np.float64]

_SECOND = 1_000_000_000
_KEPT = 30 * _SECOND
# Where a hand that takes something is: so much of the plate's depth before its middle, so many metres above it.
_DEPTHS = np.array([-0.2, 0.1, 0.4])
_ABOVE = 0.1
# From there to the wrist, towards the shoulder, and how high that is, metres.
_HAND, _SHOULDER = 0.1, 1.3
# Where wrists hang, from the place of a person who may face anywhere, metres.
_TURNS = np.linspace(0.0, 2.0 * math.pi, 9)[:-1]
_HANGING = np.stack([0.25 * np.cos(_TURNS), 0.25 * np.sin(_TURNS), np.full(8, 0.8)], axis=1)


@dataclass
class _Course:
    """The hands of one track: stamps, cameras and directions, one row a hand."""

    stamps: list[int] = field(default_factory=list)
    cameras: list[int] = field(default_factory=list)
    directions: list[tuple[float, ...]] = field(default_factory=list)

    def forget(self, before: int) -> None:
        gone = bisect_left(self.stamps, before)
        if gone > 256:
            del self.stamps[:gone], self.cameras[:gone], self.directions[:gone]


class HandModel:
    """Keeps a while of hands and tells how well each person's fit having been at a plate."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Place cameras and plates.

        Args:
            store: its cameras' optical centres, and where plates are.
            settings: errors of wrists, and how often they are hidden.
        """
        self._store = store
        self._settings = settings
        self._newest = -1
        self._index = {camera.id: k for k, camera in enumerate(store.cameras)}
        self._eyes = np.array([camera.pose.matrix()[:3, 3] for camera in store.cameras]).reshape(-1, 3)
        self._courses: dict[str, _Course] = {}

    def push(self, tracks: TrackArray) -> None:
        """Remember the hands of one tick; repeated ones are ignored."""
        if tracks.stamp <= self._newest:
            return
        self._newest = tracks.stamp
        for track in tracks.tracks:
            for hand in track.hands:
                camera = self._index.get(hand.camera)
                if camera is None or not all(math.isfinite(part) for part in hand.direction):
                    continue
                course = self._courses.setdefault(track.id, _Course())
                course.stamps.append(tracks.stamp)
                course.cameras.append(camera)
                course.directions.append(hand.direction)
        for id, course in list(self._courses.items()):
            if course.stamps[-1] < tracks.stamp - _KEPT:
                del self._courses[id]
            else:
                course.forget(tracks.stamp - _KEPT)

    def scores(
        self, plates: Sequence[str], start: int, end: int, people: Mapping[str, tuple[float, float]]
    ) -> dict[str, float]:
        """Return how each person's hands fit having been at plates, against having been anywhere.

        Args:
            plates: of one shelf.
            start: last moment at the old weight, nanoseconds.
            end: first moment at the new weight, nanoseconds.
            people: where those in question stand, metres, by track.

        Returns:
            Log-likelihood ratio by track id; 0 for somebody of whom no hand was seen.
        """
        early = start - round(self._settings.hand_lead_time * _SECOND)
        hands = np.concatenate([self._hands(plate) for plate in plates])
        spread = np.repeat([self._store.plate[plate].width / math.sqrt(12.0) for plate in plates], len(_DEPTHS))
        found = {}
        for track, place in sorted(people.items()):
            ways = np.array([*place, _SHOULDER]) - hands
            wrists = hands + _HAND * ways / np.linalg.norm(ways, axis=1, keepdims=True)
            found[track] = self._score(track, wrists, spread, np.array([*place, 0.0]) + _HANGING, early, end)
        return found

    def _hands(self, plate: str) -> Floats:
        """Return where hands are that take something from a plate, (places, 3) metres in ``map``."""
        yaw = self._store.gondola_of[plate].pose.yaw
        outward = np.array([math.sin(yaw), -math.cos(yaw), 0.0]) * self._store.plate[plate].depth
        return np.asarray(self._store.plate_position[plate] + np.array([0.0, 0.0, _ABOVE]) + _DEPTHS[:, None] * outward)

    def _score(self, track: str, places: Floats, spread: Floats, hanging: Floats, early: int, end: int) -> float:
        course = self._courses.get(track)
        if course is None:
            return 0.0
        first, last = bisect_left(course.stamps, early), bisect_right(course.stamps, end)
        if first >= last:
            return 0.0
        settings = self._settings
        stamps, cameras = np.array(course.stamps[first:last]), np.array(course.cameras[first:last])
        directions = np.array(course.directions[first:last], dtype=np.float64)
        off, along = self._distances(cameras, directions, places)
        sigma = np.sqrt(settings.hand_sigma**2 + spread**2 + (settings.hand_angle * along) ** 2)
        there = self._density(off, sigma).max(axis=1)
        beside = self._density(off, np.hypot(sigma, settings.hand_beside_sigma)).max(axis=1)
        rest = self._density(self._distances(cameras, directions, hanging)[0], settings.hand_rest_sigma).mean(axis=1)
        at_plate = at_side = at_rest = 0.0
        least = 1.0
        for camera in np.unique(cameras):
            rows = np.flatnonzero(cameras == camera)
            chosen, both = _better_half(stamps[rows], there[rows])
            hidden = settings.hand_hidden + both * (settings.hand_wrong - settings.hand_hidden)
            least = min(least, hidden)
            rows = rows[chosen]
            other = 0.5 + 0.5 * rest[rows]  # the density of a hand that does nothing
            at_plate += float(np.log(hidden * other + (1.0 - hidden) * there[rows]).mean())
            at_side += float(np.log(hidden * other + (1.0 - hidden) * beside[rows]).mean())
            at_rest += float(np.log(other).mean())
        # what hides a hand from one camera, the board above it, mostly hides it from all
        acts = np.logaddexp(math.log(1.0 - least) + at_plate, math.log(least) + at_rest)
        idle = np.logaddexp(math.log(1.0 - settings.hand_beside) + at_rest, math.log(settings.hand_beside) + at_side)
        limit = settings.hand_limit
        return float(min(max(acts - idle, -limit), limit))

    def _distances(self, cameras: NDArray[np.intp], directions: Floats, points: Floats) -> tuple[Floats, Floats]:
        """Return how far rays (n, 3) pass points (m, 3), and how far along, metres, both (n, m)."""
        ways = points[None] - self._eyes[cameras][:, None]
        along = (ways * directions[:, None]).sum(axis=2)
        off = np.linalg.norm(ways - along[..., None] * directions[:, None], axis=2)
        return np.where(along > 0.0, off, np.inf), along

    def _density(self, off: Floats, sigma: Floats | float) -> Floats:
        """Return the density of distances of rays in relation to that of hands anywhere around."""
        area = 2.0 * math.pi * np.square(sigma)
        return np.asarray(math.pi * self._settings.hand_spread**2 * np.exp(-0.5 * (off / sigma) ** 2) / area)


def _better_half(stamps: NDArray[np.int64], fit: Floats) -> tuple[NDArray[np.intp], float]:
    """Return of one camera the better hand of each moment, of those the better half, and how often it sees both.

    The other half may lie before or after the touch.
    """
    order = np.lexsort((-fit, stamps))
    best = order[np.flatnonzero(np.diff(stamps[order], prepend=-1))]
    both = min(len(stamps) / len(best) - 1.0, 1.0)
    return best[np.argsort(-fit[best], kind="stable")][: max(1, len(best) // 2)], both
