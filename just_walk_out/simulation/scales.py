"""The load cells under the plates: what they feel, and how they err."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.handling import Handling
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store

Array = NDArray[np.float64]

_SPILL = 0.04
_WINDOW = 10.0


@dataclass(frozen=True)
class Disturbance:
    """How much the load cells are disturbed.

    Attributes:
        white: standard deviation of one sample of one plate, kilograms.
        drift: standard deviation of the drift after an hour, kilograms.
        bursts: vibration bursts a minute and gondola.
        burst: smallest and largest amplitude of a burst on the sum of a shelf, kilograms.
        spikes: probability that a single conversion is garbage.
    """

    white: float
    drift: float
    bursts: float
    burst: tuple[float, float]
    spikes: float


DISTURBANCES: dict[Noise, Disturbance] = {
    "quiet": Disturbance(0.0005, 0.01, 0.1, (0.02, 0.05), 2e-6),
    "normal": Disturbance(0.0015, 0.03, 0.8, (0.05, 0.17), 1e-5),
    "rough": Disturbance(0.004, 0.10, 4.0, (0.08, 0.30), 1e-4),
}


class PlateGroup:
    """The plates of one board: their true load, and the signal of their cells.

    Two time axes: ``clock`` counts seconds since the simulation was launched (noise lives there),
    the world's seconds count from the start of the scenario.
    """

    def __init__(self, store: Store, plates: Sequence[str], noise: Noise, seed: int, name: str) -> None:
        """Draw zero offsets, drifts and couplings of the plates.

        Args:
            store: where they are.
            plates: ids, the columns of what ``sample`` returns; empty for an unused channel.
            noise: how much they are disturbed.
            seed: of the simulation.
            name: of the group, so that each draws differently.
        """
        self.plates = tuple(plates)
        self._disturbance = DISTURBANCES[noise]
        self._rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        self._column = {plate: index for index, plate in enumerate(self.plates) if plate}
        count = len(self.plates)
        self.zero = self._rng.normal(0.0, 0.05, count)
        self._slope = self._rng.normal(0.0, self._disturbance.drift / 3600.0, count)
        self._swing = self._rng.uniform(0.3, 1.0, count) * self._disturbance.drift
        self._period = self._rng.uniform(3600.0, 14400.0, count)
        self._phase = self._rng.uniform(0.0, 2.0 * math.pi, count)
        self._seed = seed
        self._gondola = [store.gondola_of[plate].id if plate else "" for plate in self.plates]
        self._beside = _neighbours(store, self._column)
        self._share = np.zeros(count)
        for plate, column in self._column.items():
            shelf = plate.rsplit("/", 1)[0]
            self._share[column] = float(self._rng.uniform(0.6, 1.4)) / len(store.shelf[shelf].plates)
        self._seen = 0
        self._active: list[Handling] = []
        self._base: Array | None = None
        self._bursts: dict[tuple[str, int], list[tuple[float, float, float, float]]] = {}

    def sample(self, clock: Array, world: World, start: float | None) -> Array:
        """Return what the cells show.

        Args:
            clock: (samples,) seconds since launch, ascending, later than in earlier calls.
            world: advanced at least to the last sample.
            start: clock at second 0 of the world; None while the scenario waits.

        Returns:
            (samples, plates) kilograms.
        """
        signal = np.zeros((len(clock), len(self.plates))) if start is None else self._load(clock - start, world)
        if start is None:
            signal += self._resting(world)
        elapsed = clock[:, None]
        drift = self._slope * elapsed + self._swing * (
            np.sin(2.0 * math.pi * elapsed / self._period + self._phase) - np.sin(self._phase)
        )
        noise = self._rng.normal(0.0, self._disturbance.white, signal.shape)
        spikes = self._rng.random(signal.shape) < self._disturbance.spikes
        if spikes.any():
            noise[spikes] += self._rng.uniform(-40.0, 40.0, int(spikes.sum()))
        result: Array = signal + self.zero + drift + noise + self._vibration(clock)
        return result

    def _resting(self, world: World) -> Array:
        if self._base is None:
            self._base = np.array([world.initial_weight[plate] if plate else 0.0 for plate in self.plates])
        return self._base

    def _load(self, times: Array, world: World) -> Array:
        for handling in world.handlings[self._seen :]:
            if handling.plate in self._column:
                self._active.append(handling)
        self._seen = len(world.handlings)
        base = self._resting(world)
        for handling in [item for item in self._active if item.settled + 1.0 < times[0]]:
            base[self._column[handling.plate]] += handling.change
            self._active.remove(handling)
        load = np.repeat(base[None, :], len(times), axis=0)
        for handling in self._active:
            column = self._column[handling.plate]
            transient = handling.transient(times)
            load[:, column] += handling.transfer(times) + transient
            for beside in self._beside[column]:
                load[:, beside] += _SPILL * transient
        return load

    def _vibration(self, clock: Array) -> Array:
        shaken = np.zeros((len(clock), len(self.plates)))
        for gondola in sorted({name for name in self._gondola if name}):
            wave = np.zeros(len(clock))
            last = int(clock[-1] // _WINDOW)
            for window in range(int(clock[0] // _WINDOW) - 1, last + 1):
                for begin, seconds, amplitude, frequency in self._bursts_in(gondola, window):
                    since = (clock - begin) / seconds
                    if since[-1] < 0.0 or since[0] > 1.0:
                        continue
                    shape = np.where((since > 0.0) & (since < 1.0), np.sin(math.pi * np.clip(since, 0.0, 1.0)), 0.0)
                    wave += amplitude * shape * np.sin(2.0 * math.pi * frequency * (clock - begin))
            if wave.any():
                columns = [index for index, name in enumerate(self._gondola) if name == gondola]
                shaken[:, columns] = wave[:, None] * self._share[columns]
        return shaken

    def _bursts_in(self, gondola: str, window: int) -> list[tuple[float, float, float, float]]:
        """Draw the bursts of one gondola in one window; the same for all groups that stand on it."""
        key = (gondola, window)
        if key not in self._bursts:
            rng = np.random.default_rng([self._seed, zlib.crc32(gondola.encode()), window & 0xFFFFFFFF])
            count = int(rng.poisson(self._disturbance.bursts * _WINDOW / 60.0))
            low, high = self._disturbance.burst
            self._bursts[key] = [
                (
                    (window + float(rng.random())) * _WINDOW,
                    float(rng.uniform(0.3, 1.2)),
                    float(rng.uniform(low, high)),
                    float(rng.uniform(6.0, 20.0)),
                )
                for _ in range(count)
            ]
            for old in [item for item in self._bursts if item[1] < window - 3]:
                del self._bursts[old]
        return self._bursts[key]


def _neighbours(store: Store, column: dict[str, int]) -> list[list[int]]:
    """Columns of the plates left and right of each plate on its shelf."""
    beside: list[list[int]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for shelf in store.shelf.values():
        row = sorted(shelf.plates, key=lambda plate: plate.pose.x)
        for first, second in pairwise(row):
            if first.id in column and second.id in column:
                beside[column[first.id]].append(column[second.id])
                beside[column[second.id]].append(column[first.id])
    return beside
