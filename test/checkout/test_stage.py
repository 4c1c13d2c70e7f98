import dataclasses
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.records import (
    Alert,
    Cart,
    CartArray,
    CartLine,
    CartState,
    Charge,
    ChargeState,
    DecisionState,
    Track,
    TrackArray,
    TrackState,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)

SECOND = 1_000_000_000
APPLES = CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9, ("e1",))
BREAD = CartLine("bread", "Bread", 1, 320, 320, DecisionState.COMMITTED, 0.9, ("e2",))
DOUBT = CartLine("bread", "Bread", 1, 320, 320, DecisionState.REVIEW, 0.6, ("e3",))
VISIT = Visit("v1", "ann", "in", 2 * SECOND, 0, VisitState.OPEN, tracks=("t1",))
LEFT = dataclasses.replace(VISIT, exited=20 * SECOND, state=VisitState.LEFT, gone=("t1",))
SHELVES = ("g1/s1", "g2/s1")


def seen(seconds, x=1.5, y=5.2, id="t1"):
    """The track stands before g1, far from g2."""
    covariance = (0.01, 0.0, 0.0, 0.0, 0.0, 0.01) + (0.0,) * 10
    track = Track(id, TrackState.CONFIRMED, x, y, 0.0, 0.0, covariance, 1.0, 2 * SECOND, "in")
    stamp = round(seconds * SECOND)
    return TrackArray(stamp, (Watermark("tracks", stamp),), (track,))


def present(seconds, *visits):
    stamp = round(seconds * SECOND)
    return VisitArray(stamp, (Watermark("visits", stamp),), visits)


def carts(seconds, *lines, visit="v1", revision=0, decisions=(), cleared=False, state=CartState.SETTLED, **marks):
    stamp = round(seconds * SECOND)
    sources = {source: marks.get(source.split("/")[0], seconds) for source in (*SHELVES, "visits")}
    watermarks = tuple(Watermark(source, round(mark * SECOND)) for source, mark in sources.items())
    total = sum(line.amount for line in lines if line.state is DecisionState.COMMITTED)
    cart = Cart(visit, "ann", "EUR", state, revision, stamp, lines, total, decisions, cleared)
    return CartArray(stamp, watermarks, (cart,))


def make(store, ledger=None, **values):
    stage = CheckoutStage(store, CheckoutSettings(), Ledger() if ledger is None else ledger, **values)
    return stage


def run(stage, *records):
    results = [result for record in records for result in stage.push(record)]
    charges = [each for each in results if isinstance(each, Charge)]
    return charges, [each.kind for each in results if isinstance(each, Alert)]


def test_a_visit_is_charged_once_its_shelves_are_past_the_exit(store):
    stage = make(store)
    assert run(stage, seen(3), present(20.5, LEFT), carts(19.9, APPLES), seen(20.5)) == ([], [])
    charges, alerts = run(stage, carts(20.2, APPLES), carts(20.4, APPLES), present(21, LEFT))
    (charge,) = charges
    assert (charge.id, charge.visit, charge.account, charge.state) == ("v1/1", "v1", "ann", ChargeState.CHARGED)
    assert (charge.total, charge.tax, charge.currency, charge.lines) == (100, 7, "EUR", (APPLES,))
    assert (charge.entered, charge.exited, charge.stamp) == (2 * SECOND, 20 * SECOND, 20 * SECOND)
    assert alerts == []


def test_a_silent_shelf_the_visit_was_never_near_is_not_waited_for(store):
    stage = make(store)
    charges, _ = run(stage, seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES, g2=4))
    assert [charge.state for charge in charges] == [ChargeState.CHARGED]


@pytest.mark.parametrize(("decided", "count"), [(11.4, 0), (11.6, 1)])
def test_a_shelf_is_waited_for_until_the_last_of_a_visit_has_gone_from_it(store, decided, count):
    stage = make(store)
    near, away = [seen(step / 10) for step in range(30, 111)], [seen(12, 5.0, 1.0), seen(20.5, 5.0, 1.0)]
    charges, _ = run(stage, *near, *away, present(20.5, LEFT), carts(20.5, APPLES, g1=decided))
    assert len(charges) == count


