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
currencies = st.sampled_from(["EUR", "USD"])
PURSES = [(name, currency) for name in ("ann", "bob") for currency in ("EUR", "USD")]
limits = st.none() | st.tuples(st.integers(0, 500), currencies)
changes = st.fixed_dictionaries({}, optional={"blocked": st.booleans(), "credit_limit": limits})


class Limits:
    """What was said of each account, as somebody would note it down."""

    def __init__(self):
        self.blocked, self.most = dict.fromkeys(("ann", "bob"), False), {"ann": {}, "bob": {}}

    def set(self, name, change):
        self.blocked[name] = change.get("blocked", self.blocked[name])
        limit = change.get("credit_limit", ())
        if limit is None:
            self.most[name] = {}
        elif limit:
            self.most[name][limit[1]] = limit[0]

    def objects(self, name, currency, used):
        most = self.most[name]
        return self.blocked[name] or (bool(most) and (currency not in most or used > most[currency]))


@given(st.lists(st.tuples(names, changes), max_size=8))
def test_block_and_limit_are_changed_each_by_itself_and_of_one_account_alone(steps):
    ledger, noted = Ledger(), Limits()
    for name, change in steps:
        ledger.set_account(name, **change)
        noted.set(name, change)
    for name, currency in PURSES:
        account = ledger.account(name, currency)
        assert (account.blocked, account.credit_limit) == (noted.blocked[name], noted.most[name].get(currency))
    assert {each.id for each in ledger.accounts()} == {name for name, _ in steps}
    ledger.close()


calls = st.one_of(
    st.tuples(st.just("set"), names, changes),
    st.tuples(st.just("authorise"), st.tuples(names, currencies), st.integers(1, 300)),
    st.tuples(st.sampled_from(["capture", "release"]), st.integers(0, 8), st.none()),
    st.tuples(st.just("refund"), st.integers(0, 8), st.integers(1, 300)),
)


@given(st.lists(calls, max_size=14))
def test_what_is_said_of_an_account_is_what_the_gateway_decides_by_in_each_currency_by_itself(steps):
    ledger, noted = Ledger(), Limits()
    gateway = LedgerGateway(ledger)
    charged, paid_back, held, owner = dict.fromkeys(PURSES, 0), dict.fromkeys(PURSES, 0), {}, []

    def used(purse):
        return charged[purse] - paid_back[purse] + sum(held[each] for each in held if owner[each] == purse)

    for number, (what, which, value) in enumerate(steps):
        if what == "set":
            ledger.set_account(which, **value)
            noted.set(which, value)
        elif what == "authorise":
            said = ledger.account(*which).objection(value)
            verdict = gateway.authorise(f"p{len(owner)}", which[0], value, which[1])
            assert verdict.reason == said and verdict.approved == (not said)
            assert verdict.approved == (not noted.objects(*which, used(which) + value))
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
        for purse in PURSES:
            account = ledger.account(*purse)
            assert (account.charged, account.paid_back, account.used) == (charged[purse], paid_back[purse], used(purse))
            assert gateway.owed(*purse) == account.owed
        for account in ledger.accounts():
            assert account == ledger.account(account.id, account.currency)
        shown = {(each.id, each.currency) for each in ledger.accounts()}
        assert shown >= {owner[each] for each in range(len(owner))}
    ledger.close()


@given(st.lists(calls, max_size=14))
def test_a_ledger_of_two_currencies_is_two_ledgers_of_one(steps):
    """Where limits are set in both at once: one that is set in one alone closes the other."""
    both = Ledger()
    alone = {currency: Ledger() for currency in ("EUR", "USD")}
    purses = {}
    for number, (what, which, value) in enumerate(steps):
        if what == "set":
            limit = value.get("credit_limit")
            for currency, ledger in alone.items():
                if limit:
                    both.set_account(which, **value | {"credit_limit": (limit[0], currency)})
                    ledger.set_account(which, **value | {"credit_limit": (limit[0], currency)})
                else:
                    both.set_account(which, **value)
                    ledger.set_account(which, **value)
            continue
        if what == "authorise":
            key = len(purses)
            purses[key] = which[1]
            call = (what, f"p{key}", which[0], value, which[1])
        elif which in purses:
            key = which
            call = (what, f"r{number}", f"p{key}", value) if what == "refund" else (what, f"p{key}")
        else:
            continue
        verdicts = [getattr(LedgerGateway(ledger), call[0])(*call[1:]) for ledger in (both, alone[purses[key]])]
        assert verdicts[0] == verdicts[1]
    for name, currency in PURSES:
        mixed, one = both.account(name, currency), alone[currency].account(name, currency)
        assert (mixed.charged, mixed.paid_back, mixed.reserved) == (one.charged, one.paid_back, one.reserved)
        assert (mixed.credit_limit, mixed.objection(1)) == (one.credit_limit, one.objection(1))
    for ledger in (both, *alone.values()):
        ledger.close()


