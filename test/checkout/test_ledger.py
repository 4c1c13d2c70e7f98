import dataclasses
import sqlite3

import pytest

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.records import CartLine, Charge, ChargeState, DecisionState

LINE = CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9, ("e1",))


def charge(visit="v1", stamp=10, **values):
    facts = {"account": "ann", "entered": 1, "exited": stamp, "state": ChargeState.CHARGED, "lines": (LINE,)}
    facts |= {"tax": 7, "total": 100, "currency": "EUR"} | values
    return Charge(stamp=stamp, id=f"{visit}/1", visit=visit, **facts)


def test_a_charge_is_begun_and_finished_once_and_the_first_stays(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.begin(charge())
    assert not ledger.begin(charge(total=999))
    assert ledger.unfinished() == [charge()] and ledger.charges() == []
    assert ledger.finish(charge()) == charge()
    assert ledger.finish(charge(total=999)) == charge()
    assert ledger.unfinished() == [] and ledger.charges() == [charge()]
    assert Ledger(tmp_path / "ledger.db").find("v1/1") == charge()


def test_accountants_can_read_the_file(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.begin(charge())
    ledger.finish(charge())
    rows = sqlite3.connect(tmp_path / "ledger.db").execute(
        "SELECT account, charges.state, total, sku, quantity, unit_price FROM charges JOIN lines ON charge = id"
    )
    assert rows.fetchall() == [("ann", "charged", 100, "apple", 2, 50)]


def test_the_last_charges_are_given_oldest_first():
    ledger = Ledger()
    for number in range(5):
        ledger.begin(charge(f"v{number}", stamp=number))
        ledger.finish(charge(f"v{number}", stamp=number))
    assert [each.visit for each in ledger.recent(2)] == ["v3", "v4"]


def test_finishing_what_was_not_begun_is_an_error():
    with pytest.raises(KeyError, match="v1/1"):
        Ledger().finish(charge())


def test_a_payment_counts_once_whatever_is_repeated():
    ledger = Ledger()
    gateway = LedgerGateway(ledger)
    for _ in range(3):
        assert gateway.authorise("v1/1", "ann", 100, "EUR").approved
    for _ in range(3):
        assert gateway.capture("v1/1").approved
    gateway.release("v1/1")
    assert gateway.owed("ann", "EUR") == 100


def test_blocked_accounts_and_amounts_over_the_limit_are_declined():
    ledger = Ledger()
    gateway = LedgerGateway(ledger)
    ledger.set_account("bob", blocked=True)
    ledger.set_account("cleo", credit_limit=(150, "EUR"))
    assert "blocked" in gateway.authorise("a", "bob", 1, "EUR").reason
    assert gateway.authorise("b", "cleo", 100, "EUR").approved
    assert "limit" in gateway.authorise("c", "cleo", 100, "EUR").reason
    assert not gateway.capture("c").approved
    gateway.release("b")
    assert gateway.authorise("d", "cleo", 100, "EUR").approved
    assert gateway.owed("cleo", "EUR") == 0


def test_the_answer_to_a_key_stays_even_if_the_account_changes():
    ledger = Ledger()
    gateway = LedgerGateway(ledger)
    ledger.set_account("bob", blocked=True)
    gateway.authorise("a", "bob", 1, "EUR")
    ledger.set_account("bob", blocked=False)
    assert not gateway.authorise("a", "bob", 1, "EUR").approved


def test_a_declined_charge_is_kept_with_its_reason():
    ledger = Ledger()
    ledger.begin(charge())
    refused = dataclasses.replace(charge(), state=ChargeState.DECLINED, reason="account ann is blocked")
    assert ledger.finish(refused) == refused
