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
    """Units by plate.

    Attributes:
        units: what can be taken from each plate; what a hand already reaches for is not among it.
        standing: what stands on each plate, as one sees it: until it has been lifted, and once it has been set down.
        delivered: how many units have been made.
    """

    def __init__(self, store: Store, scenario: Scenario, seed: int) -> None:
        """Fill the plates as the planogram says, or as the scenario says instead."""
        self._store = store
        self._scenario = scenario
        self._rng = np.random.default_rng([seed, zlib.crc32(b"stock")])
        self.units: dict[str, list[Unit]] = {}
        self.standing: dict[str, list[Unit]] = {}
        self.delivered = 0
        for plate_id in sorted(store.plate):
            wanted = scenario.stock.get(plate_id)
            if wanted is None:
                wanted = self._fill(plate_id)
            self.units[plate_id] = [self.make(sku, plate_id) for sku, count in wanted.items() for _ in range(count)]
            self.standing[plate_id] = list(self.units[plate_id])

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
        """Let a hand reach for up to so many units of a product (empty: of what stands in front): nobody else can."""
        there = self.units[plate]
        wanted = sku or (there[-1].sku if there else "")
        taken = [unit for unit in there if unit.sku == wanted][-quantity:]
        for unit in taken:
            there.remove(unit)
        return taken

    def lift(self, plate: str, units: list[Unit]) -> None:
        """Note that units which a hand reached for have left a plate."""
        for unit in units:
            self.standing[plate].remove(unit)

    def put(self, plate: str, units: list[Unit]) -> list[Unit]:
        """Let a hand put units on a plate; returns them as what can be taken from there now."""
        put = [Unit(unit.sku, unit.weight, plate) for unit in units]
        self.units[plate].extend(put)
        return put

    def set_down(self, plate: str, units: list[Unit]) -> None:
        """Note that units which a hand put on a plate rest there."""
        self.standing[plate].extend(units)

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
