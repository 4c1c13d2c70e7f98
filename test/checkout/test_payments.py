import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.checkout.bills import Bill
from just_walk_out.checkout.gateways import LedgerGateway, Verdict
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.payments import Payments
from just_walk_out.records import Adjustment, AdjustmentState, Charge, ChargeState, Visit
from just_walk_out.store.model import Payment

VISIT = Visit("v1", "ann", "in")


def owing(total):
    return Charge(9, "v1/1", "v1", "ann", 2, 9, ChargeState.CHARGED, (), 0, total, "EUR")


class Moody(LedgerGateway):
    """A gateway that can refuse whatever it is asked for."""

    refuses = False

    def authorise(self, key, account, amount, currency):
        return Verdict(False, "no") if self.refuses else super().authorise(key, account, amount, currency)

    def refund(self, key, payment, amount):
        return Verdict(False, "no") if self.refuses else super().refund(key, payment, amount)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=8))
def test_no_more_is_paid_than_was_ever_due_and_what_was_refused_is_made_good_by_the_next(store, steps):
    """Each step is what is due from then on, and whether the gateway refuses then."""
    gateway = Moody(Ledger())
    payments = Payments(store, gateway)
    first, gateway.refuses = steps[0]
    bill = Bill(payments.settle(owing(first)))
    for number, (total, gateway.refuses) in enumerate(steps[1:], start=1):
        before, paid = bill.due, bill.paid
        change = Adjustment(
            9, f"v1/1.{number}", "v1/1", "v1", "ann", AdjustmentState.UNCHANGED, (), total - before, 0, 0, total, "EUR"
        )
        made = payments.move(change, bill)
        bill.adjustments.append(made)
        assert bill.paid == paid + made.moved == gateway.owed("ann", "EUR")
        assert bill.paid <= max(paid, total)
        if made.state is not AdjustmentState.DECLINED:
            assert bill.paid <= total
            # what was declined before is owed, and asked for by nobody
            assert bill.paid >= min(paid + max(0, total - before), total)
        if not gateway.refuses:
            assert made.state is not AdjustmentState.DECLINED


@pytest.mark.parametrize("now", [500, 100])
def test_what_is_reserved_of_visits_inside_suffices_though_the_amount_is_changed(store, now):
    """The store is started again with another ``preauthorise`` while somebody is in it."""
    gateway = LedgerGateway(Ledger())

    def reserving(amount):
        return Payments(dataclasses.replace(store, payment=Payment(preauthorise=amount)), gateway)

    reserving(200).reserve(VISIT.id, VISIT.account)
    charge = reserving(now).settle(owing(420))
    assert (charge.state, charge.payment, gateway.owed("ann", "EUR")) == (ChargeState.CHARGED, "v1/1", 420)
    assert reserving(now).settle(owing(420)) == charge and gateway.owed("ann", "EUR") == 420
