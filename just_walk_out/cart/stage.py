"""Carts of visits: interactions in, snapshots of all carts out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.cart.fold import Contents, fold
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    Cart,
    CartArray,
    CartState,
    Interaction,
    InteractionArray,
    Kind,
    Severity,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000
VISITS = "visits"


@dataclass(frozen=True)
class CartSettings:
    """How often carts are published."""

    interval: float = setting(
        0.2, "event time between snapshots in which only watermarks have moved", unit="s", minimum=0.0, maximum=10.0
    )


class CartStage:
    """Keeps the cart of each visit as the fold of its interactions.

    Interactions are journaled by id, the first one wins; carts are folded anew in the order of event
    time, so that neither repetition nor the order of arrival changes them. Interactions of a visit that
    is not known yet are kept until it is.
    """

    inputs: ClassVar[tuple[type, ...]] = (VisitArray, InteractionArray)
    outputs: ClassVar[tuple[type, ...]] = (CartArray, Alert)

    def __init__(self, store: Store, settings: CartSettings, journal: Journal) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Raises:
            ValueError: a setting is out of range.
        """
        validate(settings)
        self._store = store
        self._journal = journal
        self._interval = round(settings.interval * NANOSECONDS)
        self._interactions: defaultdict[str, list[Interaction]] = defaultdict(list)
        self._contents: dict[str, Contents] = {}
        self._visits: dict[str, Visit] = {}
        self._watermarks: dict[str, int] = {}
        self._undecided: dict[str, Interaction] = {}
        self._stamp = 0
        self._published: int | None = None
        self._promised = (0, 0)

    def restore(self) -> list[Any]:
        """Fold the recent journaled interactions; their carts appear once the visits are known again."""
        for interaction in self._journal.recent(Interaction):
            self._file(interaction)
        return []

    def push(self, record: VisitArray | InteractionArray) -> list[Any]:
        """Take visits or interactions; returns alerts and, if due, a snapshot of the carts."""
        self._stamp = max(self._stamp, record.stamp)
        alerts: list[Alert] = []
        if isinstance(record, VisitArray):
            changed = self._follow(record)
        else:
            changed = False
            for interaction in record.interactions:
                changed = self._take_in(interaction, alerts) or changed
        for mark in record.watermarks:
            self._watermarks[mark.source] = max(mark.stamp, self._watermarks.get(mark.source, mark.stamp))
        alerts += self._unmatched_returns()
        if not (changed or self._due()):
            return list(alerts)
        self._published, self._promised = self._stamp, self._promise()
        return [*alerts, self._snapshot()]

    def _promise(self) -> tuple[int, int]:
        """Return how many sources have been heard of, and up to when all of them are known."""
        return len(self._watermarks), min(self._watermarks.values(), default=0)

    def _due(self) -> bool:
        """Tell whether a snapshot would say something new: time has passed, or a source that lagged has caught up."""
        sources, known = self._promise()
        passed = max(self._stamp - (self._published or 0), known - self._promised[1])
        return self._published is None or sources != self._promised[0] or passed >= self._interval

    def _follow(self, array: VisitArray) -> bool:
        visits = {visit.id: visit for visit in array.visits}
        changed = visits != self._visits
        self._visits = visits
        return changed

    def _take_in(self, interaction: Interaction, alerts: list[Alert]) -> bool:
        if not self._journal.append(interaction, interaction.id, interaction.end):
            return False
        alert = self._refusal(interaction)
        if alert is not None:
            alerts.append(alert)
            return False
        self._file(interaction)
        return interaction.visit in self._visits

    def _refusal(self, interaction: Interaction) -> Alert | None:
        verb = "taken" if interaction.kind is Kind.TAKE else "put back"
        if interaction.sku and interaction.sku not in self._store.product:
            text = f"Product {interaction.sku} was {verb} at {interaction.shelf}, but the catalogue does not have it."
            return _alert(interaction, Severity.ERROR, "unknown_product", text)
        if not interaction.visit or not interaction.sku:
            what = f"{interaction.quantity} x {interaction.sku}" if interaction.sku else "An unknown product"
            who = "by an unknown person" if not interaction.visit else "in a visit"
            kind = "unassigned_take" if interaction.kind is Kind.TAKE else "unassigned_return"
            return _alert(interaction, Severity.WARNING, kind, f"{what} was {verb} at {interaction.shelf} {who}.")
        return None

    def _file(self, interaction: Interaction) -> None:
        if self._refusal(interaction) is None:
            self._interactions[interaction.visit].append(interaction)
            self._contents.pop(interaction.visit, None)
            if interaction.kind is Kind.RETURN:
                self._undecided[interaction.id] = interaction

    def _fold(self, visit: str) -> Contents:
        if visit not in self._contents:
            self._contents[visit] = fold(self._interactions.get(visit, ()), self._store.product)
        return self._contents[visit]

    def _unmatched_returns(self) -> list[Alert]:
        """Judge the returns that no earlier interaction of any shelf can precede any more."""
        seen = min((stamp for source, stamp in self._watermarks.items() if source != VISITS), default=-1)
        decided = [each for each in self._undecided.values() if each.end <= seen]
        alerts = []
        for interaction in sorted(decided, key=lambda each: (each.end, each.id)):
            del self._undecided[interaction.id]
            if interaction.id in self._fold(interaction.visit).unmatched:
                text = f"{interaction.sku} was put back at {interaction.shelf}, but was not in the cart."
                alerts.append(_alert(interaction, Severity.INFO, "return_not_in_cart", text))
        return alerts

    def _snapshot(self) -> CartArray:
        marks = tuple(Watermark(source, stamp) for source, stamp in sorted(self._watermarks.items()))
        return CartArray(self._stamp, marks, tuple(self._cart(visit) for visit in self._visits.values()))

    def _cart(self, visit: Visit) -> Cart:
        contents = self._fold(visit.id)
        interactions = self._interactions.get(visit.id, ())
        return Cart(
            visit=visit.id,
            account=visit.account,
            currency=self._store.currency,
            state=self._state(visit),
            revision=len(interactions),
            updated=max((each.end for each in interactions), default=visit.entered),
            lines=contents.lines,
            total=contents.total,
        )

    def _state(self, visit: Visit) -> CartState:
        if visit.state in (VisitState.EXPECTED, VisitState.OPEN):
            return CartState.OPEN
        settled = bool(self._watermarks) and all(stamp >= visit.exited for stamp in self._watermarks.values())
        return CartState.SETTLED if settled else CartState.SETTLING


def _alert(interaction: Interaction, severity: Severity, kind: str, text: str) -> Alert:
    return Alert(
        stamp=interaction.end,
        id=f"{kind}/{interaction.id}",
        severity=severity,
        kind=kind,
        source=interaction.shelf,
        text=text,
        visit=interaction.visit,
        track=interaction.track,
    )
