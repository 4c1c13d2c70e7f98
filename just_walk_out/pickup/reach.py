"""Who could have reached a plate: where people stood, how still they stood, and who came first.

Whoever takes something stands still in front of it, or beside it when somebody who came earlier stands there
already. The likelihoods are those of the positions of the whole span of a step, with their covariances.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stops import Act
from just_walk_out.records import Track, TrackArray, TrackState
from just_walk_out.store.model import Gondola, Store

Floats = NDArray[np.float64]

_SECOND = 1_000_000_000
# A person's movement is judged over this time, seconds; the noise of it is that of two positions.
_STRIDE = 0.8
# Whoever stays within this distance has not left a place, metres.
_SWAY = 0.4
# Beyond the gondola's front by this, metres, and what a position may be off, nobody stands before it.
_BEHIND = 0.2
# The share of a step's moments that must fit: a hand is at the plate for a part of a slow lift only.
_SHARE = 3


@dataclass
class _Course:
    """Where one track was: stamps, (x, y), and the mean variance of both, m^2."""

    stamps: list[int] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)
    variances: list[float] = field(default_factory=list)

    def add(self, stamp: int, track: Track) -> None:
        xx, xy, _, _, _, yy = track.covariance[:6]
        self.stamps.append(stamp)
        self.places.append((track.x, track.y))
        self.variances.append(max((xx + yy) / 2.0, abs(xy) / 2.0))

    def forget(self, before: int) -> None:
        gone = bisect_left(self.stamps, before)
        if gone > 64:
            del self.stamps[:gone], self.places[:gone], self.variances[:gone]


@dataclass(frozen=True)
class _Candidate:
    """Somebody before a fixture: (ticks,) metres along it from the plate and behind its front, and variances."""

    aside: Floats
    behind: Floats
    variance: Floats
    speed: float
    since: int


class ReachModel:
    """Keeps a while of tracks and tells how likely each person acted on a plate."""

    def __init__(self, store: Store, settings: PickupSettings, memory: float) -> None:
        """Prepare the geometry.

        Args:
            store: fixtures and policy.
            settings: stance and its spread.
            memory: seconds of tracks to keep.
        """
        self._store = store
        self._settings = settings
        self._memory = int(memory * _SECOND)
        self._newest = -1
        self._courses: dict[str, _Course] = {}
        self._frame: dict[str, tuple[float, float, float, float]] = {}
        for gondola in store.gondolas:
            matrix = gondola.pose.matrix()
            self._frame[gondola.id] = (matrix[0, 3], matrix[1, 3], matrix[0, 0], matrix[1, 0])

    def push(self, tracks: TrackArray) -> None:
        """Remember one tick; older ones than the memory are dropped, repeated ones ignored."""
        if tracks.stamp <= self._newest:
            return
        self._newest = tracks.stamp
        for track in tracks.tracks:
            if track.state is not TrackState.TENTATIVE:
                self._courses.setdefault(track.id, _Course()).add(tracks.stamp, track)
        oldest = tracks.stamp - self._memory
        for id, course in list(self._courses.items()):
            if course.stamps[-1] < oldest:
                del self._courses[id]
            else:
                course.forget(oldest)

    @property
    def log_nobody(self) -> float:
        """Log-likelihood of the position when nobody known took it."""
        return -0.5 * self._settings.nobody_sigmas**2

    def near(self, act: Act) -> dict[str, float]:
        """Return the log-likelihood of each person within reach having acted on the plates.

        Args:
            act: when, and on which plates of one shelf.

        Returns:
            Log-likelihood (about 0 at the ideal stance) by track id, only those within ``policy.reach``.
        """
        gondola = self._store.gondola_of[act.plates[0]]
        places = np.array([self._along(gondola, plate) for plate in act.plates])
        latest = act.latest(self._settings.act_time)
        early = max(latest - round(self._settings.lead_time * _SECOND), self._newest - self._memory)
        found = {}
        for id, course in sorted(self._courses.items()):
            candidate = self._candidate(course, gondola, places, early, act.end)
            if candidate is not None:
                found[id] = candidate
        return {
            id: self._score(each, any(self._blocked(key, each.since, gondola, places) for key in found if key != id))
            for id, each in found.items()
        }

    def since(self, track: str, at: int) -> int:
        """Return when somebody came to the place where they are at a moment, nanoseconds."""
        course = self._courses.get(track)
        return at if course is None else _arrived(course, bisect_right(course.stamps, at) - 1)

    def place(self, track: str, at: int) -> tuple[float, float] | None:
        """Return where somebody was last seen before a moment, metres in ``map``; None where that is not known."""
        course = self._courses.get(track)
        return None if course is None else course.places[max(0, bisect_right(course.stamps, at) - 1)]

    def stays(self, track: str, at: int, until: int) -> bool:
        """Tell whether somebody is still at the place of one moment at a later one, as far as is known."""
        course = self._courses.get(track)
        if course is None:
            return False
        first, last = bisect_right(course.stamps, at) - 1, bisect_right(course.stamps, until) - 1
        if first < 0 or course.stamps[last] < until - _SECOND // 2:
            return False
        return math.dist(course.places[first], course.places[last]) <= _SWAY

    def _along(self, gondola: Gondola, plate: str) -> float:
        x, y, cos, sin = self._frame[gondola.id]
        place = self._store.plate_position[plate]
        return (place[0] - x) * cos + (place[1] - y) * sin

    def _candidate(self, course: _Course, gondola: Gondola, places: Floats, early: int, end: int) -> _Candidate | None:
        first, last = bisect_left(course.stamps, early), bisect_right(course.stamps, end)
        if first >= last:
            return None
        x, y, cos, sin = self._frame[gondola.id]
        spots = np.array(course.places[first:last]) - (x, y)
        along, behind = spots @ (cos, sin), spots @ (-sin, cos)
        variance = np.array(course.variances[first:last])
        aside = np.abs(along[:, None] - places).min(axis=1)
        sigma = np.sqrt(variance)
        near = (behind <= _BEHIND + sigma) & (
            np.hypot(aside, np.maximum(-behind, 0.0)) <= self._store.policy.reach + sigma
        )
        if not near.any():
            return None
        speed = _slowest(course, max(0, min(first, last - 1 - round(_STRIDE / 0.1))), last)
        return _Candidate(aside[near], behind[near], variance[near], speed, _arrived(course, last - 1))

    def _score(self, person: _Candidate, blocked: bool) -> float:
        settings = self._settings
        across = _log_normal(person.behind + settings.stance_distance, settings.stance_sigma_across, person.variance)
        before = _log_normal(person.aside, settings.stance_sigma_along, person.variance)
        beside = _log_normal(person.aside, settings.beside_sigma, person.variance)
        # In relation to the ideal stance, so that the narrow and the wide place are compared as densities.
        beside += math.log(settings.stance_sigma_along / settings.beside_sigma)
        share = settings.blocked_prior if blocked else settings.beside_prior
        along = np.logaddexp(math.log(1.0 - share) + before, math.log(share) + beside)
        moments = np.sort(across + along)[::-1][: max(1, len(across) // _SHARE)]
        noise = settings.still_speed**2 + 2.0 * float(person.variance.mean()) * (0.1 / _STRIDE) ** 2
        moving = settings.moving_prior
        still = math.log((1.0 - moving) * math.exp(-0.5 * person.speed**2 / noise) + moving)
        return float(moments.mean()) + still

    def _blocked(self, other: str, since: int, gondola: Gondola, places: Floats) -> bool:
        """Tell whether somebody else stood before the plates already when a person came."""
        course = self._courses[other]
        index = bisect_right(course.stamps, since) - 1
        if index < 0 or _arrived(course, index) >= since:
            return False
        x, y, cos, sin = self._frame[gondola.id]
        dx, dy = course.places[index][0] - x, course.places[index][1] - y
        along, behind = dx * cos + dy * sin, dy * cos - dx * sin
        beside = min(abs(along - float(place)) for place in places) < self._settings.blocked_distance
        return beside and -2.0 * self._settings.stance_distance < behind < _BEHIND + _SWAY


def _log_normal(error: Floats, sigma: float, variance: Floats) -> Floats:
    """Return log densities in relation to the peak of the same without variance of the position."""
    whole = sigma**2 + variance
    result: Floats = -0.5 * error**2 / whole + 0.5 * np.log(sigma**2 / whole)
    return result


def _slowest(course: _Course, first: int, last: int) -> float:
    """Return the least speed over a stride between two indices, m/s."""
    stamps, places = course.stamps, course.places
    best = math.inf
    for begin in range(first, last):
        end = bisect_left(stamps, stamps[begin] + int(_STRIDE * _SECOND), begin, last)
        if end >= last:
            break
        seconds = (stamps[end] - stamps[begin]) / _SECOND
        best = min(best, math.dist(places[begin], places[end]) / seconds)
    if math.isfinite(best):
        return best
    seconds = (stamps[last - 1] - stamps[first]) / _SECOND
    return math.dist(places[first], places[last - 1]) / max(seconds, _STRIDE)


def _arrived(course: _Course, index: int) -> int:
    if index < 0:
        return course.stamps[0]
    here = course.places[index]
    while index > 0 and math.dist(course.places[index - 1], here) <= _SWAY:
        index -= 1
    return course.stamps[index]
