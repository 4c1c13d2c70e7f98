import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.monitor.stock import StockSettings, StockStage
from just_walk_out.monitor.stock_book import StockBook
from just_walk_out.records import (
    Alert,
    DecisionState,
    EventState,
    Interaction,
    InteractionArray,
    Kind,
    RestockMode,
    ShelfEvent,
    ShelfEventArray,
    StockArray,
)
from just_walk_out.store.model import EntrySettings, Facing, Gondola, Plate, Pose, Product, Shelf, Store

SECOND = 1_000_000_000


def gondola(id):
    plates = tuple(Plate(f"{id}/s1/p{n}", Pose(), 0.2, 0.4) for n in (1, 2))
    return Gondola(id, Pose(), 1.0, 0.5, 1.5, (Shelf(f"{id}/s1", Pose(), 1.0, 0.4, plates),))


STORE = Store(
    "s", "S", "EUR", (), (), (), (), (gondola("g1"), gondola("g2")), (),
    (
        Product("apple", "Apple", "", 0.2, 0.002, 50),
        Product("bread", "Bread", "", 0.5, 0.004, 320),
        Product("cake", "Cake", "", 0.501, 0.004, 420),
    ),
    (
        Facing("apple", ("g1/s1/p1", "g1/s1/p2")), Facing("bread", ("g1/s1/p2", "g2/s1/p1")),
        Facing("cake", ("g2/s1/p1",)),
    ),
    EntrySettings(()),
)  # fmt: skip


def act(seconds, units, sku="apple", shelf="g1/s1", kind=Kind.TAKE):
    stamp = round(seconds * SECOND)
    return Interaction(
        f"{shelf}@{stamp}#0", stamp, stamp, shelf, (), kind, DecisionState.COMMITTED, sku, units, "v1", "t1", 0.9
    )


def made(*interactions):
    return InteractionArray(60 * SECOND, (), interactions)


def felt(seconds, shelf="g1/s1", state=EventState.FINAL, **changes):
    plates = tuple(f"{shelf}/{plate}" for plate in changes)
    covariance = tuple(1e-6 if row == column else 0.0 for row in plates for column in plates)
    start = round(seconds * SECOND)
    event = ShelfEvent(
        f"{shelf}@{start}", shelf, start, start + SECOND // 2, state, plates, tuple(changes.values()), covariance
    )
    return ShelfEventArray(start + SECOND, (), (event,))


@pytest.fixture
def stage():
    return StockStage(STORE, StockSettings(), StockBook())


def levels(outputs):
    return {level.sku: level.quantity for each in outputs if isinstance(each, StockArray) for level in each.levels}


def test_sales_lower_the_stock_and_each_counts_once(stage):
    stage.count("apple", 10, "sam", SECOND)
    sold = made(act(5, 3), act(6, 1, kind=Kind.RETURN), act(7, 2, "bread"), act(8, 1, ""))
    assert levels(stage.push(sold)) == {"apple": 8, "bread": -2}
    assert stage.push(sold) == []
    (counted,) = stage.count("bread", 20, "sam", 9 * SECOND)
    assert levels([counted]) == {"apple": 8, "bread": 20}
    # what was taken before the count and is decided only now has been seen by it
    assert levels(stage.push(made(act(8.5, 1, "bread")))) == {"apple": 8, "bread": 20}


def test_in_restock_mode_the_shelf_says_what_was_put_in_and_sales_are_none(stage):
    mode, _ = stage.set_mode("g1", True, "sam", 10 * SECOND)
    assert isinstance(mode, RestockMode) and mode.active
    assert stage.set_mode("g1", True, "sam", 11 * SECOND) == []
    assert levels(stage.push(felt(12, p1=1.21, p2=0.79))) == {"apple": 10}
    assert stage.push(felt(12, p1=1.21, p2=0.79)) == []
    assert levels(stage.push(felt(14, p2=0.605))) == {"apple": 13}
    assert levels(stage.push(felt(16, p1=-0.4))) == {"apple": 11}
    assert stage.push(felt(17, p1=0.2, state=EventState.SETTLING)) == stage.push(felt(17, shelf="g2/s1", p1=0.5)) == []
    assert stage.push(made(act(16, 2))) == []
    _, stock = stage.set_mode("g1", False, "sam", 20 * SECOND)
    assert stock.restocking == ()
    assert stage.push(felt(22, p1=0.2)) == []
    assert levels(stage.push(made(act(23, 2)))) == {"apple": 9}


def test_what_fits_no_product_or_two_is_an_alert_and_no_guess(stage):
    for gondola_ in ("g1", "g2"):
        stage.set_mode(gondola_, True, "sam", 10 * SECOND)
    for event in (felt(12, p1=0.33), felt(13, shelf="g2/s1", p1=1.002)):
        (alert,) = stage.push(event)
        assert isinstance(alert, Alert) and alert.kind == "unclear_restock"
        assert stage.push(event) == []


@pytest.mark.parametrize(
    ("act_", "text"),
    [
        (lambda stage: stage.count("caviar", 1, "sam", 1), "expected the SKU of a product, got 'caviar'"),
        (lambda stage: stage.count("apple", -1, "sam", 1), "expected a number of units from 0 on, got -1"),
        (lambda stage: stage.count("apple", 1, "", 1), "expected the name of who counted"),
        (lambda stage: stage.set_mode("g9", True, "sam", 1), "expected a gondola, one of g1, g2, got 'g9'"),
        (lambda stage: stage.set_mode("g1", True, " ", 1), "expected the name of who restocks"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(stage, act_, text):
    with pytest.raises(ValueError, match="expected") as refused:
        act_(stage)
    assert text in str(refused.value)


steps = st.lists(
    st.one_of(
        st.builds(
            lambda at, units, sku, kind: ("sell", made(act(at, units, sku, kind=kind))),
            st.integers(1, 40), st.integers(1, 3), st.sampled_from(["apple", "bread"]), st.sampled_from(Kind),
        ),
        st.builds(lambda at, units: ("sell", felt(at, p1=0.2 * units)), st.integers(1, 40), st.integers(1, 5)),
        st.builds(lambda at, units: ("count", at, units), st.integers(1, 40), st.integers(0, 9)),
        st.builds(lambda at, on: ("mode", at, on), st.integers(1, 40), st.booleans()),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 12))
def test_a_restart_at_any_point_gives_the_same_stock(story, cut):
    def play(stage, part):
        for kind, *values in part:
            if kind == "sell":
                stage.push(values[0])
            elif kind == "count":
                stage.count("apple", values[1], "sam", values[0] * SECOND)
            else:
                stage.set_mode("g1", values[1], "sam", values[0] * SECOND)

    plain, book = StockBook(), StockBook()
    play(StockStage(STORE, StockSettings(), plain), story)
    play(StockStage(STORE, StockSettings(), book), story[:cut])
    again = StockStage(STORE, StockSettings(), book)
    again.restore()
    # the last step is told again
    play(again, story[max(0, cut - 1) :])
    assert [dataclasses.astuple(level) for level in book.levels()] == [
        dataclasses.astuple(level) for level in plain.levels()
    ]
    assert book.modes() == plain.modes()
