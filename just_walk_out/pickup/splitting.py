"""Which plates of a shelf event belong to one thing that was taken or put down, and which to another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.products import ProductModel, Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.store.model import Store

Floats = NDArray[np.float64]

_STRONG = 2.0  # standard deviations from which a plate changed for certain


class Splitter:
    """Splits shelf events into steps that one product each can explain."""

    def __init__(self, store: Store, products: ProductModel, settings: PickupSettings) -> None:
        """Take the planogram and what explains steps.

        Args:
            store: its shelves.
            products: weights and places.
            settings: priors and spreads.
        """
        self._store = store
        self._products = products
        self._settings = settings
        self._place = {
            plate.id: (shelf.id, index)
            for shelf in store.shelf.values()
            for index, plate in enumerate(sorted(shelf.plates, key=lambda plate: (plate.pose.x, plate.id)))
        }

    def split(
        self,
        plates: tuple[str, ...],
        change: Iterable[float],
        covariance: Iterable[float],
        held: Counter[str] | None = None,
    ) -> list[Step]:
        """Split an event.

        Plates belong together when they changed in the same direction and some product lies on both; and neighbours
        do when one thing across both explains them better than two, or one that brushed the other plate.

        Args:
            plates: plate ids of the event.
            change: kilograms, one a plate.
            covariance: row-major (plates x plates), kg^2.
            held: units of each product that people hold, of which something may have been put down.

        Returns:
            Steps in the order of their first plate; never empty for a non-empty event.
        """
        delta = np.array(tuple(change), dtype=float)
        cov = np.array(tuple(covariance), dtype=float).reshape(len(plates), len(plates))
        sigma = np.sqrt(np.diag(cov)) + self._settings.spill_sigma
        strong = [i for i in range(len(plates)) if abs(delta[i]) > _STRONG * sigma[i]]
        strong = strong or [int(np.argmax(np.abs(delta)))]
        groups: list[list[int]] = []
        for i in strong:
            skus = set(self._store.skus_on[plates[i]])
            mates = [
                group
                for group in groups
                if any(delta[i] * delta[j] > 0 and skus & set(self._store.skus_on[plates[j]]) for j in group)
            ]
            groups = [group for group in groups if group not in mates] + [sorted([i, *(j for g in mates for j in g)])]
        # a faint change belongs to the strongest step of the same product, so that sums stay whole
        groups.sort(key=lambda group: -abs(float(delta[group].sum())))
        faint: list[int] = []
        for i in sorted(set(range(len(plates))) - set(strong)):
            skus = set(self._store.skus_on[plates[i]])
            for group in groups:
                if any(skus & set(self._store.skus_on[plates[j]]) for j in group):
                    group.append(i)
                    group.sort()
                    break
            else:
                faint.append(i)
        if len(plates) > 1:
            groups = self._join(plates, delta, cov, groups, faint, held or Counter())
        groups.sort()
        return [_step(plates, delta, cov, group) for group in groups]

    def _join(
        self,
        plates: tuple[str, ...],
        delta: Floats,
        cov: Floats,
        groups: list[list[int]],
        faint: list[int],
        held: Counter[str],
    ) -> list[list[int]]:
        """Return groups of plates of which neighbours are one where one thing across them is likelier."""
        loose = [*groups, *([i] for i in faint)]
        spill = np.sqrt(np.diag(cov) + self._settings.spill_sigma**2)
        scores = {tuple(group): self._score(_step(plates, delta, cov, group), held) for group in groups}
        for i in faint:  # left alone, it was brushed
            scores[(i,)] = -0.5 * float(delta[i] / spill[i]) ** 2 - math.log(math.sqrt(2.0 * math.pi) * spill[i])
        two = math.log(max(self._settings.two_products_prior, 1e-12))
        over = math.log(max(self._settings.overhang_prior, 1e-12))
        while True:
            best: tuple[float, list[int], list[int]] | None = None
            for index, one in enumerate(loose):
                for other in loose[index + 1 :]:
                    if not self._beside(plates, one, other) or float(delta[one].sum() * delta[other].sum()) <= 0.0:
                        continue
                    if len(one) == len(other) == 1 and one[0] in faint and other[0] in faint:
                        continue
                    both = tuple(sorted((*one, *other)))
                    if both not in scores:
                        # relative to a plate that is spilt over, a density of shares to one of a change
                        least = min(one, other, key=lambda group: abs(float(delta[group].sum())))
                        units = float(np.log(math.sqrt(2.0 * math.pi) * spill[least]).sum())
                        scores[both] = self._score(_step(plates, delta, cov, list(both)), held, True) - units + over
                    things = 0.0 if len(one) == 1 and one[0] in faint else two
                    things = 0.0 if len(other) == 1 and other[0] in faint else things
                    gain = scores[both] - scores[tuple(one)] - scores[tuple(other)] - things
                    if gain > 0.0 and (best is None or gain > best[0]):
                        best = (gain, one, other)
            if best is None:
                return [group for group in loose if not (len(group) == 1 and group[0] in faint)]
            _, one, other = best
            loose = [group for group in loose if group not in (one, other)] + [sorted([*one, *other])]

    def _beside(self, plates: tuple[str, ...], one: list[int], other: list[int]) -> bool:
        places = [[self._place[plates[i]] for i in group] for group in (one, other)]
        return any(a[0] == b[0] and abs(a[1] - b[1]) == 1 for a in places[0] for b in places[1])

    def _score(self, step: Step, held: Counter[str], known: bool = False) -> float:
        """Return the logarithm of the density of the change if it was one thing, of whatever explains it best.

        Args:
            step: the change.
            held: units of each product that people hold.
            known: it must be one product of the catalogue.
        """
        found = self._products.takes(step, {}) if step.total < 0.0 else self._products.returns(step, held)
        return next((each.log_weight for each in found if len(each.items) == 1 or not known), -math.inf)


def _step(plates: tuple[str, ...], delta: Floats, cov: Floats, group: list[int]) -> Step:
    return Step(tuple(plates[i] for i in group), delta[group], cov[np.ix_(group, group)])
