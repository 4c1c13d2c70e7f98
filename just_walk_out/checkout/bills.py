"""The charges of one visit with their adjustments: what each has, what is due and what was paid."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from just_walk_out.records import Adjustment, Cart, CartLine, Charge, ChargeState, DecisionState


@dataclass
class Bill:
    """One charge and its adjustments, in the order in which they were begun."""

    charge: Charge
    adjustments: list[Adjustment] = field(default_factory=list)

    @property
    def lines(self) -> tuple[CartLine, ...]:
        """The lines as they are now."""
        return self.adjustments[-1].lines if self.adjustments else self.charge.lines

    @property
    def due(self) -> int:
        """What is to be paid for them, paid or owed, minor units; nothing while a person has yet to look."""
        if self.adjustments:
            return self.adjustments[-1].total
        return self.charge.total if self.charge.state in (ChargeState.CHARGED, ChargeState.DECLINED) else 0

    @property
    def is_held(self) -> bool:
        """Whether nothing is charged until a person has looked at the visit."""
        return self.charge.state is ChargeState.REVIEW and not self.adjustments

    def is_decided_since(self, cart: Cart) -> bool:
        """Whether people have decided about the visit of a cart since this bill was made, or adjusted last."""
        known = {*self.charge.decisions, *(each for made in self.adjustments for each in made.decisions)}
        return not known.issuperset(cart.decisions)

    @property
    def payments(self) -> list[tuple[str, int]]:
        """Keys of the payments that were collected, oldest first, with what has not been paid back of each."""
        collected: list[tuple[str, int]] = []
        if self.charge.state is ChargeState.CHARGED and self.charge.total:
            collected.append((self.charge.payment, self.charge.total))
        for adjustment in self.adjustments:
            if adjustment.moved > 0:
                collected.append((adjustment.id, adjustment.moved))
            else:
                collected = _without(collected, -adjustment.moved)
        return collected

    @property
    def paid(self) -> int:
        """What was collected and not paid back, minor units."""
        return sum(amount for _, amount in self.payments)

    def refunds(self, amount: int) -> list[tuple[str, int]]:
        """Return from which payments, the last first, an amount is paid back."""
        before, after = self.payments, dict(_without(self.payments, amount))
        return [(key, had - after.get(key, 0)) for key, had in reversed(before) if had > after.get(key, 0)]


def _without(payments: Sequence[tuple[str, int]], amount: int) -> list[tuple[str, int]]:
    left = list(payments)
    while amount and left:
        key, had = left.pop()
        if had > amount:
            left.append((key, had - amount))
        amount -= min(had, amount)
    return left


class Book:
    """All bills of one visit: those of payments in the store, then the one of the exit."""

    def __init__(self, charges: Iterable[Charge] = (), adjustments: Iterable[Adjustment] = ()) -> None:
        """Take what the ledger has of the visit, in the order in which it was begun."""
        self.bills = [Bill(charge) for charge in charges]
        for adjustment in adjustments:
            self.of(adjustment.charge).adjustments.append(adjustment)

    def of(self, charge: str) -> Bill:
        """Return the bill of a charge."""
        return next(bill for bill in self.bills if bill.charge.id == charge)

    def put(self, charge: Charge) -> None:
        """Add a charge, or replace it by its outcome."""
        for bill in self.bills:
            if bill.charge.id == charge.id:
                bill.charge = charge
                return
        self.bills.append(Bill(charge))

    @property
    def is_closed(self) -> bool:
        """Whether the charge of the exit has been made."""
        return any(not bill.charge.kiosk for bill in self.bills)

    @property
    def revision(self) -> int:
        """Revision of the newest cart that has been settled."""
        stages = [bill.charge.revision for bill in self.bills]
        return max([*stages, *(each.revision for bill in self.bills for each in bill.adjustments)], default=0)

    def allot(self, lines: Iterable[CartLine]) -> tuple[list[tuple[CartLine, ...]], tuple[CartLine, ...]]:
        """Share a cart out: what was paid in the store stays on its bill as far as the cart still has it.

        Returns:
            The lines of each payment in the store, and what is left for the bill of the exit: the other units, and
            all that is not certain. Amounts are of the cart's or the bill's lines and no longer right.
        """
        left = {line.sku: line for line in lines if line.state is DecisionState.COMMITTED}
        others = [line for line in lines if line.state is not DecisionState.COMMITTED]
        kept: list[tuple[CartLine, ...]] = []
        for bill in self.bills:
            if not bill.charge.kiosk:
                continue
            own = []
            for line in bill.lines:
                there = left.get(line.sku)
                units = 0 if there is None else min(line.quantity, there.quantity)
                if there is not None and units:
                    own.append(dataclasses.replace(line, quantity=units))
                    left[line.sku] = dataclasses.replace(there, quantity=there.quantity - units)
            kept.append(tuple(own))
        rest = [line for line in left.values() if line.quantity]
        return kept, tuple(sorted([*rest, *others], key=lambda line: (line.sku, line.state)))


def bills(outcomes: Iterable[Charge | Adjustment]) -> list[Bill]:
    """Return charges in their order, each with its adjustments in theirs; repeated ones count once.

    Args:
        outcomes: as they were made, or as they were published.
    """
    found: dict[str, Bill] = {}
    for outcome in outcomes:
        if isinstance(outcome, Charge):
            found.setdefault(outcome.id, Bill(outcome))
        elif outcome.charge in found and outcome not in found[outcome.charge].adjustments:
            found[outcome.charge].adjustments.append(outcome)
    return list(found.values())


def units(lines: Iterable[CartLine]) -> list[tuple[str, int, int]]:
    """Return what lines are about, whatever it costs: SKU, state and quantity."""
    return [(line.sku, int(line.state), line.quantity) for line in lines]


def is_part(lines: Iterable[CartLine], whole: Iterable[CartLine]) -> bool:
    """Tell whether the committed units of lines are all among those of others."""
    there = {line.sku: line.quantity for line in whole if line.state is DecisionState.COMMITTED}
    return all(line.quantity <= there.get(line.sku, 0) for line in lines if line.state is DecisionState.COMMITTED)


def capped(lines: Iterable[CartLine], whole: Iterable[CartLine]) -> tuple[CartLine, ...]:
    """Return lines with no more committed units of a product than others have; what is not certain stays."""
    there = {line.sku: line.quantity for line in whole if line.state is DecisionState.COMMITTED}
    kept = []
    for line in lines:
        if line.state is DecisionState.COMMITTED:
            line = dataclasses.replace(line, quantity=min(line.quantity, there.get(line.sku, 0)))
        if line.quantity:
            kept.append(line)
    return tuple(kept)
