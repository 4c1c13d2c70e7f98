"""What ``jwo visits`` prints of those who are inside."""

import json

from just_walk_out.checkout.inside import Stay
from just_walk_out.cli import visits
from just_walk_out.records import Cart, CartLine, DecisionState, Interaction, Kind, Visit, VisitState

SECOND = 1_000_000_000


def stay(*lines, billed=0, due=0, doubt="", **values):
    visit = Visit("v1", "ann", "in", 5 * SECOND, 0, VisitState.OPEN, **values)
    return Stay(visit, Cart("v1", "ann", "EUR", lines=lines), billed, due, doubt)


def line(sku, state, *evidence):
    return CartLine(sku, sku.title(), 2, 109, 218, state, 0.9, evidence)


def waits(id, sku):
    return Interaction(id, 0, 0, "g1/s1", (), Kind.TAKE, DecisionState.REVIEW, sku, 1, "v1", "t1", 0.4)


COLA = line("cola", DecisionState.COMMITTED, "e1")
OATS = line("oats", DecisionState.REVIEW, "e2")
WAITING = {"v1": [waits("e2", "oats"), waits("e3", "")], "v2": [waits("e4", "milk")]}


def test_lines_that_are_charged_and_such_that_wait_are_told_apart():
    assert visits._block(stay(COLA, OATS, billed=109, due=218, admits=3), WAITING) == [
        "visit v1  ann              since 1970-01-01T00:00:05.000000Z  group of 3",
        "    2 x cola                         2.18 EUR",
        "    2 x oats                         review, not charged",
        "    take 1 x unknown                 review, not charged",
        "    charged in the store             1.09 EUR",
        "    leaving now                      2.18 EUR",
    ]


def test_why_nothing_is_charged_stands_behind_the_sum():
    assert visits._block(stay(staff=True), {}) == [
        "visit v1  ann              since 1970-01-01T00:00:05.000000Z  staff",
        "    leaving now                      0.00 EUR: staff",
    ]
    assert (
        visits._block(stay(COLA, doubt="no word"), {})[-1] == "    leaving now                      0.00 EUR: no word"
    )


def test_the_last_line_says_how_many_and_as_of_when():
    said = [visits._summary(7 * SECOND, count) for count in range(3)]
    assert [text.partition(",")[0] for text in said] == ["nobody is inside", "1 visit inside", "2 visits inside"]
    assert all(text.endswith(", as of 1970-01-01T00:00:07.000000Z") for text in said)


def test_programs_get_the_same_as_values():
    values = visits._values(stay(COLA, OATS, billed=109, due=218), 7 * SECOND, WAITING)
    assert json.loads(json.dumps(values)) == {
        "visit": "v1",
        "account": "ann",
        "entered": "1970-01-01T00:00:05.000000Z",
        "gate": "in",
        "admits": 1,
        "staff": False,
        "lines": [
            {"sku": "cola", "quantity": 2, "unit_price": 109, "state": "committed"},
            {"sku": "oats", "quantity": 2, "unit_price": 109, "state": "review"},
        ],
        "waiting": ["e2", "e3"],
        "billed": 109,
        "due": 218,
        "currency": "EUR",
        "doubt": "",
        "as_of": "1970-01-01T00:00:07.000000Z",
    }
