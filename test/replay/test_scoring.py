from collections import Counter

import pytest

from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    Cart,
    CartArray,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    Interaction,
    Kind,
)
from just_walk_out.replay.scoring import (
    Departure,
    Handling,
    ReceiptScore,
    Scores,
    charge_delays,
    compare,
    line_delays,
    parse_truth,
    read_truth,
    score,
    spread,
    summary,
)

SECOND = 1_000_000_000


def line(sku, quantity, state=DecisionState.COMMITTED, evidence=()):
    return CartLine(sku, sku, quantity, 100, 100 * quantity, state, 0.9, evidence)


def charge(account, *lines, state=ChargeState.CHARGED, exited=5, visit="", kiosk=False):
    visit = visit or f"v-{account}-{exited}"
    return Charge(9, f"c-{account}-{exited}", visit, account, 1, exited, state, lines, 0, 0, "EUR", kiosk=kiosk)


def left(account, exited=5, staff=False, **units):
    return Departure(account, exited, Counter(units), staff)


def test_what_was_carried_and_charged_is_exact():
    result = compare(left("a", apple=2), charge("a", line("apple", 2)))
    assert result.exact
    assert result.f1 == 1.0


def test_a_missed_a_wrong_and_an_extra_unit_lower_f1():
    assert compare(left("a", apple=2), charge("a", line("apple", 1))).f1 == pytest.approx(2 / 3)
    assert compare(left("a", apple=1), charge("a", line("bread", 1))).f1 == 0.0
    assert compare(left("a", apple=1), charge("a", line("apple", 2))).f1 == pytest.approx(2 / 3)


def test_what_is_in_review_is_not_charged():
    result = compare(left("a", apple=1), charge("a", line("apple", 1, DecisionState.REVIEW)))
    assert (result.charged, result.review, result.exact) == (Counter(), Counter(apple=1), False)
    held = compare(left("a", apple=1), charge("a", line("apple", 1), state=ChargeState.REVIEW))
    assert held.review == Counter(apple=1)


def test_an_empty_receipt_of_someone_who_carried_nothing_is_exact_and_none_at_all_is_not():
    assert compare(left("a"), charge("a", state=ChargeState.EMPTY)).exact
    assert compare(left("a"), charge("a", state=ChargeState.EMPTY)).f1 == 1.0
    assert not compare(left("a"), None).exact


def test_staff_owes_nothing():
    assert compare(left("a", staff=True, apple=3), charge("a", line("apple", 3), state=ChargeState.STAFF)).exact


def test_two_visits_of_one_account_are_matched_in_the_order_of_leaving():
    departures = [left("a", exited=20, bread=1), left("a", exited=10, apple=1)]
    charges = [charge("a", line("bread", 1), exited=21), charge("a", line("apple", 1), exited=11)]
    assert score(departures, charges).exact == 2


def test_what_was_paid_in_the_store_and_at_the_exit_is_one_receipt():
    departures = [left("a", exited=20, apple=1, bread=2), left("a", exited=40, milk=1)]
    paid = charge("a", line("apple", 1), line("bread", 1), exited=12, visit="v1", kiosk=True)
    rest = charge("a", line("bread", 1), exited=20, visit="v1")
    later = charge("a", line("milk", 1), exited=40, visit="v2")
    assert score(departures, [later, rest, paid]).exact == 2
    nothing_more = charge("a", state=ChargeState.EMPTY, exited=20, visit="v1")
    (first, _) = score(departures, [paid, nothing_more, later]).receipts
    assert (first.state, first.f1) == (ChargeState.CHARGED, pytest.approx(0.8))
    assert charge_delays([departures[0]], [(13 * SECOND, paid), (21 * SECOND, rest)]) == [21.0 - 20e-9]


def test_what_is_held_counts_where_all_that_is_listed_is_asked_for():
    lines = line("apple", 1), line("bread", 1, DecisionState.REVIEW), line("", 1, DecisionState.REVIEW)
    result = compare(left("a", apple=1, bread=1), charge("a", *lines))
    assert (result.f1, result.f1_listed) == (pytest.approx(2 / 3), 1.0)


def test_the_whole_is_scored_by_units_and_by_receipt():
    scores = score(
        [left("a", apple=2), left("b", bread=1), left("c")],
        [charge("a", line("apple", 2), line("bread", 1)), charge("c", state=ChargeState.EMPTY)],
    )
    assert scores.exact == 1
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.f1 == pytest.approx((0.8 + 0.0 + 1.0) / 3)


