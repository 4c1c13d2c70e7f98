"""Settlement: a visit that has left becomes a charge once everything it may have touched is decided."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.checkout.gateways import PaymentGateway, open_gateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.money import total_and_tax
from just_walk_out.checkout.proximity import Proximity
from just_walk_out.records import (
    Alert,
    Cart,
    CartArray,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    Severity,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000
VISITS = "visits"


@dataclass(frozen=True)
class CheckoutSettings:
    """How settlement decides which shelves to wait for."""

    sigmas: float = setting(
        2.0, "standard deviations of a track's position that are added to the reach", minimum=0.0, maximum=10.0
    )
    birth_age: float = setting(
        2.0, "a track older than this when first seen may have been near any shelf before", unit="s", minimum=0.0
    )
    memory: int = setting(10_000, "number of tracks whose shelves are remembered", minimum=100)
    republish: int = setting(100, "number of charges published again after a restart", minimum=0)
    retry: float = setting(
        5.0, "event time between tries to reach a payment gateway that does not answer", unit="s", minimum=0.0
    )


class CheckoutStage:
    """Issues one charge for each visit that has left, or was lost from sight: that one is for review.

    A visit that left at T is settled once the carts' watermarks of every shelf its members came near,
    and of the visits, have passed T. If that has not happened when the tracks are
    ``policy.settle_timeout`` past T, the charge is for review and names what is silent. The ledger has
    the charge before it is published; its id makes it unique whatever is repeated.
    """

    inputs: ClassVar[tuple[type, ...]] = (CartArray, VisitArray, TrackArray)
    outputs: ClassVar[tuple[type, ...]] = (Charge, Alert)

    def __init__(
        self, store: Store, settings: CheckoutSettings, ledger: Ledger, gateway: PaymentGateway | None = None
    ) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Args:
            store: the store.
            settings: see ``CheckoutSettings``.
            ledger: where charges are kept.
            gateway: who moves the money; the one the store description names when not given.

        Raises:
            ValueError: a setting is out of range, or the store names an unknown gateway.
        """
        validate(settings)
        self._store = store
        self._ledger = ledger
        self._gateway = open_gateway(store, ledger) if gateway is None else gateway
        self._timeout = round(store.policy.settle_timeout * NANOSECONDS)
        self._retry = round(settings.retry * NANOSECONDS)
        self._republish = settings.republish
        birth_age = round(settings.birth_age * NANOSECONDS)
        self._proximity = Proximity(store, store.policy.reach, settings.sigmas, birth_age, settings.memory)
        self._tick = 0
        self._decided: dict[str, int] = {}
        self._carts: dict[str, Cart] = {}
        self._leaving: dict[str, Visit] = {}
        self._settled: dict[str, Charge] = {}
        self._unreached: dict[str, Charge] = {}
        self._next_try = 0

    def restore(self) -> list[Any]:
        """Settle what was begun and not finished, and return the last charges again."""
        results: list[Any] = []
        for charge in self._ledger.unfinished():
            results += [each for each in self._pay(charge) if isinstance(each, Alert)]
        recent = self._ledger.recent(self._republish)
        self._settled.update((charge.visit, charge) for charge in recent)
        return [*recent, *results]

    def push(self, record: CartArray | VisitArray | TrackArray) -> list[Any]:
        """Take carts, visits or tracks; returns the charges that are due now, and alerts."""
        results: list[Any] = []
        if isinstance(record, TrackArray):
            self._proximity.update(record)
            self._tick = max(self._tick, record.stamp)
            results += self._pay_again()
        elif isinstance(record, VisitArray):
            self._follow(record)
        else:
            self._decided = {mark.source: mark.stamp for mark in record.watermarks}
            self._carts = {cart.visit: cart for cart in record.carts}
            results += self._late_changes()
        for visit in sorted(self._leaving.values(), key=lambda each: (each.exited, each.id)):
            results += self._settle(visit)
        return results

    def _follow(self, array: VisitArray) -> None:
        for visit in array.visits:
            ended = visit.state in (VisitState.LEFT, VisitState.LOST)
            if not ended or visit.id in self._settled or visit.id in self._leaving:
                continue
            known = self._ledger.find(_charge_id(visit))
            if known is None:
                self._leaving[visit.id] = visit
            else:
                self._settled[visit.id] = known
        shown = {visit.id for visit in array.visits}
        self._settled = {id: charge for id, charge in self._settled.items() if id in shown}

    def _settle(self, visit: Visit) -> list[Any]:
        # The tracks must have been seen up to the exit before the shelves they came near are known.
        if self._tick < visit.exited:
            return []
        needed = (VISITS, *self._proximity.of(visit.tracks))
        silent = [source for source in needed if self._decided.get(source, -1) < visit.exited]
        cart = self._carts.get(visit.id)
        if not silent and cart is not None:
            lost = visit.state is VisitState.LOST
            return self._issue(visit, cart, visit.exited, "nobody saw the shopper leave" if lost else "")
        if self._tick < visit.exited + self._timeout:
            return []
        reason = f"no word from {', '.join(silent)} up to the exit" if silent else "the cart is not known"
        return self._issue(visit, cart, visit.exited + self._timeout, reason)

    def _issue(self, visit: Visit, cart: Cart | None, stamp: int, reason: str) -> list[Any]:
        lines = () if cart is None else cart.lines
        total, tax = self._total(lines)
        state, why = _state(visit, lines, reason)
        if state is ChargeState.STAFF:
            total, tax = 0, 0
        charge = Charge(
            stamp=stamp,
            id=_charge_id(visit),
            visit=visit.id,
            account=visit.account,
            entered=visit.entered,
            exited=visit.exited,
            state=state,
            lines=lines,
            tax=tax,
            total=total,
            currency=self._store.currency,
            reason=why,
        )
        del self._leaving[visit.id]
        self._settled[visit.id] = charge
        self._ledger.begin(charge)
        return self._pay(charge)

    def _total(self, lines: tuple[CartLine, ...]) -> tuple[int, int]:
        product = self._store.product
        amounts = [
            (line.amount, product[line.sku].tax_basis_points if line.sku in product else 0)
            for line in lines
            if line.state is DecisionState.COMMITTED
        ]
        return total_and_tax(amounts, included=self._store.policy.prices_include_tax)

    def _pay(self, charge: Charge) -> list[Any]:
        """Settle a begun charge with the gateway; on no answer it stays unfinished and is tried again."""
        try:
            charge = self._outcome(charge)
        except ConnectionError as error:
            first = charge.id not in self._unreached
            self._unreached[charge.id] = charge
            self._next_try = self._tick + self._retry
            text = f"The payment gateway does not answer: {error}."
            return [_alert(charge, Severity.ERROR, "gateway_unreachable", text)] if first else []
        self._unreached.pop(charge.id, None)
        charge = self._ledger.finish(charge)
        self._settled[charge.visit] = charge
        if charge.state is ChargeState.REVIEW:
            return [
                charge,
                _alert(charge, Severity.WARNING, "charge_in_review", f"A visit needs a look: {charge.reason}."),
            ]
        if charge.state is ChargeState.DECLINED:
            text = f"A charge was not paid: {charge.reason}."
            return [charge, _alert(charge, Severity.WARNING, "charge_declined", text)]
        return [charge]

    def _outcome(self, charge: Charge) -> Charge:
        if charge.state is not ChargeState.CHARGED:
            self._gateway.release(charge.id)
            return charge
        verdict = self._gateway.authorise(charge.id, charge.account, charge.total, charge.currency)
        if verdict.approved:
            verdict = self._gateway.capture(charge.id)
        if verdict.approved:
            return charge
        self._gateway.release(charge.id)
        return dataclasses.replace(charge, state=ChargeState.DECLINED, reason=verdict.reason)

    def _pay_again(self) -> list[Any]:
        if not self._unreached or self._tick < self._next_try:
            return []
        return [each for charge in list(self._unreached.values()) for each in self._pay(charge)]

    def _late_changes(self) -> list[Alert]:
        alerts = []
        for id, charge in list(self._settled.items()):
            cart = self._carts.get(id)
            if cart is None or cart.lines == charge.lines or charge.state is ChargeState.REVIEW:
                continue
            text = "A cart changed after its visit was charged; the charge stands until a person has looked."
            alert = _alert(charge, Severity.WARNING, f"cart_changed_after_charge/{cart.revision}", text)
            alerts.append(dataclasses.replace(alert, kind="cart_changed_after_charge"))
            self._settled[id] = dataclasses.replace(charge, lines=cart.lines)
        return alerts


def _charge_id(visit: Visit) -> str:
    return f"{visit.id}/1"


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


def _alert(charge: Charge, severity: Severity, kind: str, text: str) -> Alert:
    return Alert(charge.stamp, f"{kind}/{charge.id}", severity, kind, "checkout", text, visit=charge.visit)