def test_a_silent_shelf_it_was_near_sends_it_to_review_by_name_after_the_timeout(store):
    stage = make(store)
    silent = carts(30, APPLES, g1=4)
    assert run(stage, seen(3), seen(20.5), present(29, LEFT), silent, seen(29.9)) == ([], [])
    charges, alerts = run(stage, seen(30), seen(31), carts(40, APPLES))
    (charge,) = charges
    assert (charge.state, charge.stamp, charge.lines) == (ChargeState.REVIEW, 30 * SECOND, (APPLES,))
    assert "g1/s1" in charge.reason and "g2/s1" not in charge.reason
    assert alerts == ["charge_in_review"]


def test_a_cart_that_does_not_know_yet_of_the_exit_may_have_what_came_after_it(store):
    stage = make(store)
    bread = dataclasses.replace(APPLES, sku="bread", unit_price=320, amount=640)
    early = carts(21, APPLES, bread, state=CartState.OPEN)
    assert run(stage, seen(3), seen(20.5), present(20.5, LEFT), early, seen(21)) == ([], [])
    (charge,), _ = run(stage, carts(22, APPLES))
    assert (charge.state, charge.total) == (ChargeState.CHARGED, 100)


def unseen_until(seconds, stamp):
    """A promise about g1 that covers what was from ``seconds`` on."""
    mark = Watermark("g1/s1", round(stamp * SECOND), round(seconds * SECOND))
    return CartArray(round(stamp * SECOND), (mark,), ())


@pytest.mark.parametrize(
    ("before", "begins", "near", "state"),
    [
        (None, 12, (3, 14), ChargeState.REVIEW),  # there before anything was seen of the shelf
        (None, 2, (3, 14), ChargeState.CHARGED),
        (9, 12, (3, 14), ChargeState.REVIEW),  # there while its scales were away
        (9, 12, (13, 15), ChargeState.CHARGED),  # came afterwards
        (9, 12, (3, 8), ChargeState.CHARGED),  # had gone
        (9, 9.4, (3, 14), ChargeState.CHARGED),  # too short to take anything
    ],
)
def test_who_was_near_a_shelf_while_nothing_was_seen_of_it_goes_to_review(store, before, begins, near, state):
    stage = make(store)
    marks = [] if before is None else [unseen_until(0, before)]
    away = [seen(2, 5.0, 1.0), seen(20.5, 5.0, 1.0)]
    steps = range(round(near[0] * 10), round(near[1] * 10))
    way = sorted([*away, *(seen(step / 10) for step in steps)], key=lambda each: each.stamp)
    promised = carts(20.5, APPLES)
    marked = [dataclasses.replace(each, since=round(begins * SECOND)) for each in promised.watermarks[:1]]
    promised = dataclasses.replace(promised, watermarks=(*marked, *promised.watermarks[1:]))
    charges, _ = run(stage, *marks, *way, present(20.5, LEFT), promised)
    assert [charge.state for charge in charges] == [state]
    assert ("g1/s1 for" in charges[0].reason) is (state is ChargeState.REVIEW)


def test_a_cart_that_is_not_told_is_waited_for_longer_than_a_sensor(store):
    """A checkout that was started again may hear minutes of tracks before the first cart."""
    stage = make(store)
    assert run(stage, present(21, LEFT), seen(3), seen(20.5), seen(60)) == ([], [])
    charges, _ = run(stage, carts(60, APPLES))
    assert [charge.state for charge in charges] == [ChargeState.CHARGED]
    other = make(store)
    charges, _ = run(other, present(21, LEFT), seen(3), seen(89), seen(91))
    assert [(charge.state, charge.reason) for charge in charges] == [
        (ChargeState.REVIEW, "no word from visits, g1/s1 up to the exit")
    ]


def begun(stamp):
    """Carts that were started again and have been told of visits alone."""
    told = carts(stamp, APPLES)
    return dataclasses.replace(told, watermarks=tuple(mark for mark in told.watermarks if mark.source == "visits"))