def test_nothing_to_score_is_no_error():
    nothing = score([], [])
    assert (nothing.exact, nothing.precision, nothing.recall, nothing.f1) == (0, 1.0, 1.0, 1.0)


def test_delays_are_measured_from_the_true_moments():
    handlings = [
        Handling("a", Kind.TAKE, "apple", 1, 10 * SECOND, 11 * SECOND),
        Handling("a", Kind.TAKE, "apple", 1, 20 * SECOND, 21 * SECOND),
    ]
    taken = Interaction(
        "e#0", 20 * SECOND, 21 * SECOND, "s", (), Kind.TAKE, DecisionState.COMMITTED, "apple", 1, "v", "t", 0.9
    )
    cart = Cart("v", "a", "EUR", lines=(line("apple", 1, evidence=("e#0",)),))
    carts = [(22 * SECOND, CartArray(1, (), (cart,))), (30 * SECOND, CartArray(2, (), (cart,)))]
    assert line_delays(handlings, [taken], carts, {"v": "a"}) == [2.0]
    assert line_delays(handlings, [taken], [], {"v": "a"}) == []
    assert charge_delays([left("a", exited=5 * SECOND)], [(7 * SECOND, charge("a"))]) == [2.0]
    assert spread([1.0, 2.0, 6.0]) == "2.00 s (worst 6.00 s)"
    assert spread([]) == "not measured"


def test_the_truth_is_sorted_into_departures_and_handlings():
    departures, handlings = parse_truth(
        [
            {"kind": "take", "account": "a", "sku": "apple", "quantity": 1, "stamp": 1, "settled": 2},
            {"kind": "put_back_wrong", "account": "a", "sku": "apple", "quantity": 1, "stamp": 3, "settled": 4},
            {"kind": "walked"},
            {"kind": "party_left", "account": "a", "exited": 9, "staff": False, "units": {"apple": 0, "bread": 1}},
        ]
    )
    assert departures == [left("a", exited=9, bread=1)]
    assert [item.kind for item in handlings] == [Kind.TAKE, Kind.RETURN]


def adjusted(charge, *lines, state=AdjustmentState.CHARGED, number=1):
    id = f"{charge.id}.{number}"
    return Adjustment(10, id, charge.id, charge.visit, charge.account, state, lines, 0, 0, 0, 0, "EUR", "", ())


def test_receipts_are_scored_net_of_their_adjustments_and_what_was_held_before_is_kept():
    doubtful = charge("a", line("apple", 1), line("bread", 1, DecisionState.REVIEW))
    confirmed = adjusted(doubtful, line("apple", 1), line("bread", 1))
    (result,) = score([left("a", apple=1, bread=1)], [doubtful], [confirmed, confirmed]).receipts
    assert result.exact and (result.review, result.held, result.adjustments) == (Counter(), Counter(bread=1), 1)
    removed = adjusted(doubtful, line("apple", 1), state=AdjustmentState.REFUNDED, number=2)
    assert compare(left("a", apple=1), doubtful, [confirmed, removed]).exact
    declined = adjusted(doubtful, line("apple", 1), line("bread", 1), state=AdjustmentState.DECLINED)
    assert compare(left("a", apple=1), doubtful, [declined]).exact, "what is owed is not charged"
    held = charge("a", line("apple", 1), state=ChargeState.REVIEW)
    assert compare(left("a", apple=1), held, [adjusted(held, line("apple", 1))]).exact
    assert "0 held, after 1 corrections" in summary(score([left("a")], [doubtful], [adjusted(doubtful)]))[-2]


def test_the_summary_names_what_differs_and_counts_the_rest():
    right = ReceiptScore("ann", Counter(milk=1), Counter(), Counter(milk=1), ChargeState.CHARGED)
    wrong = ReceiptScore("bob", Counter(tea=2), Counter(rice=1), Counter(tea=1, rice=1), ChargeState.CHARGED)
    assert summary(Scores((right, wrong))) == [
        "bob differs; charged: 2 x tea; for review: 1 x rice; truth: 1 x rice, 1 x tea",
        "1 of 2 receipts exact, 1 units charged wrongly, 1 held",
        "item precision 0.667, recall 0.667, receipt F1 0.750",
    ]


@pytest.mark.parametrize("text", ["no json", '{"kind": "party_left"}', "[1]", '"text"', "\xff"])
def test_a_file_that_is_no_truth_is_named(tmp_path, text):
    path = tmp_path / "truth.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"truth\.jsonl: expected"):
        read_truth(path)
