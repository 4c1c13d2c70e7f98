"""Follows people by the boxes of one camera, online: what tracking benchmarks of the field ask for.

Gates, walls and other cameras are not known here. Cost of a pair is what minus twice the log-likelihood
of the match is: squared Mahalanobis distance of place and of size, plus the log-determinant of both
covariances (as in UCMCTrack, Yi et al. 2024), in units of the body. A pair that costs more than a
newcomer would is no pair, however wide the gate has become: so somebody lost for long is only found
again where few places are in question. Pairs are chosen for the greatest sum of what each is cheaper than
a newcomer, not for their number: nobody is moved to a doubtful box so that one more finds any. High
scores are matched before low ones (ByteTrack, Zhang et al. 2022); whom the detector has hardly believed in of late
is followed, but not reported. Scores are taken by what the surest boxes of the detector have (``score_scale``).
What the camera itself moves is taken out, where it moves (``camera_motion``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.settings import validate
from just_walk_out.tracking import packed
from just_walk_out.tracking.box_pairs import best, shares, within
from just_walk_out.tracking.box_settings import BoxTrackerSettings
from just_walk_out.tracking.camera_motion import CameraMotion
from just_walk_out.tracking.planes import ImagePlane, Plane
from just_walk_out.tracking.score_scale import ScoreScale

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

_SECOND = 1_000_000_000

# Rows of the table of tracks, which has one column a track: all that is kept, moved or left out is so at once.
_MEAN, _COVARIANCE, _SIZE, _SPREAD = slice(0, 4), slice(4, 14), slice(14, 16), slice(16, 18)
_SEEN, _HITS, _CONFIRMED, _ID, _SCORE, _SURE = range(18, 24)
_BOX = slice(24, 28)
_BELIEF = 28
_ROWS = 29
_SPEEDS = [11, 13]  # variances of the velocity
_NONE: Rows = np.zeros(0, dtype=np.intp)
_SOME = 1e-6  # what a pair that is allowed gains at least


@dataclass(frozen=True)
class BoxTracks:
    """Who is seen in a frame.

    Attributes:
        ids: (N,) counted from 1.
        boxes: (N, 4) left, top, width, height, pixels: the estimate, drawn a little towards the detection.
        scores: (N,) of the last detection, by the scale that is made of the detector's.
        places: (N, 2) in the plane: metres on the floor, or pixels.
    """

    ids: Ints
    boxes: Floats
    scores: Floats
    places: Floats


class _Seen(NamedTuple):
    """Usable boxes of a frame.

    Attributes:
        table: (12, M) rows: x, y and their covariance (xx, xy, yy) in the plane, logarithms of width and height,
            left, top, right, bottom, length of a body there.
        scores: (M,).
    """

    table: Floats
    scores: Floats


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
        self._size_noise: Floats = np.array([[self._settings.width_spread], [self._settings.height_spread]]) ** 2
        self._start: int | None = None
        self._now = 0  # nanoseconds since the first frame, which numbers of the table hold for a hundred days exactly
        self._motion = CameraMotion()
        self._scale = ScoreScale(self._settings.full_score)
        self._count = 0
        self.late = 0
        self._tracks: Floats = np.zeros((_ROWS, 0))

    def __len__(self) -> int:
        """Return how many tracks are kept, new and lost ones too."""
        return len(self._tracks[_ID])

    def process(self, stamp: int, boxes: ArrayLike, scores: ArrayLike) -> BoxTracks:
        """Take the detections of one frame.

        Args:
            stamp: of the frame, nanoseconds; a frame not newer than the last is left out and counted (``late``).
            boxes: (M, 4) left, top, width, height, pixels; what is not finite or has no size is left out.
            scores: (M,) of the detector, 0..1; more counts as 1, what is no number as a box that is left out.

        Returns:
            Who is seen, by id.
        """
        if self._start is None:
            self._start = stamp
        elif stamp <= self._start + self._now:
            self.late += 1
            return self._report(np.zeros(len(self), dtype=bool))
        elapsed = (stamp - self._start - self._now) / _SECOND
        before, self._now = self._now, stamp - self._start
        self._predict(elapsed)
        seen = self._see(boxes, scores, elapsed)
        expected, rows, columns = self._associate(seen)
        step = self._motion.learn(self._errors(expected, rows, columns, seen, before))
        if step is not None:
            # Who was too far off to be found may be found now, and says more exactly how far the picture has moved.
            self._shift(step)
            expected, rows, columns = self._associate(seen)
            step = self._motion.correct(self._errors(expected, rows, columns, seen, before))
            if step is not None:
                self._shift(step)
                expected, rows, columns = self._associate(seen)
        self._correct(rows, columns, seen)
        new = seen.scores >= self._settings.birth_score
        new[columns] = False
        if new.any():
            self._spawn(np.flatnonzero(new), rows, seen)
        unseen = self._prune(elapsed)
        believed = (self._tracks[_CONFIRMED] > 0.0) & (self._tracks[_BELIEF] >= self._settings.shown_score)
        return self._report(believed & (unseen <= self._settings.shown_time))

    def _see(self, boxes: ArrayLike, scores: ArrayLike, elapsed: float) -> _Seen:
        """Measure the usable boxes, in an order of their own."""
        corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4).T.copy()
        trust = np.minimum(np.asarray(scores, dtype=np.float64).reshape(-1), 1.0)
        trust = self._scale.stretched(trust, elapsed)
        with np.errstate(invalid="ignore", over="ignore"):
            corners[2:] += corners[:2]
            size = corners[2:] - corners[:2]
            sound = (size > 0.0) & (size < np.inf)
            good = (trust >= self._settings.low_score) & sound[0] & sound[1]
        which = np.lexsort((*corners, -trust))
        which = which[good.take(which)]
        corners, trust = corners.take(which, axis=1), trust.take(which)
        sights = self._plane.sights(corners)
        sizes = np.log(corners[2:] - corners[:2])
        table = np.concatenate([sights.points, sights.noises, sizes, corners, sights.lengths[None]])
        if not np.isfinite(table).all():
            found = np.isfinite(table).all(axis=0)
            table, trust = table[:, found], trust[found]
        return _Seen(table, trust)

    def _predict(self, elapsed: float) -> None:
        if not len(self):
            return
        settings, tracks = self._settings, self._tracks
        noise = settings.acceleration * self._plane.lengths(tracks[_SIZE]) ** 2
        tracks[_MEAN], tracks[_COVARIANCE] = packed.predict(
            tracks[_MEAN], tracks[_COVARIANCE], elapsed, noise, settings.velocity_memory
        )
        spread = tracks[_SPREAD]
        spread += settings.size_drift**2 * elapsed
        step = self._motion.predict(elapsed)
        if step is not None:
            self._shift(step)

    def _shift(self, step: Floats) -> None:
        """Move everybody with the picture."""
        self._tracks[:2] = self._plane.moved(self._tracks[:2], step)

    def _errors(self, expected: Floats, rows: Rows, columns: Rows, seen: _Seen, before: int) -> Floats:
        """Return how far (2, K) people who were seen in the last frame, too, are from where they were expected."""
        tracks = self._tracks
        steady = (tracks[_HITS].take(rows) >= self._settings.confirm_hits) & (tracks[_SEEN].take(rows) >= before)
        away = seen.table[7:11].take(columns[steady], axis=1) - expected[7:11].take(rows[steady], axis=1)
        return np.asarray(0.5 * (away[:2] + away[2:]))

    def _expect(self) -> Floats:
        """Return what boxes are compared with (14, N): as ``_Seen``, variances of the size, length to the power 4."""
        tracks = self._tracks
        return np.concatenate(
            [
                tracks[:2],
                tracks[4:7],
                tracks[_SIZE],
                self._plane.corners(tracks[:2], tracks[_SIZE]),
                tracks[_SPREAD] + self._size_noise,
                self._plane.lengths(tracks[_SIZE])[None] ** 4,
            ]
        )

    def _associate(self, seen: _Seen) -> tuple[Floats, Rows, Rows]:
        """Match tracks to detections: high scores, weak ones, then lost tracks, then new ones."""
        expected, count = self._expect(), len(seen.scores)
        if not len(self) or not count:
            return expected, _NONE, _NONE
        settings, tracks = self._settings, self._tracks
        shape = (len(self), count)
        # Few pairs are near: all else is worked out for them alone, which most of a crowd's time goes into otherwise.
        widest = max(settings.gate, settings.weak_gate)
        who, which = within(tracks[:2], tracks[4:7:2], seen.table[:2], seen.table[2:5:2], widest)
        one, two = expected.take(who, axis=1), seen.table[:11].take(which, axis=1)
        away = two[:2] - one[:2]
        total = one[2:5] + two[2:5]
        determinant = np.maximum(total[0] * total[2] - total[1] * total[1], 1e-12)
        squared = total[2] * away[0] - 2.0 * total[1] * away[1]
        squared = (squared * away[0] + total[0] * away[1] * away[1]) / determinant
        apart = two[5:7] - one[5:7]
        apart *= apart
        apart /= one[11:13]
        squared += apart[0] + apart[1]
        overlap = shares(one[7:11], two[7:11])
        cost = squared + np.log(determinant * one[11] * one[12] / one[13]) - settings.overlap_bonus * overlap
        strong = (seen.scores >= settings.high_score).take(which)
        unseen = (self._now - tracks[_SEEN]) / _SECOND
        recent = unseen <= settings.active_time
        confirmed = tracks[_CONFIRMED] > 0.0
        active, lost = (confirmed & recent).take(who), (confirmed & ~recent).take(who)
        fits = strong & (squared < settings.gate)
        limits = np.where(recent, settings.newcomer, settings.newcomer_lost - settings.gone * unseen)
        likely = fits & (cost < limits.take(who))
        sure = (self._now - tracks[_SURE]) / _SECOND <= settings.weak_time
        weak = active & sure.take(who) & ~strong & (squared < settings.weak_gate) & (overlap > settings.weak_overlap)
        first, gain = (active & likely).nonzero()[0], np.fmax(settings.newcomer - cost, _SOME)
        rows, columns = best(who.take(first), which.take(first), gain.take(first), shape)
        found, taken = np.zeros(len(self), dtype=bool), np.zeros(count, dtype=bool)
        found[rows], taken[columns] = True, True
        left = (~(found.take(who) | taken.take(which))).nonzero()[0]
        for stage in (weak, lost & likely, ~confirmed.take(who) & fits):
            some = left[stage.take(left)]
            if some.size:
                some = some[~(found.take(who.take(some)) | taken.take(which.take(some)))]
                r, c = best(who.take(some), which.take(some), gain.take(some), shape)
                found[r], taken[c] = True, True
                rows, columns = np.concatenate([rows, r]), np.concatenate([columns, c])
        return expected, rows, columns

    def _correct(self, rows: Rows, columns: Rows, seen: _Seen) -> None:
        if not rows.size:
            return
        block, found = self._tracks.take(rows, axis=1), seen.table[:11].take(columns, axis=1)
        scores = seen.scores.take(columns)
        # Boxes of low scores are of people half hidden, and lie by what is seen of them.
        noises = found[2:5] * (1.0 + self._settings.score_noise * (1.0 - scores) ** 2)
        block[_MEAN], block[_COVARIANCE] = packed.update(block[_MEAN], block[_COVARIANCE], found[:2], noises)
        # Views are changed in place: what is changed through the block itself is copied onto itself once more.
        size, spread, belief, hits = block[_SIZE], block[_SPREAD], block[_BELIEF], block[_HITS]
        gain = spread / (spread + self._size_noise)
        size += gain * (found[5:7] - size)
        spread *= 1.0 - gain
        fresh = -np.expm1((block[_SEEN] - self._now) / (_SECOND * self._settings.score_memory))
        belief += fresh * (scores - belief)
        block[_SEEN] = self._now
        hits += 1.0
        block[_SCORE], block[_BOX] = scores, found[7:11]
        np.copyto(block[_SURE], self._now, where=scores >= self._settings.high_score)
        block[_CONFIRMED] = np.maximum(block[_CONFIRMED], hits >= self._settings.confirm_hits)
        self._tracks[:, rows] = block

    def _spawn(self, new: Rows, rows: Rows, seen: _Seen) -> None:
        """Start tracks; in the very first frame there is nobody else it could be, so they are believed at once."""
        settings = self._settings
        found = seen.table.take(new, axis=1)
        if rows.size:
            tracks = self._tracks.take(rows, axis=1)
            followed = self._plane.corners(tracks[:2], tracks[_SIZE])
            shared = shares(followed[:, :, None], found[7:11, None])
            alone = (shared <= settings.birth_overlap).all(axis=0)
            new, found = new[alone], found[:, alone]
            if not new.size:
                return
        first = self._count == 0
        born = np.zeros((_ROWS, len(new)))
        born[:2], born[4:7], born[_SIZE], born[_BOX] = found[:2], found[2:5], found[5:7], found[7:11]
        born[_SPEEDS] = (settings.birth_speed * found[11]) ** 2
        born[_SPREAD] = self._size_noise
        born[_SEEN], born[_SURE], born[_HITS] = self._now, self._now, 1.0
        born[_CONFIRMED] = first or settings.confirm_hits == 1
        born[_ID] = self._count + 1.0 + np.arange(len(new))
        born[_SCORE] = born[_BELIEF] = seen.scores[new]
        self._count += len(new)
        self._tracks = np.concatenate([self._tracks, born], axis=1)

    def _prune(self, elapsed: float) -> Floats:
        """Forget who is gone; returns for how long the others (N,) have been unseen, seconds."""
        settings, tracks = self._settings, self._tracks
        unseen = (self._now - tracks[_SEEN]) / _SECOND
        # At a low rate one missed frame alone may be longer than the timeout.
        patience = max(settings.tentative_timeout, 1.01 * elapsed)
        keep = unseen <= np.where(tracks[_CONFIRMED] > 0.0, settings.memory, patience)
        if keep.all():
            return np.asarray(unseen)
        self._tracks = tracks.compress(keep, axis=1)
        return np.asarray(unseen[keep])

    def _report(self, shown: Bools) -> BoxTracks:
        tracks = self._tracks.compress(shown, axis=1)
        corners = self._plane.corners(tracks[:2], tracks[_SIZE])
        # Filters are slow, so that speeds are steady; where a sure box says that somebody is, he more likely is.
        share = self._settings.reported * tracks[_SCORE] * (tracks[_SEEN] == self._now)
        corners += share * (tracks[_BOX] - corners)
        corners[2:] -= corners[:2]
        return BoxTracks(tracks[_ID].astype(np.int64), corners.T, tracks[_SCORE], tracks[:2].T)
