import pytest

from just_walk_out.pickup.decisions import Decisions
from just_walk_out.records import DecisionState, Interaction, Kind

HOME, AWAY = "g3/s2/p6", "g1/s1/p6"


def act(event, at, kind=Kind.TAKE, visit="v1", plate=HOME, quantity=1, index=0, state=DecisionState.COMMITTED):
    shelf = plate.rpartition("/")[0]
    return Interaction(f"{event}#{index}", at, at + 1, shelf, (plate,), kind, state, "honey", quantity, visit, "t", 0.9)


@pytest.fixture
def decisions(store):
    return Decisions(store)


def test_what_is_held_depends_on_the_moment_and_not_on_the_order_of_deciding(store):
    acts = [act("a", 10), act("b", 20, quantity=2), act("c", 30, Kind.RETURN)]
    for order in (acts, acts[::-1]):
        decisions = Decisions(store)
        for item in order:
            decisions.add(item)
        assert [decisions.held("v1", at)["honey"] for at in (5, 10, 15, 25, 35)] == [0, 0, 1, 3, 2]


def test_decisions_of_the_same_event_count_when_asked_for(decisions):
    decisions.add(act("a", 10))
    assert decisions.held("v1", 10)["honey"] == 0
    assert decisions.held("v1", 10, "a")["honey"] == 1


def test_a_known_id_counts_once(decisions):
    decisions.add(act("a", 10))
    decisions.add(act("a", 10))
    assert decisions.held("v1", 99)["honey"] == 1
    assert decisions.has("a")
    assert not decisions.has("b")


def test_what_is_waiting_is_not_held_and_nobody_holds_less_than_nothing(decisions):
    decisions.add(act("a", 10, state=DecisionState.WAITING))
    decisions.add(act("b", 20, Kind.RETURN))
    assert decisions.held("v1", 99) == {}


def test_foreign_things_are_those_put_down_away_from_home_and_not_taken_since(decisions):
    decisions.add(act("a", 10, Kind.RETURN, plate=AWAY, quantity=2))
    decisions.add(act("b", 20, Kind.RETURN, plate=HOME))
    decisions.add(act("c", 30, Kind.TAKE, plate=AWAY))
    assert decisions.foreign((AWAY,), 5) == {}
    assert decisions.foreign((AWAY,), 25) == {"honey": 2}
    assert decisions.foreign((AWAY,), 35) == {"honey": 1}
    assert decisions.foreign((HOME,), 35) == {}


def test_a_visit_that_is_over_is_forgotten(decisions):
    decisions.add(act("a", 10))
    decisions.forget("v1")
    assert decisions.held("v1", 99) == {}
    assert decisions.has("a")
