"""Receipts against the truth: what a shopper, an operator and a researcher want to know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from just_walk_out.checkout.bills import Bill, bills
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartArray,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    Interaction,
    Kind,
)

_HANDLINGS = {"take": Kind.TAKE, "put_back": Kind.RETURN, "put_back_wrong": Kind.RETURN}


@dataclass(frozen=True)
class Departure:
    """A party that truly left, and what it truly carried."""

    account: str
    exited: int
    units: Counter[str]
    staff: bool = False


@dataclass(frozen=True)
class Handling:
    """A true take or return."""

    account: str
    kind: Kind
    sku: str
    quantity: int
    stamp: int
    settled: int


@dataclass(frozen=True)
class ReceiptScore:
    """One receipt beside the truth.

    Attributes:
        account: who left.
        charged: units that were charged in the end, after adjustments.
        review: units listed but held for review in the end, not charged.
        truth: units carried.
        state: of the charge; None when none came.
        adjustments: how many corrections of the charge there were.
        held: units that were held for review when the charge was made.
    """

    account: str
    charged: Counter[str]
    review: Counter[str]
    truth: Counter[str]
    state: ChargeState | None
    adjustments: int = 0
    held: Counter[str] = field(default_factory=Counter)

    @property
    def exact(self) -> bool:
        """Whether exactly what was carried was charged."""
        return self.state is not None and self.charged == self.truth

    @property
    def right_units(self) -> int:
        """Units charged that were carried."""
        return (self.charged & self.truth).total()

    @property
    def f1(self) -> float:
        """2 TP / (charged + true units), as the field measures receipts; 1 where both are empty."""
        return _f1(self.charged, self.truth)

    @property
    def f1_listed(self) -> float:
        """The same of all that is listed, as if what is held for review were charged as it stands there."""
        listed = Counter({sku: count for sku, count in (self.charged + self.review).items() if sku})
        return _f1(listed, self.truth)


def _f1(charged: Counter[str], truth: Counter[str]) -> float:
    units = charged.total() + truth.total()
    return 2.0 * (charged & truth).total() / units if units else 1.0


@dataclass(frozen=True)
class Scores:
    """All receipts together."""

    receipts: tuple[ReceiptScore, ...]

    @property
    def exact(self) -> int:
        """Number of exact receipts."""
        return sum(score.exact for score in self.receipts)

    @property
    def precision(self) -> float:
        """Share of the charged units that were carried."""
        charged = sum(score.charged.total() for score in self.receipts)
        return sum(score.right_units for score in self.receipts) / charged if charged else 1.0

    @property
    def recall(self) -> float:
        """Share of the carried units that were charged."""
        carried = sum(score.truth.total() for score in self.receipts)
        return sum(score.right_units for score in self.receipts) / carried if carried else 1.0

    @property
    def f1(self) -> float:
        """Mean of the receipts' F1."""
        return sum(score.f1 for score in self.receipts) / len(self.receipts) if self.receipts else 1.0


def read_truth(path: Path) -> tuple[list[Departure], list[Handling]]:
    """Read what truly happened from the simulation's ``truth.jsonl``.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else; names the file.
    """
    try:
        return parse_truth(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected what a simulation wrote as its truth, {type(error).__name__}: {error}"
        ) from None


def parse_truth(lines: Iterable[dict[str, Any]]) -> tuple[list[Departure], list[Handling]]:
    """Sort the lines of the truth into departures and handlings."""
    departures, handlings = [], []
    for line in lines:
        if line["kind"] == "party_left":
            units = Counter({sku: count for sku, count in line["units"].items() if count})
            departures.append(Departure(line["account"], line["exited"], units, line["staff"]))
        elif line["kind"] in _HANDLINGS:
            kind = _HANDLINGS[line["kind"]]
            handlings.append(
                Handling(line["account"], kind, line["sku"], line["quantity"], line["stamp"], line["settled"])
            )
    return departures, handlings


def compare(departure: Departure, charge: Charge | None, adjustments: Sequence[Adjustment] = ()) -> ReceiptScore:
    """Hold one charge, net of its adjustments in order, against what its party carried."""
    truth = Counter() if departure.staff else departure.units
    if charge is None:
        return ReceiptScore(departure.account, Counter(), Counter(), truth, None)
    charged, held = _split(charge.lines, charge.state is ChargeState.CHARGED)
    review = held
    # what is declined is owed, not paid: the receipt stays what it was
    settled = [each for each in adjustments if each.state is not AdjustmentState.DECLINED]
    if settled:
        charged, review = _split(settled[-1].lines, True)
    return ReceiptScore(departure.account, charged, review, truth, charge.state, len(adjustments), held)


