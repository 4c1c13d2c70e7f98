"""A quiet day in a shop: who comes when, and what the sensors of the shop say of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from just_walk_out.benchmark.receipts.people import Onlookers
from just_walk_out.records import CodeScan, PlateStatus, ShelfWeights
from just_walk_out.simulation.plan import Action, Party, Traffic, draw_traffic
from just_walk_out.simulation.scales import PlateGroup
from just_walk_out.simulation.scanner import scan_time
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store

OPEN = 16.0
"""Hours from the beginning during which people come; then the shop is closed, and its sensors go on."""

# Slow sensors, so that a day is over in minutes: pictures a second, samples of plates a second, and samples a batch.
_PICTURES, _SAMPLES, _BATCH = 5, 10, 2
_PHASE = 20_000_000  # nanoseconds from one camera's picture to the next one's
_STAFF_EVERY = 1.0  # hours
_RESTOCKED = 3  # plates at each of their visits
_HOUR = 3_600.0
_SECOND = 1_000_000_000


def parties(store: Store, seed: int, hours: float, hourly: float) -> tuple[Party, ...]:
    """Draw the visits of a day, or of its first hours.

    Args:
        store: where they go.
        seed: of everything that is drawn.
        hours: from opening.
        hourly: parties of shoppers in an hour; beside them somebody of the staff comes to fill shelves.
    """
    rng = np.random.default_rng([seed, zlib.crc32(b"day")])
    count = round(hourly * min(hours, OPEN))
    arrivals = np.sort(rng.uniform(0.0, min(hours, OPEN), count)) * _HOUR
    drawn = draw_traffic(Traffic(count, 1.0), store, seed)
    coming = [replace(party, arrival=float(at)) for party, at in zip(drawn, arrivals, strict=True)]
    sold = sorted({facing.sku for facing in store.planogram})
    for number, at in enumerate(np.arange(0.5 * _STAFF_EVERY, min(hours, OPEN), _STAFF_EVERY)):
        chosen = [sold[int(k)] for k in rng.choice(len(sold), min(_RESTOCKED, len(sold)), replace=False)]
        actions = tuple(Action("restock", sku) for sku in chosen)
        coming.append(Party(f"staff{number}", "staff", float(at) * _HOUR, (actions,), staff=True))
    gates_in = [gate.id for gate in store.gates if gate.admits]
    gates_out = [gate.id for gate in store.gates if gate.releases]
    coming = [
        replace(party, gate=gates_in[number % len(gates_in)], exit=gates_out[number % len(gates_out)])
        for number, party in enumerate(coming)
    ]
    return tuple(sorted(coming, key=lambda party: (party.arrival, party.id)))


class DaySensors:
    """Plates, detections and codes of a simulated day, at few pictures and samples a second."""

    def __init__(self, world: World, seed: int, start: int, codes: dict[str, str]) -> None:
        """Prepare.

        Args:
            world: people and goods, at second 0; advanced by this.
            seed: of the noise.
            start: stamp of second 0, nanoseconds.
            codes: code text by id of the shopper who shows it.
        """
        self._world, self._start, self._codes = world, start, codes
        store = world.store
        rng = np.random.default_rng([seed, zlib.crc32(b"onlookers")])
        self._onlookers = Onlookers(store, rng, None, None)
        self._shelves = [
            (shelf.id, PlateGroup(store, [plate.id for plate in shelf.plates], "normal", seed, shelf.id))
            for gondola in store.gondolas
            for shelf in gondola.shelves
            if shelf.plates
        ]

    def run(self, seconds: float) -> Iterator[Any]:
        """Yield the records of a day, by stamp."""
        shown = 0
        for tick in range(1, round(seconds * _PICTURES) + 1):
            now = tick / _PICTURES
            stamp = self._start + tick * _SECOND // _PICTURES
            self._world.advance(now)
            for showing in self._world.showings[shown:]:
                at = self._start + round(scan_time(showing) * _SECOND)
                yield CodeScan(at, showing.gate, self._codes[showing.shopper])
            shown = len(self._world.showings)
            first = (tick - 1) * _BATCH
            clock = np.arange(first, first + _BATCH) / _SAMPLES
            for shelf, group in self._shelves:
                values = np.ascontiguousarray(group.sample(clock, self._world, 0.0).astype(np.float32))
                status = (PlateStatus.OK,) * len(group.plates)
                yield ShelfWeights(
                    self._start + first * _SECOND // _SAMPLES, shelf, shelf, tick - 1, 0, _SECOND // _SAMPLES,
                    group.plates, status, values.ravel(),
                )  # fmt: skip
            for number, seen in enumerate(self._onlookers.report(stamp, self._world.figures(now))):
                yield replace(seen, stamp=stamp + number * _PHASE)
