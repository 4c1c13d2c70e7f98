"""The tracker itself: predict, associate, update; then who is new, whom it may be, and who is gone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.appearance import PARTS
from just_walk_out.records import PersonDetectionArray, Track, TrackHand
from just_walk_out.tracking import kalman
from just_walk_out.tracking.association import choose
from just_walk_out.tracking.bodies import behind, keep_apart
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.identity import Identities
from just_walk_out.tracking.looks import NEUTRAL, learn, unlikeness
from just_walk_out.tracking.measurement import measurements, sound
from just_walk_out.tracking.meetings import Meetings
from just_walk_out.tracking.presence import Presence
from just_walk_out.tracking.report import report
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

_SECOND = 1_000_000_000
_FULL_EVIDENCE = 40.0


class Tracker:
    """Follows everyone on the floor; fuses cameras by correcting with each picture in turn."""

    def __init__(self, floor: FloorMap, settings: TrackerSettings) -> None:
        """Start with nobody.

        Args:
            floor: the store, and the cameras in the order of their columns.
            settings: how people are followed.
        """
        self._floor = floor
        self._settings = settings
        self._index = {camera: k for k, camera in enumerate(floor.cameras)}
        self._tracks = TrackTable(len(floor.cameras))
        self._time = 0
        self._tick = round(settings.tick * _SECOND)
        self._presence = Presence(floor, settings)
        self._identities = Identities(floor, settings)
        self._meetings = Meetings(settings)
        self._exchanged: tuple[str, ...] = ()
        self._hands: dict[str, list[TrackHand]] = {}

    @property
    def exchanged(self) -> tuple[str, ...]:
        """Ids, in pairs, of tracks whose exchange the last tick has taken back."""
        return self._exchanged

    def process(self, stamp: int, frames: Sequence[PersonDetectionArray]) -> tuple[tuple[Track, ...], tuple[str, ...]]:
        """Take all frames up to a tick.

        Args:
            stamp: the tick, nanoseconds.
            frames: detections with stamps after the last tick and up to this one; any order.

        Returns:
            Everyone on the floor at the tick, by id, and the ids of tracks that ended.
        """
        self._hands = {}
        ordered = sorted(frames, key=lambda each: (each.stamp, each.camera))
        for moment, group in groupby(ordered, key=lambda each: each.stamp):
            self._predict(moment)
            self._take_all(list(group))
        self._predict(stamp)
        self._presence.confirm(self._tracks, self._identities, self._time)
        self._exchanged = self._meetings.update(self._tracks, self._time, self._identities.shown)
        ended = self._drop(self._identities.duplicates(self._tracks, self._time))
        ended += self._drop(self._presence.over(self._tracks, self._time))
        places = self._floor.push_out(self._tracks.mean[:, :2])
        told = report(
            self._tracks, self._time, self._tick, self._floor.cameras, places, self._meetings.chances(), self._hands
        )
        return told, tuple(sorted(ended))

    def _predict(self, stamp: int) -> None:
        if self._time and stamp > self._time:
            tracks, settings = self._tracks, self._settings
            elapsed = (stamp - self._time) / _SECOND
            before = tracks.mean[:, :2]
            tracks.mean, tracks.covariance = kalman.predict(
                tracks.mean, tracks.covariance, elapsed, settings.acceleration, settings.velocity_memory
            )
            tracks.mean = self._floor.hold(before, tracks.mean)
        self._time = max(self._time, stamp)

    def _take_all(self, frames: list[PersonDetectionArray]) -> None:
        """Take the frames of one moment, so that no camera's sight counts for more by being taken first.

        With one view alone it is often open who is who along its rays. So all are associated twice: the second time,
        from the same start, with where people are by all views of the first.
        """
        if len(frames) == 1:
            self._note_hands(frames[0], self._take(frames[0]))
            return
        start, births, apart = copy.deepcopy(self._tracks), self._presence.births, self._identities.snapshot()
        for frame in frames:
            self._take(frame)
        count = len(start)
        known = (self._tracks.mean[:count], self._tracks.covariance[:count])
        self._tracks, self._presence.births = start, births
        self._identities.resume(apart)
        for frame in frames:
            self._note_hands(frame, self._take(frame, known))

    def _note_hands(self, frame: PersonDetectionArray, pairs: list[tuple[int, int]]) -> None:
        found = sound(frame, self._settings.least_score)
        for row, column in pairs:
            hands = self._hands.setdefault(self._tracks.ids[row], [])
            hands += [TrackHand(frame.camera, each.score, each.direction) for each in found[column].hands]

    def _take(self, frame: PersonDetectionArray, known: tuple[Floats, Floats] | None = None) -> list[tuple[int, int]]:
        """Associate one camera's detections and correct the tracks with them.

        Args:
            frame: the detections.
            known: means and covariances of the first tracks to associate with, where better ones are known.

        Returns:
            Pairs of a track's row and a detection, as ``sound`` orders them.
        """
        if frame.camera not in self._index:
            return []
        camera = self._index[frame.camera]
        points, noises, scores, looks = measurements(frame, self._settings.least_score, self._settings.bias)
        tracks, settings = self._tracks, self._settings
        mean, covariance = tracks.mean, tracks.covariance
        if known is not None:
            mean, covariance = (
                np.concatenate([a, b[len(a) :]]) for a, b in zip(known, (mean, covariance), strict=True)
            )
        lost = (self._time - tracks.seen) / _SECOND > settings.active_time
        reach = np.where(lost & tracks.confirmed, settings.reach, settings.gate_distance)
        found = np.full(len(tracks), settings.found)
        believed = np.flatnonzero(tracks.confirmed)
        found[believed[behind(self._floor.eyes[camera], mean[believed, :2])]] = settings.found_behind
        free = np.arange(len(points))
        pairs: list[tuple[int, int]] = []
        # Who is believed in comes first; who has been lost is weighed against who has not, or others would take
        # the place of whoever comes forth from behind them.
        for rows in (believed, np.flatnonzero(~tracks.confirmed)):
            if not rows.size or not free.size:
                continue
            unlike = unlikeness(tracks.look[rows], looks[free])
            chosen = self._associate(
                mean[rows], covariance[rows], points[free], noises[free], unlike, reach[rows], found[rows]
            )
            pairs += [(int(rows[r]), int(free[c])) for r, c in chosen]
            free = np.delete(free, [c for _, c in chosen])
        self._tell_apart(pairs, mean, covariance, points, noises)
        self._correct(pairs, points, noises, camera)
        self._part()
        learn(tracks, pairs, looks, settings.look_memory)
        self._note_misses(pairs, camera)
        self._presence.spawn(tracks, self._time, camera, points[free], noises[free], scores[free])
        return pairs

    def _associate(
        self,
        mean: Floats,
        covariance: Floats,
        points: Floats,
        noises: Floats,
        unlike: Floats,
        reach: Floats,
        found: Floats,
    ) -> list[tuple[int, int]]:
        """Choose whose each detection is, by the odds that it is theirs against both being alone.

        Args:
            mean: (N, 4) of tracks.
            covariance: (N, 4, 4).
            points: (M, 2) detections.
            noises: (M, 2, 2).
            unlike: (N, M) how far clothes are apart.
            reach: (N,) how far a detection may be from each track, metres.
            found: (N,) probability that the camera finds each.

        Returns:
            Pairs of track and detection.
        """
        settings = self._settings
        squared, volume = kalman.distances(mean, covariance, points, noises)
        apart = np.linalg.norm(mean[:, None, :2] - points[None], axis=2)
        # A detection may itself be uncertain along its view ray; the reach grows with that.
        slack = np.sqrt(np.linalg.eigvalsh(noises)[:, 1])
        allowed = (squared < settings.gate) & (apart < reach[:, None] + 2.0 * slack)
        allowed &= ~self._floor.walled_off(mean[:, :2], points, 2.0 * slack)
        clothes = (unlike - PARTS * NEUTRAL) / settings.look_deviation**2
        alone = np.log1p(-found)[:, None] + np.log(2.0 * np.pi * settings.clutter)
        gain = np.log(found)[:, None] - 0.5 * (squared + volume + clothes) - alone
        return list(zip(*(side.tolist() for side in choose(gain, allowed)), strict=True))

    def _tell_apart(
        self, pairs: list[tuple[int, int]], mean: Floats, covariance: Floats, points: Floats, noises: Floats
    ) -> None:
        """Note which tracks this picture shows as two, and which detections are surely not somebody else's."""
        if not pairs:
            return
        rows, columns = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
        squared, volume = kalman.distances(mean, covariance, points[columns], noises[columns])
        unlikely = 0.5 * (squared + volume).T
        better = unlikely - unlikely[np.arange(len(rows)), rows][:, None]
        doubt = self._settings.doubt
        self._identities.note_apart(self._tracks, rows, better > np.log((1.0 - doubt) / doubt), self._time)

    def _correct(self, pairs: list[tuple[int, int]], points: Floats, noises: Floats, camera: int) -> None:
        if not pairs:
            return
        tracks = self._tracks
        rows, columns = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
        before = tracks.mean[rows, :2]
        noise = kalman.robust(tracks.mean[rows], tracks.covariance[rows], points[columns], noises[columns])
        moved, tracks.covariance[rows] = kalman.update(
            tracks.mean[rows], tracks.covariance[rows], points[columns], noise
        )
        tracks.mean[rows] = self._floor.hold(before, moved)
        tracks.seen[rows] = self._time
        tracks.seen_by[rows, camera] = self._time
        tracks.evidence[rows] = np.minimum(tracks.evidence[rows] + 1.0, _FULL_EVIDENCE)

    def _part(self) -> None:
        """Keep bodies apart: nobody is where somebody else stands."""
        tracks, settings = self._tracks, self._settings
        rows = np.flatnonzero(tracks.confirmed)
        parted = keep_apart(tracks.mean, tracks.covariance, rows, settings.body, settings.body_deviation)
        if parted is not tracks.mean:
            tracks.mean = self._floor.hold(tracks.mean[:, :2], parted)

    def _note_misses(self, pairs: list[tuple[int, int]], camera: int) -> None:
        if not len(self._tracks):
            return
        missed = self._floor.seen_by(self._tracks.mean[:, :2])[:, camera]
        missed[[row for row, _ in pairs]] = False
        weight = np.where(self._tracks.confirmed, 0.1, 1.0) * self._settings.miss_weight
        self._tracks.evidence = np.where(missed, self._tracks.evidence - weight, self._tracks.evidence)
        self._tracks.evidence = np.maximum(self._tracks.evidence, -5.0)

    def _drop(self, rows: set[int]) -> list[str]:
        tracks = self._tracks
        if not rows:
            return []
        # Tentative tracks of gates were published too; whoever follows them should know.
        ended = [tracks.ids[row] for row in rows if tracks.confirmed[row] or tracks.gates[row]]
        gone = {tracks.ids[row] for row in rows}
        keep = np.ones(len(tracks), dtype=bool)
        keep[sorted(rows)] = False
        tracks.keep(keep)
        self._identities.forget(gone)
        self._meetings.forget(gone, set(tracks.ids))
        return ended

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state as JSON values."""
        return {
            "time": self._time,
            "births": list(self._presence.births),
            "tracks": self._tracks.to_dict(),
            "identities": self._identities.snapshot(),
            "meetings": self._meetings.snapshot(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; on an error nothing has changed.

        Raises:
            ValueError: it was taken with another number of cameras, or by another version.
        """
        identities, meetings = Identities(self._floor, self._settings), Meetings(self._settings)
        try:
            tracks = TrackTable.from_dict(state["tracks"])
            time, births = int(state["time"]), (int(state["births"][0]), int(state["births"][1]))
            identities.resume(state["identities"])
            meetings.resume(state["meetings"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"tracker snapshot: not as this version writes it: {error!r}") from error
        if tracks.cameras != len(self._index):
            raise ValueError(f"tracker snapshot: made for {tracks.cameras} cameras, the store has {len(self._index)}")
        self._tracks, self._time, self._presence.births = tracks, time, births
        self._identities, self._meetings = identities, meetings
