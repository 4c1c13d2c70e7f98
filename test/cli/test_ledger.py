import argparse
import json

import pytest

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.cli import ledger as command
from just_walk_out.records import CartLine, Charge, ChargeState, DecisionState

LINE = CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9, ("e1",))


def run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def book(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for number, account in enumerate(("ann", "bob", "ann"), start=1):
        charge = Charge(
            number, f"v{number}/1", f"v{number}", account, 0, number, ChargeState.CHARGED, (LINE,), 7, 100, "EUR"
        )
        ledger.begin(charge)
        if number < 3:
            ledger.finish(charge)
    ledger.close()
    return tmp_path / "ledger.sqlite"


def test_charges_and_their_sum_are_printed(book, capsys):
    assert run(book) == 0
    text = capsys.readouterr().out
    assert text.count("/1\n") == 2 and "2.00 EUR" in text
    assert "1 charges wait" in text


def test_receipts_of_one_account_come_as_json_lines(book, capsys):
    assert run(book, "--account", "ann", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["visit"] == "v1"


def test_receipts_for_people(book, capsys):
    assert run(book, "--receipts") == 0
    assert "2 x Apple" in capsys.readouterr().out


def test_a_missing_or_broken_ledger_is_named(tmp_path, capsys):
    assert run(tmp_path / "none.sqlite") == 1
    (tmp_path / "bad.sqlite").write_text("this is no database, only a text that is long enough to be read as one" * 20)
    assert run(tmp_path / "bad.sqlite") == 1
    assert "none.sqlite" in (error := capsys.readouterr().err) and "bad.sqlite" in error
