"""Follows people by the boxes of one camera, online: what tracking benchmarks of the field ask for.

The filters, the gates and the assignment are those of the store's tracker (``kalman``, ``association``);
gates, walls and other cameras are not known here. Cost of a pair is what minus twice the log-likelihood
of the match is: squared Mahalanobis distance of place and of size, plus the log-determinant of both
covariances (as in UCMCTrack, Yi et al. 2024), in units of the body. A pair that costs more than a
newcomer would is no pair, however wide the gate has become: so somebody lost for long is only found
again where few places are in question. High scores are matched before low ones (ByteTrack, Zhang et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.settings import validate
from just_walk_out.tracking import kalman
from just_walk_out.tracking.association import assign
from just_walk_out.tracking.box_settings import BoxTrackerSettings
from just_walk_out.tracking.planes import ImagePlane, Plane, Sights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_SECOND = 1_000_000_000
_COLUMNS = ("mean", "covariance", "size", "spread", "seen", "hits", "confirmed", "ids", "score")


@dataclass(frozen=True)
class BoxTracks:
    """Who is seen in a frame.

    Attributes:
        ids: (N,) counted from 1.
        boxes: (N, 4) left, top, width, height, pixels: the estimate, not the detection.
        scores: (N,) of the last detection.
        places: (N, 2) in the plane: metres on the floor, or pixels.
    """

    ids: Ints
    boxes: Floats
    scores: Floats
    places: Floats


class BoxTracker:
    """One camera's boxes in, everyone's box out; state as columns, no filter object a track."""

    def __init__(self, plane: Plane | None = None, settings: BoxTrackerSettings | None = None) -> None:
        """Start with nobody.

        Args:
            plane: where places are; the picture unless given.
            settings: how people are followed.

        Raises:
            ValueError: a setting is out of range.
        """
        self._settings = settings or BoxTrackerSettings()
        validate(self._settings)
        self._plane = plane or ImagePlane(self._settings)
        self._size_noise: Floats = np.array([self._settings.width_spread, self._settings.height_spread]) ** 2
        self._time: int | None = None
        self._count = 0
        self.late = 0
        self._mean, self._covariance = np.zeros((0, 4)), np.zeros((0, 4, 4))
        self._size, self._spread = np.zeros((0, 2)), np.zeros((0, 2))
        self._seen, self._hits = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._confirmed, self._ids = np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)
        self._score = np.zeros(0)

    def __len__(self) -> int:
        """Return how many tracks are kept, new and lost ones too."""
        return len(self._ids)

    def process(self, stamp: int, boxes: ArrayLike, scores: ArrayLike) -> BoxTracks:
        """Take the detections of one frame.

        Args:
            stamp: of the frame, nanoseconds; a frame not newer than the last is left out and counted (``late``).
            boxes: (M, 4) left, top, width, height, pixels; what is not finite or has no size is left out.
            scores: (M,) of the detector, 0..1.

        Returns:
            Who is seen, by id.
        """
        if self._time is not None and stamp <= self._time:
            self.late += 1
            return self._report(np.zeros(len(self._ids), dtype=bool))
        elapsed = 0.0 if self._time is None else (stamp - self._time) / _SECOND
        self._predict(stamp, elapsed)
        corners, scores = self._sound(boxes, scores)
        sights = self._plane.sights(corners)
        found = np.isfinite(sights.points).all(axis=1) & np.isfinite(sights.noises).all(axis=(1, 2))
        if not found.all():
            corners, scores = corners[found], scores[found]
            sights = Sights(sights.points[found], sights.noises[found], sights.lengths[found])
        sizes = np.log(corners[:, 2:] - corners[:, :2])
        rows, columns = self._associate(sights, sizes, corners, scores)
        self._correct(rows, columns, sights, sizes, scores)
        free = np.ones(len(corners), dtype=bool)
        free[columns] = False
        self._spawn(free & (scores >= self._settings.birth_score), rows, sights, sizes, corners, scores)
        self._prune(elapsed)
        unseen = (self._time_now() - self._seen) / _SECOND
        return self._report(self._confirmed & (unseen <= self._settings.shown_time))

    def _time_now(self) -> int:
        return self._time or 0

    def _sound(self, boxes: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
        """Return the usable boxes as corners, and their scores, in an order of their own."""
        given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        trust = np.asarray(scores, dtype=np.float64).reshape(-1)
        with np.errstate(invalid="ignore", over="ignore"):
            corners = np.concatenate([given[:, :2], given[:, :2] + given[:, 2:]], axis=1)
            good = np.isfinite(corners).all(axis=1) & (corners[:, 2:] > corners[:, :2]).all(axis=1)
            good &= trust >= self._settings.low_score
        corners, trust = corners[good], trust[good]
        order = np.lexsort((*corners.T, -trust))
        return corners[order], trust[order]

    def _predict(self, stamp: int, elapsed: float) -> None:
        self._time = stamp
        if not len(self._ids):
            return
        settings = self._settings
        noise = settings.acceleration * self._plane.lengths(self._size) ** 2
        self._mean, self._covariance = kalman.predict(
            self._mean, self._covariance, elapsed, noise, settings.velocity_memory
        )
        self._spread = self._spread + settings.size_drift**2 * elapsed

    def _associate(
        self, sights: Sights, sizes: Floats, corners: Floats, scores: Floats
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Match tracks to detections: high scores, weak ones, then lost tracks, then new ones."""
        none = np.zeros(0, dtype=np.intp)
        if not len(self._ids) or not len(corners):
            return none, none
        settings = self._settings
        places, volume = kalman.distances(self._mean, self._covariance, sights.points, sights.noises)
        # Few pairs are near: all else is worked out for them alone, which most of a crowd's time goes into otherwise.
        who, which = np.nonzero(places < max(settings.gate, settings.weak_gate))
        squared = places[who, which]
        spread = self._spread + self._size_noise
        for axis in (0, 1):
            squared += (sizes[which, axis] - self._size[who, axis]) ** 2 / spread[who, axis]
        lengths = self._plane.lengths(self._size)
        cost = squared + volume[who, which] + (np.log(spread).sum(axis=1) - 4.0 * np.log(lengths))[who]
        overlap = _shares(self._plane.corners(self._mean[:, :2], self._size)[who].T, corners[which].T)
        cost -= settings.overlap_bonus * overlap
        near = squared < settings.gate
        strong = scores[which] >= settings.high_score
        confirmed = self._confirmed[who]
        active = confirmed & (self._time_now() - self._seen[who] <= settings.active_time * _SECOND)
        stages = (
            active & near & (cost < settings.newcomer) & strong,
            active & (squared < settings.weak_gate) & (overlap > settings.weak_overlap) & ~strong,
            confirmed & ~active & near & strong & (cost < settings.newcomer_lost),
            ~confirmed & near & strong,
        )
        costs = np.zeros(places.shape)
        costs[who, which] = cost
        free = np.ones(len(corners), dtype=bool)
        waiting = np.ones(len(self._ids), dtype=bool)
        rows, columns = [none], [none]
        for stage in stages:
            stage &= waiting[who] & free[which]
            if not stage.any():
                continue
            allowed = np.zeros(places.shape, dtype=bool)
            allowed[who[stage], which[stage]] = True
            r, c = np.array(assign(costs, allowed), dtype=np.intp).T
            rows.append(r)
            columns.append(c)
            waiting[r], free[c] = False, False
        return np.concatenate(rows), np.concatenate(columns)

    def _correct(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], sights: Sights, sizes: Floats, scores: Floats
    ) -> None:
        if not rows.size:
            return
        self._mean[rows], self._covariance[rows] = kalman.update(
            self._mean[rows], self._covariance[rows], sights.points[columns], sights.noises[columns]
        )
        gain = self._spread[rows] / (self._spread[rows] + self._size_noise)
        self._size[rows] += gain * (sizes[columns] - self._size[rows])
        self._spread[rows] *= 1.0 - gain
        self._seen[rows] = self._time_now()
        self._hits[rows] += 1
        self._score[rows] = scores[columns]
        self._confirmed |= self._hits >= self._settings.confirm_hits

    def _spawn(
        self, new: Bools, rows: NDArray[np.intp], sights: Sights, sizes: Floats, corners: Floats, scores: Floats
    ) -> None:
        """Start tracks; in the very first frame there is nobody else it could be, so they are believed at once."""
        if not new.any():
            return
        if rows.size:
            followed = self._plane.corners(self._mean[rows, :2], self._size[rows])
            new &= (overlaps(followed, corners) <= self._settings.birth_overlap).all(axis=0)
        which = np.flatnonzero(new)
        count = len(which)
        mean = np.concatenate([sights.points[which], np.zeros((count, 2))], axis=1)
        covariance = np.zeros((count, 4, 4))
        covariance[:, :2, :2] = sights.noises[which]
        covariance[:, (2, 3), (2, 3)] = (self._settings.birth_speed * sights.lengths[which, None]) ** 2
        stamps, first = np.full(count, self._time_now(), dtype=np.int64), self._count == 0
        ids = self._count + 1 + np.arange(count, dtype=np.int64)
        self._count += count
        self._mean = np.concatenate([self._mean, mean])
        self._covariance = np.concatenate([self._covariance, covariance])
        self._size = np.concatenate([self._size, sizes[which]])
        self._spread = np.concatenate([self._spread, np.broadcast_to(self._size_noise, (count, 2))])
        self._seen = np.concatenate([self._seen, stamps])
        self._hits = np.concatenate([self._hits, np.ones(count, dtype=np.int64)])
        self._confirmed = np.concatenate([self._confirmed, np.full(count, first or self._settings.confirm_hits == 1)])
        self._ids = np.concatenate([self._ids, ids])
        self._score = np.concatenate([self._score, scores[which]])

    def _prune(self, elapsed: float) -> None:
        settings = self._settings
        unseen = (self._time_now() - self._seen) / _SECOND
        # At a low rate one missed frame alone may be longer than the timeout.
        patience = max(settings.tentative_timeout, 1.01 * elapsed)
        keep = unseen <= np.where(self._confirmed, settings.memory, patience)
        if not keep.all():
            for name in _COLUMNS:
                setattr(self, f"_{name}", getattr(self, f"_{name}")[keep])

    def _report(self, shown: Bools) -> BoxTracks:
        corners = self._plane.corners(self._mean[shown, :2], self._size[shown])
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return BoxTracks(self._ids[shown], boxes, self._score[shown], self._mean[shown, :2])


def overlaps(first: Floats, second: Floats) -> Floats:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4): left, top, right, bottom."""
    return _shares(first.T[:, :, None], second.T[:, None, :])


def _shares(one: Floats, two: Floats) -> Floats:
    """The same of boxes whose columns (4, ...) can be broadcast."""
    # Column by column: sums and products over an axis of two cost more than all the rest.
    wide = np.minimum(one[2], two[2]) - np.maximum(one[0], two[0])
    tall = np.minimum(one[3], two[3]) - np.maximum(one[1], two[1])
    shared = np.maximum(wide, 0.0) * np.maximum(tall, 0.0)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1])
    return np.asarray(shared / (areas - shared))
