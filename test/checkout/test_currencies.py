"""A store that changes its currency while visits are inside, or charges not paid: nothing of one becomes the other."""

import dataclasses

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    Cart,
    CartArray,
    CartLine,
    CartState,
    Charge,
    ChargeState,
    DecisionState,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.store.model import Payment

SECOND = 1_000_000_000
VISIT = Visit("v1", "ann", "in", 2 * SECOND, 0, VisitState.OPEN, tracks=("t1",))
LEFT = dataclasses.replace(VISIT, exited=20 * SECOND, state=VisitState.LEFT, gone=("t1",))


def cart(seconds, quantity, currency, revision, decisions=()):
    stamp = seconds * SECOND
    marks = tuple(Watermark(source, stamp) for source in ("g1/s1", "g2/s1", "visits"))
    line = CartLine("apple", "Apple", quantity, 50, 50 * quantity, DecisionState.COMMITTED, 0.9, ("e1",))
    held = Cart("v1", "ann", currency, CartState.SETTLED, revision, stamp, (line,), 0, decisions, bool(decisions))
    return CartArray(stamp, marks, (held,))


class Bank(LedgerGateway):
    """Answers when it likes."""

    answers = True

    def capture(self, key, amount=None):
        if not self.answers:
            raise ConnectionError("no route to the bank")
        return super().capture(key, amount)


class Shop:
    """A checkout that is started again with another currency, on one ledger."""

    def __init__(self, store):
        self.store, self.ledger = store, Ledger()
        self.gateway = Bank(self.ledger)
        self.start("EUR")

    def start(self, currency):
        store = dataclasses.replace(self.store, currency=currency)
        self.stage = CheckoutStage(store, CheckoutSettings(), self.ledger, self.gateway)
        self.stage.restore()

    def push(self, *records):
        return [each for record in records for each in self.stage.push(record)]

    def leave(self, currency):
        return self.push(VisitArray(21 * SECOND, (), (LEFT,)), TrackArray(21 * SECOND), cart(21, 2, currency, 1))

    def owed(self):
        return {currency: self.gateway.owed("ann", currency) for currency in ("EUR", "USD")}


def test_what_was_reserved_in_the_old_currency_is_given_back_and_the_charge_collected_in_the_new(store):
    shop = Shop(dataclasses.replace(store, payment=Payment(preauthorise=500)))
    shop.push(VisitArray(3 * SECOND, (), (VISIT,)))
    assert shop.ledger.account("ann", "EUR").reserved == 500
    shop.start("USD")
    charge = next(each for each in shop.leave("USD") if isinstance(each, Charge))
    assert (charge.state, charge.currency, charge.total, charge.payment) == (ChargeState.CHARGED, "USD", 100, "v1/1")
    assert shop.owed() == {"EUR": 0, "USD": 100}
    assert shop.ledger.account("ann", "EUR").reserved == shop.ledger.account("ann", "USD").reserved == 0


def test_a_charge_that_was_not_paid_before_is_paid_in_its_own_currency(store):
    shop = Shop(store)
    shop.gateway.answers = False
    shop.leave("EUR")
    shop.gateway.answers = True
    shop.start("USD")
    (charge,) = shop.ledger.charges()
    assert (charge.state, charge.currency) == (ChargeState.CHARGED, "EUR") and shop.owed() == {"EUR": 100, "USD": 0}


def test_less_is_paid_back_in_the_currency_of_the_charge_and_more_is_an_alert(store):
    shop = Shop(store)
    shop.leave("EUR")
    shop.start("USD")
    (back,) = shop.push(VisitArray(22 * SECOND, (), (LEFT,)), cart(22, 1, "USD", 2))
    assert isinstance(back, Adjustment) and (back.state, back.currency) == (AdjustmentState.REFUNDED, "EUR")
    assert shop.owed() == {"EUR": 50, "USD": 0}
    (alert,) = shop.push(cart(23, 3, "USD", 3, decisions=("e1!1",)))
    assert alert.kind == "cart_changed_after_charge" and "in EUR; what came is priced in USD" in alert.text
    assert shop.owed() == {"EUR": 50, "USD": 0}
