"""What later evidence shows of interactions: fewer units, never more, and never against a person's word."""

import dataclasses
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartArray,
    Charge,
    Decision,
    DecisionKind,
    DecisionState,
    Interaction,
    InteractionArray,
    Kind,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)

SECOND = 1_000_000_000
LATER = itertools.count(100)
SHELF = "g1/s1"
V1 = Visit("v1", "ann", "in", SECOND, 0, VisitState.OPEN, tracks=("t1",))
LEFT = dataclasses.replace(V1, state=VisitState.LEFT, exited=9 * SECOND, gone=("t1",))


def act(seconds, quantity=2, state=DecisionState.COMMITTED, kind=Kind.TAKE):
    stamp = round(seconds * SECOND)
    return Interaction(f"{SHELF}@{stamp}#0", stamp, stamp, SHELF, (), kind, state, "apple", quantity, "v1", "t1", 0.9)


def fewer(interaction, quantity, seconds=12):
    id = f"{interaction.id}!weight{quantity}"
    return Decision(
        seconds * SECOND,
        id,
        DecisionKind.CORRECT,
        "v1",
        interaction.id,
        "pickup: weight of apple",
        "",
        "apple",
        quantity,
    )


def told(*interactions, corrections=(), seconds=10):
    stamp = seconds * SECOND
    return InteractionArray(stamp, (Watermark(SHELF, stamp),), interactions, corrections)


def present(seconds, visit=V1):
    return VisitArray(seconds * SECOND, (Watermark("visits", seconds * SECOND),), (visit,))


def started(store, journal, visit=V1):
    stage = CartStage(store, CartSettings(), journal)
    stage.restore()
    stage.push(present(5, visit))
    return stage


def cart(stage, visit=V1):
    (array,) = (each for each in stage.push(present(next(LATER), visit)) if isinstance(each, CartArray))
    return array.carts[0]


def held(found):
    return [(line.sku, line.quantity, line.state.name) for line in found.lines]


TWO = act(3)


@pytest.fixture
def stage(store):
    made = started(store, Journal())
    made.push(told(TWO))
    return made


def test_a_correction_makes_units_fewer_is_published_and_is_evidence(stage):
    before, correction = cart(stage), fewer(TWO, 1)
    said = stage.push(told(corrections=(correction,), seconds=12))
    assert [each for each in said if isinstance(each, Decision)] == [correction]
    after = cart(stage)
    assert (held(before), held(after)) == ([("apple", 2, "COMMITTED")], [("apple", 1, "COMMITTED")])
    assert after.revision == before.revision + 1
    assert (after.decisions, after.corrections, after.cleared) == ((), (correction.id,), False)
    assert correction.id in after.lines[0].evidence


def test_what_is_told_again_or_before_what_it_corrects_has_the_same_effect(store):
    journal = Journal()
    stage = started(store, journal)
    first = stage.push(told(corrections=(fewer(TWO, 1),), seconds=12))
    stage.push(told(TWO))
    again = stage.push(told(TWO, corrections=(fewer(TWO, 1),), seconds=13))
    assert [isinstance(each, Decision) for each in (*first, *again)].count(True) == 1
    assert held(cart(stage)) == held(cart(started(store, journal))) == [("apple", 1, "COMMITTED")]


def test_what_waits_for_a_person_goes_on_waiting(store):
    doubt = act(3, state=DecisionState.REVIEW)
    stage = started(store, Journal())
    stage.push(told(doubt, corrections=(fewer(doubt, 1),)))
    assert held(cart(stage)) == [("apple", 1, "REVIEW")]
    assert [each.quantity for each in stage.reviews()] == [1]


@pytest.mark.parametrize(
    ("kind", "about", "values", "expected"),
    [
        ("CONFIRM", TWO.id, {}, [("apple", 2, "COMMITTED")]),
        ("CHANGE", TWO.id, {"quantity": 3}, [("apple", 3, "COMMITTED")]),
        ("REMOVE", TWO.id, {}, []),
        ("CONTEST", TWO.id, {}, [("apple", 2, "REVIEW")]),
        ("CONFIRM", "", {}, [("apple", 2, "COMMITTED")]),
        ("REMOVE", "", {}, []),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_a_persons_word_outranks_it(stage, kind, about, values, expected, first):
    if first:
        stage.push(told(corrections=(fewer(TWO, 1),), seconds=12))
        expected = [(sku, 1 if units == 2 else units, state) for sku, units, state in expected]
    by = "ann" if kind == "CONTEST" else "rita"
    draft = Decision(20 * SECOND, "", DecisionKind[kind], "v1", about, by, **values)
    stage.decide(draft)
    stage.push(told(corrections=(fewer(TWO, 1, 30),), seconds=30))
    assert held(cart(stage)) == expected


def test_nobody_asks_for_a_correction_by_hand(stage):
    with pytest.raises(ValueError, match="evidence alone corrects"):
        stage.decide(dataclasses.replace(fewer(TWO, 1), id="", by="rita"))


def test_what_is_no_correction_does_not_come_this_way(stage):
    stage.push(told(corrections=(dataclasses.replace(fewer(TWO, 5), kind=DecisionKind.CHANGE),), seconds=12))
    assert held(cart(stage)) == [("apple", 2, "COMMITTED")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_correction_ever_costs_more_and_their_order_does_not_matter(store, data):
    acts = [
        act(seconds, data.draw(st.integers(1, 6)), kind=data.draw(st.sampled_from(Kind)))
        for seconds in range(2, 2 + data.draw(st.integers(1, 5)))
    ]
    taken = [each for each in acts if each.kind is Kind.TAKE]
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(taken), st.integers(1, 8)), max_size=6)) if taken else []
    corrections = {each.id: each for each in (fewer(interaction, quantity) for interaction, quantity in drawn)}
    carts, totals = [], []
    for order in (list(corrections.values()), data.draw(st.permutations(list(corrections.values())))):
        stage = started(store, Journal())
        stage.push(told(*acts))
        totals = [cart(stage).total]
        for correction in order:
            stage.push(told(corrections=(correction,), seconds=12))
            totals.append(cart(stage).total)
        assert all(later <= before for before, later in itertools.pairwise(totals))
        carts.append(held(cart(stage)))
    assert carts[0] == carts[1]


def test_what_was_paid_already_is_paid_back_with_the_reason_and_once(store):
    carts, ledger = CartStage(store, CartSettings(), Journal()), Ledger()
    checkout = CheckoutStage(store, CheckoutSettings(), ledger)
    said = []

    def tell(*records):
        for record in records:
            out = [record] if not isinstance(record, InteractionArray) else []
            out += [] if isinstance(record, TrackArray) else carts.push(record)
            for each in out:
                if isinstance(each, CartArray | VisitArray | TrackArray):
                    said.extend(checkout.push(each))

    tell(present(5), told(TWO), TrackArray(10 * SECOND), present(11, LEFT), TrackArray(11 * SECOND), present(12, LEFT))
    (charge,) = (each for each in said if isinstance(each, Charge))
    assert charge.total == 100
    for seconds in (13, 14):
        tell(told(corrections=(fewer(TWO, 1),), seconds=seconds), present(seconds + 1, LEFT))
    (adjustment,) = (each for each in said if isinstance(each, Adjustment))
    assert (adjustment.state, adjustment.amount, adjustment.total) == (AdjustmentState.REFUNDED, -50, 50)
    assert adjustment.decisions == (fewer(TWO, 1).id,)
    assert "weight in the catalogue is in doubt" in adjustment.reason
    assert ledger.adjustments() == [adjustment]
