import math

import pytest

from just_walk_out.pickup.reach import ReachModel
from just_walk_out.pickup.stops import Act
from just_walk_out.records import Track, TrackArray, TrackState

SECOND = 1_000_000_000
PLATE = "g4/s2/p3"  # g4 and g5 stand back to back as an island
COVARIANCE = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))


def person(name, point, state=TrackState.CONFIRMED):
    return Track(name, state, *point, 0.0, 0.0, COVARIANCE, 0.99, 0)


def before(store, plate, distance, aside=0.0):
    gondola, (x, y) = store.gondola_of[plate], store.front_of(plate)
    right, out = gondola.pose.matrix()[:2, 0], -gondola.pose.matrix()[:2, 1]
    return (x + distance * out[0] + aside * right[0], y + distance * out[1] + aside * right[1])


@pytest.fixture
def near(store, settings):
    def ask(*people):
        reach = ReachModel(store, settings, memory=10.0)
        for tick in range(30):
            reach.push(TrackArray(tick * SECOND // 10, (), people))
        return reach, reach.near(Act(SECOND, 2 * SECOND, (PLATE,)))

    return ask


def test_someone_at_the_usual_distance_is_far_likelier_than_nobody(store, near):
    reach, found = near(person("a", before(store, PLATE, 0.45)))
    assert -0.3 < found["a"] <= 0.0
    assert found["a"] - reach.log_nobody > 4.0


def test_someone_behind_the_island_cannot_reach_through_it(store, near):
    _, found = near(person("a", before(store, PLATE, -1.3)))
    assert found == {}


def test_someone_far_away_or_not_confirmed_is_no_candidate(store, near):
    _, found = near(
        person("far", before(store, PLATE, 2.5)),
        person("aside", before(store, PLATE, 0.4, aside=1.8)),
        person("ghost", before(store, PLATE, 0.45), TrackState.TENTATIVE),
    )
    assert found == {}


def test_the_one_in_front_is_likelier_than_the_one_aside(store, near):
    _, found = near(person("a", before(store, PLATE, 0.45)), person("b", before(store, PLATE, 0.45, aside=0.6)))
    assert found["a"] > found["b"] + 0.5


def test_two_people_at_the_same_distance_are_equally_likely(store, near):
    _, found = near(
        person("a", before(store, PLATE, 0.45, aside=0.3)), person("b", before(store, PLATE, 0.45, aside=-0.3))
    )
    assert found["a"] == pytest.approx(found["b"], abs=1e-6)


def test_one_good_moment_of_a_slow_lift_is_enough(store, settings):
    reach = ReachModel(store, settings, memory=10.0)
    for tick in range(30):
        place = before(store, PLATE, 0.45 if 8 <= tick <= 17 else 1.2)
        reach.push(TrackArray(tick * SECOND // 10, (), (person("a", place),)))
    assert reach.near(Act(SECOND, 2 * SECOND, (PLATE,)))["a"] > -0.5


def test_only_the_time_around_the_step_counts(store, settings):
    reach = ReachModel(store, settings, memory=10.0)
    for tick in range(60):
        people = (person("a", before(store, PLATE, 0.45)),) if tick < 20 else ()
        reach.push(TrackArray(tick * SECOND // 10, (), people))
    assert reach.near(Act(4 * SECOND, 5 * SECOND, (PLATE,))) == {}


def test_repeated_and_older_ticks_change_nothing_and_old_ones_are_dropped(store, settings):
    reach = ReachModel(store, settings, memory=1.0)
    ticks = [TrackArray(n * SECOND // 10, (), (person("a", before(store, PLATE, 0.45)),)) for n in range(30)]
    for tick in ticks:
        reach.push(tick)
    expected = reach.near(Act(2 * SECOND, 3 * SECOND, (PLATE,)))
    for tick in ticks[20:]:
        reach.push(tick)
    assert reach.near(Act(2 * SECOND, 3 * SECOND, (PLATE,))) == expected
    assert reach.near(Act(0, SECOND, (PLATE,))) == {}
    assert not math.isnan(expected["a"])


def test_whoever_was_followed_for_long_and_has_left_is_forgotten(store, settings):
    reach = ReachModel(store, settings, memory=5.0)
    for tick in range(300):
        people = (person("a", before(store, PLATE, 0.45)),) if tick < 200 else ()
        reach.push(TrackArray(tick * SECOND // 10, (), people))
    assert reach.near(Act(28 * SECOND, 29 * SECOND, (PLATE,))) == {}
    assert reach.since("a", 29 * SECOND) == 29 * SECOND
