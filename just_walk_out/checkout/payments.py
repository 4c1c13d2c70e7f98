"""The payments behind charges and adjustments, each under a key that follows from what it is for.

Repeated, a call has no further effect, so that whoever was killed in between may do all of it again.
"""

from __future__ import annotations

import dataclasses

from just_walk_out.checkout.bills import Bill
from just_walk_out.checkout.gateways import PaymentGateway, Verdict
from just_walk_out.records import Adjustment, AdjustmentState, Charge, ChargeState
from just_walk_out.store.model import Store


class Payments:
    """Moves money by a gateway. Every method raises ``ConnectionError`` where that does not answer."""

    def __init__(self, store: Store, gateway: PaymentGateway) -> None:
        """Use the amount that a store reserves when a visit begins."""
        self._store = store
        self._gateway = gateway

    def reserve(self, visit: str, account: str) -> Verdict:
        """Reserve the store's amount for a visit; asked again, the answer stays the same."""
        return self._reserve(visit, account, self._store.currency)

    def _reserve(self, visit: str, account: str, currency: str) -> Verdict:
        return self._gateway.authorise(_hold(visit), account, self._store.payment.preauthorise, currency)

    def settle(self, charge: Charge) -> Charge:
        """Collect what a charge comes to, from what was reserved if that suffices; returns it with the outcome."""
        reserved = self._reserved(charge)
        charge = dataclasses.replace(charge, preauthorised=reserved)
        due = charge.total if charge.state is ChargeState.CHARGED else 0
        key = _hold(charge.visit)
        verdict = self._gateway.capture(key, due) if 0 < due <= reserved else Verdict(False)
        if not verdict.approved:
            # also what the store reserves more of by now than it did then, or what has expired at the gateway
            if reserved:
                self._gateway.release(key)
            if not due:
                return charge
            key = charge.id
            verdict = self._collect(key, charge.account, due, charge.currency)
        if verdict.approved:
            return dataclasses.replace(charge, payment=key)
        return dataclasses.replace(charge, state=ChargeState.DECLINED, reason=verdict.reason)

    def _reserved(self, charge: Charge) -> int:
        """Return what was reserved when the visit began, for its first charge; the answer to a key stays the same.

        What was reserved in another currency, before the store changed it, is given back.
        """
        amount = self._store.payment.preauthorise
        if not amount or charge.state is ChargeState.STAFF or not charge.id.endswith("/1"):
            return 0
        if self._reserve(charge.visit, charge.account, charge.currency).approved:
            return amount
        self._gateway.release(_hold(charge.visit))
        return 0

    def _collect(self, key: str, account: str, amount: int, currency: str) -> Verdict:
        verdict = self._gateway.authorise(key, account, amount, currency)
        if verdict.approved:
            verdict = self._gateway.capture(key)
        if not verdict.approved:
            self._gateway.release(key)
        return verdict

    def move(self, adjustment: Adjustment, before: Bill) -> Adjustment:
        """Collect or pay back what an adjustment comes to; returns it with the outcome.

        What a refused refund has left with the store counts as paid: it is not collected again, and paid back now.

        Args:
            adjustment: begun in the ledger.
            before: its bill without it.
        """
        more, back = min(adjustment.amount, adjustment.total - before.paid), before.paid - adjustment.total
        if more > 0:
            verdict = self._collect(adjustment.id, adjustment.account, more, adjustment.currency)
            if verdict.approved:
                return dataclasses.replace(adjustment, state=AdjustmentState.CHARGED, moved=more)
            return dataclasses.replace(adjustment, state=AdjustmentState.DECLINED, reason=verdict.reason)
        if back <= 0:
            state = AdjustmentState.WAIVED if adjustment.amount < 0 else AdjustmentState.UNCHANGED
            return dataclasses.replace(adjustment, state=state)
        moved = 0
        for number, (payment, part) in enumerate(before.refunds(back), start=1):
            verdict = self._gateway.refund(f"{adjustment.id}-{number}", payment, part)
            if not verdict.approved:
                state = AdjustmentState.DECLINED
                return dataclasses.replace(adjustment, state=state, moved=moved, reason=verdict.reason)
            moved -= part
        return dataclasses.replace(adjustment, state=AdjustmentState.REFUNDED, moved=moved)


def _hold(visit: str) -> str:
    return f"{visit}/hold"
