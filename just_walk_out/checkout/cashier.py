"""Turns settled carts into money: totals, charges, adjustments, and their way through ledger and gateway.

Whatever moves money is begun in the ledger, settled with the gateway under its own id, and finished with the
outcome; what is cut short in between is taken up again under the same id. A charge that is finished stays as
it is: less or more that is due later is an adjustment of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from just_walk_out.checkout.bills import Bill, Book, capped, is_part, units
from just_walk_out.checkout.gateways import PaymentGateway
from just_walk_out.checkout.inside import Stay
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.money import tax_table
from just_walk_out.checkout.payments import Payments
from just_walk_out.checkout.pricing import PriceList
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    Alert,
    Cart,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    Severity,
    TaxAmount,
    Visit,
)
from just_walk_out.store.model import Store

ALERTS = {
    ChargeState.REVIEW: ("charge_in_review", "A visit needs a look"),
    ChargeState.DECLINED: ("charge_declined", "A charge was not paid"),
}


class Cashier:
    """Keeps the books of visits in step with ledger and gateway."""

    def __init__(self, store: Store, ledger: Ledger, gateway: PaymentGateway, retry: int) -> None:
        """Serve a store.

        Args:
            store: its prices, promotions, taxes and what is reserved when a visit begins.
            ledger: where everything is written first.
            gateway: who moves the money.
            retry: event time between tries to reach a gateway that does not answer, nanoseconds.
        """
        self._store = store
        self._ledger = ledger
        self._payments = Payments(store, gateway)
        self._retry = retry
        self._prices = PriceList(store)
        self._books: dict[str, Book] = {}
        self._pending: dict[str, Charge | Adjustment] = {}
        self._holds: dict[str, bool] = {}
        self._told: set[tuple[str, int]] = set()
        self._now = 0
        self._next_try = 0

    def restore(self, count: int) -> list[Any]:
        """Settle what was begun and not finished; returns the last charges and adjustments again, and alerts."""
        unfinished: list[Charge | Adjustment] = [*self._ledger.unfinished(), *self._ledger.unfinished_adjustments()]
        alerts = [each for record in unfinished for each in self._pay(record) if isinstance(each, Alert)]
        return [*self._ledger.recent(count), *self._ledger.recent_adjustments(count), *alerts]

    def book(self, visit: str) -> Book:
        """Return what the ledger has of a visit."""
        if visit not in self._books:
            self._books[visit] = Book(*self._ledger.of_visit(visit))
        return self._books[visit]

    def forget_all_but(self, visits: Iterable[str]) -> None:
        """Drop what is remembered of other visits; the ledger still has it."""
        shown = set(visits)
        self._books = {visit: book for visit, book in self._books.items() if visit in shown}
        self._holds = {visit: held for visit, held in self._holds.items() if visit in shown}
        self._told = {each for each in self._told if each[0] in shown}

    def advance(self, now: int) -> list[Any]:
        """Move on to an event time, nanoseconds; tries a gateway again that has not answered."""
        self._now = max(self._now, now)
        if not self._pending or self._now < self._next_try:
            return []
        return [each for record in list(self._pending.values()) for each in self._pay(record)]

    def reserve(self, visit: Visit) -> list[Alert]:
        """Reserve the store's amount for a visit that has begun, once."""
        if not self._store.payment.preauthorise or visit.staff:
            return []
        if visit.id in self._holds or self._now < self._next_try:
            return []
        try:
            verdict = self._payments.reserve(visit.id, visit.account)
        except ConnectionError:
            self._next_try = self._now + self._retry  # what is not reserved now is authorised at the exit
            return []
        self._holds[visit.id] = verdict.approved
        if verdict.approved:
            return []
        text = f"Nothing could be reserved for a visit that has begun: {verdict.reason}."
        kind = "preauthorisation_declined"
        alert = Alert(visit.entered, f"{kind}/{visit.id}", Severity.WARNING, kind, "checkout", text, visit=visit.id)
        return [alert]

    def charge(
        self, visit: Visit, cart: Cart | None, lines: tuple[CartLine, ...], stamp: int, reason: str
    ) -> list[Any]:
        """Make the charge of a visit's exit; a ``reason`` to doubt it makes it one for review."""
        return self._begin(self._draft(visit, cart, lines, stamp, visit.exited, reason, kiosk=False))

    def charge_at_kiosk(self, visit: Visit, cart: Cart, stamp: int) -> list[Any]:
        """Make the charge of a payment in the store, asked for at ``stamp``, for what no charge before has."""
        _, lines = self.book(visit.id).allot(cart.lines)
        certain = tuple(line for line in lines if line.state is DecisionState.COMMITTED)
        return self._begin(self._draft(visit, cart, certain, stamp, stamp, "", kiosk=True))

    def stay(self, visit: Visit, cart: Cart | None, now: int, reason: str) -> Stay:
        """Return what a visit in the store comes to, as if it left ``now`` (nanoseconds); nothing is charged.

        Args:
            visit: that is inside.
            cart: what it holds; None: not known.
            now: until when promotions count.
            reason: to doubt the charge.
        """
        book = self.book(visit.id)
        lines = () if cart is None else book.allot(cart.lines)[1]
        charge = self._draft(visit, cart, lines, now, now, reason, kiosk=False)
        return Stay(
            visit=visit,
            cart=Cart(visit.id, visit.account, self._store.currency) if cart is None else cart,
            billed=sum(bill.due for bill in book.bills),
            due=charge.total if charge.state is ChargeState.CHARGED else 0,
            doubt=charge.reason,
        )

    def next_id(self, visit: str) -> str:
        """Return the id of the next charge of a visit."""
        return f"{visit}/{len(self.book(visit).bills) + 1}"

    def _draft(
        self,
        visit: Visit,
        cart: Cart | None,
        lines: tuple[CartLine, ...],
        stamp: int,
        exited: int,
        reason: str,
        *,
        kiosk: bool,
    ) -> Charge:
        priced, taxes = self._total(lines, visit.entered, exited)
        state, why = _state(visit, priced, reason)
        if state is ChargeState.STAFF:
            taxes = ()
        return Charge(
            stamp=stamp,
            id=self.next_id(visit.id),
            visit=visit.id,
            account=visit.account,
            entered=visit.entered,
            exited=exited,
            state=state,
            lines=priced,
            tax=sum(each.tax for each in taxes),
            total=sum(each.amount for each in taxes),
            currency=self._store.currency,
            reason=why,
            kiosk=kiosk,
            taxes=taxes,
            revision=0 if cart is None else cart.revision,
            decisions=() if cart is None else cart.decisions,
        )

    def _begin(self, charge: Charge) -> list[Any]:
        self.book(charge.visit).put(charge)
        self._ledger.begin(charge)
        return self._pay(charge)

    def amend(self, cart: Cart) -> list[Any]:
        """Make the adjustments that follow from a cart that has changed since its visit was charged.

        Less is paid back at once, product by product. More is charged only where a person has decided about the visit
        since; late evidence alone is an alert. A visit in review is charged when a person has cleared it since.
        """
        book = self.book(cart.visit)
        waits = any(record.visit == cart.visit for record in self._pending.values())
        # one cart may change several bills, of which some were adjusted before the process was killed
        if waits or not book.is_closed or cart.revision < book.revision:
            return []
        kept, rest = book.allot(cart.lines)
        inside = [bill for bill in book.bills if bill.charge.kiosk]
        (last,) = (bill for bill in book.bills if not bill.charge.kiosk)
        parts = [*zip(inside, kept, strict=True), (last, rest)]
        return [each for bill, lines in parts for each in self._correct(bill, lines, cart)]

    def settle_inside(self, cart: Cart) -> list[Any]:
        """Pay back what was paid in the store and is not in the cart any more; asked when the visit leaves."""
        book = self.book(cart.visit)
        kept, _ = book.allot(cart.lines)
        return [each for bill, lines in zip(book.bills, kept, strict=True) for each in self._correct(bill, lines, cart)]

    def _correct(self, bill: Bill, lines: tuple[CartLine, ...], cart: Cart) -> list[Any]:
        charge = bill.charge
        # what was decided while they shopped says nothing of what came to light when they left, or after that
        decided = bill.is_decided_since(cart)
        if charge.state is ChargeState.STAFF or (bill.is_held and not (decided and cart.cleared)):
            return []
        if not decided:
            # what has been taken out of the catalogue since is in no cart, and yet was not given back
            gone = [line for line in bill.lines if line.sku not in self._store.product]
            lines = tuple(sorted([*lines, *gone], key=lambda line: (line.sku, line.state)))
        # where the store has changed its currency since, more has no price in that of the charge
        same_currency = cart.currency == charge.currency
        if (decided and same_currency) or is_part(lines, bill.lines):
            return self._adjust(bill, lines, cart)
        # product by product: what is to be given back must not pay for what came late
        kept = capped(lines, bill.lines)
        less = [] if is_part(bill.lines, kept) else self._adjust(bill, kept, cart)
        return [*less, *self._tell(charge, cart)]

    def _adjust(self, bill: Bill, lines: tuple[CartLine, ...], cart: Cart) -> list[Any]:
        charge = bill.charge
        if units(lines) == units(bill.lines) and not bill.is_held:
            return []
        charged = {line.sku: line.unit_price for line in (*charge.lines, *bill.lines)}
        lines = tuple(dataclasses.replace(line, unit_price=charged.get(line.sku, line.unit_price)) for line in lines)
        priced, taxes = self._total(lines, charge.entered, charge.exited)
        total = sum(each.amount for each in taxes)
        if not bill.is_held and is_part(lines, bill.lines):
            total = min(total, bill.due)  # promotions may have changed since: to give back never costs more
        adjustment = Adjustment(
            stamp=cart.updated,
            id=f"{charge.id}.{len(bill.adjustments) + 1}",
            charge=charge.id,
            visit=charge.visit,
            account=charge.account,
            state=AdjustmentState.UNCHANGED,
            lines=priced,
            amount=total - bill.due,
            moved=0,
            tax=sum(each.tax for each in taxes),
            total=total,
            currency=charge.currency,
            reason=_why(bill, cart),
            taxes=taxes,
            decisions=(*cart.decisions, *cart.corrections),
            revision=cart.revision,
        )
        self._ledger.begin_adjustment(adjustment)
        bill.adjustments.append(adjustment)
        return self._pay(adjustment)

    def _tell(self, charge: Charge, cart: Cart) -> list[Any]:
        if (cart.visit, cart.revision) in self._told:
            return []
        self._told.add((cart.visit, cart.revision))
        text = "A cart grew after its visit was charged; the charge stands until a person has decided about the visit."
        if cart.currency != charge.currency:
            text = (
                f"A cart grew after its visit was charged in {charge.currency}; what came is priced in {cart.currency}."
            )
        kind = "cart_changed_after_charge"
        alert = _alert(charge, Severity.WARNING, kind, text)
        return [dataclasses.replace(alert, id=f"{kind}/{cart.revision}/{charge.id}")]

    def _total(
        self, lines: tuple[CartLine, ...], begins: int, ends: int
    ) -> tuple[tuple[CartLine, ...], tuple[TaxAmount, ...]]:
        priced = self._prices.price(lines, self._prices.in_force(begins, ends))
        product = self._store.product
        amounts = [
            (line.amount, product[line.sku].tax_basis_points if line.sku in product else 0)
            for line in priced
            if line.state is DecisionState.COMMITTED
        ]
        return priced, tax_table(amounts, included=self._store.policy.prices_include_tax)

    def _before(self, adjustment: Adjustment) -> Bill:
        """Return the bill of an adjustment as it was before."""
        bill = self.book(adjustment.visit).of(adjustment.charge)
        return Bill(bill.charge, [each for each in bill.adjustments if each.id != adjustment.id])

    def _pay(self, record: Charge | Adjustment) -> list[Any]:
        """Settle what is begun with the gateway; on no answer it stays unfinished and is tried again."""
        if isinstance(record, Adjustment) and record.charge in self._pending:
            self._pending[record.id] = record  # after its charge
            return []
        try:
            if isinstance(record, Charge):
                outcome: Any = self._ledger.finish(self._payments.settle(record))
            else:
                outcome = self._ledger.finish_adjustment(self._payments.move(record, self._before(record)))
        except ConnectionError as error:
            first = record.id not in self._pending
            self._pending[record.id] = record
            self._next_try = self._now + self._retry
            text = f"The payment gateway does not answer: {error}."
            return [_alert(record, Severity.ERROR, "gateway_unreachable", text)] if first else []
        self._pending.pop(record.id, None)
        if isinstance(outcome, Adjustment):
            bill = self.book(outcome.visit).of(outcome.charge)
            bill.adjustments = [*(each for each in bill.adjustments if each.id != outcome.id), outcome]
            if outcome.state is not AdjustmentState.DECLINED:
                return [outcome]
            text = f"A correction of a charge was not paid: {outcome.reason}."
            return [outcome, _alert(outcome, Severity.WARNING, "adjustment_declined", text)]
        self.book(outcome.visit).put(outcome)
        if outcome.state not in ALERTS:
            return [outcome]
        kind, text = ALERTS[outcome.state]
        return [outcome, _alert(outcome, Severity.WARNING, kind, f"{text}: {outcome.reason}.")]


def _why(bill: Bill, cart: Cart) -> str:
    if bill.is_decided_since(cart):
        return "A person has decided."
    if cart.corrections:
        return "Later takes show that it may have been fewer units: the weight in the catalogue is in doubt."
    return "Evidence that came late."


def _state(visit: Visit, lines: tuple[CartLine, ...], reason: str) -> tuple[ChargeState, str]:
    if visit.staff:
        return ChargeState.STAFF, ""
    if reason:
        return ChargeState.REVIEW, reason
    if not lines:
        return ChargeState.EMPTY, ""
    if all(line.state is not DecisionState.COMMITTED for line in lines):
        return ChargeState.REVIEW, "no line is certain enough to be charged"
    return ChargeState.CHARGED, ""


def _alert(record: Charge | Adjustment, severity: Severity, kind: str, text: str) -> Alert:
    return Alert(record.stamp, f"{kind}/{record.id}", severity, kind, "checkout", text, visit=record.visit)
