"""What stands on the plates of a stream, and how well it explains what they lost or gained.

The planogram says which products stand on which plates, the catalogue what they weigh. A change that is a whole
number of pieces is believed at once; one that is not may be the share of a thing that is still held, or of one that
lies on the plate beside as well. Where the planogram is silent or has been wrong, nothing is concluded from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.store.model import Store

# Logarithm of odds from which what moved was clearly whole pieces.
CLEAR = 4.0
# Odds of one more piece of the same product, of two products at once, and of something that stands elsewhere.
_MORE, _MOST = 0.2, 4
_TWO = 0.02
_UNKNOWN = 0.03
# Kilograms: between these, unknown weights are as frequent on a logarithmic scale.
_LOG_RANGE = math.log(20.0 / 0.005)
# A plate that lost what the planogram does not explain so many times more often than what it does is not believed.
_STRIKES = 2
# So many of the last unexplained changes of a plate are remembered: who took one may put it back.
_REMEMBERED = 12
_REMEMBERED_ODDS = 0.2
_IMPOSSIBLE = -1e9


class Pieces(NamedTuple):
    """Some pieces of one product.

    Attributes:
        prior: logarithm of how often just these are moved.
        weight: of all of them, kilograms.
        variance: of that, kg^2.
    """

    prior: float
    weight: float
    variance: float


class Contents:
    """The products on the plates of one stream."""

    def __init__(self, plates: Sequence[str], store: Store, settings: ShelfEventSettings) -> None:
        """Look up what stands on plates, which become columns in this order."""
        self._gain = settings.calibration
        self._floor = settings.repeatability
        column = {plate: index for index, plate in enumerate(plates)}
        self._places: dict[str, frozenset[int]] = {}
        for facing in store.planogram:
            columns = frozenset(column[plate] for plate in facing.plates if plate in column)
            self._places[facing.sku] = self._places.get(facing.sku, frozenset()) | columns
        self._weights = {
            sku: (store.product[sku].weight, store.product[sku].weight_spread)
            for sku, columns in self._places.items()
            if columns
        }
        self._on = [sorted(sku for sku, columns in self._places.items() if at in columns) for at in range(len(plates))]
        # Nothing has confirmed the planogram yet, so that one unexplained loss is enough to doubt it.
        self._strikes = [_STRIKES - 1] * len(plates)
        self._seen: list[list[float]] = [[] for _ in plates]

    def snapshot(self) -> dict[str, Any]:
        """Return what has been learnt about the planogram, as JSON values."""
        return {"strikes": self._strikes, "seen": self._seen}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._strikes, self._seen = state["strikes"], state["seen"]

    def known(self, columns: Sequence[int]) -> bool:
        """Tell whether the planogram says what stands on all of these plates, and has not been wrong about them."""
        return all(self._on[at] and self._strikes[at] < _STRIKES for at in columns)

    def confirmed(self, columns: Sequence[int]) -> bool:
        """Tell whether the planogram has explained what left these plates, lately."""
        return all(self._on[at] and not self._strikes[at] for at in columns)

    def shared(self, one: int, other: int, weight: float) -> bool:
        """Tell whether a product stands on two plates of which a piece may weigh more than ``weight`` kilograms."""
        if not self.known((one, other)):
            return True
        both = set(self._on[one]) & set(self._on[other])
        return any(self._weights[sku][0] > weight for sku in both)

    def evidence(self, columns: Sequence[int], change: Sequence[float], variance: float) -> float:
        """Return how much likelier whole pieces of what stands there are than anything else, as a logarithm of odds.

        Args:
            columns: plates that changed.
            change: kilograms, one a plate.
            variance: of their sum, kg^2.
        """
        if not self.known(columns):
            return _IMPOSSIBLE
        return self._pieces(columns, change, variance) - math.log(_UNKNOWN) + _log_scale(change)

    def likelihood(self, columns: Sequence[int], change: Sequence[float], variance: float) -> float:
        """Return the logarithm of prior times density of the changes if one hand moved one thing, or some alike.

        Args:
            columns: plates that changed.
            change: kilograms, one a plate.
            variance: of their sum, kg^2.
        """
        if min(change) < 0.0 < max(change):
            return _IMPOSSIBLE
        odds = _UNKNOWN if self.known(columns) else 1.0
        terms = (math.log(odds) - _log_scale(change), self._pieces(columns, change, variance))
        return _log_sum(terms) + _log_shares(change)

    def pieces(self, columns: Sequence[int]) -> list[Pieces]:
        """Return what may be moved of the products that stand on all of some plates; nothing where it is not known."""
        return self._some(self._here(columns)) if self.known(columns) else []

    def fit(self, error: float, total: float, variance: float) -> float:
        """Return the logarithm of the density of an error, kilograms, in a sum of changes.

        Args:
            error: what the sum is more or less than what is thought to have been moved.
            total: the sum, kilograms.
            variance: of the noise of the plates, and of the weights of the things, kg^2.
        """
        return _log_normal(error, variance + (self._gain * total) ** 2 + self._floor**2)

    def note(self, columns: Sequence[int], change: Sequence[float], variance: float) -> None:
        """Learn from an event that is final."""
        whole = self._pieces(columns, change, variance) - math.log(_UNKNOWN) + _log_scale(change) > 0.0
        total = sum(change)
        for at in columns:
            if whole:
                self._strikes[at] = max(0, self._strikes[at] - 1)
                continue
            # What is put down may be anything.
            if total < 0.0:
                self._strikes[at] = min(_STRIKES + 1, self._strikes[at] + 1)
            # Of more plates, the next one may lie on others.
            if len(columns) == 1:
                self._seen[at] = [*self._seen[at], abs(total)][-_REMEMBERED:]

    def _here(self, columns: Sequence[int]) -> list[str]:
        return [sku for sku in self._on[columns[0]] if all(sku in self._on[at] for at in columns)]

    def _some(self, here: Sequence[str]) -> list[Pieces]:
        found = []
        for sku in here:
            weight, spread = self._weights[sku]
            for count in range(1, _MOST + 1):
                prior = math.log((1.0 - _MORE) * _MORE ** (count - 1) / len(here))
                found.append(Pieces(prior, count * weight, count * spread**2))
        return found

    def _pieces(self, columns: Sequence[int], change: Sequence[float], variance: float) -> float:
        """Return the logarithm of prior times density of the sum of the changes if pieces of known things moved."""
        total = abs(sum(change))
        variance += (self._gain * total) ** 2 + self._floor**2
        here = self._here(columns)
        terms = [_IMPOSSIBLE]
        for pieces in self._some(here):
            terms.append(pieces.prior + _log_normal(total - pieces.weight, variance + pieces.variance))
        for first, one in enumerate(here):
            for other in here[first + 1 :]:
                weight = self._weights[one][0] + self._weights[other][0]
                spreads = self._weights[one][1] ** 2 + self._weights[other][1] ** 2
                terms.append(math.log(_TWO) + _log_normal(total - weight, variance + spreads))
        if len(columns) == 1 and (seen := self._seen[columns[0]]):
            odds = math.log(_REMEMBERED_ODDS / len(seen))
            terms += [odds + _log_normal(total - weight, variance) for weight in seen]
        return _log_sum(terms)


def _log_scale(change: Sequence[float]) -> float:
    """Return minus the logarithm of the density of a sum of which nothing is known, 1/kg."""
    return math.log(max(abs(sum(change)), 1e-6) * _LOG_RANGE)


def _log_shares(change: Sequence[float]) -> float:
    """Return the logarithm of the density of how one thing is shared among plates: any share is as likely."""
    count = len(change)
    return math.lgamma(count) - (count - 1) * math.log(max(abs(sum(change)), 1e-6))


def _log_normal(error: float, variance: float) -> float:
    return -0.5 * (error * error / variance + math.log(2.0 * math.pi * variance))


def _log_sum(terms: Sequence[float]) -> float:
    most = max(terms)
    return most + math.log(sum(math.exp(term - most) for term in terms))
