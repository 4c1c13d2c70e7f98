"""Who is in the store, and what it comes to: what is told is what is charged."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.checkout.inside import UNHEARD, inside, told
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.records import (
    Cart,
    CartArray,
    CartLine,
    CartState,
    Charge,
    ChargeState,
    DecisionState,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.store.model import Promotion

SECOND = 1_000_000_000
PRICES = {"apple": 50, "bread": 320}
VISIT = Visit("v1", "ann", "in", 2 * SECOND, 0, VisitState.OPEN, tracks=("t1",))
RULES = (
    Promotion("apples", "3 for 2", ("apple",), "take_pay", 2, count=3),
    Promotion("later", "Bread from 30 s on", ("bread",), "amount_off", 100, begins=30 * SECOND),
)
COMMITTED, REVIEW = DecisionState.COMMITTED, DecisionState.REVIEW


def line(sku, state, quantity):
    return CartLine(sku, sku, quantity, PRICES[sku], quantity * PRICES[sku], state, 0.9, ("e1",))


baskets = st.dictionaries(
    st.tuples(st.sampled_from(sorted(PRICES)), st.sampled_from([COMMITTED, REVIEW])), st.integers(1, 4)
).map(lambda units: tuple(line(*key, units[key]) for key in sorted(units)))


def cart(seconds, lines, state=CartState.OPEN, since=0, revision=1):
    stamp = seconds * SECOND
    marks = tuple(Watermark(source, stamp, since * SECOND) for source in ("g1/s1", "g2/s1", "visits"))
    return CartArray(stamp, marks, (Cart("v1", "ann", "EUR", state, revision, stamp, lines),))


def present(seconds, *visits):
    return VisitArray(seconds * SECOND, (), visits)


@given(
    before=baskets,
    after=baskets,
    pays=st.booleans(),
    included=st.booleans(),
    staff=st.booleans(),
    since=st.sampled_from([0, 8]),
    leaves=st.sampled_from([20, 40]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_due_is_what_would_be_charged_and_to_ask_changes_nothing(
    store, before, after, pays, included, staff, since, leaves
):
    policy = dataclasses.replace(store.policy, prices_include_tax=included)
    store = dataclasses.replace(store, policy=policy, promotions=RULES)
    ledger = Ledger()
    stage = CheckoutStage(store, CheckoutSettings(), ledger)
    visit = dataclasses.replace(VISIT, staff=staff)
    for record in (present(5, visit), cart(6, before, since=since), TrackArray(6 * SECOND)):
        stage.push(record)
    if pays:
        stage.pay("v1", 6 * SECOND)
        stage.push(cart(7, before, since=since))
    for record in (TrackArray(leaves * SECOND), present(leaves, visit), cart(leaves, after, since=since, revision=2)):
        stage.push(record)
    paid = ledger.charges()
    stamp, (stay,) = stage.inside()
    assert (stage.inside(), ledger.charges(), ledger.unfinished()) == ((stamp, [stay]), paid, [])
    assert (stamp, stay.visit, stay.cart.lines) == (leaves * SECOND, visit, after)
    assert stay.billed == sum(each.total for each in paid if each.state is ChargeState.CHARGED)

    left = dataclasses.replace(visit, state=VisitState.LEFT, exited=leaves * SECOND, gone=("t1",))
    said = [each for record in (present(leaves, left), cart(leaves, after, CartState.SETTLED, since, 2))
            for each in stage.push(record)]  # fmt: skip
    (charge,) = (each for each in said if isinstance(each, Charge))
    assert stay.doubt == charge.reason
    assert stay.due == (charge.total if charge.state is ChargeState.CHARGED else 0)
    assert stage.inside()[1] == []


def test_a_cart_that_is_not_known_is_in_doubt_and_not_empty(store):
    stage = CheckoutStage(store, CheckoutSettings(), Ledger())
    stage.push(present(5, VISIT))
    _, (stay,) = stage.inside()
    assert (stay.cart.lines, stay.due, stay.doubt) == ((), 0, "the cart is not known")


def test_not_knowing_of_visits_is_not_that_nobody_is_inside(store):
    stage = CheckoutStage(store, CheckoutSettings(), Ledger())
    with pytest.raises(ValueError, match="nothing is known of visits yet"):
        stage.inside()
    with pytest.raises(ValueError, match="got 'v1'; nothing is known of visits yet"):
        stage.pay("v1", 5 * SECOND)
    stage.push(present(5))
    assert stage.inside() == (5 * SECOND, [])
    with pytest.raises(ValueError, match=r"got 'v1'; nobody is inside$"):
        stage.pay("v1", 5 * SECOND)
    stage.push(present(6, VISIT))
    with pytest.raises(ValueError, match=r"expected a visit that is in the store, got 'v9'; inside: v1 \(ann\)$"):
        stage.pay("v9", 6 * SECOND)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(VisitState)), max_size=12))
def test_inside_are_those_who_came_in_and_have_not_left(known):
    visits = [Visit(f"v{n}", f"a{n}", "in", at, 0, state) for n, (at, state) in enumerate(known)]
    there = inside(visits)
    assert sorted(there, key=lambda each: each.entered) == there
    assert {each.id for each in there} == {each.id for each in visits if each.state is VisitState.OPEN}
    text = told(visits, heard=True)
    assert told(visits, heard=False) == UNHEARD and "\n" not in text and len(text) < 80
    assert (text == "nobody is inside") == (not there)
    assert [each for each in there if f"{each.id} ({each.account})" in text] == there[-5:]
    assert text.endswith(f" and {len(there) - 5} more") == (len(there) > 5)
