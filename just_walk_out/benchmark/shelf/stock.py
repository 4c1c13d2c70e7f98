"""What stands on the shelf of a benchmark: products as a shop has them, and where the planogram says they stand.

The shop's catalogue is known to the detector, as it is in a shop; it is right but for the share of products
that was entered with a wrong weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from just_walk_out.store.model import Facing, Product

LIGHTEST, HEAVIEST = 0.024, 1.6
# What stands over three plates is no chewing gum.
_LIGHTEST_WIDE = 0.06
_WIDE = 3
# So many plates has a facing, so often.
_WIDTHS, _ODDS = (1, 2, 3), (0.5, 0.3, 0.2)
_SHARED = 0.15
_WRONG = 0.03
# Spread of a product from piece to piece: grams, and a share of the weight.
_SPREAD, _SPREAD_SHARE = 0.0003, (0.002, 0.005)
_FURTHEST = 3.0


@dataclass(frozen=True)
class Good:
    """A product on a shelf.

    Attributes:
        weight: mean of what a piece weighs, kilograms.
        spread: standard deviation from piece to piece, kilograms.
        listed: what the catalogue says that it weighs, kilograms.
        plates: columns it stands on, neighbours.
    """

    weight: float
    spread: float
    listed: float
    plates: tuple[int, ...]

    def piece(self, rng: np.random.Generator) -> float:
        """Return what one piece weighs, kilograms."""
        return self.weight + self.spread * float(np.clip(rng.normal(), -_FURTHEST, _FURTHEST))


@dataclass(frozen=True)
class Stock:
    """The products of a shelf."""

    goods: tuple[Good, ...]

    def on(self, plate: int) -> list[Good]:
        """Return what stands on a plate; at least one product."""
        return [good for good in self.goods if plate in good.plates]

    def products(self, shelf: str) -> tuple[Product, ...]:
        """Return the products as the catalogue of a shop knows them."""
        return tuple(
            Product(_sku(shelf, number), _sku(shelf, number), "", good.listed, good.spread, 100)
            for number, good in enumerate(self.goods)
        )

    def facings(self, shelf: str, plates: Sequence[str]) -> tuple[Facing, ...]:
        """Return the planogram of the shelf; ``plates`` are the ids of its columns."""
        return tuple(
            Facing(_sku(shelf, number), tuple(plates[column] for column in good.plates))
            for number, good in enumerate(self.goods)
        )


def any_weight(rng: np.random.Generator, low: float = LIGHTEST, high: float = HEAVIEST) -> float:
    """Draw what a thing weighs, kilograms; light ones are as frequent as heavy ones."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_stock(plates: int, rng: np.random.Generator, extremes: bool) -> Stock:
    """Fill a shelf of at least six plates; something on it stands over three of them.

    Args:
        plates: of the shelf.
        rng: source of chance.
        extremes: the lightest and the heaviest product of all stand side by side on it.
    """
    pair = [at for at in range(plates - 1) if max(at, plates - at - 2) >= _WIDE]
    middle = int(rng.choice(pair)) if extremes else plates
    goods: list[Good] = []
    while not any(len(good.plates) == _WIDE for good in goods):
        goods = [*_fill(0, middle, rng), *_fill(middle + 2, plates, rng)]
    if extremes:
        weights = (LIGHTEST, HEAVIEST)[:: int(rng.choice([-1, 1]))]
        goods += [_good((middle + side,), weight, rng) for side, weight in enumerate(weights)]
    return Stock(tuple(goods))


def _fill(begin: int, end: int, rng: np.random.Generator) -> list[Good]:
    goods = []
    while begin < end:
        width = min(int(rng.choice(_WIDTHS, p=_ODDS)), end - begin)
        columns = tuple(range(begin, begin + width))
        for _ in range(1 + int(rng.random() < _SHARED)):
            goods.append(_good(columns, any_weight(rng, _LIGHTEST_WIDE if width == _WIDE else LIGHTEST), rng))
        begin += width
    return goods


def _good(columns: tuple[int, ...], weight: float, rng: np.random.Generator) -> Good:
    listed = weight
    if rng.random() < _WRONG:
        listed *= float(rng.choice([0.5, 2.0, rng.uniform(0.8, 1.2)]))
    return Good(weight, _SPREAD + float(rng.uniform(*_SPREAD_SHARE)) * weight, listed, columns)


def _sku(shelf: str, number: int) -> str:
    return f"{shelf}:{number}"
