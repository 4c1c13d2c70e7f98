"""Which products, and how many, explain a weight step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.catalogue import BUNDLES, FACTORS, Belief, count_prior, prior_belief
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.store.model import Product, Store

Bools = NDArray[np.bool_]

_CAPACITY = 20.0  # kilograms over which an unknown thing's weight is taken as uniform
_BRIDGED = 0.05  # metres between two plates that one thing may stand on
_IMPOSSIBLE = 1e-6  # probability of a hypothesis about a weight below which it explains nothing


@dataclass(frozen=True)
class Step:
    """One connected part of a shelf event: plates that changed in the same direction.

    Attributes:
        plates: plate ids.
        change: kilograms, one a plate.
        covariance: of ``change``, kg^2, shape (plates, plates).
    """

    plates: tuple[str, ...]
    change: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def total(self) -> float:
        """Sum of the changes, kilograms."""
        return float(self.change.sum())


@dataclass(frozen=True)
class Explanation:
    """Products and units that would explain a step, with the logarithm of prior times likelihood."""

    items: tuple[tuple[str, int], ...]
    log_weight: float


class ProductModel:
    """Weights, spreads and places of the catalogue against the plates' changes."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Index the planogram by plate and by product."""
        self._store = store
        self._settings = settings
        self._plates_of: dict[str, frozenset[str]] = {
            sku: frozenset(plate for facing in store.planogram if facing.sku == sku for plate in facing.plates)
            for sku in store.product
        }
        self._neighbours = _neighbours(store)
        self._beyond = {
            sku: frozenset().union(*(self._neighbours[plate] for plate in plates)) - plates
            for sku, plates in self._plates_of.items()
        }
        self._prior = prior_belief(settings)

    def neighbours(self, plate: str) -> frozenset[str]:
        """Return the plates beside one that are so near that one thing stands on both."""
        return self._neighbours[plate]

    def price(self, items: tuple[tuple[str, int], ...]) -> int:
        """Return what products with their units cost, minor units."""
        return sum(self._store.product[sku].price * units for sku, units in items)

    def weight(self, sku: str) -> float:
        """Return what the catalogue says that a product weighs, kilograms."""
        return self._store.product[sku].weight

    def home(self, step: Step) -> list[str]:
        """Return the products that the planogram puts where a step was, sorted."""
        return sorted({sku for plate in step.plates for sku in self._store.skus_on[plate]})

    def takes(
        self,
        step: Step,
        foreign: Mapping[str, int],
        weights: Mapping[str, float] | None = None,
        beliefs: Mapping[str, Belief] | None = None,
        strangers: Mapping[str, float] | None = None,
    ) -> list[Explanation]:
        """Explain a loss of weight.

        Args:
            step: the change; its total is negative.
            foreign: units of products known to lie on these plates by mistake.
            weights: what products of these plates are believed to weigh instead, kilograms.
            beliefs: how sure their weights in the catalogue are; the prior unless given.
            strangers: probability that a product which belongs elsewhere stands on these plates; the prior unless
                given.

        Returns:
            Explanations, best first; the one with no items stands for an unknown thing.
        """
        settings = self._settings
        home = self.home(step)
        found: list[Explanation] = []
        for sku in home:
            found += self._weighed(step, sku, math.log(1.0 / max(len(home), 1)), (beliefs or {}).get(sku))
            believed = (weights or {}).get(sku)
            if believed is not None:
                product = replace(self._store.product[sku], weight=believed)
                found += self._units(step, sku, math.log(0.5 / max(len(home), 1)), product=product)
        for i, first in enumerate(home):
            for second in home[i + 1 :]:
                found += self._pairs(step, first, second)
        others = [sku for sku in self._store.product if sku not in home]
        misplaced = self.log_misplaced(home)
        spread = 6.0 * math.sqrt(float(step.covariance.sum()) + settings.scale_sigma**2)
        for sku in others:
            weight = self._store.product[sku].weight
            nearest = max(1, round(-step.total / weight)) * weight
            slack = spread + 6.0 * (settings.scale_gain_sigma * nearest + self._store.product[sku].weight_spread)
            if abs(-step.total - nearest) > 2.0 * slack and not foreign.get(sku):
                continue
            stands = (strangers or {}).get(sku, 0.0)
            if foreign.get(sku, 0) > 0:
                found += self._units(step, sku, math.log(0.5), most=foreign[sku])
            else:
                log_prior = max(misplaced, math.log(max(0.5 * stands, 1e-12)))
                found += self._units(step, sku, log_prior, most=2 if stands < 0.5 else None)
        return _ranked(found, self._unknown())

    def counts(self, step: Step, sku: str, factor: float) -> range:
        """Return the numbers of units that come into question if a product weighs a multiple of what is entered."""
        weight = factor * self._store.product[sku].weight
        guess = abs(step.total) / weight
        low, high = max(1, math.floor(guess * 0.9) - 1), math.ceil(guess * 1.1) + 1
        if factor != 1.0:  # only what fits: that a product is entered wrongly explains nothing else
            low = high = max(1, round(guess))
            if abs(abs(step.total) - low * weight) > self._reach(step, sku, low * factor):
                return range(0)
        return range(low, min(self._settings.most_units, high) + 1)

    def _reach(self, step: Step, sku: str, units: float) -> float:
        """Return how far a step may be from so many units as entered, six deviations and spilling, kilograms."""
        settings, product = self._settings, self._store.product[sku]
        variance = float(step.covariance.sum()) + settings.scale_sigma**2 + units * product.weight_spread**2
        variance += (settings.scale_gain_sigma * units * product.weight) ** 2
        return 6.0 * (math.sqrt(variance) + (settings.spill_sigma if len(step.plates) > 1 else 0.0))

    def log_likelihood(self, step: Step, sku: str, factor: float, units: int) -> float:
        """Return the logarithm of the density of a step if it was units of a product of so many times its weight."""
        return self._log_likelihood(step, ((self._scaled(sku, factor), units),))

    def log_misplaced(self, home: Iterable[str]) -> float:
        """Return the logarithm of the prior that a certain product is where others are at home."""
        others = len(self._store.product) - len(set(home))
        return math.log(max(self._settings.misplaced_prior / max(others, 1), 1e-12))

    def returns(self, step: Step, held: Counter[str], beliefs: Mapping[str, Belief] | None = None) -> list[Explanation]:
        """Explain a gain of weight by what one shopper holds.

        Args:
            step: the change; its total is positive.
            held: units of each product the shopper holds.
            beliefs: how sure weights in the catalogue are, of products that are held or stand there; the prior
                unless given.

        Returns:
            Explanations, best first; the one with no items stands for an unknown thing.
        """
        settings = self._settings
        home = set(self.home(step))
        found: list[Explanation] = []
        for sku in sorted(self._store.product):
            at_home = sku in home
            place = (1.0 - settings.wrong_place_prior) if at_home else settings.wrong_place_prior
            belief = (beliefs or {}).get(sku)
            if held[sku] > 0:
                found += self._weighed(step, sku, math.log(max(place / max(len(held), 1), 1e-12)), belief, held[sku])
            elif at_home:
                found += self._weighed(step, sku, math.log(max(settings.not_held_prior, 1e-12)), belief)
        return _ranked(found, self._unknown())

    def _unknown(self) -> Explanation:
        return Explanation((), math.log(max(self._settings.unknown_prior, 1e-12)) - math.log(_CAPACITY))

    def _weighed(
        self, step: Step, sku: str, log_prior: float, belief: Belief | None, most: int | None = None
    ) -> list[Explanation]:
        """Explain a step by units of a product, whatever it weighs: one explanation a weight and number of units."""
        belief, found = belief or self._prior, []
        limit = self._settings.most_units if most is None else min(most, self._settings.most_units)
        for index, factor in enumerate(FACTORS):
            habits = belief[index * len(BUNDLES) : (index + 1) * len(BUNDLES)]
            if math.fsum(habits) < _IMPOSSIBLE:
                continue
            product = self._scaled(sku, factor)
            for units in self.counts(step, sku, factor):
                if units > limit:
                    continue
                count = math.fsum(
                    share * count_prior(self._settings, bundle, units)
                    for share, bundle in zip(habits, BUNDLES, strict=True)
                )
                log_weight = log_prior + math.log(max(count, 1e-300))
                log_weight += self._log_likelihood(step, ((product, units),))
                found.append(Explanation(((sku, units),), log_weight))
        return found

    def _scaled(self, sku: str, factor: float) -> Product:
        """Return a product as it is if it weighs a multiple or a part of what the catalogue says."""
        product = self._store.product[sku]
        if factor == 1.0:
            return product
        spread = product.weight_spread * math.sqrt(factor)
        return replace(product, weight=factor * product.weight, weight_spread=spread)

    def _units(
        self, step: Step, sku: str, log_prior: float, most: int | None = None, product: Product | None = None
    ) -> list[Explanation]:
        product = product or self._store.product[sku]
        limit = min(self._settings.most_units, most or self._settings.most_units)
        guess = abs(step.total) / product.weight
        low, high = max(1, math.floor(guess * 0.9) - 1), min(limit, math.ceil(guess * 1.1) + 1)
        return [
            Explanation(((sku, n),), log_prior + self._log_count(n) + self._log_likelihood(step, ((product, n),)))
            for n in range(low, high + 1)
        ]

    def _pairs(self, step: Step, first: str, second: str) -> list[Explanation]:
        one, two = self._store.product[first], self._store.product[second]
        log_prior = math.log(max(self._settings.two_products_prior, 1e-12))
        return [
            Explanation(
                ((first, n), (second, m)),
                log_prior + self._log_count(n) + self._log_count(m) + self._log_likelihood(step, ((one, n), (two, m))),
            )
            for n in range(1, 4)
            for m in range(1, 4)
        ]

    def _log_count(self, units: int) -> float:
        ratio = min(self._settings.more_units_ratio, 0.999)
        return (units - 1) * math.log(ratio) + math.log(1.0 - ratio)

    def _log_likelihood(self, step: Step, items: tuple[tuple[Product, int], ...]) -> float:
        settings = self._settings
        sign = -1.0 if step.total < 0 else 1.0
        expected = sign * sum(product.weight * n for product, n in items)
        variance = settings.scale_sigma**2 + (settings.scale_gain_sigma * expected) ** 2
        variance += sum(n * product.weight_spread**2 for product, n in items)
        places = frozenset().union(*(self._plates_of[product.sku] for product, _ in items))
        inside = np.array([plate in places for plate in step.plates])
        if not inside.any():  # misplaced: it may lie on any of the plates that changed
            inside[np.argmax(np.abs(step.change))] = True
            return self._whole(step, inside, np.ones_like(inside), expected, variance)
        still = self._whole(step, inside, inside, expected, variance)
        beyond = frozenset().union(*(self._beyond[product.sku] for product, _ in items))
        reached = np.array([plate in beyond for plate in step.plates]) & ~inside
        if not reached.any():
            return still
        over = settings.overhang_prior
        wide = self._whole(step, inside, inside | reached, expected, variance)
        return float(np.logaddexp(math.log(1.0 - over) + still, math.log(max(over, 1e-12)) + wide))

    def _whole(self, step: Step, inside: Bools, bearing: Bools, expected: float, variance: float) -> float:
        """Return the log-likelihood if some plates bore what moved, in relation to others' being spilt over.

        Args:
            step: the change.
            inside: (plates,), where it belongs.
            bearing: (plates,), those and more that bore a part of it, whatever part.
            expected: kilograms.
            variance: of that, and of the plates' calibration, kg^2.
        """
        variance += float(step.covariance[np.ix_(bearing, bearing)].sum())
        log_likelihood = _log_normal(float(step.change[bearing].sum()) - expected, variance)
        spill = np.sqrt(np.diag(step.covariance) + self._settings.spill_sigma**2)
        log_likelihood -= 0.5 * float(np.square(step.change[~bearing] / spill[~bearing]).sum())
        shares = math.sqrt(2.0 * math.pi) * spill[bearing & ~inside] / abs(expected)
        return log_likelihood + float(np.log(shares).sum())


def _neighbours(store: Store) -> dict[str, frozenset[str]]:
    """Return for each plate those of its shelf that are so near that one thing stands on both."""
    found: dict[str, set[str]] = {plate: set() for plate in store.plate}
    for shelf in store.shelf.values():
        row = sorted(shelf.plates, key=lambda plate: (plate.pose.x, plate.id))
        for one, other in pairwise(row):
            if other.pose.x - one.pose.x <= (one.width + other.width) / 2.0 + _BRIDGED:
                found[one.id].add(other.id)
                found[other.id].add(one.id)
    return {plate: frozenset(near) for plate, near in found.items()}


def _log_normal(error: float, variance: float) -> float:
    return -0.5 * (error * error / variance + math.log(2.0 * math.pi * variance))


def _ranked(found: list[Explanation], unknown: Explanation) -> list[Explanation]:
    return sorted([*found, unknown], key=lambda explanation: (-explanation.log_weight, explanation.items))
