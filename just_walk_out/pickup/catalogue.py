"""What products weigh, against what the catalogue says: odds that grow with every take.

The catalogue may have the weight of one piece where packs are sold, or that of a pack where single pieces are. Which
of these holds is a hypothesis with a prior; what each step that was taken says for or against it is its support, and
the odds are the prior times all supports. How many people take of a product at once is not known either: some things
are always taken in twos. So hypotheses are of weight and habit together, and many takes of two pieces alone never
make a pack certain, while one single piece rules it out.

Supports are whole thousandths of a natural logarithm. Their sum is exact, so the order of takes does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from just_walk_out.pickup.memory import Memory, Moment, in_time
from just_walk_out.pickup.settings import PickupSettings

FACTORS = (1.0, 2.0, 3.0, 4.0, 6.0, 1.0 / 2.0, 1.0 / 3.0)
"""What a product may weigh, in units of its weight in the catalogue."""

BUNDLES = (1, 2, 3, 4, 6)
"""In how many at once a product may mostly be taken."""

CELLS = tuple((factor, bundle) for factor in FACTORS for bundle in BUNDLES)
"""The hypotheses: factor of the weight, and habit."""

# Of wrong entries: twice and half are what is found in shops, the others are rarer.
_SHARES = (0.0, 1 / 3, 1 / 12, 1 / 12, 1 / 12, 1 / 3, 1 / 12)
# Share of takes that follow the habit, where there is one.
_FAITHFUL = 0.8
_MILLI = 1000.0
_REMEMBERED = 24
_MOST_FOUND = 1000  # beliefs that are kept until the next take

Belief = tuple[float, ...]
"""Probability of each of ``CELLS``."""


@dataclass(frozen=True, slots=True)
class Support:
    """What one step says about one product that stands where it was taken.

    Attributes:
        sku: the product.
        cells: logarithm of the step's likelihood under each of ``CELLS``, thousandths.
        units: how many units it would be under each of ``FACTORS``; 0: none fits.
    """

    sku: str
    cells: tuple[int, ...]
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """What another step at the same fixture has made of a take.

    Attributes:
        start: when that step began, nanoseconds.
        stamp: when it ended, nanoseconds.
        id: of its first interaction.
        quantity: units that the take counts as, if they are fewer.
    """

    start: int
    stamp: int
    id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A take that is remembered.

    Attributes:
        start: when it began, nanoseconds.
        stamp: when it ended, nanoseconds.
        id: of its interaction.
        quantity: units it counts as; 0 where it was decided to be something else.
        visit: whose it is.
        support: what it says.
        revisions: what has been corrected since.
    """

    start: int
    stamp: int
    id: str
    quantity: int
    visit: str
    support: Support
    revisions: tuple[Revision, ...] = ()

    def as_of(self, moment: Moment) -> Taken:
        """Return it with as many units as it counts as of a moment."""
        fewer = [each.quantity for each in self.revisions if moment.counts(each.start, each.stamp, each.id)]
        return replace(self, quantity=min([self.quantity, *fewer])) if fewer else self


