"""What one step that was taken says of planogram and catalogue, whatever has been learnt before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from just_walk_out.pickup.catalogue import Support, log_sum, support
from just_walk_out.pickup.products import ProductModel, Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import Interaction, ShelfEvent
from just_walk_out.store.model import Product

Sight = Callable[[tuple[tuple[str, int], ...]], float]
"""Logarithm of the likelihood that shelf cameras give products with units."""

_MILLI = 1000.0
_FAINT = -3.0  # logarithm of odds below which a step says nothing for a product that belongs elsewhere


@dataclass(frozen=True, slots=True)
class Stranger:
    """How much likelier a step is if it was something that belongs elsewhere, logarithm, thousandths."""

    sku: str
    odds: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """A step that was taken from plates, as it was decided, and what it says.

    Attributes:
        id: of its first interaction.
        event: id of the shelf event.
        stamp: when it ended, nanoseconds.
        shelf: id.
        plate: the first that changed.
        home: products that the planogram puts there.
        weight: that left, kilograms.
        sku: what was decided; empty: nothing that is known.
        quantity: units of it; 0: it was of several products.
        visit: whose.
        astray: it belongs elsewhere, and nobody is known to have put it there.
        supports: what the step says about the weights of products that stand there.
        strangers: what it says for products that belong elsewhere.
        start: when it began, nanoseconds; 0 in journals that do not have it.
        entered: what the catalogue said that each of ``home`` weighs, kilograms.
    """

    id: str
    event: str
    stamp: int
    shelf: str
    plate: str
    home: tuple[str, ...]
    weight: float
    sku: str
    quantity: int
    visit: str
    astray: bool
    supports: tuple[Support, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    start: int = 0
    entered: tuple[float, ...] = ()

    def holds(self, product: Mapping[str, Product]) -> bool:
        """Tell whether it still says anything: the catalogue has what stands there, of the weight that it had then.

        Odds are of multiples of that weight; of another they would say something else.

        Args:
            product: the catalogue by SKU.
        """
        entered = self.entered or (None,) * len(self.home)  # older journals do not say
        return all(
            sku in product and weight in (None, product[sku].weight)
            for sku, weight in zip(self.home, entered, strict=True)
        )


def testify(
    products: ProductModel,
    settings: PickupSettings,
    event: ShelfEvent,
    step: Step,
    decided: Sequence[Interaction],
    foreign: Mapping[str, int],
    sight: Sight,
) -> Weighing:
    """Return what a step says that was taken.

    Args:
        products: weights and places.
        settings: priors.
        event: what changed.
        step: the part of it.
        decided: what was decided of it.
        foreign: units of products known to lie there because somebody put them there.
        sight: what shelf cameras say.
    """
    home, first = products.home(step), decided[0]
    options = [
        (tuple(sku for sku, _ in option.items), option.log_weight + sight(option.items))
        for option in products.takes(step, foreign)
    ]
    share = sum(each.probability for each in first.candidates if each.sku == first.sku)
    return Weighing(
        first.id, event.id, event.end, event.shelf, step.plates[0], tuple(home), -step.total,
        first.sku, first.quantity if len(decided) == 1 else 0, first.visit,
        astray=bool(first.sku) and first.sku not in home and first.sku not in foreign and share >= 0.5,
        supports=tuple(_support(products, settings, step, sku, options, sight) for sku in home),
        strangers=_strangers(products, options, home, foreign),
        start=event.start,
        entered=tuple(products.weight(sku) for sku in home),
    )  # fmt: skip


def _support(
    products: ProductModel,
    settings: PickupSettings,
    step: Step,
    sku: str,
    options: Sequence[tuple[tuple[str, ...], float]],
    sight: Sight,
) -> Support:
    place = -math.log(max(len(products.home(step)), 1))
    return support(
        settings,
        sku,
        log_sum([log for skus, log in options if skus != (sku,)]),
        lambda factor, units: place + sight(((sku, units),)) + products.log_likelihood(step, sku, factor, units),
        lambda factor: products.counts(step, sku, factor),
    )


def _strangers(
    products: ProductModel,
    options: Sequence[tuple[tuple[str, ...], float]],
    home: Sequence[str],
    foreign: Mapping[str, int],
) -> tuple[Stranger, ...]:
    known = {*home, *foreign}
    rest = log_sum([log for skus, log in options if known.issuperset(skus)])
    found: dict[str, list[float]] = {}
    for skus, log in options:
        if len(skus) == 1 and skus[0] not in known:
            found.setdefault(skus[0], []).append(log - products.log_misplaced(home) - rest)
    odds = {sku: log_sum(logs) for sku, logs in sorted(found.items())}
    return tuple(Stranger(sku, round(_MILLI * log)) for sku, log in odds.items() if log > _FAINT)