def _split(lines: Iterable[CartLine], paid: bool) -> tuple[Counter[str], Counter[str]]:
    """Return the units that are charged, and those that are held."""
    charged: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for line in lines:
        units = charged if paid and line.state is DecisionState.COMMITTED else held
        units[line.sku] += line.quantity
    return charged, held


def score(departures: Sequence[Departure], charges: Sequence[Charge], adjustments: Sequence[Adjustment] = ()) -> Scores:
    """Match visits to departures by account, in order, and compare what all charges of each come to."""
    visits: dict[str, dict[str, list[Bill]]] = {}
    for bill in sorted(bills([*charges, *adjustments]), key=lambda item: (item.charge.exited, item.charge.id)):
        visits.setdefault(bill.charge.account, {}).setdefault(bill.charge.visit, []).append(bill)
    queues = {
        account: sorted(of_account.values(), key=lambda own: (own[-1].charge.exited, own[-1].charge.id))
        for account, of_account in visits.items()
    }
    scores = []
    for departure in sorted(departures, key=lambda item: item.exited):
        queue = queues.get(departure.account)
        scores.append(_together(departure, queue.pop(0) if queue else []))
    return Scores(tuple(scores))


def _together(departure: Departure, own: Sequence[Bill]) -> ReceiptScore:
    """Compare all that a visit was charged: what was paid in the store before is a charge of its own."""
    parts = [compare(departure, bill.charge, bill.adjustments) for bill in own]
    if not parts:
        return compare(departure, None)
    charged, review, held = Counter[str](), Counter[str](), Counter[str]()
    for part in parts:
        charged, review, held = charged + part.charged, review + part.review, held + part.held
    paid = any(part.state is ChargeState.CHARGED for part in parts)
    state = ChargeState.CHARGED if paid else parts[-1].state
    adjustments = sum(part.adjustments for part in parts)
    return ReceiptScore(departure.account, charged, review, parts[-1].truth, state, adjustments, held)


def units_text(units: Counter[str]) -> str:
    """Return units for people, by sku; empty when there are none."""
    return ", ".join(f"{count} x {sku}" for sku, count in sorted(units.items()))


def summary(scores: Scores) -> list[str]:
    """Return lines for people: every receipt that is not exact, and the figures of all together."""
    lines = []
    for each in (each for each in scores.receipts if not each.exact):
        parts = (("charged", each.charged), ("for review", each.review), ("truth", each.truth))
        texts = [f"{name}: {units_text(units) or 'nothing'}" for name, units in parts]
        lines.append(f"{each.account} differs; {'; '.join(texts)}")
    wrongly = sum((each.charged - each.truth).total() for each in scores.receipts)
    held = sum(each.review.total() for each in scores.receipts)
    corrections = sum(each.adjustments for each in scores.receipts)
    corrected = f", after {corrections} corrections" if corrections else ""
    lines.append(
        f"{scores.exact} of {len(scores.receipts)} receipts exact, {wrongly} units charged wrongly, {held} held"
        f"{corrected}"
    )
    lines.append(f"item precision {scores.precision:.3f}, recall {scores.recall:.3f}, receipt F1 {scores.f1:.3f}")
    return lines


def line_delays(
    handlings: Sequence[Handling],
    interactions: Sequence[Interaction],
    carts: Sequence[tuple[int, CartArray]],
    account_of: dict[str, str],
) -> list[float]:
    """Return, for each take that reached a cart, the seconds from the item leaving to its cart line.

    Args:
        handlings: true takes and returns.
        interactions: decided ones.
        carts: (time of arrival in nanoseconds, carts).
        account_of: account by visit id.
    """
    shown: dict[str, int] = {}
    for arrival, array in carts:
        for cart in array.carts:
            for line in cart.lines:
                for interaction in line.evidence:
                    shown.setdefault(interaction, arrival)
    delays = []
    takes = [item for item in handlings if item.kind is Kind.TAKE]
    for item in interactions:
        if item.kind is not Kind.TAKE or item.id not in shown:
            continue
        account = account_of.get(item.visit, "")
        matches = [take for take in takes if take.account == account and take.sku == item.sku]
        if matches:
            nearest = min(matches, key=lambda take: abs(take.stamp - item.end))
            delays.append((shown[item.id] - nearest.stamp) / 1e9)
    return delays


def charge_delays(departures: Sequence[Departure], charges: Sequence[tuple[int, Charge]]) -> list[float]:
    """Return the seconds from the true exit to the arrival of the charge; of what was paid before, none."""
    exited = {departure.account: departure.exited for departure in departures}
    return [
        (arrival - exited[charge.account]) / 1e9
        for arrival, charge in charges
        if charge.account in exited and not charge.kiosk
    ]


def spread(values: Sequence[float]) -> str:
    """Return median and maximum for people, e.g. ``0.52 s (worst 0.80 s)``."""
    return f"{median(values):.2f} s (worst {max(values):.2f} s)" if values else "not measured"
