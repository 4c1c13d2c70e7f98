"""Plate signals for the tests of the scale room, written from the physics alone: seconds and grams."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from just_walk_out.records import PlateStatus, ShelfWeights
from just_walk_out.store.bus import Bus, Channel
from just_walk_out.store.model import EntrySettings, Facing, Gondola, Plate, Pose, Product, Shelf, Store

RATE = 60.0
PERIOD = 16_666_667
T0 = 1_700_000_000_000_000_000


def make_store(shelves: int = 1, plates: int = 6, protocol: str = "board", port: str = "loop://") -> Store:
    width = 0.12
    boards = []
    channels = []
    for s in range(shelves):
        name = f"g1/s{s}"
        cells = tuple(Plate(f"{name}/p{p}", Pose(x=(p + 0.5) * width, y=0.2), width - 0.01, 0.4) for p in range(plates))
        boards.append(Shelf(name, Pose(z=0.3 * s), plates * width, 0.4, cells))
        channels += [Channel(s, p, f"{name}/p{p}", 1e-6, 1000.0 * p) for p in range(plates)]
    products = (Product("a", "A", "1", 0.3, 0.002, 100),)
    return Store(
        "t", "Test", "EUR", ((0, 0), (5, 0), (5, 5), (0, 5)), (), (), (),
        (Gondola("g1", Pose(1, 1), plates * width, 0.4, 2.0, tuple(boards)),),
        (Bus("bus", protocol, port, 115200, tuple(channels)),),
        products, (Facing("a", ("g1/s0/p0",)),), EntrySettings(()),
    )  # fmt: skip


@dataclass
class Signal:
    """Grams of one shelf's plates over time."""

    seconds: float
    plates: int = 6
    noise: float = 1.0
    seed: int = 0
    start: float = 2000.0
    grams: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.t = np.arange(int(self.seconds * RATE)) / RATE
        self.grams = np.full((len(self.t), self.plates), self.start)
        self.grams += self.rng.normal(0.0, self.noise, self.grams.shape)

    def move(self, plate: int, at: float, change: float, lift: float = 0.15, settle: float = 0.08) -> Signal:
        """A product leaves or comes: the load moves over ``lift`` seconds, then the plate rings."""
        course = np.clip((self.t - at) / max(lift, 1e-9), 0.0, 1.0)
        after = self.t - at - lift
        ring = 0.15 * change * np.exp(-np.maximum(after, 0) / settle) * np.cos(2 * np.pi * 9 * after) * (after > 0)
        self.grams[:, plate] += change * course + ring
        return self

    def hand(self, plate: int, at: float, seconds: float, press: float) -> Signal:
        """A hand presses with a force that never is quite steady."""
        inside = (self.t >= at) & (self.t < at + seconds)
        edge = np.clip(np.minimum(self.t - at, at + seconds - self.t) / 0.15, 0.0, 1.0)
        wobble = 1.0 + 0.15 * np.sin(2 * np.pi * 2.3 * (self.t - at)) + 0.08 * np.sin(2 * np.pi * 5.1 * self.t)
        self.grams[:, plate] += inside * edge * press * wobble
        return self

    def burst(self, at: float, seconds: float, amplitude: float, hertz: float = 6.0) -> Signal:
        """The whole gondola shakes."""
        inside = (self.t >= at) & (self.t < at + seconds)
        shape = np.sin(np.pi * np.clip((self.t - at) / seconds, 0, 1)) * np.sin(2 * np.pi * hertz * self.t)
        share = self.rng.uniform(0.7, 1.3, self.plates)
        self.grams += (inside * amplitude * shape)[:, None] * share
        return self

    def spikes(self, count: int, size: float = 3000.0) -> Signal:
        rows = self.rng.choice(np.arange(0, len(self.t), 4), count, replace=False)
        self.grams[rows, self.rng.integers(0, self.plates, count)] += self.rng.choice([-size, size], count)
        return self

    def drift(self, grams_per_minute: float) -> Signal:
        self.grams += (grams_per_minute / 60.0 * self.t)[:, None]
        return self

    def records(self, shelf: str = "g1/s0", batch: int = 6, source: str = "bus/0") -> list[ShelfWeights]:
        plates = tuple(f"{shelf}/p{p}" for p in range(self.plates))
        status = (PlateStatus.OK,) * self.plates
        kilograms = (self.grams / 1000.0).astype(np.float32)
        return [
            ShelfWeights(
                T0 + k * PERIOD, shelf, source, i, 0, PERIOD, plates, status, kilograms[k : k + batch].reshape(-1)
            )
            for i, k in enumerate(range(0, len(kilograms), batch))
        ]


def seconds(stamp: int) -> float:
    return (stamp - T0) / 1e9