@pytest.mark.parametrize("lagging", [begun(29.9), carts(29.9, APPLES, g1=4, g2=4), carts(29.9, APPLES, g1=19, g2=29)])
def test_carts_that_are_catching_up_are_waited_for_longer_than_a_sensor(store, lagging):
    stage = make(store)
    assert run(stage, seen(3), seen(20.5), present(29, LEFT), lagging, seen(30), seen(80)) == ([], [])
    (charge,), alerts = run(stage, carts(40, APPLES))
    assert (charge.state, charge.lines, alerts) == (ChargeState.CHARGED, (APPLES,), [])
    stage = make(store)
    (charge,), _ = run(stage, seen(3), seen(20.5), present(29, LEFT), lagging, seen(30), seen(91))
    assert charge.state is ChargeState.REVIEW and "g1/s1" in charge.reason


def test_without_knowing_the_way_of_its_tracks_a_visit_waits_for_every_shelf(store):
    stage = make(store)
    run(stage, seen(15), seen(20.5), present(20.5, LEFT))
    assert run(stage, carts(20.5, APPLES, g2=4))[0] == []
    assert len(run(stage, carts(21, APPLES))[0]) == 1


@pytest.mark.parametrize(
    ("visit", "lines", "state", "total"),
    [
        (LEFT, (), ChargeState.EMPTY, 0),
        (LEFT, (APPLES, DOUBT), ChargeState.CHARGED, 100),
        (LEFT, (DOUBT,), ChargeState.REVIEW, 0),
        (dataclasses.replace(LEFT, staff=True), (APPLES,), ChargeState.STAFF, 0),
    ],
)
def test_what_a_visit_comes_to(store, visit, lines, state, total):
    ledger = Ledger()
    charges, _ = run(make(store, ledger), seen(3), seen(20.5), present(20.5, visit), carts(20.5, *lines))
    assert [(charge.state, charge.total, charge.lines) for charge in charges] == [(state, total, lines)]
    assert LedgerGateway(ledger).owed("ann", "EUR") == (total if state is ChargeState.CHARGED else 0)


@pytest.mark.parametrize("lines", [(), (APPLES,)])
def test_a_visit_that_was_lost_from_sight_is_for_review_at_once_and_never_charged(store, lines):
    lost = dataclasses.replace(LEFT, state=VisitState.LOST, gone=())
    charges, alerts = run(make(store), seen(3), carts(1800, *lines), seen(1820), present(1820, lost, lost))
    assert [(charge.state, charge.lines) for charge in charges] == [(ChargeState.REVIEW, lines)]
    assert charges[0].reason == "nobody saw the shopper leave" and alerts == ["charge_in_review"]


def test_prices_without_tax_get_it_added(store):
    store = dataclasses.replace(store, policy=dataclasses.replace(store.policy, prices_include_tax=False))
    charges, _ = run(make(store), seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES, BREAD))
    assert (charges[0].total, charges[0].tax) == (100 + 320 + 7 + 61, 68)


def test_a_blocked_account_is_declined_and_the_amount_owed_is_stated(store):
    ledger = Ledger()
    ledger.set_account("ann", blocked=True)
    charges, alerts = run(make(store, ledger), seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES))
    assert [(charge.state, charge.total) for charge in charges] == [(ChargeState.DECLINED, 100)]
    assert alerts == ["charge_declined"]


def test_open_and_abandoned_visits_are_not_charged(store):
    abandoned = dataclasses.replace(VISIT, id="v2", state=VisitState.ABANDONED, tracks=())
    assert run(make(store), seen(3), seen(50), present(50, VISIT, abandoned), carts(50, APPLES)) == ([], [])


def test_a_cart_that_grows_after_its_charge_is_an_alert_once(store):
    stage = make(store)
    run(stage, seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES))
    more = [carts(seconds, APPLES, BREAD, revision=2) for seconds in (21, 22)]
    assert run(stage, *more) == ([], ["cart_changed_after_charge"])


