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
            found[track] = self._score(track, wrists, spread, early, end)
        return found

    def _hands(self, plate: str) -> Floats:
        """Return where hands are that take something from a plate, (places, 3) metres in ``map``."""
        yaw = self._store.gondola_of[plate].pose.yaw
        outward = np.array([math.sin(yaw), -math.cos(yaw), 0.0]) * self._store.plate[plate].depth
        return np.asarray(self._store.plate_position[plate] + np.array([0.0, 0.0, _ABOVE]) + _DEPTHS[:, None] * outward)

    def _score(self, track: str, places: Floats, spread: Floats, early: int, end: int) -> float:
        course = self._courses.get(track)
        if course is None:
            return 0.0
        first, last = bisect_left(course.stamps, early), bisect_right(course.stamps, end)
        if first >= last:
            return 0.0
        settings = self._settings
        stamps, cameras = np.array(course.stamps[first:last]), np.array(course.cameras[first:last])
        directions = np.array(course.directions[first:last], dtype=np.float64)
        ways = places[None] - self._eyes[cameras][:, None]
        along = (ways * directions[:, None]).sum(axis=2)
        off = np.where(along > 0.0, np.linalg.norm(ways - along[..., None] * directions[:, None], axis=2), np.inf)
        sigma = np.sqrt(settings.hand_sigma**2 + spread**2 + (settings.hand_angle * along) ** 2)
        there = self._density(off, sigma).max(axis=1)
        beside = self._density(off, np.hypot(sigma, settings.hand_beside_sigma)).max(axis=1)
        log_there = log_beside = 0.0
        least = 1.0
        for camera in np.unique(cameras):
            mine = cameras == camera
            moments = np.unique(stamps[mine], return_inverse=True)[1]
            both = int(mine.sum()) / (int(moments.max()) + 1) - 1.0
            hidden = settings.hand_hidden + min(both, 1.0) * (settings.hand_wrong - settings.hand_hidden)
            least = min(least, hidden)
            log_there += _of_moments(there[mine], moments, hidden)
            log_beside += _of_moments(beside[mine], moments, hidden)
        # what hides a hand from one camera, the board above it, mostly hides it from all
        at_plate = np.logaddexp(math.log(1.0 - least) + log_there, math.log(least))
        idle = np.logaddexp(math.log(1.0 - settings.hand_beside), math.log(settings.hand_beside) + log_beside)
        total = float(at_plate - idle)
        limit = settings.hand_limit
        return min(max(total, -limit), limit)

    def _density(self, off: Floats, sigma: Floats) -> Floats:
        """Return the density of distances of rays in relation to that of hands anywhere around."""
        area = 2.0 * math.pi * sigma**2
        return np.asarray(math.pi * self._settings.hand_spread**2 * np.exp(-0.5 * (off / sigma) ** 2) / area)


def _of_moments(fit: Floats, moments: NDArray[np.intp], hidden: float) -> float:
    """Return what one camera says: the better hand of each moment, and of those the better half.

    The other half may lie before or after the touch.
    """
    best = np.zeros(int(moments.max()) + 1)
    np.maximum.at(best, moments, fit)
    logs = np.sort(np.log(hidden + (1.0 - hidden) * best))[::-1]
    return float(logs[: max(1, len(logs) // 2)].mean())
