"""What the verbs that ask a running store say without one."""

import pytest

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.cli import review
from just_walk_out.cli.main import main
from just_walk_out.monitor.stock_book import StockBook
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    Candidate,
    Charge,
    ChargeState,
    DecisionState,
    Interaction,
    Kind,
)

SECOND = 1_000_000_000


def held(visit, reason="no word from g1/s1 up to the exit"):
    return Charge(9 * SECOND, f"{visit}/1", visit, "ann", 0, 9 * SECOND, ChargeState.REVIEW, (), 0, 0, "EUR", reason)


def test_visits_that_wait_are_those_in_review_that_nobody_has_cleared(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    for visit in ("v1", "v2"):
        ledger.begin(held(visit))
        ledger.finish(held(visit))
    cleared = Adjustment(
        9 * SECOND, "v2/1.1", "v2/1", "v2", "ann", AdjustmentState.UNCHANGED, (), 0, 0, 0, 0, "EUR"
    )  # fmt: skip
    ledger.begin_adjustment(cleared)
    ledger.finish_adjustment(cleared)
    ledger.close()
    (line,) = review._held(path)
    assert line.startswith("visit v1  ann") and line.endswith("no word from g1/s1 up to the exit")


def test_what_waits_is_shown_with_its_runners_up(capsys):
    other = Candidate(Kind.TAKE, "oats", 2, "v2", "t2", 0.3)
    waiting = Interaction(
        "g1/s1@5#0",
        0,
        5 * SECOND,
        "g1/s1",
        (),
        Kind.TAKE,
        DecisionState.REVIEW,
        "",
        1,
        "",
        "",
        0.4,
        (other,),
        (),
        "why",
    )
    review._print([waiting], ["visit v1"])
    assert capsys.readouterr().out.splitlines() == [
        "g1/s1@5#0  1970-01-01T00:00:05.000000Z  take 1 x unknown  by nobody  p 0.40  why",
        "    0.300  take 2 x oats by v2",
        "visit v1",
        "1 interactions wait, 1 visits",
    ]


def test_levels_are_shown_from_the_file(tmp_path, capsys):
    book = StockBook(tmp_path / "stock.sqlite")
    book.count(5 * SECOND, "oats", 12, "sam")
    book.change("e1", 6 * SECOND, "oats", -2, "take")
    assert main(["stock", "show", str(tmp_path / "stock.sqlite")]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert line == "    10  1970-01-01T00:00:05.000000Z  1970-01-01T00:00:06.000000Z  oats"
    for number, (sku, units) in enumerate((("cola", -1), ("milk", 3), ("rice", 1), ("rice", -1))):
        book.change(f"e2{number}", 7 * SECOND, sku, units, "take")
    book.close()
    assert main(["stock", "show", str(tmp_path / "stock.sqlite")]) == 0
    _, *lines, advice = capsys.readouterr().out.splitlines()
    moved = {"cola": "never, 1 fewer by now", "milk": "never, 3 more by now", "rice": "never, as many as at first"}
    assert [line for line in lines if "?" in line] == [
        f"     ?  {text:<28} 1970-01-01T00:00:07.000000Z  {sku}" for sku, text in moved.items()
    ]
    assert "jwo stock count" in advice


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["stock", "show", "none.sqlite"], "jwo stock: none.sqlite: expected a stock file, found none"),
        (["stock", "count", "oats"], "jwo stock: expected the number of units after the SKU, got none"),
        (["review", "list", "--ledger", "none.sqlite"], "jwo review: none.sqlite: expected a ledger file, found none"),
    ],
)
def test_what_is_missing_is_said_in_one_line(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert capsys.readouterr().err == says + "\n"
