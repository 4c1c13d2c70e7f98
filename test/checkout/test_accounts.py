"""Blocks and limits of accounts, and what the payment gateway makes of them."""

import sqlite3
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger, open_ledger
from just_walk_out.records import Adjustment, AdjustmentState, CartLine, Charge, ChargeState, DecisionState

names = st.sampled_from(["ann", "bob"])
changes = st.fixed_dictionaries(
    {}, optional={"blocked": st.booleans(), "credit_limit": st.none() | st.integers(0, 10**12)}
)


@given(st.lists(st.tuples(names, changes), max_size=8))
def test_block_and_limit_are_changed_each_by_itself_and_of_one_account_alone(steps):
    ledger = Ledger()
    expected = {name: {"blocked": False, "credit_limit": None} for name in ("ann", "bob")}
    for name, change in steps:
        ledger.set_account(name, **change)
        expected[name] |= change
    for name, values in expected.items():
        account = ledger.account(name)
        assert {"blocked": account.blocked, "credit_limit": account.credit_limit} == values
    assert {each.id for each in ledger.accounts()} == {name for name, _ in steps}
    ledger.close()


calls = st.one_of(
    st.tuples(st.just("set"), names, changes),
    st.tuples(st.just("authorise"), names, st.integers(1, 300)),
    st.tuples(st.sampled_from(["capture", "release"]), st.integers(0, 8), st.none()),
    st.tuples(st.just("refund"), st.integers(0, 8), st.integers(1, 300)),
)


@given(st.lists(calls, max_size=12))
def test_what_is_said_of_an_account_is_what_the_gateway_decides_by(steps):
    ledger = Ledger()
    gateway = LedgerGateway(ledger)
    charged, paid_back, held, owner = dict.fromkeys(("ann", "bob"), 0), dict.fromkeys(("ann", "bob"), 0), {}, []
    for number, (what, which, value) in enumerate(steps):
        if what == "set":
            ledger.set_account(which, **value)
        elif what == "authorise":
            before = ledger.account(which)
            verdict = gateway.authorise(f"p{len(owner)}", which, value, "EUR")
            assert verdict.reason == before.objection(value) and verdict.approved == (not verdict.reason)
            if verdict.approved:
                held[len(owner)] = value
            owner.append(which)
        elif what == "capture" and gateway.capture(f"p{which}").approved and which in held:
            charged[owner[which]] += held.pop(which)
        elif what == "release":
            gateway.release(f"p{which}")
            held.pop(which, None)
        elif what == "refund" and gateway.refund(f"r{number}", f"p{which}", value).approved:
            paid_back[owner[which]] += value
        for account in [ledger.account(name) for name in ("ann", "bob")]:
            reserved = sum(amount for payment, amount in held.items() if owner[payment] == account.id)
            assert (account.charged, account.paid_back) == (charged[account.id], paid_back[account.id])
            assert account.reserved == reserved and gateway.owed(account.id) == account.owed
            assert account.used == charged[account.id] - paid_back[account.id] + reserved
    ledger.close()


def declined(ledger, visit, account, total, waived=0):
    line = CartLine("apple", "Apple", 1, total, total, DecisionState.COMMITTED, 0.9, ("e1",))
    facts = (f"{visit}/1", visit, account, 0, 9, ChargeState.DECLINED, (line,), 0, total, "EUR", "blocked")
    ledger.begin(Charge(9, *facts))
    ledger.finish(Charge(9, *facts))
    if waived:
        left = total - waived
        change = Adjustment(
            9, f"{visit}/1.1", f"{visit}/1", visit, account, AdjustmentState.WAIVED, (), -waived, 0, 0, left, "EUR"
        )
        ledger.begin_adjustment(change)
        ledger.finish_adjustment(change)


def test_what_was_declined_is_told_as_far_as_it_is_still_due():
    ledger = Ledger()
    declined(ledger, "v1", "ann", 100)
    declined(ledger, "v2", "ann", 320, waived=20)
    declined(ledger, "v3", "bob", 50, waived=50)
    assert ledger.unpaid() == {"ann": 400}
    assert [each.id for each in ledger.accounts()] == ["ann", "bob"] and ledger.account("ann").owed == 0


def test_a_change_waits_for_the_store_to_write_and_counts_from_the_next_payment_on(tmp_path):
    path = tmp_path / "ledger.sqlite"
    store = Ledger(path)
    gateway = LedgerGateway(store)
    assert gateway.authorise("a", "ann", 100, "EUR").approved

    def block():
        with_it = open_ledger(path)
        assert with_it.account("ann").reserved == 100  # to look does not wait
        looked.set()
        with_it.set_account("ann", blocked=True)
        with_it.close()

    looked, thread = threading.Event(), threading.Thread(target=block)
    with store.transaction():
        thread.start()
        assert looked.wait(5.0)
        assert not store.account("ann").blocked
    thread.join()
    assert gateway.capture("a").approved
    assert gateway.authorise("b", "ann", 1, "EUR").reason == "account ann is blocked"


def test_another_database_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "stock.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE levels (sku TEXT)")
    before = path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match=r"stock\.sqlite: not a ledger"):
        open_ledger(path)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError, match="none: expected a ledger file"):
        open_ledger(tmp_path / "none")
    assert [each.name for each in tmp_path.iterdir()] == ["stock.sqlite"]
