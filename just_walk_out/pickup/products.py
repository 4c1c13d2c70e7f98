"""Which products, and how many, explain a weight step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.store.model import Product, Shelf, Store

_CAPACITY = 20.0  # kilograms over which an unknown thing's weight is taken as uniform
_BRIDGED = 0.05  # metres between two plates that one thing can stand on both of


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
        self._beside = {plate: frozenset(near) for shelf in store.shelf.values() for plate, near in _beside(shelf)}

    def skus_on(self, plate: str) -> tuple[str, ...]:
        """Return the products that the planogram puts on a plate."""
        return self._store.skus_on[plate]

    def price(self, items: tuple[tuple[str, int], ...]) -> int:
        """Return what products with their units cost, minor units."""
        return sum(self._store.product[sku].price * units for sku, units in items)

    def split(self, plates: tuple[str, ...], change: Iterable[float], covariance: Iterable[float]) -> list[Step]:
        """Split an event into steps that one product each can explain.

        Plates belong together when they changed in the same direction and some product lies on both.

        Args:
            plates: plate ids of the event.
            change: kilograms, one a plate.
            covariance: row-major (plates x plates), kg^2.

        Returns:
            Steps in the order of their first plate; never empty for a non-empty event.
        """
        delta = np.array(tuple(change), dtype=float)
        cov = np.array(tuple(covariance), dtype=float).reshape(len(plates), len(plates))
        sigma = np.sqrt(np.diag(cov)) + self._settings.spill_sigma
        strong = [i for i in range(len(plates)) if abs(delta[i]) > 2.0 * sigma[i]] or [int(np.argmax(np.abs(delta)))]
        groups: list[list[int]] = []
        for i in strong:
            skus = set(self._store.skus_on[plates[i]])
            mates = [
                group
                for group in groups
                if any(delta[i] * delta[j] > 0 and skus & set(self._store.skus_on[plates[j]]) for j in group)
            ]
            groups = [group for group in groups if group not in mates] + [sorted([i, *(j for g in mates for j in g)])]
        # a faint change belongs to the strongest step of the same product, or beside it, so that sums stay whole
        groups.sort(key=lambda group: -abs(float(delta[group].sum())))
        for i in sorted(set(range(len(plates))) - set(strong)):
            skus = set(self._store.skus_on[plates[i]])
            same = [group for group in groups if any(skus & set(self._store.skus_on[plates[j]]) for j in group)]
            near = [group for group in groups if any(plates[j] in self._beside[plates[i]] for j in group)]
            near = [group for group in near if delta[i] * float(delta[group].sum()) > 0.0]
            for group in (same or near)[:1]:
                group.append(i)
                group.sort()
        steps = [Step(tuple(plates[i] for i in g), delta[g], cov[np.ix_(g, g)]) for g in sorted(groups)]
        return self._joined(plates, steps)

    def _joined(self, plates: tuple[str, ...], steps: list[Step]) -> list[Step]:
        """Join parts beside each other where one thing that stands over the edge of its plates is likelier."""
        index = 0
        while index + 1 < len(steps):
            one, other = steps[index], steps[index + 1]
            whole = self._merged(plates, one, other)
            if whole is not None and self._is_one(whole, one, other):
                steps = [*steps[:index], whole, *steps[index + 2 :]]
                index = max(0, index - 1)
            else:
                index += 1
        return steps

    def _merged(self, plates: tuple[str, ...], one: Step, other: Step) -> Step | None:
        """Return two parts as one; None where they went different ways or are not beside each other."""
        if one.total * other.total <= 0.0 or not any(self._beside[plate] & set(other.plates) for plate in one.plates):
            return None
        names = [plate for plate in plates if plate in (*one.plates, *other.plates)]
        order = [(*one.plates, *other.plates).index(plate) for plate in names]
        size = len(one.plates)
        covariance = np.zeros((len(names), len(names)))
        covariance[:size, :size], covariance[size:, size:] = one.covariance, other.covariance
        change = np.concatenate((one.change, other.change))
        return Step(tuple(names), change[order], covariance[np.ix_(order, order)])

    def _is_one(self, whole: Step, one: Step, other: Step) -> bool:
        # how a thing is shared between the two is as likely one way as another
        shared = -math.log(abs(whole.total))
        both = math.log(max(self._settings.two_products_prior, 1e-12))
        return self._evidence(whole) + shared > self._evidence(one) + self._evidence(other) + both

    def _evidence(self, step: Step) -> float:
        """Return the logarithm of the density of a step whoever did it: what stands there, or came from elsewhere."""
        home = {sku for plate in step.plates for sku in self._store.skus_on[plate]}
        away = self._settings.misplaced_prior if step.total < 0.0 else self._settings.wrong_place_prior
        terms = [self._unknown().log_weight]
        for sku, product in self._store.product.items():
            share = (1.0 - away) / len(home) if sku in home else away / max(1, len(self._store.product) - len(home))
            if abs(abs(step.total) / product.weight - 1.0) < 0.5 or sku in home:
                terms += [each.log_weight for each in self._units(step, sku, math.log(max(share, 1e-12)))]
        most = max(terms)
        return most + math.log(math.fsum(math.exp(term - most) for term in terms))

    def takes(
        self, step: Step, foreign: Mapping[str, int], weights: Mapping[str, float] | None = None
    ) -> list[Explanation]:
        """Explain a loss of weight.

        Args:
            step: the change; its total is negative.
            foreign: units of products known to lie on these plates by mistake.
            weights: what products of these plates are believed to weigh instead, kilograms.

        Returns:
            Explanations, best first; the one with no items stands for an unknown thing.
        """
        settings = self._settings
        home = sorted({sku for plate in step.plates for sku in self._store.skus_on[plate]})
        found: list[Explanation] = []
        for sku in home:
            found += self._units(step, sku, math.log(1.0 / max(len(home), 1)))
            believed = (weights or {}).get(sku)
            if believed is not None:
                product = replace(self._store.product[sku], weight=believed)
                found += self._units(step, sku, math.log(0.5 / max(len(home), 1)), product=product)
        for i, first in enumerate(home):
            for second in home[i + 1 :]:
                found += self._pairs(step, first, second)
        others = [sku for sku in self._store.product if sku not in home]
        spread = 6.0 * math.sqrt(float(step.covariance.sum()) + settings.scale_sigma**2)
        for sku in others:
            weight = self._store.product[sku].weight
            nearest = max(1, round(-step.total / weight)) * weight
            slack = spread + 6.0 * (settings.scale_gain_sigma * nearest + self._store.product[sku].weight_spread)
            if abs(-step.total - nearest) > 2.0 * slack and not foreign.get(sku):
                continue
            prior = 0.5 if foreign.get(sku, 0) > 0 else settings.misplaced_prior / max(len(others), 1)
            most = foreign[sku] if foreign.get(sku, 0) > 0 else 2
            found += self._units(step, sku, math.log(max(prior, 1e-12)), most=most)
        return _ranked(found, self._unknown())

    def returns(self, step: Step, held: Counter[str]) -> list[Explanation]:
        """Explain a gain of weight by what one shopper holds.

        Args:
            step: the change; its total is positive.
            held: units of each product the shopper holds.

        Returns:
            Explanations, best first; the one with no items stands for an unknown thing.
        """
        settings = self._settings
        home = {sku for plate in step.plates for sku in self._store.skus_on[plate]}
        found: list[Explanation] = []
        for sku in sorted(self._store.product):
            at_home = sku in home
            place = (1.0 - settings.wrong_place_prior) if at_home else settings.wrong_place_prior
            if held[sku] > 0:
                found += self._units(step, sku, math.log(place / max(len(held), 1)), most=held[sku])
            elif at_home:
                found += self._units(step, sku, math.log(max(settings.not_held_prior, 1e-12)))
        return _ranked(found, self._unknown())

    def _unknown(self) -> Explanation:
        return Explanation((), math.log(max(self._settings.unknown_prior, 1e-12)) - math.log(_CAPACITY))

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
        """Return the logarithm of the density of a step if it was these products, with their units.

        They stand on their plates, or over the edge of them; by more than half, that is a wrong place.
        """
        settings = self._settings
        places = frozenset().union(*(self._plates_of[product.sku] for product, _ in items))
        inside = np.array([plate in places for plate in step.plates])
        if not inside.any():  # misplaced: it may lie on any of the plates that changed
            return self._log_density(step, items, ~inside)
        within = self._log_density(step, items, inside)
        over = inside | np.array([bool(self._beside[plate] & places) for plate in step.plates])
        prior = settings.over_edge_prior
        if abs(float(step.change[over & ~inside].sum())) > abs(float(step.change[inside].sum())):
            prior = min(prior, settings.misplaced_prior if step.total < 0.0 else settings.wrong_place_prior)
        if prior <= 0.0 or (over == inside).all():
            return within
        return float(np.logaddexp(math.log1p(-prior) + within, math.log(prior) + self._log_density(step, items, over)))

    def _log_density(self, step: Step, items: tuple[tuple[Product, int], ...], inside: NDArray[np.bool_]) -> float:
        settings = self._settings
        sign = -1.0 if step.total < 0 else 1.0
        expected = sign * sum(product.weight * n for product, n in items)
        variance = float(step.covariance[np.ix_(inside, inside)].sum())
        variance += settings.scale_sigma**2 + (settings.scale_gain_sigma * expected) ** 2
        variance += sum(n * product.weight_spread**2 for product, n in items)
        log_likelihood = _log_normal(float(step.change[inside].sum()) - expected, variance)
        # the rest must be still: their evidence is relative to being spilt over with the same spread
        for i in np.flatnonzero(~inside):
            spread = float(step.covariance[i, i]) + settings.spill_sigma**2
            log_likelihood += -0.5 * float(step.change[i]) ** 2 / spread
        return log_likelihood


def _beside(shelf: Shelf) -> list[tuple[str, list[str]]]:
    """Return for each plate of a shelf those so near that one thing can stand on both."""
    spans = [(plate.pose.x - plate.width / 2, plate.pose.x + plate.width / 2) for plate in shelf.plates]
    return [
        (
            plate.id,
            [
                other.id
                for other, (begin, end) in zip(shelf.plates, spans, strict=True)
                if other.id != plate.id and max(begin, low) - min(end, high) <= _BRIDGED
            ],
        )
        for plate, (low, high) in zip(shelf.plates, spans, strict=True)
    ]


def _log_normal(error: float, variance: float) -> float:
    return -0.5 * (error * error / variance + math.log(2.0 * math.pi * variance))


def _ranked(found: list[Explanation], unknown: Explanation) -> list[Explanation]:
    return sorted([*found, unknown], key=lambda explanation: (-explanation.log_weight, explanation.items))
