"""What stands on the plates, unit by unit, each with its own true weight."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from just_walk_out.simulation.scenario import Scenario
from just_walk_out.store.model import Store

_FILL = 0.6
_FEWEST, _MOST = 4, 12


@dataclass(frozen=True)
class Unit:
    """One thing that can be taken: product, true weight in kilograms, and the plate it came from."""

    sku: str
    weight: float
    plate: str


class Stock:
    """Units by plate; what a hand already reaches for counts as gone."""

    def __init__(self, store: Store, scenario: Scenario, seed: int) -> None:
        """Fill the plates as the planogram says, or as the scenario says instead."""
        self._store = store
        self._scenario = scenario
        self._rng = np.random.default_rng([seed, zlib.crc32(b"stock")])
        self.units: dict[str, list[Unit]] = {}
        self.delivered = 0
        for plate_id in sorted(store.plate):
            wanted = scenario.stock.get(plate_id)
            if wanted is None:
                wanted = self._fill(plate_id)
            self.units[plate_id] = [self.make(sku, plate_id) for sku, count in wanted.items() for _ in range(count)]

    def make(self, sku: str, plate: str) -> Unit:
        """Make a unit of a product, with a weight drawn from its spread."""
        product = self._store.product[sku]
        mean = self._scenario.weights.get(sku, product.weight)
        deviation = float(np.clip(self._rng.normal(), -3.0, 3.0)) * product.weight_spread
        self.delivered += 1
        return Unit(sku, max(0.2 * mean, mean + deviation), plate)

    def weight(self, plate: str) -> float:
        """Return what the plate carries, in kilograms."""
        return sum(unit.weight for unit in self.units[plate])

    def find(self, sku: str) -> str:
        """Return the plate where a shopper looks for a product: its own places first, the fullest of them."""
        places = [plate for plate, units in self.units.items() if any(unit.sku == sku for unit in units)]
        if not places:
            return ""
        return min(places, key=lambda plate: (sku not in self._store.skus_on[plate], -self._count(plate, sku), plate))

    def take(self, plate: str, sku: str, quantity: int) -> list[Unit]:
        """Take up to so many units of a product (empty: of what stands in front) off a plate."""
        there = self.units[plate]
        wanted = sku or (there[-1].sku if there else "")
        taken = [unit for unit in there if unit.sku == wanted][-quantity:]
        for unit in taken:
            there.remove(unit)
        return taken

    def put(self, plate: str, units: list[Unit]) -> None:
        """Put units on a plate."""
        self.units[plate].extend(Unit(unit.sku, unit.weight, plate) for unit in units)

    def _count(self, plate: str, sku: str) -> int:
        return sum(unit.sku == sku for unit in self.units[plate])

    def _fill(self, plate_id: str) -> dict[str, int]:
        skus = self._store.skus_on[plate_id]
        if not skus:
            return {}
        share = _FILL * self._store.plate[plate_id].capacity / len(skus)
        return {
            sku: int(np.clip(share / self._store.product[sku].weight, _FEWEST, self._rng.integers(6, _MOST + 1)))
            for sku in skus
        }
