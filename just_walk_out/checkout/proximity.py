"""Which shelves each track came near, and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import Track, TrackArray
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.model import Store

_JOINED = 2_000_000_000
"""Nanoseconds: who is back at a shelf so soon was there all the time, as far as a track can tell."""


@dataclass
class _Path:
    begun: int
    outside: bool
    whole: bool
    near: dict[int, list[list[int]]] = field(default_factory=dict)

    def stay(self, shelf: int, stamp: int) -> None:
        stays = self.near.setdefault(shelf, [])
        if stays and stamp - stays[-1][1] <= _JOINED:
            stays[-1][1] = max(stays[-1][1], stamp)
        else:
            stays.append([stamp, stamp])


class Proximity:
    """Remembers for each track the shelves it could have reached, and when.

    A track is near a shelf when the distance from its position to the front edge of the shelf's part of
    the gondola is at most ``reach`` plus ``sigmas`` standard deviations of the position in its worst
    direction. A track that was seen neither from its birth on nor outside before it came in could have been near
    every shelf.
    """

    def __init__(self, store: Store, reach: float, sigmas: float, birth_age: int, memory: int) -> None:
        """Prepare the shelves' front edges.

        Args:
            store: the store.
            reach: how far a person reaches, metres.
            sigmas: standard deviations of the position that are added to the reach.
            birth_age: a track older than this when first seen was not seen from its birth on, nanoseconds.
            memory: number of tracks that are remembered, the last ones seen.
        """
        self.shelves = tuple(sorted(store.shelf))
        self._reach = reach
        self._sigmas = sigmas
        self._birth_age = birth_age
        self._memory = memory
        self._floor = store.floor
        self._start, self._edge = _front_edges(store, self.shelves)
        self._paths: OrderedDict[str, _Path] = OrderedDict()

    def update(self, array: TrackArray) -> None:
        """Take the tracks of one tick."""
        if not array.tracks:
            return
        near = self._near(array.tracks)
        for track, row in zip(array.tracks, near, strict=True):
            path = self._paths.get(track.id)
            if path is None:
                outside = float(distance_outside(self._floor, (track.x, track.y))) > 0.0
                path = _Path(array.stamp, outside, whole=array.stamp - track.born <= self._birth_age)
                self._paths[track.id] = path
            self._paths.move_to_end(track.id)
            for shelf in np.flatnonzero(row).tolist():
                path.stay(shelf, array.stamp)
        while len(self._paths) > self._memory:
            self._paths.popitem(last=False)

    def of(self, tracks: Iterable[str], entered: int) -> tuple[str, ...]:
        """Return the ids of the shelves that at least one of these tracks could have reached, sorted.

        Args:
            tracks: of a visit.
            entered: when the first of them came in, nanoseconds.
        """
        paths = self._whole(tracks, entered)
        if paths is None:
            return self.shelves
        return tuple(self.shelves[index] for index in sorted({index for path in paths for index in path.near}))

    def stays(self, tracks: Iterable[str], entered: int, shelf: str) -> list[tuple[int, int]] | None:
        """Return from when to when one of a visit's tracks could have reached a shelf; None: at any time.

        Args:
            tracks: of the visit.
            entered: when the first of them came in, nanoseconds.
            shelf: its id.

        Returns:
            Stamps of beginnings and ends, nanoseconds.
        """
        paths = self._whole(tracks, entered)
        if paths is None:
            return None
        index = self.shelves.index(shelf)
        return [(begin, end) for path in paths for begin, end in path.near.get(index, ())]

    def _whole(self, tracks: Iterable[str], entered: int) -> list[_Path] | None:
        """Return the paths of tracks; None if one may have been near a shelf before it was seen.

        Who waits before a gate is told of late, and has been near nothing by then; who leaves is outside, too.
        """
        paths = []
        for track in tracks:
            path = self._paths.get(track)
            if path is None or not (path.whole or (path.outside and path.begun <= entered)):
                return None
            paths.append(path)
        return paths

    def _near(self, tracks: tuple[Track, ...]) -> NDArray[np.bool_]:
        """Return for (tracks, shelves) whether they are within reach."""
        position = np.array([(track.x, track.y) for track in tracks])
        spread = np.array([_worst_deviation(track.covariance) for track in tracks])
        offset = position[:, None, :] - self._start[None, :, :]
        length = np.maximum((self._edge**2).sum(axis=1), np.finfo(float).tiny)
        share = np.clip((offset * self._edge).sum(axis=2) / length, 0.0, 1.0)
        distance = np.linalg.norm(offset - share[:, :, None] * self._edge, axis=2)
        result: NDArray[np.bool_] = distance <= self._reach + self._sigmas * spread[:, None]
        return result


def _worst_deviation(covariance: tuple[float, ...]) -> float:
    """Return the largest standard deviation of the position, metres; covariance of (x, y, vx, vy), row-major."""
    xx, xy, yy = covariance[0], covariance[1], covariance[5]
    mean, half = (xx + yy) / 2.0, (xx - yy) / 2.0
    return float(np.sqrt(max(mean + np.hypot(half, xy), 0.0)))


def _front_edges(store: Store, shelves: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return start points and edge vectors of the shelves' fronts on the floor, each (shelves, 2), metres."""
    starts, edges = np.zeros((len(shelves), 2)), np.zeros((len(shelves), 2))
    for row, id in enumerate(shelves):
        base = store.gondola_of[id].pose.matrix()
        shelf = store.shelf[id]
        ends = shelf.pose.matrix() @ np.array([[0.0, shelf.width], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
        # The front of the gondola, where people stand, not the front of a shelf set back in it.
        ends[1:3] = 0.0
        placed = (base @ ends)[:2]
        starts[row], edges[row] = placed[:, 0], placed[:, 1] - placed[:, 0]
    return starts, edges
