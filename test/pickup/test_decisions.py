import pytest

from just_walk_out.pickup.decisions import Decisions
from just_walk_out.records import Decision, DecisionKind, DecisionState, Interaction, Kind

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


def test_a_corrected_take_holds_fewer_as_of_moments_after_the_correction(decisions):
    decisions.add(act("a", 10, quantity=4))
    for stamp, quantity in ((50, 1), (30, 2)):
        correction = Decision(stamp, f"a#0!weight{quantity}", DecisionKind.CORRECT, "v1", "a#0", "pickup", "", "honey",
                              quantity)  # fmt: skip
        decisions.correct(correction)
    assert [decisions.held("v1", at)["honey"] for at in (30, 31, 50, 51)] == [4, 2, 2, 1]


def test_what_came_back_without_having_been_there_is_nobodys_debt(decisions):
    decisions.add(act("a", 10, Kind.RETURN, quantity=2))
    decisions.add(act("b", 20))
    assert decisions.held("v1", 99) == {"honey": 1}


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


def test_what_is_older_than_a_journal_is_read_back_is_forgotten(decisions):
    day = 24 * 3600 * 1_000_000_000
    for number in range(30):
        decisions.add(act(f"e{number}", number * day, Kind.RETURN, plate=AWAY))
    known = [number for number in range(30) if decisions.has(f"e{number}")]
    assert known == list(range(22, 30))
    assert decisions.foreign((AWAY,), 30 * day)["honey"] == 7


def test_a_decision_that_is_taken_back_leaves_nothing(decisions):
    decisions.add(act("a", 10, Kind.RETURN, plate=AWAY))
    decisions.add(act("a", 10, Kind.TAKE, plate=AWAY, index=1))
    decisions.withdraw("a")
    assert not decisions.has("a")
    assert decisions.held("v1", 99, "a") == {} == decisions.foreign((AWAY,), 99)
    assert decisions.lately("g1", 99, "") == []