class Line(LedgerGateway):
    """A gateway behind a network that may be down."""

    down = True

    def authorise(self, key, account, amount, currency):
        if self.down:
            raise ConnectionError("no route to the bank")
        return super().authorise(key, account, amount, currency)


def test_a_gateway_that_does_not_answer_is_asked_again_and_charges_once(store):
    ledger = Ledger()
    gateway = Line(ledger)
    stage = make(store, ledger, gateway=gateway)
    charges, alerts = run(stage, seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES), seen(26), seen(27))
    assert (charges, alerts) == ([], ["gateway_unreachable"])
    gateway.down = False
    charges, alerts = run(stage, seen(32), seen(33), present(33, LEFT), carts(33, APPLES))
    assert [charge.state for charge in charges] == [ChargeState.CHARGED]
    assert gateway.owed("ann", "EUR") == 100


def test_what_was_begun_when_the_process_was_killed_is_finished_after_a_restart(store, tmp_path):
    path = tmp_path / "ledger.db"
    first = make(store, Ledger(path), gateway=Line(Ledger(path)))
    run(first, seen(3), seen(20.5), present(20.5, LEFT), carts(20.5, APPLES))
    ledger = Ledger(path)
    again = make(store, ledger)
    assert [(each.id, each.state) for each in again.restore()] == [("v1/1", ChargeState.CHARGED)]
    assert run(again, seen(30), present(30, LEFT), carts(30, APPLES)) == ([], [])
    assert LedgerGateway(ledger).owed("ann", "EUR") == 100


VISITS = tuple(
    Visit(
        f"v{n}", f"a{n}", "in", n * SECOND, (10 + 3 * n) * SECOND, VisitState.LEFT, tracks=(f"t{n}",), gone=(f"t{n}",)
    )
    for n in range(1, 4)
)


def story():
    """Records of three visits that leave at 13, 16 and 19 s, as they come live."""
    records = []
    for tenth in range(0, 400, 5):
        now = tenth / 10
        stamp = round(now * SECOND)
        tracks = tuple(
            dataclasses.replace(seen(now, id=visit.tracks[0]).tracks[0], born=visit.entered)
            for visit in VISITS
            if visit.entered <= stamp <= visit.exited
        )
        records.append(TrackArray(stamp, (), tracks))
        visits = [
            visit if stamp > visit.exited else dataclasses.replace(visit, exited=0, state=VisitState.OPEN, gone=())
            for visit in VISITS
            if visit.entered <= stamp
        ]
        records.append(present(now, *visits))
        marks = tuple(Watermark(source, stamp) for source in (*SHELVES, "visits"))
        over = {True: CartState.SETTLED, False: CartState.OPEN}
        own = tuple(
            Cart(visit.id, visit.account, "EUR", over[visit.exited > 0], lines=(APPLES,), total=100) for visit in visits
        )
        records.append(CartArray(stamp, marks, own))
    return records


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 240), max_size=3), again=st.integers(0, 60), draws=st.randoms(use_true_random=False)
)
def test_every_visit_is_charged_once_whatever_is_repeated_and_wherever_it_is_killed(store, cuts, again, draws):
    expected, _ = run(make(store), *story())
    assert [charge.total for charge in expected] == [100, 100, 100]
    ledger = Ledger()
    published = []
    bounds = [0, *sorted(cuts), len(story())]
    for start, end in itertools.pairwise(bounds):
        stage = make(store, ledger)
        published += [each for each in stage.restore() if isinstance(each, Charge)]
        records = story()[max(0, start - again) : end]
        records = [record for record in records for _ in range(1 + (draws.random() < 0.2))]
        published += run(stage, *records)[0]
    assert {charge.id: charge for charge in published} == {charge.id: charge for charge in expected}
    assert ledger.charges() == expected
    assert [LedgerGateway(ledger).owed(visit.account, "EUR") for visit in VISITS] == [100, 100, 100]
    for charge in expected:
        assert all(each == charge for each in published if each.id == charge.id)
