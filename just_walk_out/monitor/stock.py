"""Stock levels: what shoppers take and put back, what staff put in, and what they count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from just_walk_out.cart.restocking import Restocking
from just_walk_out.monitor.stock_book import StockBook
from just_walk_out.records import (
    Alert,
    EventState,
    InteractionArray,
    Kind,
    RestockMode,
    Severity,
    ShelfEvent,
    ShelfEventArray,
    StockArray,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store


@dataclass(frozen=True)
class StockSettings:
    """When a change of weight while a gondola is restocked is so many units of a product."""

    sigmas: float = setting(
        4.0, "standard deviations by which a change may miss the weight of so many units", minimum=0.5, maximum=20.0
    )
    grain: float = setting(
        0.002, "deviation of every change beside noise and spread: dirt, and rounding of the catalogue", unit="kg",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip


class StockStage:
    """Keeps the stock: sales by interactions, restocking by what the shelves of a gondola in restock mode feel.

    While a gondola is restocked its interactions count for nothing here, as they do in carts. A change there is
    so many units of the product of the planogram whose weight fits best; what fits none, or two alike, is an
    alert, and the level is right again after the next count. Levels are relative to the last count.
    """

    inputs: ClassVar[tuple[type, ...]] = (InteractionArray, ShelfEventArray)
    outputs: ClassVar[tuple[type, ...]] = (StockArray, RestockMode, Alert)

    def __init__(self, store: Store, settings: StockSettings, book: StockBook) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Raises:
            ValueError: a setting is out of range.
        """
        validate(settings)
        self._store = store
        self._settings = settings
        self._book = book
        self._restocking = Restocking(store)
        self._unclear: set[str] = set()
        self._stamp = 0

    def restore(self) -> list[Any]:
        """Return the restock modes and the stock again."""
        modes = self._book.modes()
        for mode in modes:
            self._restocking.add(mode)
        return [*modes[-100:], self._snapshot()] if modes or self._book.levels() else []

    def push(self, record: InteractionArray | ShelfEventArray) -> list[Any]:
        """Take interactions or shelf events; returns the stock if it has changed, and alerts."""
        alerts: list[Alert] = []
        if isinstance(record, InteractionArray):
            changed = [self._sell(interaction) for interaction in record.interactions]
        else:
            final = [event for event in record.events if event.state is EventState.FINAL]
            changed = [self._restock(event, alerts) for event in final]
        if not any(changed):
            return list(alerts)
        self._stamp = max(self._stamp, record.stamp)
        return [*alerts, self._snapshot()]

    def set_mode(self, gondola: str, active: bool, by: str, stamp: int) -> list[Any]:
        """Begin or end to restock a gondola; returns what is to be published: nothing, if it is so already.

        Raises:
            ValueError: there is no such gondola, or nobody says so.
        """
        known = [each.id for each in self._store.gondolas]
        if gondola not in known:
            raise ValueError(f"expected a gondola, one of {', '.join(known)}, got {gondola!r}")
        if not by.strip():
            raise ValueError("expected the name of who restocks, got none")
        if self._restocking.active(gondola, stamp) == active:
            return []
        mode = RestockMode(stamp, f"{gondola}@{stamp}", gondola, active, by)
        self._book.set_mode(mode)
        self._restocking.add(mode)
        self._stamp = max(self._stamp, stamp)
        return [mode, self._snapshot()]

    def count(self, sku: str, quantity: int, by: str, stamp: int) -> list[Any]:
        """Take in what somebody has counted; returns the stock.

        Raises:
            ValueError: there is no such product, no such quantity, or nobody has counted.
        """
        if sku not in self._store.product:
            raise ValueError(f"expected the SKU of a product, got {sku!r}")
        if quantity < 0:
            raise ValueError(f"expected a number of units from 0 on, got {quantity}")
        if not by.strip():
            raise ValueError("expected the name of who counted, got none")
        if not self._book.count(stamp, sku, quantity, by):
            return []
        self._stamp = max(self._stamp, stamp)
        return [self._snapshot()]

    def _sell(self, interaction: Any) -> bool:
        covered = self._restocking.covers(interaction.shelf, interaction.start, interaction.end)
        if covered or interaction.sku not in self._store.product:
            return False
        taken = interaction.kind is Kind.TAKE
        units = -interaction.quantity if taken else interaction.quantity
        cause = "take" if taken else "return"
        return self._book.change(interaction.id, interaction.end, interaction.sku, units, cause)

    def _restock(self, event: ShelfEvent, alerts: list[Alert]) -> bool:
        if not self._restocking.covers(event.shelf, event.start, event.end):
            return False
        changed = False
        for number, (plates, change, variance) in enumerate(self._parts(event)):
            found = self._explain(plates, change, variance)
            if found is not None:
                sku, units = found
                changed = self._book.change(f"{event.id}/restock{number}", event.end, sku, units, "restock") or changed
            elif event.id not in self._unclear:
                self._unclear.add(event.id)
                text = f"{change * 1000:+.0f} g on {', '.join(plates)} fit no product there: count it after restocking."
                kind = "unclear_restock"
                alerts.append(Alert(event.end, f"{kind}/{event.id}", Severity.INFO, kind, event.shelf, text))
        return changed

    def _parts(self, event: ShelfEvent) -> Iterator[tuple[tuple[str, ...], float, float]]:
        """Yield plates, change in kg and its variance: of all plates where they share a product, else of each."""
        count = len(event.plates)
        covariance = np.asarray(event.covariance, dtype=float).reshape(count, count)
        common = set.intersection(*(set(self._store.skus_on.get(plate, ())) for plate in event.plates))
        if common:
            yield event.plates, sum(event.change), float(covariance.sum())
            return
        for index, plate in enumerate(event.plates):
            yield (plate,), event.change[index], float(covariance[index, index])

    def _explain(self, plates: tuple[str, ...], change: float, variance: float) -> tuple[str, int] | None:
        """Return product and units (negative: taken out) of a change; None: none fits, or two fit alike."""
        common = set.intersection(*(set(self._store.skus_on.get(plate, ())) for plate in plates))
        fits = []
        for sku in sorted(common):
            product = self._store.product[sku]
            units = round(change / product.weight)
            sigma = (max(variance, 0.0) + abs(units) * product.weight_spread**2 + self._settings.grain**2) ** 0.5
            if units and abs(change - units * product.weight) <= self._settings.sigmas * sigma:
                fits.append((sku, units))
        return fits[0] if len(fits) == 1 else None

    def _snapshot(self) -> StockArray:
        return StockArray(self._stamp, self._book.levels(), self._restocking.now())
