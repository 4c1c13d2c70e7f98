"""Whose hand was at a plate: wrists that overview cameras found, as rays from each camera.

How far along its ray a wrist is, is not known; the ray of whoever takes something passes the place where the
wrist is then, which is before the plate and a little above it. One camera may be wrong about depth, two agree
by chance seldom. A hand that is hidden from a camera says little there, both hands elsewhere say more. What
speaks against a plate is mostly that the same rays pass another one beside it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stops import Act
from just_walk_out.records import TrackArray
from just_walk_out.store.model import Store

Floats = NDArray[np.float64]

_SECOND = 1_000_000_000
_KEPT = 30 * _SECOND
# Where a hand that takes something is: so much of the plate's depth before its middle, so many metres above it.
_DEPTHS = np.array([-0.2, 0.1, 0.4])
_ABOVE = 0.1
# A camera that always errs in the same way is not made right by looking longer.
_MOST_LOOKS = 4.0
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
        self._reach = 3.0 * settings.hand_beside_sigma
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

    def scores(self, act: Act, people: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        """Return how each person's hands fit having been at plates, against having been anywhere.

        Args:
            act: when, and at which plates of one shelf.
            people: where those in question stand, metres, by track.

        Returns:
            Log-likelihood ratio by track id; 0 for somebody of whom no hand was seen.
        """
        plates, end = act.plates, act.end
        early = act.latest(self._settings.act_time) - round(self._settings.hand_lead_time * _SECOND)
        if end - early > _KEPT:
            # hands at first are not known any more, and that must not count against whoever they were of
            return dict.fromkeys(sorted(people), 0.0)
        names = [*plates, *self._beside(plates)]
        hands = np.stack([self._hands(plate) for plate in names])
        spread = np.array([self._store.plate[plate].width / math.sqrt(12.0) for plate in names])
        middle = np.mean([self._store.plate_position[plate] for plate in plates], axis=0)
        away = np.linalg.norm([self._store.plate_position[plate] - middle for plate in names[len(plates) :]], axis=-1)
        shares = np.exp(-0.5 * (away / self._settings.hand_beside_sigma) ** 2)
        found = {}
        for track, place in sorted(people.items()):
            ways = np.array([*place, _SHOULDER]) - hands
            wrists = hands + _HAND * ways / np.linalg.norm(ways, axis=-1, keepdims=True)
            found[track] = self._score(track, wrists, spread, shares, np.array([*place, 0.0]) + _HANGING, early, end)
        return found

    def _beside(self, plates: Sequence[str]) -> list[str]:
        """Return the plates of the same fixture about some of them: that is where hands of others may be."""
        places = [self._store.plate_position[plate] for plate in plates]
        return [
            plate.id
            for shelf in self._store.gondola_of[plates[0]].shelves
            for plate in shelf.plates
            if plate.id not in plates
            and min(math.dist(self._store.plate_position[plate.id], place) for place in places) < self._reach
        ]

    def _hands(self, plate: str) -> Floats:
        """Return where hands are that take something from a plate, (places, 3) metres in ``map``."""
        yaw = self._store.gondola_of[plate].pose.yaw
        outward = np.array([math.sin(yaw), -math.cos(yaw), 0.0]) * self._store.plate[plate].depth
        return np.asarray(self._store.plate_position[plate] + np.array([0.0, 0.0, _ABOVE]) + _DEPTHS[:, None] * outward)

    def _score(
        self, track: str, places: Floats, spread: Floats, shares: Floats, hanging: Floats, early: int, end: int
    ) -> float:
        course = self._courses.get(track)
        if course is None:
            return 0.0
        first, last = bisect_left(course.stamps, early), bisect_right(course.stamps, end)
        if first >= last:
            return 0.0
        settings = self._settings
        stamps, cameras = np.array(course.stamps[first:last]), np.array(course.cameras[first:last])
        directions = np.array(course.directions[first:last], dtype=np.float64)
        off, along = self._distances(cameras, directions, places.reshape(-1, 3))
        sigma = np.sqrt(settings.hand_sigma**2 + spread.repeat(len(_DEPTHS)) ** 2 + (settings.hand_angle * along) ** 2)
        there = self._density(off, sigma).reshape(len(stamps), len(places), -1).max(axis=2)
        rest = self._density(self._distances(cameras, directions, hanging)[0], settings.hand_rest_sigma).mean(axis=1)
        there /= (0.5 + 0.5 * rest)[:, None]  # in relation to a hand that does nothing
        own = len(places) - len(shares)
        there = np.concatenate([there[:, :own].max(axis=1, keepdims=True), there[:, own:]], axis=1)
        # One place at a time: a hand that is beside the plates is beside them for every camera.
        logs = np.zeros(there.shape[1])
        least = 1.0
        for camera in np.unique(cameras):
            rows = cameras == camera
            moments, index = np.unique(stamps[rows], return_index=True)
            both = min(int(rows.sum()) / len(moments) - 1.0, 1.0)
            hidden = settings.hand_hidden + both * (settings.hand_wrong - settings.hand_hidden)
            least = min(least, hidden)
            best = np.sort(np.maximum.reduceat(there[rows], index, axis=0), axis=0)
            # of each moment the better hand, and the better half: the other may lie before or after the touch
            half = best[-max(1, len(moments) // 2) :]
            seconds = float(moments[-1] - moments[0]) / _SECOND * len(half) / len(moments)
            looks = min(max(seconds / settings.hand_look_time, 1.0), len(half), _MOST_LOOKS)
            logs += looks * np.log(hidden + (1.0 - hidden) * half).mean(axis=0)
        # what hides a hand from one camera, the board above it, mostly hides it from all
        acts = np.logaddexp(math.log(1.0 - least) + logs[0], math.log(least))
        aside = settings.hand_beside if shares.size else 0.0
        total = (1.0 - aside) + aside * float(shares @ np.exp(logs[1:])) / max(float(shares.sum()), 1e-300)
        limit = settings.hand_limit
        return float(min(max(acts - math.log(total), -limit), limit))

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
