import dataclasses
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    CartArray,
    Decision,
    DecisionKind,
    DecisionState,
    Interaction,
    InteractionArray,
    Kind,
    RestockMode,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.store.model import Gondola, Plate, Pose, Promotion, Shelf

SECOND = 1_000_000_000
SHELVES = ("g1/s1", "g1/s2")
LATER = itertools.count(100)


def act(seconds, sku="apple", quantity=1, visit="v1", state=DecisionState.REVIEW, kind=Kind.TAKE, shelf="g1/s1"):
    stamp = round(seconds * SECOND)
    return Interaction(f"{shelf}@{stamp}#0", stamp, stamp, shelf, (), kind, state, sku, quantity, visit, "t1", 0.6)


def decided(seconds, *interactions):
    stamp = round(seconds * SECOND)
    return InteractionArray(stamp, tuple(Watermark(shelf, stamp) for shelf in SHELVES), interactions)


def present(seconds, *visits):
    stamp = round(seconds * SECOND)
    return VisitArray(stamp, (Watermark("visits", stamp),), visits)


V1 = Visit("v1", "ann", "in", SECOND, 0, VisitState.OPEN, tracks=("t1",))
V2 = Visit("v2", "bob", "in", 2 * SECOND, 0, VisitState.OPEN, tracks=("t2",))
LEFT = dataclasses.replace(V1, state=VisitState.LEFT, exited=9 * SECOND)
APPLE = act(3)


def say(kind, interaction=APPLE, seconds=20, by="rita", visit="", **values):
    id = interaction.id if interaction else ""
    return Decision(round(seconds * SECOND), "", DecisionKind[kind], visit, id, by, **values)


@pytest.fixture
def stage(store):
    made = CartStage(store, CartSettings(), Journal())
    made.restore()
    made.push(present(5, V1, V2))
    made.push(decided(10, APPLE))
    return made


def carts(stage, seconds=None):
    seconds = next(LATER) if seconds is None else seconds
    (array,) = (each for each in stage.push(present(seconds, V1, V2)) if isinstance(each, CartArray))
    return {cart.visit: cart for cart in array.carts}


def held(cart):
    return [(line.sku, line.quantity, line.state.name) for line in cart.lines]


@pytest.mark.parametrize(
    ("decision", "first", "second"),
    [
        (say("CONFIRM"), [("apple", 1, "COMMITTED")], []),
        (say("REMOVE"), [], []),
        (say("MOVE", to_visit="v2"), [], [("apple", 1, "COMMITTED")]),
        (say("MOVE", to_visit="v2", sku="bread", quantity=2), [], [("bread", 2, "COMMITTED")]),
        (say("CHANGE", sku="chips"), [("chips", 1, "COMMITTED")], []),
        (say("CHANGE", quantity=3), [("apple", 3, "COMMITTED")], []),
        (say("CONFIRM", None, visit="v1"), [("apple", 1, "COMMITTED")], []),
        (say("REMOVE", None, visit="v1"), [], []),
    ],
)
def test_a_decision_changes_the_carts_exactly(stage, decision, first, second):
    before = carts(stage, 30)
    assert held(before["v1"]) == [("apple", 1, "REVIEW")] and not before["v1"].cleared
    assert [each.id for each in stage.reviews()] == [APPLE.id]
    made, outputs = stage.decide(decision)
    assert made.id == f"{decision.interaction or 'v1'}!1" and outputs[0] == made
    assert stage.decide(decision) == (made, [])
    after = carts(stage)
    assert (held(after["v1"]), held(after["v2"])) == (first, second)
    assert after["v1"].cleared and after["v1"].decisions == (made.id,)
    assert after["v1"].revision == before["v1"].revision + 1
    assert stage.reviews() == []
    assert all(made.id in line.evidence for cart in after.values() for line in cart.lines)


def test_the_last_decision_counts_and_none_is_edited(stage):
    ids = [stage.decide(say(kind))[0].id for kind in ("CONFIRM", "REMOVE", "CONFIRM", "CONFIRM")]
    assert ids == [f"{APPLE.id}!{number}" for number in (1, 2, 3, 3)]
    assert held(carts(stage)["v1"]) == [("apple", 1, "COMMITTED")]