def test_a_limit_in_one_currency_lets_nothing_through_in_another_until_it_is_said_what_may_be_owed_there():
    ledger = Ledger()
    gateway = LedgerGateway(ledger)
    ledger.set_account("ann", credit_limit=(2500, "HRK"))
    why = "account ann has a credit limit in HRK and none in EUR"
    assert gateway.authorise("a", "ann", 1, "EUR").reason == why
    ledger.set_account("ann", credit_limit=(400, "EUR"))
    assert gateway.authorise("b", "ann", 400, "EUR").approved and gateway.authorise("c", "ann", 2500, "HRK").approved
    assert not gateway.authorise("d", "ann", 1, "EUR").approved
    ledger.set_account("ann", credit_limit=None)
    assert gateway.authorise("e", "ann", 10**6, "USD").approved


def test_a_limit_of_an_older_ledger_which_had_no_currency_counts_in_each(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE limits")
        connection.execute("INSERT INTO accounts VALUES ('ann', 0, 150)")
    connection.close()
    ledger = open_ledger(path)
    assert [ledger.account("ann", currency).credit_limit for currency in ("EUR", "USD")] == [150, 150]
    ledger.set_account("ann", credit_limit=(100, "EUR"))
    assert [ledger.account("ann", currency).credit_limit for currency in ("EUR", "USD")] == [100, 150]
    ledger.set_account("ann", credit_limit=None)
    assert [ledger.account("ann", currency).credit_limit for currency in ("EUR", "USD")] == [None, None]
    ledger.close()


def test_a_key_that_was_asked_for_in_another_currency_is_declined():
    gateway = LedgerGateway(Ledger())
    assert gateway.authorise("v1/hold", "ann", 500, "EUR").approved
    assert gateway.authorise("v1/hold", "ann", 500, "USD").reason == (
        "payment v1/hold was asked for in EUR, now in USD"
    )
    assert gateway.authorise("v1/hold", "ann", 500, "EUR").approved


def declined(ledger, visit, account, total, waived=0, currency="EUR"):
    line = CartLine("apple", "Apple", 1, total, total, DecisionState.COMMITTED, 0.9, ("e1",))
    facts = (f"{visit}/1", visit, account, 0, 9, ChargeState.DECLINED, (line,), 0, total, currency, "blocked")
    ledger.begin(Charge(9, *facts))
    ledger.finish(Charge(9, *facts))
    if waived:
        left = total - waived
        change = Adjustment(
            9, f"{visit}/1.1", f"{visit}/1", visit, account, AdjustmentState.WAIVED, (), -waived, 0, 0, left, currency
        )
        ledger.begin_adjustment(change)
        ledger.finish_adjustment(change)


def test_what_was_declined_is_told_as_far_as_it_is_still_due():
    ledger = Ledger()
    declined(ledger, "v1", "ann", 100)
    declined(ledger, "v2", "ann", 320, waived=20)
    declined(ledger, "v3", "bob", 50, waived=50)
    declined(ledger, "v4", "ann", 7, currency="USD")
    assert ledger.unpaid() == {("ann", "EUR"): 400, ("ann", "USD"): 7}
    shown = [(each.id, each.currency) for each in ledger.accounts()]
    assert shown == [("ann", "EUR"), ("ann", "USD"), ("bob", "EUR")] and ledger.account("ann", "EUR").owed == 0


def test_a_change_waits_for_the_store_to_write_and_counts_from_the_next_payment_on(tmp_path):
    path = tmp_path / "ledger.sqlite"
    store = Ledger(path)
    gateway = LedgerGateway(store)
    assert gateway.authorise("a", "ann", 100, "EUR").approved

    def block():
        with_it = open_ledger(path)
        assert with_it.account("ann", "EUR").reserved == 100  # to look does not wait
        looked.set()
        with_it.set_account("ann", blocked=True)
        with_it.close()

    looked, thread = threading.Event(), threading.Thread(target=block)
    with store.transaction():
        thread.start()
        assert looked.wait(5.0)
        assert not store.account("ann", "EUR").blocked
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
