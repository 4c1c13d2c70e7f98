import argparse
import sqlite3

import pytest

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.cli import account as command
from just_walk_out.records import CartLine, Charge, ChargeState, DecisionState

LINE = CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9, ("e1",))


def run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


def rows(text):
    """The state of each account: charged, paid back, owes, used, limit, declined, state."""
    plain = text.replace(" EUR", "").replace("used up", "used_up").replace("limited in", "limited_in")
    lines = [line.split() for line in plain.splitlines()]
    return {account: values for account, *values in lines if len(values) == 7}


@pytest.fixture
def path(tmp_path):
    """Ann has paid 12.48 and got 1.00 back, with 2.00 reserved; bob's 1.00 were declined."""
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    gateway = LedgerGateway(ledger)
    gateway.authorise("v1/1", "ann", 1248, "EUR")
    gateway.capture("v1/1")
    gateway.refund("v1/1.1-1", "v1/1", 100)
    gateway.authorise("v3/hold", "ann", 200, "EUR")
    charge = Charge(9, "v2/1", "v2", "bob", 0, 9, ChargeState.DECLINED, (LINE,), 7, 100, "EUR", "blocked")
    ledger.begin(charge)
    ledger.finish(charge)
    ledger.close()
    return path


def test_accounts_are_listed_with_what_they_owe(path, capsys):
    assert run(path) == 0
    assert rows(capsys.readouterr().out) == {
        "ann": ["12.48", "1.00", "11.48", "13.48", "none", "0.00", "open"],
        "bob": ["0.00", "0.00", "0.00", "0.00", "none", "1.00", "open"],
    }


def test_a_change_is_shown_and_leaves_the_rest_as_it_was(path, capsys):
    assert run(path, "ann", "--limit", "25.00") == 0
    assert run(path, "ann", "--block") == 0
    assert run(path, "ann", "--unblock", "--limit", "13.48 EUR") == 0
    assert run(path, "ann", "--no-limit") == 0
    shown = [line.split()[-4:] for line in capsys.readouterr().out.splitlines() if line.startswith("ann")]
    assert [(" ".join(line)) for line in shown] == [
        "EUR 0.00 EUR open",
        "EUR 0.00 EUR blocked",
        "0.00 EUR used up",
        "none 0.00 EUR open",
    ]


def test_what_is_shown_is_what_a_running_store_does(path, capsys):
    store = Ledger(path)
    gateway = LedgerGateway(store)
    assert run(path, "ann", "--limit", "14.00") == 0
    assert not gateway.authorise("v4/1", "ann", 53, "EUR").approved
    assert gateway.authorise("v5/1", "ann", 52, "EUR").approved
    capsys.readouterr()
    assert run(path, "ann") == 0
    assert rows(capsys.readouterr().out)["ann"][3:] == ["14.00", "14.00", "0.00", "used_up"]
    assert run(path, "bob", "--block") == 0
    assert "blocked" in gateway.authorise("v6/1", "bob", 1, "EUR").reason
    store.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ann", "--limit", "much"], "expected an amount such as 25.00 EUR, got 'much'"),
        (["ann", "--limit", "25.0"], "expected an amount such as 25.00 EUR, got '25.0'"),
        (["ann", "--limit", "1,50"], "expected an amount such as 25.00 EUR, got '1,50'"),
        (["ann", "--limit", "25.0 USD"], "expected an amount such as 25.00 USD, got '25.0 USD'"),
        (["ann", "--limit", "25.00 Eur"], "expected an amount such as 25.00 EUR, got '25.00 Eur'"),
        (["ann", "--limit", "-1"], "expected a limit of 0 or more, got '-1'"),
        (["--block"], "expected the id of the account to change, got none"),
        (["", "--block"], "expected the id of the account to change, got none"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(path, arguments, message, capsys):
    before = dump(path)
    assert run(path, *arguments) == 1
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"jwo account: {message}\n")
    assert dump(path) == before


def dump(path):
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


def test_an_account_nobody_has_heard_of_can_be_blocked_but_not_shown(path, capsys):
    assert run(path, "cleo") == 1
    assert capsys.readouterr().err == f"jwo account: expected an account of {path}, got 'cleo'\n"
    assert run(path, "cleo", "--block") == 0
    output = capsys.readouterr()
    assert output.err == "jwo account: nothing was known of 'cleo' before\n"
    assert list(rows(output.out)) == ["cleo"] and rows(output.out)["cleo"][-1] == "blocked"


def test_without_a_charge_the_limit_says_its_currency(tmp_path, capsys):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    assert run(path, "ann", "--limit", "25.00") == 1
    assert "such as 25.00 EUR" in capsys.readouterr().err
    assert run(path, "ann", "--block") == 0
    assert rows(capsys.readouterr().out)["ann"] == ["0", "0", "0", "0", "none", "0", "blocked"]
    assert run(path, "ann", "--unblock", "--limit", "2500 JPY") == 0
    assert run(path) == 0
    assert capsys.readouterr().out.count("2500 JPY") == 2


def test_an_account_has_a_line_for_each_currency_and_each_counts_by_itself(path, capsys):
    ledger = Ledger(path)
    gateway = LedgerGateway(ledger)
    gateway.authorise("v7/1", "ann", 7, "USD")
    assert run(path, "ann", "--limit", "25.00") == 1
    assert "expected an amount such as 25.00 EUR, got '25.00'" in capsys.readouterr().err
    assert run(path, "ann", "--limit", "13.48 EUR") == 0
    first, second = (line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert " ".join(first) == "ann 12.48 EUR 1.00 EUR 11.48 EUR 13.48 EUR 13.48 EUR 0.00 EUR used up"
    assert " ".join(second) == "ann 0.00 USD 0.00 USD 0.00 USD 0.07 USD none 0.00 USD limited in EUR"
    assert not gateway.authorise("v8/1", "ann", 1, "USD").approved
    # before a store changes its currency, limits in the new one are set
    assert run(path, "bob", "--limit", "5.00 GBP") == 0
    output = capsys.readouterr()
    assert output.err == "jwo account: the ledger had nothing in GBP before\n"
    assert [line.split()[-1] for line in output.out.splitlines()[1:]] == ["GBP", "open"]
    assert gateway.authorise("v9/1", "bob", 500, "GBP").approved
    assert run(path, "ann", "--no-limit") == 0 and gateway.authorise("v10/1", "ann", 1, "USD").approved
    ledger.close()


def test_a_missing_or_other_file_is_one_line(tmp_path, capsys):
    assert run(tmp_path / "none.sqlite") == 1
    (tmp_path / "bad.sqlite").write_text("this is no database, only a text that is long enough to be read as one" * 20)
    assert run(tmp_path / "bad.sqlite", "ann", "--block") == 1
    (tmp_path / "empty.sqlite").touch()
    assert run(tmp_path / "empty.sqlite") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[2].split(" (")[0] for line in lines] == [
        "expected a ledger file, found none",
        "not a ledger",
        "not a ledger",
    ]
