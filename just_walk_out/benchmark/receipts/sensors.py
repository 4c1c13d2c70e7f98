"""The simulated store as its sensors report it, without images and serial bytes: fast enough for many visits."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from just_walk_out.benchmark.receipts.clothes import Clothes
from just_walk_out.benchmark.receipts.hands import HandWatch
from just_walk_out.benchmark.receipts.people import Onlookers, Watchers
from just_walk_out.records import CodeScan, PlateStatus, ShelfWeights, TrackArray, TrackState
from just_walk_out.simulation.scales import PlateGroup
from just_walk_out.simulation.scanner import scan_time
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store

RATE = 60
_SAMPLES = 6
_PERIOD = 0.1
_WEIGHTS_AFTER, _PEOPLE_AFTER, _SCAN_AFTER = 0.005, 0.06, 0.02
_SECOND = 1_000_000_000
_THEIRS = 0.8  # metres within which a track is of somebody


class _Gondola:
    """The plates of one fixture, sampled together and told apart by shelf."""

    def __init__(self, store: Store, name: str, shelves: dict[str, tuple[str, ...]], world: World, seed: int) -> None:
        self._shelves = shelves
        plates = [plate for ids in shelves.values() for plate in ids]
        self._cells = PlateGroup(store, plates, world.scenario.noise, seed, f"receipts {name}")

    def sample(self, first: int, world: World, start: int, lead_in: float) -> list[ShelfWeights]:
        clock = np.arange(first, first + _SAMPLES) / RATE
        values = self._cells.sample(clock, world, lead_in).astype(np.float32)
        stamp = start + round(first * _SECOND / RATE)
        records, column = [], 0
        for shelf, plates in self._shelves.items():
            part = np.ascontiguousarray(values[:, column : column + len(plates)])
            column += len(plates)
            status = (PlateStatus.OK,) * len(plates)
            records.append(
                ShelfWeights(
                    stamp, shelf, shelf, first // _SAMPLES, 0, round(_SECOND / RATE), plates, status, part.ravel()
                )
            )
        return records


class LightStore:
    """A scenario as records of all sensors, by the time they arrive."""

    def __init__(
        self,
        world: World,
        seed: int,
        start: int,
        codes: dict[str, str],
        *,
        cameras: bool,
        hands: bool = False,
        lead_in: float = 3.0,
    ) -> None:
        """Prepare the sensors.

        Args:
            world: people, goods and hands; advanced by this.
            seed: of the noise.
            start: stamp at which the sensors start, nanoseconds.
            codes: code text by id of the shopper who shows it.
            cameras: report people as detections of each camera; otherwise as tracks with a tracker's errors.
            hands: their detectors find wrists.
            lead_in: seconds of an empty store before second 0 of the world.
        """
        self.world = world
        self.scenario_start = start + round(lead_in * _SECOND)
        self._start, self._codes, self._lead_in = start, codes, lead_in
        store = world.store
        self._names: list[tuple[int, dict[str, str]]] = []
        self._places: list[tuple[int, dict[str, tuple[float, float]]]] = []
        rng = np.random.default_rng([seed, zlib.crc32(b"onlookers")])
        eyes = [camera for camera in store.cameras if camera.role == "overview"]
        watch = HandWatch(store, eyes, np.random.default_rng([seed, zlib.crc32(b"hands")])) if hands else None
        self._onlookers: Onlookers | Watchers
        if cameras:
            self._onlookers = Onlookers(store, rng, watch, Clothes(store, eyes, seed))
        else:
            self._onlookers = Watchers(store, rng, watch)
        self._gondolas = [
            _Gondola(
                store,
                item.id,
                {shelf.id: tuple(plate.id for plate in shelf.plates) for shelf in item.shelves if shelf.plates},
                world,
                seed,
            )
            for item in store.gondolas
            if any(shelf.plates for shelf in item.shelves)
        ]

    def names(self, stamp: int) -> dict[str, str]:
        """Return the track of each shopper at a stamp of the past, nanoseconds: the truth; empty with detections."""
        index = bisect_right(self._names, stamp, key=lambda item: item[0]) - 1
        return self._names[index][1] if index >= 0 else {}

    def whose(self, tracks: TrackArray) -> dict[str, str]:
        """Return under which of some tracks each shopper goes: the truth.

        Args:
            tracks: of a stamp of the past. Those that this makes know whose they are; of a tracker's, a shopper's is
                the one that is where the shopper is, whoever it was before, as what a camera sees there goes to it.
        """
        if isinstance(self._onlookers, Watchers):
            return self.names(tracks.stamp)
        index = bisect_right(self._places, tracks.stamp, key=lambda item: item[0]) - 1
        people = self._places[index][1] if index >= 0 else {}
        known = [each for each in tracks.tracks if each.state is not TrackState.TENTATIVE]
        if not people or not known:
            return {}
        who, away = list(people), cdist(list(people.values()), [(each.x, each.y) for each in known])
        pairs = zip(*linear_sum_assignment(np.where(away < _THEIRS, away, 1e3)), strict=True)
        return {who[row]: known[column].id for row, column in pairs if away[row, column] < _THEIRS}

    def run(self) -> Iterator[tuple[int, Any]]:
        """Yield (time of arrival in nanoseconds, record) for as long as somebody listens."""
        shown, tick = 0, 0
        waiting: list[tuple[int, Any]] = []
        while True:
            tick += 1
            clock = tick * _PERIOD
            self.world.advance(clock - self._lead_in)
            stamp = self._start + round(clock * _SECOND)
            for showing in self.world.showings[shown:]:
                at = self.scenario_start + round(scan_time(showing) * _SECOND)
                scan = CodeScan(at, showing.gate, self._codes[showing.shopper])
                waiting.append((at + round(_SCAN_AFTER * _SECOND), scan))
            shown = len(self.world.showings)
            for gondola in self._gondolas:
                for weights in gondola.sample((tick - 1) * _SAMPLES, self.world, self._start, self._lead_in):
                    waiting.append((stamp + round(_WEIGHTS_AFTER * _SECOND), weights))
            figures = self.world.figures(clock - self._lead_in)
            for seen in self._onlookers.report(stamp, figures):
                waiting.append((stamp + round(_PEOPLE_AFTER * _SECOND), seen))
            if isinstance(self._onlookers, Watchers):
                names = self._onlookers.names()
                if not self._names or self._names[-1][1] != names:
                    self._names.append((stamp, names))
            else:
                self._places.append((stamp, {figure.id: (figure.x, figure.y) for figure in figures}))
            due = [item for item in waiting if item[0] <= stamp]
            waiting = [item for item in waiting if item[0] > stamp]
            yield from sorted(due, key=lambda item: item[0])
