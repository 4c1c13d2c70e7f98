import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    CartArray,
    CartState,
    DecisionState,
    Interaction,
    InteractionArray,
    Kind,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)

SECOND = 1_000_000_000


def act(seconds, kind=Kind.TAKE, sku="apple", quantity=1, visit="v1", shelf="g1/s1", state=DecisionState.COMMITTED):
    stamp = round(seconds * SECOND)
    return Interaction(f"{shelf}@{stamp}/0", stamp, stamp, shelf, (), kind, state, sku, quantity, visit, "t1", 0.9)


def decided(seconds, *interactions, shelves=("g1/s1", "g1/s2")):
    stamp = round(seconds * SECOND)
    return InteractionArray(stamp, tuple(Watermark(shelf, stamp) for shelf in shelves), interactions)


def present(seconds, *visits):
    stamp = round(seconds * SECOND)
    return VisitArray(stamp, (Watermark("visits", stamp),), visits)


V1 = Visit("v1", "ann", "in", SECOND, 0, VisitState.OPEN, tracks=("t1",))
V2 = Visit("v2", "bob", "in", 2 * SECOND, 0, VisitState.OPEN, tracks=("t2",))


def make(store, journal=None):
    stage = CartStage(store, CartSettings(), Journal() if journal is None else journal)
    assert stage.restore() == []
    return stage


def run(stage, *records):
    results = [result for record in records for result in stage.push(record)]
    arrays = [each for each in results if isinstance(each, CartArray)]
    return arrays, [each for each in results if isinstance(each, Alert)]


def test_a_take_is_in_the_cart_at_once_with_the_shelves_watermarks(store):
    stage = make(store)
    run(stage, present(1, V1))
    arrays, alerts = run(stage, decided(1.05, act(1)))
    (cart,) = arrays[-1].carts
    assert (cart.visit, cart.account, cart.total, cart.state) == ("v1", "ann", 50, CartState.OPEN)
    assert {mark.source: mark.stamp for mark in arrays[-1].watermarks} == {
        "g1/s1": 1_050_000_000,
        "g1/s2": 1_050_000_000,
        "visits": SECOND,
    }
    assert not alerts


def test_watermarks_alone_are_published_at_most_every_fifth_of_a_second(store):
    stage = make(store)
    run(stage, present(1, V1))
    arrays, _ = run(stage, *(decided(1 + step / 20) for step in range(1, 41)))
    assert len(arrays) == 10


def test_interactions_wait_for_their_visit(store):
    stage = make(store)
    arrays, _ = run(stage, decided(3, act(2)))
    assert arrays[-1].carts == ()
    arrays, _ = run(stage, present(3, V1))
    assert arrays[-1].carts[0].total == 50


def test_takes_by_nobody_and_unknown_products_are_alerts_and_in_no_cart(store):
    stage = make(store)
    run(stage, present(1, V1))
    acts = (act(2, visit=""), act(3, sku=""), act(4, sku="caviar"), act(5, Kind.RETURN, visit=""))
    arrays, alerts = run(stage, decided(6, *acts))
    assert [alert.kind for alert in alerts] == [
        "unassigned_take",
        "unassigned_take",
        "unknown_product",
        "unassigned_return",
    ]
    assert arrays[-1].carts[0].lines == ()


def test_what_was_decided_weeks_ago_is_not_read_back_and_yet_refused(store):
    journal, weeks = Journal(), 30 * 24 * 3600
    old, foreign = act(2), act(3, visit="")
    run(make(store, journal), decided(4, old, foreign))
    run(make(store, journal), decided(weeks, act(weeks)))
    arrays, alerts = run(make(store, journal), present(weeks, V1), decided(weeks + 1, old, foreign, act(weeks)))
    assert alerts == [] and arrays[-1].carts[0].total == 50


def test_a_return_of_what_was_not_taken_is_an_alert_once_every_shelf_is_decided(store):
    stage = make(store)
    run(stage, present(1, V1))
    _, early = run(stage, decided(2), decided(4, act(3, Kind.RETURN), shelves=("g1/s1",)))
    assert early == []
    _, alerts = run(stage, decided(5, shelves=("g1/s2",)))
    assert [alert.kind for alert in alerts] == ["return_not_in_cart"]


def test_a_return_seen_before_its_take_of_another_shelf_is_matched(store):
    stage = make(store)
    run(stage, present(1, V1))
    run(stage, decided(1), decided(4, act(3, Kind.RETURN), shelves=("g1/s1",)))
    arrays, alerts = run(stage, decided(5, act(2, shelf="g1/s2"), shelves=("g1/s2",)))
    assert (arrays[-1].carts[0].lines, alerts) == ((), [])


def test_a_cart_settles_when_its_visit_has_left_and_every_shelf_is_past_it(store):
    stage = make(store)
    run(stage, present(1, V1), decided(1))
    left = dataclasses.replace(V1, exited=5 * SECOND, state=VisitState.LEFT, gone=("t1",))
    arrays, _ = run(stage, present(5.5, left))
    assert arrays[-1].carts[0].state is CartState.SETTLING
    arrays, _ = run(stage, decided(5.8))
    assert arrays[-1].carts[0].state is CartState.SETTLED


acts = st.lists(
    st.builds(
        act,
        st.integers(2, 30),
        st.sampled_from(Kind),
        sku=st.sampled_from(["apple", "bread", "chips"]),
        quantity=st.integers(1, 3),
        visit=st.sampled_from(["v1", "v2"]),
        shelf=st.sampled_from(["g1/s1", "g1/s2"]),
        state=st.sampled_from(DecisionState),
    ),
    max_size=10,
    unique_by=lambda interaction: interaction.id,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts, st.randoms(use_true_random=False))
def test_order_repetition_and_restarts_do_not_change_carts_or_alerts(store, interactions, draws):
    plain = make(store)
    records = [present(1, V1, V2), *(decided(1, each) for each in interactions)]
    _, first_alerts = run(plain, *records, decided(32))
    expected, last_alerts = run(plain, present(33, V1, V2))

    mixed = records + [draws.choice(records) for _ in range(5)]
    draws.shuffle(mixed)
    cut = draws.randrange(len(mixed) + 1)
    journal = Journal()
    _, some = run(make(store, journal), *mixed[:cut])
    stage = make(store, journal)
    _, others = run(stage, *mixed, decided(32))
    arrays, rest = run(stage, present(33, V1, V2))
    assert arrays[-1] == expected[-1]
    assert {alert.id for alert in some + others + rest} == {alert.id for alert in first_alerts + last_alerts}
    assert all(line.quantity > 0 for cart in arrays[-1].carts for line in cart.lines)


def test_a_source_that_lags_behind_is_told_of_when_it_catches_up(store):
    """Visits may come after interactions of later times; who waits for them must not wait for the next interaction."""

    def marks(array):
        return {mark.source: mark.stamp / SECOND for mark in array.watermarks}

    stage = CartStage(store, CartSettings(interval=0.5), Journal())
    stage.push(decided(10, shelves=("s",)))
    (carts,) = stage.push(present(7))
    assert marks(carts) == {"s": 10, "visits": 7}
    assert stage.push(present(7.1)) == []
    (carts,) = stage.push(present(8))
    assert marks(carts) == {"s": 10, "visits": 8}
