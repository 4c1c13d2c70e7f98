"""Follows people over an open area that several cameras see a few times a second, online.

Made for what a store is not: no gates, no walls, and pictures so far apart that people have walked past each other
in between. All views of a moment are first joined to one observation a person (``fusion``), then all people are
assigned to all observations at once. Each choice costs minus twice the logarithm of its probability: a match (place
by the motion model, how many of those who look show it), an observation that is somebody new or false, a person who
is hidden or gone (Bar-Shalom, Willett, Tian 2011, 6 and 7: track-oriented hypotheses, existence probabilities). So
nobody is born or lost in the middle of the area unless nothing else explains what is seen.

People who turn on their heels, and pictures of another moment than they say, are a second, wide motion model
(a mixture): they move the place of a track, but hardly its speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import PersonDetectionArray
from just_walk_out.settings import validate
from just_walk_out.tracking import kalman
from just_walk_out.tracking.area_settings import AreaSettings
from just_walk_out.tracking.association import choose
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.fusion import Fused, fuse
from just_walk_out.tracking.measurement import measurements

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

_SECOND = 1_000_000_000
_COLUMNS = ("mean", "covariance", "odds", "seen", "ids", "confirmed")
_SUREST = 10.0  # logarithm of odds: nobody is so sure that a few empty pictures do not count


@dataclass(frozen=True)
class AreaTracks:
    """Who is seen at a moment.

    Attributes:
        ids: (N,) counted from 0.
        places: (N, 2) metres.
    """

    ids: Ints
    places: Floats


class AreaTracker:
    """Detections of all views of a moment in, everyone's place out."""

    def __init__(self, floor: FloorMap, low: Floats, high: Floats, settings: AreaSettings | None = None) -> None:
        """Start with nobody.

        Args:
            floor: says which cameras see what.
            low: (2,) least x and y of the area in which people are followed, metres.
            high: (2,) greatest.
            settings: how people are followed.

        Raises:
            ValueError: a setting is out of range.
        """
        self._settings = settings or AreaSettings()
        validate(self._settings)
        self._floor, self._low, self._high = floor, low, high
        self._index = {camera: k for k, camera in enumerate(floor.cameras)}
        self._time: int | None = None
        self._elapsed = 0.0
        self._count = 0
        self.late = 0
        self._mean: Floats = np.zeros((0, 4))
        self._covariance: Floats = np.zeros((0, 4, 4))
        self._odds: Floats = np.zeros(0)
        self._seen: Ints = np.zeros(0, dtype=np.int64)
        self._ids: Ints = np.zeros(0, dtype=np.int64)
        self._confirmed: Bools = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        """Return how many tracks are kept, doubtful and unseen ones too."""
        return len(self._ids)

    def process(self, stamp: int, frames: Sequence[PersonDetectionArray]) -> AreaTracks:
        """Take the pictures of one moment.

        Args:
            stamp: of the moment, nanoseconds; one not newer than the last is left out and counted (``late``).
            frames: one a camera, in any order, empty ones too: a camera that is not here did not look.

        Returns:
            Who is seen.
        """
        if self._time is not None and stamp <= self._time:
            self.late += 1
            return AreaTracks(np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
        settings = self._settings
        first = self._time is None
        self._elapsed = 0.0 if self._time is None else (stamp - self._time) / _SECOND
        self._time = stamp
        self._mean, self._covariance = kalman.predict(
            self._mean, self._covariance, self._elapsed, settings.acceleration, settings.velocity_memory
        )
        known = sorted((each for each in frames if each.camera in self._index), key=lambda each: each.camera)
        cameras = sorted({self._index[each.camera] for each in known})
        seen = self._observe(known)
        looking = np.maximum(self._looking(seen.points, cameras), seen.views)
        new = np.ones(len(seen.points), dtype=bool)
        new[self._update(seen, looking, cameras)] = False
        self._spawn(seen, looking, new, first)
        self._prune(stamp)
        now = self._confirmed & (self._seen == stamp)
        return AreaTracks(self._ids[now], self._mean[now, :2])

    def _observe(self, frames: list[PersonDetectionArray]) -> Fused:
        """Join the views, and leave out who is beyond the border."""
        settings = self._settings
        taken = [measurements(each, settings.least_score, settings.bias) for each in frames]
        points = np.concatenate([np.zeros((0, 2)), *(each[0] for each in taken)])
        noises = np.concatenate([np.zeros((0, 2, 2)), *(each[1] for each in taken)])
        views = np.repeat([self._index[each.camera] for each in frames], [len(each[0]) for each in taken])
        fused = fuse(points, noises, views.astype(np.int64), settings.fusion_gate)
        inside = self._inside(fused.points) > -self._reach()
        return Fused(fused.points[inside], fused.noises[inside], fused.views[inside])

    def _inside(self, points: Floats) -> Floats:
        """Return how far (N,) points are within the border, metres."""
        return np.asarray(np.minimum(points - self._low, self._high - points).min(axis=1, initial=np.inf))

    def _reach(self) -> float:
        return self._settings.border_speed * self._elapsed

    def _looking(self, points: Floats, cameras: list[int]) -> Ints:
        return np.asarray(self._floor.seen_by(points)[:, cameras].sum(axis=1), dtype=np.int64)

    def _shown(self, views: Ints, looking: Ints) -> Floats:
        """Logarithm of the probability that of those who look at somebody, just these show him."""
        settings = self._settings
        sure = views * np.log(settings.found) + (looking - views) * np.log1p(-settings.found)
        return np.asarray(np.maximum(sure, np.log(settings.hidden)))

    def _false(self, views: Ints) -> Floats:
        """Density (N,) of false observations of so many views, 1/m^2."""
        settings = self._settings
        densities = np.array([settings.false_single, settings.false_pair, settings.false_more])
        return np.asarray(densities[np.minimum(views, 3) - 1])

    def _arrivals(self, points: Floats, first: bool) -> Floats:
        """Density (N,) of people who were not there before, 1/m^2."""
        settings = self._settings
        if first:
            return np.full(len(points), settings.present)
        rates = np.where(self._inside(points) < self._reach(), settings.arrivals, settings.arrivals_inside)
        return np.asarray(rates * self._elapsed)

    def _update(self, seen: Fused, looking: Ints, cameras: list[int]) -> Rows:
        """Assign all people to all observations and correct them; returns which observations were somebody."""
        columns: Rows = np.zeros(0, dtype=np.intp)
        if not len(self._ids):
            return columns
        settings = self._settings
        rates = np.where(
            self._inside(self._mean[:, :2]) < self._reach(), settings.departures, settings.departures_inside
        )
        there = np.exp(-rates * self._elapsed) / (1.0 + np.exp(-self._odds))
        unseen = np.maximum((1.0 - settings.found) ** self._looking(self._mean[:, :2], cameras), settings.hidden)
        odds = np.log(there) + np.log(unseen) - np.log1p(-there)
        if len(seen.points):
            wide = self._covariance.copy()
            wide[:, (0, 1), (0, 1)] += settings.surprise_distance**2
            usual, volume = kalman.distances(self._mean, self._covariance, seen.points, seen.noises)
            far, wide_volume = kalman.distances(self._mean, wide, seen.points, seen.noises)
            usual = np.log1p(-settings.surprise) - 0.5 * (usual + volume)
            unusual = np.log(settings.surprise) - 0.5 * (far + wide_volume)
            shown, false = self._shown(seen.views, looking), self._false(seen.views)
            match = np.logaddexp(usual, unusual) - np.log(2.0 * np.pi) + shown
            alone = np.log(self._arrivals(seen.points, False) * np.exp(shown) + false)
            empty = np.log1p(-there * (1.0 - unseen))
            gain = match + np.log(there)[:, None] - alone - empty[:, None]
            # What is worse than both alone gains nothing, and assigning it nothing either.
            rows, columns = choose(gain, far < settings.gate)
            surprised = (unusual > usual)[rows, columns]
            spreads = np.where(surprised[:, None, None], wide[rows], self._covariance[rows])
            self._mean[rows], self._covariance[rows] = kalman.update(
                self._mean[rows], spreads, seen.points[columns], seen.noises[columns]
            )
            self._seen[rows] = self._time or 0
            certain = np.log(there[rows]) - np.log1p(-there[rows])
            odds[rows] = certain + match[rows, columns] - np.log(false[columns])
        self._odds = np.clip(odds, -_SUREST, _SUREST)
        return columns

    def _spawn(self, seen: Fused, looking: Ints, new: Bools, first: bool) -> None:
        points, noises = seen.points[new], seen.noises[new]
        count = len(points)
        covariance = np.zeros((count, 4, 4))
        covariance[:, :2, :2] = noises
        covariance[:, (2, 3), (2, 3)] = self._settings.birth_speed**2
        odds = np.log(self._arrivals(points, first)) - np.log(self._false(seen.views[new]))
        odds += self._shown(seen.views[new], looking[new])
        self._mean = np.concatenate([self._mean, np.concatenate([points, np.zeros((count, 2))], axis=1)])
        self._covariance = np.concatenate([self._covariance, covariance])
        self._odds = np.concatenate([self._odds, np.clip(odds, -_SUREST, _SUREST)])
        self._seen = np.concatenate([self._seen, np.full(count, self._time, dtype=np.int64)])
        self._ids = np.concatenate([self._ids, self._count + np.arange(count, dtype=np.int64)])
        self._confirmed = np.concatenate([self._confirmed, np.zeros(count, dtype=bool)])
        self._count += count

    def _prune(self, stamp: int) -> None:
        settings = self._settings
        existence = 1.0 / (1.0 + np.exp(-self._odds))
        self._confirmed |= existence >= settings.existence
        unseen = (stamp - self._seen) / _SECOND
        # A doubtful track gets a second look, no third.
        keep = np.where(self._confirmed, unseen <= settings.memory, unseen <= 1.01 * self._elapsed)
        keep &= existence > settings.given_up
        for name in _COLUMNS:
            setattr(self, f"_{name}", getattr(self, f"_{name}")[keep])