def count_prior(settings: PickupSettings, bundle: int, units: int) -> float:
    """Return the share of takes that are so many units at once, where a product is mostly taken in bundles."""
    ratio = min(settings.more_units_ratio, 0.999)
    plain = (1.0 - ratio) * ratio ** (units - 1)
    if bundle == 1:
        return plain
    whole = (1.0 - ratio) * ratio ** (units // bundle - 1) if units % bundle == 0 else 0.0
    return _FAITHFUL * whole + (1.0 - _FAITHFUL) * plain


def prior_belief(settings: PickupSettings) -> Belief:
    """Return what is believed of a product of which nothing has been taken yet."""
    wrong, habit = settings.wrong_weight_prior, settings.bundle_prior
    factors = dict(zip(FACTORS, (1.0 - wrong, *(wrong * share for share in _SHARES[1:])), strict=True))
    bundles = {bundle: 1.0 - habit if bundle == 1 else habit / (len(BUNDLES) - 1) for bundle in BUNDLES}
    return tuple(factors[factor] * bundles[bundle] for factor, bundle in CELLS)


def support(
    settings: PickupSettings,
    sku: str,
    others: float,
    likelihood: Callable[[float, int], float],
    candidates: Callable[[float], Sequence[int]],
) -> Support:
    """Work out what a step says about a product.

    Args:
        settings: priors.
        sku: the product.
        others: logarithm of prior times likelihood of all that does not depend on the product's weight.
        likelihood: logarithm of prior of the place times likelihood of so many units at a factor of the weight.
        candidates: numbers of units that come into question at a factor.
    """
    cells: list[int] = []
    units: list[int] = []
    for factor in FACTORS:
        found = [(count, likelihood(factor, count)) for count in candidates(factor)]
        for bundle in BUNDLES:
            terms = [others, *(math.log(count_prior(settings, bundle, count)) + log for count, log in found)]
            cells.append(round(_MILLI * log_sum(terms)))
        count, log = max(
            ((count, math.log(count_prior(settings, 1, count)) + log) for count, log in found),
            key=lambda each: each[1],
            default=(0, -math.inf),
        )
        units.append(count if log > others else 0)
    return Support(sku, tuple(cells), tuple(units))


class Catalogue:
    """Beliefs about the weights of products, from the last takes of each at each fixture.

    What was taken at other fixtures counts from when it is decided for certain, wherever the streams stand: so
    that a belief does not depend on how they interleave. What is older than a journal is read back counts no more.
    """

    def __init__(self, settings: PickupSettings) -> None:
        """Believe the prior of every product."""
        self._settings = settings
        self._prior = prior_belief(settings)
        self._log_prior = [math.log(max(share, 1e-300)) for share in self._prior]
        self._taken: dict[str, dict[str, Memory[Taken]]] = {}
        self._found: dict[tuple[str, str, Moment], Belief] = {}

    @property
    def prior(self) -> Belief:
        """What is believed of a product of which nothing has been taken."""
        return self._prior

    def note(self, gondola: str, taken: Taken) -> None:
        """Remember a take; of each product the last ones at each fixture."""
        self._found.clear()
        places = self._taken.setdefault(taken.support.sku, {})
        places.setdefault(gondola, Memory(_REMEMBERED, self._settings)).put(taken)

    def revise(self, sku: str, id: str, revision: Revision) -> None:
        """Let a take count as fewer units from now on; one that is not remembered changes nothing."""
        for known in self._taken.get(sku, {}).values():
            taken = known.get(id)
            if taken is not None:
                known.put(replace(taken, revisions=(*taken.revisions, revision)))

    def taken(self, gondola: str, sku: str, moment: Moment) -> list[Taken]:
        """Return the last takes of a product at a fixture that count as of a moment, as so many as they are by then."""
        known = self._taken.get(sku, {}).get(gondola)
        return [each.as_of(moment) for each in known.here(moment)] if known else []

    def belief(self, sku: str, gondola: str, moment: Moment) -> Belief:
        """Return the probability of each of ``CELLS`` at a fixture as of a moment."""
        if sku not in self._taken:
            return self._prior
        key = (sku, gondola, moment)
        if key not in self._found:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[key] = self._weigh(sku, gondola, moment)
        return self._found[key]

    def _weigh(self, sku: str, gondola: str, moment: Moment) -> Belief:
        known = [
            each
            for place, takes in self._taken[sku].items()
            for each in (takes.here(moment) if place == gondola else takes.elsewhere(moment))
        ]
        if not known:
            return self._prior
        known = sorted(known, key=in_time)[-_REMEMBERED:]
        sums = [sum(column) for column in zip(*(each.support.cells for each in known), strict=True)]
        logs = [prior + total / _MILLI for prior, total in zip(self._log_prior, sums, strict=True)]
        most = max(logs)
        shares = [math.exp(log - most) for log in logs]
        whole = math.fsum(shares)
        return tuple(share / whole for share in shares)


def by_factor(belief: Belief) -> tuple[float, ...]:
    """Return the probability of each of ``FACTORS``."""
    count = len(BUNDLES)
    return tuple(math.fsum(belief[first : first + count]) for first in range(0, len(belief), count))


def surely_taken(belief: Belief, units: Sequence[int], counted: int, sure: float) -> int:
    """Return as how many units a take counts when the shopper has the benefit of the doubt.

    Args:
        belief: of the product.
        units: how many it would be under each of ``FACTORS``; 0: none fits.
        counted: as how many it has counted.
        sure: least probability that there were so many.
    """
    fitting = [(share, count) for share, count in zip(by_factor(belief), units, strict=True) if count]
    whole = sum(share for share, _ in fitting)
    if whole <= 0.0:
        return counted
    for least in sorted({count for _, count in fitting if count <= counted}, reverse=True):
        if sum(share for share, count in fitting if count >= least) >= sure * whole:
            return least
    return min([counted, *(count for _, count in fitting)])


def log_sum(terms: Sequence[float]) -> float:
    """Return the logarithm of a sum of exponentials, of one or more terms."""
    most = max(terms)
    return most + math.log(math.fsum(math.exp(term - most) for term in terms))