def test_a_shopper_contests_and_a_person_decides(stage):
    stage.decide(say("CONFIRM"))
    stage.decide(say("CONTEST", by="ann"))
    assert held(carts(stage)["v1"]) == [("apple", 1, "REVIEW")]
    (waiting,) = stage.reviews("v1")
    assert waiting.reason == "contested by ann" and stage.reviews("v2") == []
    stage.decide(say("REMOVE"))
    assert held(carts(stage)["v1"]) == []


def test_a_whole_visit_is_about_what_had_happened_by_then(stage):
    stage.decide(say("CONFIRM", None, seconds=12, visit="v1"))
    late = act(15, sku="bread")
    stage.push(decided(16, late))
    cart = carts(stage)["v1"]
    assert held(cart) == [("apple", 1, "COMMITTED"), ("bread", 1, "REVIEW")] and not cart.cleared


def test_what_nobody_could_be_named_for_finds_its_visit(stage):
    lost, unknown = act(6, visit=""), act(7, sku="")
    stage.push(decided(11, lost, unknown))
    assert [each.id for each in stage.reviews()] == [APPLE.id, lost.id, unknown.id]
    stage.decide(say("MOVE", lost, to_visit="v2"))
    stage.decide(say("CHANGE", unknown, sku="bread"))
    after = carts(stage)
    assert held(after["v2"]) == [("apple", 1, "COMMITTED")]
    assert held(after["v1"]) == [("apple", 1, "REVIEW"), ("bread", 1, "COMMITTED")]


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (say("CONFIRM", by=" "), "expected the name of who decides"),
        (say("CONFIRM", act(99)), "expected the id of an interaction of the last days, there is no"),
        (say("CONFIRM", visit="v2"), "expected visit v1"),
        (
            say("MOVE", to_visit="v9"),
            "expected the id of a visit of the last days, there is no 'v9'; inside: v1 (ann), v2 (bob)",
        ),
        (say("MOVE"), "expected to_visit with a move"),
        (say("CHANGE"), "expected the product or the quantity"),
        (say("CHANGE", sku="caviar"), "expected the SKU of a product, got 'caviar'"),
        (say("CHANGE", quantity=-1), "expected a number of units from 1 on, got -1"),
        (say("CONFIRM", sku="bread"), "expected a change for another product"),
        (say("CONTEST", by="bob"), "expected the account of the visit to contest it"),
        (
            say("CONFIRM", None, visit="v9"),
            "expected the id of a visit of the last days, there is no 'v9'; inside: v1 (ann), v2 (bob)",
        ),
        (say("MOVE", None, visit="v1"), "expected an interaction to move, got a whole visit"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_one_line_and_changes_nothing(stage, decision, text):
    before = carts(stage)
    with pytest.raises(ValueError, match=r"expected") as refused:
        stage.decide(decision)
    assert text in str(refused.value) and "\n" not in str(refused.value)
    after = carts(stage)
    assert after == before


def test_a_list_of_what_waits_in_a_visit_that_is_not_known_is_refused_and_not_empty(stage, store):
    with pytest.raises(ValueError, match=r"there is no 'v9'; inside: v1 \(ann\), v2 \(bob\)$"):
        stage.reviews("v9")
    assert stage.reviews("v2") == []
    stage.push(present(12, LEFT))
    with pytest.raises(ValueError, match=r"there is no 'v9'; nobody is inside$"):
        stage.reviews("v9")
    assert stage.reviews("v1") == [APPLE]
    fresh = CartStage(store, CartSettings(), Journal())
    fresh.push(decided(10, APPLE))
    assert fresh.reviews("v1") == [APPLE], "its visit is told later"
    with pytest.raises(ValueError, match="nothing is known of visits yet"):
        fresh.reviews("v9")


def test_a_visit_that_is_long_over_is_shown_again_after_a_decision_also_by_a_restarted_stage(store):
    journal = Journal()
    stage = CartStage(store, CartSettings(), journal)
    for record in (present(5, V1), decided(10, APPLE), present(11, LEFT), present(3000)):
        outputs = stage.push(record)
    assert outputs[-1].carts == ()
    _, (_, array) = stage.decide(say("CONFIRM", seconds=3001))
    (cart,) = array.carts
    assert (cart.account, cart.total, cart.cleared) == ("ann", 50, True)
    again = CartStage(store, CartSettings(), journal)
    assert [each.id for each in again.restore()] == [f"{APPLE.id}!1"]
    assert again.push(present(3002))[-1].carts == (cart,)
    assert again.push(present(3001 + 86_401))[-1].carts == ()


def test_markdowns_are_in_the_running_total(store):
    rule = Promotion("r", "Two for one", "take_pay", ("apple",), 1, 2, begins=30 * SECOND)
    stage = CartStage(dataclasses.replace(store, promotions=(rule,)), CartSettings(), Journal())
    stage.push(present(5, V1, V2))
    stage.push(decided(10, act(3, quantity=2, state=DecisionState.COMMITTED)))
    assert carts(stage, 20)["v1"].total == 100
    cart = carts(stage, 40)["v1"]
    assert (cart.total, cart.lines[0].discount, cart.lines[0].promotions) == (50, 50, ("r",))


@pytest.fixture
def shop(store):
    """The store with gondolas g1 and g2."""

    def gondola(id):
        shelves = (Shelf(f"{id}/s1", Pose(), 1.0, 0.4, (Plate(f"{id}/s1/p1", Pose(), 1.0, 0.4),)),)
        return Gondola(id, Pose(), 1.0, 0.5, 1.5, shelves)

    return dataclasses.replace(store, gondolas=(gondola("g1"), gondola("g2")))


def mode(seconds, active, gondola="g1"):
    return RestockMode(seconds * SECOND, f"{gondola}@{seconds}", gondola, active, "sam")


def test_what_is_taken_after_a_visit_is_over_is_in_no_cart_until_a_person_says_so(store):
    """Who stays of a group that is settled: whether the end is told before the take, or after it, must not matter."""
    took, late = act(5, state=DecisionState.COMMITTED), act(9.5, "bread", state=DecisionState.COMMITTED)
    back = act(9.6, state=DecisionState.COMMITTED, kind=Kind.RETURN)
    told = [present(9, V1), present(10, LEFT), decided(10, late), decided(11, took, back)]
    for order, cut in itertools.product(itertools.permutations(told), range(5)):
        journal, said = Journal(), []
        for part in (order[:cut], (*order[cut:], present(12, LEFT))):
            stage = CartStage(store, CartSettings(), journal)
            said += [*stage.restore(), *(each for record in part for each in stage.push(record))]
        assert [each.kind for each in said if isinstance(each, Alert)].count("take_after_visit") == 1
        assert [(each.id, each.state.name, each.reason) for each in stage.reviews("v1")] == [
            (late.id, "REVIEW", "the visit was over")
        ]
        (array,) = stage.push(present(13, LEFT))
        assert array.carts[0].lines == ()
    _, (_, array) = stage.decide(say("CONFIRM", late))
    assert held(array.carts[0]) == [("bread", 1, "COMMITTED")] and stage.reviews("v1") == []


@pytest.mark.parametrize("first", [True, False])
def test_what_happens_at_a_gondola_while_it_is_restocked_is_in_no_cart(shop, first):
    acts = [
        act(second, state=DecisionState.COMMITTED, shelf=shelf)
        for second, shelf in ((3, "g1/s1"), (5, "g1/s1"), (5, "g2/s1"), (8, "g1/s1"))
    ]
    lost = act(5.5, visit="", shelf="g1/s1")
    modes = [mode(4, True), mode(6, False)]
    stage = CartStage(shop, CartSettings(), Journal())
    stage.push(present(2, V1, V2))
    records = [*modes, decided(10, *acts, lost)] if first else [decided(10, *acts, lost), *modes]
    alerts = [each for record in records for each in stage.push(record) if isinstance(each, Alert)]
    assert held(carts(stage)["v1"]) == [("apple", 3, "COMMITTED")]
    assert stage.reviews() == []
    assert [each.kind for each in alerts] == ([] if first else ["unassigned_take"])
    # a person may see it otherwise
    stage.decide(say("CONFIRM", acts[1]))
    assert held(carts(stage)["v1"]) == [("apple", 4, "COMMITTED")]


def test_who_takes_what_is_not_for_everybody_is_an_alert(store):
    products = tuple(dataclasses.replace(product, minimum_age=16) for product in store.products)
    stage = CartStage(dataclasses.replace(store, products=products), CartSettings(), Journal())
    stage.push(present(2, V1, dataclasses.replace(V2, staff=True)))
    outputs = stage.push(decided(10, act(3), act(4, visit="v2"), act(5, kind=Kind.RETURN)))
    alerts = [each for each in outputs if isinstance(each, Alert)]
    assert [(each.kind, each.visit) for each in alerts] == [("age_restricted_take", "v1")]
    assert "must be 16 or older" in alerts[0].text


acts = st.lists(
    st.builds(
        act,
        st.integers(2, 30),
        sku=st.sampled_from(["apple", "bread", ""]),
        quantity=st.integers(1, 3),
        visit=st.sampled_from(["v1", "v2", ""]),
        state=st.sampled_from(DecisionState),
        kind=st.sampled_from(Kind),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda interaction: interaction.id,
)
choices = st.lists(
    st.tuples(
        st.sampled_from(DecisionKind),
        st.integers(0, 6),
        st.sampled_from(["", "v1", "v2"]),
        st.sampled_from(["", "apple", "bread"]),
        st.integers(0, 2),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts, choices, st.integers(0, 20))
def test_wherever_the_process_is_killed_the_same_decisions_give_the_same_carts(store, interactions, wishes, cut):
    """Every step is repeated after the restart, as a client does that got no answer."""

    def steps(stage, start, end):
        todo = [lambda: stage.push(present(1, V1, V2)), lambda: stage.push(decided(31, *interactions))]
        for kind, which, to_visit, sku, quantity in wishes:
            target = interactions[which] if which < len(interactions) else None
            visit = "" if target else "v1"
            draft = Decision(40 * SECOND, "", kind, visit, target.id if target else "", "rita", to_visit, sku, quantity)
            todo.append(lambda draft=draft: stage.decide(draft))
        refused = []
        for number, step in enumerate(todo[start:end], start=start):
            try:
                step()
            except ValueError as error:
                refused.append((number, str(error)))
        return refused

    plain = CartStage(store, CartSettings(), Journal())
    expected_refusals = steps(plain, 0, 99)
    expected = plain.push(present(50, V1, V2))[-1]

    journal = Journal()
    refusals = steps(CartStage(store, CartSettings(), journal), 0, cut)
    stage = CartStage(store, CartSettings(), journal)
    stage.restore()
    stage.push(present(1, V1, V2))
    refusals += steps(stage, max(0, cut - 1), 99)
    assert set(refusals) == set(expected_refusals)
    result = stage.push(present(50, V1, V2))[-1]
    assert result.carts == expected.carts
    assert stage.reviews() == plain.reviews()
    assert all(line.quantity > 0 for cart in result.carts for line in cart.lines)


def test_what_is_long_over_is_forgotten_and_what_is_open_or_decided_lately_stays(store):
    day = 86400
    stage = CartStage(store, CartSettings(), Journal())
    stage.restore()
    stage.push(present(5, V1, V2))
    theirs, own, third = act(3), act(4, visit="v2"), act(5, quantity=2)
    nobody = act(6, visit="")
    stage.push(decided(10, theirs, own, third, nobody))
    stage.push(present(11, LEFT, V2))
    stage.push(present(4 * day, V2))
    stage.decide(say("CONFIRM", third, seconds=4 * day))
    assert len(stage.reviews()) == 3
    stage.push(present(8 * day, V2))
    assert [each.id for each in stage.reviews()] == [theirs.id, own.id], "a decision keeps the visit it is about"
    (array,) = (each for each in stage.push(present(12 * day, V2)) if isinstance(each, CartArray))
    assert [each.id for each in stage.reviews()] == [own.id]
    assert {cart.visit: held(cart) for cart in array.carts} == {"v2": [("apple", 1, "REVIEW")]}
    with pytest.raises(ValueError, match="of the last days"):
        stage.decide(say("REMOVE", third, seconds=12 * day))
    assert not [each for each in stage.push(decided(12 * day, theirs, third)) if isinstance(each, Alert)]
    assert [each.id for each in stage.reviews()] == [own.id], "and does not come back when it is told again"
