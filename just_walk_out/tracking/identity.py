"""Who is who: lost people found again, second sights of one person, and pairs that are surely two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.tracking.association import assign
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

_SECOND = 1_000_000_000
# A track unseen for longer than this may be the one that a new track goes on with, seconds.
_MISSED = 0.3
# Two sights of one person may lie on both sides of a wall, but neither further from it than this, metres.
_WALL_SLACK = 0.2


class Identities:
    """Keeps one identity a person; remembers which pairs one picture has shown as two."""

    def __init__(self, floor: FloorMap, settings: TrackerSettings) -> None:
        """Start without any memory."""
        self._floor = floor
        self._settings = settings
        self._apart: dict[tuple[str, str], int] = {}
        self._close: dict[tuple[str, str], int] = {}
        self._seen_apart: dict[tuple[str, str], int] = {}

    @property
    def shown(self) -> Mapping[tuple[str, str], int]:
        """Stamps at which two close tracks were last surely two, by their ids in order.

        That is so when one picture shows both; or once each has been seen where the other is not, by whichever
        camera: two who stand before each other for every camera are seen by one each.
        """
        return {
            (a, b): min(stamp, self._seen_apart[b, a])
            for (a, b), stamp in self._seen_apart.items()
            if a < b and (b, a) in self._seen_apart
        }

    def note_apart(self, tracks: TrackTable, rows: Rows, clear: Bools, time: int) -> None:
        """Remember which close tracks a picture shows as two, or one of them surely apart from the other.

        Args:
            tracks: all of them.
            rows: (K,) of those that the picture shows.
            clear: (K, N) whether the detection of each is surely not one of each other track.
            time: of the picture, nanoseconds.
        """
        away = tracks.mean[rows, None, :2] - tracks.mean[None, :, :2]
        near = (away * away).sum(axis=2) < (3.0 * self._settings.duplicate_distance) ** 2
        near[np.arange(len(rows)), rows] = False
        seen = np.zeros(len(tracks), dtype=bool)
        seen[rows] = True
        ids = tracks.ids
        for k, b in np.argwhere(near & (clear | seen)).tolist():
            a = int(rows[k])
            self._seen_apart[ids[a], ids[b]] = time
            if seen[b] and a < b:
                pair = _pair(ids[a], ids[b])
                self._apart[pair] = self._apart.get(pair, 0) + 1
                self._close.pop(pair, None)

    def recover(self, tracks: TrackTable, ready: Rows, time: int) -> set[int]:
        """Give well-founded new tracks the identity of lost ones within walking distance; returns rows to drop."""
        settings = self._settings
        unseen = (tracks.born[ready][None, :] - tracks.seen[:, None]) / _SECOND
        lost = np.flatnonzero(tracks.confirmed & ((time - tracks.seen) / _SECOND > _MISSED))
        if not lost.size or not ready.size:
            return set()
        away = np.linalg.norm(tracks.mean[lost][:, None, :2] - tracks.mean[ready][None, :, :2], axis=2)
        allowed = (away < settings.reach + settings.walking_speed * np.maximum(unseen[lost], 0.0)) & (unseen[lost] > 0)
        # Who comes in from outside is somebody new.
        places = tracks.mean[ready, :2].tolist()
        from_outside = [self._floor.beyond_gate(x, y, 0.0) for x, y in places]
        allowed &= ~np.asarray(from_outside, dtype=bool)[None, :]
        gone = set()
        for r, c in assign(away, allowed):
            tracks.take_over(int(lost[r]), int(ready[c]))
            gone.add(int(ready[c]))
        return gone

    def shadows(self, tracks: TrackTable, row: int) -> bool:
        """Whether a new track may be a second sight of somebody already followed."""
        away = np.linalg.norm(tracks.mean[:, :2] - tracks.mean[row, :2], axis=1)
        same_room = ~self._walled_off(tracks.mean[:, :2])[row]
        # Cameras that disagree see one person at two places, each at its own; two people are soon seen together.
        since = tracks.seen_by >= tracks.born[row]
        together = (since & since[row]).any(axis=1)
        apart = (tracks.seen >= tracks.born[row]) & ~together
        reach = np.where(apart, self._settings.gate_distance, self._settings.duplicate_distance)
        near = np.flatnonzero(tracks.confirmed & same_room & (away < reach))
        return any(
            self._apart.get(_pair(tracks.ids[row], tracks.ids[int(other)]), 0) < self._settings.apart_frames
            for other in near
        )

    def duplicates(self, tracks: TrackTable, time: int) -> set[int]:
        """Return the rows to give up: the younger of any two tracks that follow one person."""
        settings = self._settings
        rows = np.flatnonzero(tracks.confirmed)
        position = tracks.mean[rows, :2]
        near = np.linalg.norm(position[:, None] - position[None], axis=2) < settings.duplicate_distance
        near &= ~self._walled_off(position)
        close: dict[tuple[str, str], int] = {}
        drop: set[int] = set()
        for a, b in np.argwhere(np.triu(near, 1)):
            first, second = int(rows[a]), int(rows[b])
            pair = _pair(tracks.ids[first], tracks.ids[second])
            if self._apart.get(pair, 0) >= settings.apart_frames:
                continue
            close[pair] = self._close.get(pair, time)
            if time - close[pair] >= settings.duplicate_time * _SECOND:
                both = sorted((first, second), key=lambda row: (not tracks.gates[row], tracks.born[row], row))
                drop.add(both[1])
        self._close = close
        return drop

    def _walled_off(self, places: Floats) -> NDArray[np.bool_]:
        """Whether a wall is surely between any two places (N, 2), as (N, N)."""
        walled = self._floor.walled_off(places, places, np.full(len(places), _WALL_SLACK))
        return np.asarray(walled | walled.T)

    def forget(self, ids: set[str]) -> None:
        """Drop what is remembered of tracks that are over."""
        self._apart = {pair: count for pair, count in self._apart.items() if not ids & set(pair)}
        self._seen_apart = {pair: stamp for pair, stamp in self._seen_apart.items() if not ids & set(pair)}

    def snapshot(self) -> dict[str, Any]:
        """Return the memory as JSON values."""
        return {
            "apart": [[*pair, count] for pair, count in self._apart.items()],
            "close": [[*pair, since] for pair, since in self._close.items()],
            "seen_apart": [[*pair, stamp] for pair, stamp in self._seen_apart.items()],
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._apart = {(a, b): int(count) for a, b, count in state["apart"]}
        self._close = {(a, b): int(since) for a, b, since in state["close"]}
        self._seen_apart = {(a, b): int(stamp) for a, b, stamp in state["seen_apart"]}


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)
