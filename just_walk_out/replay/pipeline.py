"""The whole pipeline in one process, without DDS: the same stages, wired by the records they take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.checkout.gate import GateSettings, GateStage
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.deployment import settings_of
from just_walk_out.entry.stage import EntrySettings, EntryStage
from just_walk_out.journal import Journal
from just_walk_out.monitor.stock import StockSettings, StockStage
from just_walk_out.monitor.stock_book import StockBook
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.stage import Stage
from just_walk_out.store.model import Store
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage


def stages_of(store: Store, state_dir: Path | None = None, config: Path | None = None) -> list[Stage]:
    """Build the stages of a store from sensor records to charges.

    Args:
        store: the store.
        state_dir: folder of journals and ledger; None keeps them in memory.
        config: folder with one YAML of parameters a node kind; None takes the installed one.
    """

    def journal(name: str) -> Journal:
        return Journal(None if state_dir is None else state_dir / f"{name}.sqlite")

    ledger = Ledger(None if state_dir is None else state_dir / "ledger.sqlite")
    stock = StockBook(None if state_dir is None else state_dir / "stock_keeper.sqlite")
    return [
        ShelfEventStage(store, settings_of("shelf_events", ShelfEventSettings, config)),
        TrackerStage(store, settings_of("person_tracker", TrackerSettings, config)),
        GateStage(store, settings_of("gate", GateSettings, config)),
        EntryStage(store, settings_of("entry", EntrySettings, config), journal("entry")),
        PickupStage(store, settings_of("pickup_detector", PickupSettings, config), journal("pickup_detector")),
        CartStage(store, settings_of("cart_aggregator", CartSettings, config), journal("cart_aggregator")),
        CheckoutStage(store, settings_of("checkout", CheckoutSettings, config), ledger),
        StockStage(store, settings_of("stock_keeper", StockSettings, config), stock),
    ]


class Pipeline:
    """Feeds each record to every stage that takes its class, and what follows from it likewise."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        """Wire the stages by their input classes and restore them."""
        self._stages = list(stages)
        self._takers: dict[type, list[Stage]] = {}
        for stage in self._stages:
            for kind in stage.inputs:
                self._takers.setdefault(kind, []).append(stage)
        self._restored = [record for stage in self._stages for record in stage.restore()]

    def push(self, record: Any) -> Iterator[Any]:
        """Feed one record and yield all that follows, in causal order."""
        queue = deque([*self._restored, record])
        self._restored = []
        while queue:
            current = queue.popleft()
            for stage in self._takers.get(type(current), ()):
                for output in stage.push(current):
                    queue.append(output)
                    yield output
