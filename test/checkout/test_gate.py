import dataclasses
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.checkout.gate import GateSettings, GateStage
from just_walk_out.records import Crossing, Track, TrackArray, TrackState, Watermark
from just_walk_out.store.model import Gate

TICK = 100_000_000
SECOND = 1_000_000_000
IN, OUT = Crossing.IN, Crossing.OUT
TENTATIVE, CONFIRMED, COASTING = TrackState.TENTATIVE, TrackState.CONFIRMED, TrackState.COASTING


def track(id, x, y, vx=0.0, vy=0.0, state=CONFIRMED, born=TICK, birth_gate=""):
    return Track(id, state, x, y, vx, vy, (0.01,) + (0.0,) * 15, 1.0, born, birth_gate)


def tick(number, *tracks, ended=()):
    stamp = number * TICK
    return TrackArray(stamp, (Watermark("tracks", stamp),), tracks, ended)


def walk(stage, points, id="t1", first=1, state=CONFIRMED, **values):
    """Push one track along (x, y) points, a tick each; return the crossings."""
    found, before = [], points[0]
    for number, (x, y) in enumerate(points, start=first):
        vx, vy = (x - before[0]) / 0.1, (y - before[1]) / 0.1
        found += push(stage, tick(number, track(id, x, y, vx, vy, state, **values)))
        before = (x, y)
    return found


def push(stage, array):
    (result,) = stage.push(array)
    return result.crossings


def said(crossings):
    return [(crossing.gate, crossing.direction) for crossing in crossings]


def test_walking_in_is_one_crossing_stamped_and_placed_on_the_line(store):
    stage = GateStage(store, GateSettings())
    (crossing,) = walk(stage, [(2.5, -0.25 + 0.1 * step) for step in range(10)])
    assert (crossing.gate, crossing.direction, crossing.track) == ("in", IN, "t1")
    assert crossing.stamp == 350_000_000
    assert math.isclose(crossing.x, 2.5) and math.isclose(crossing.y, 0.0, abs_tol=1e-9)
    assert crossing.id == "in/t1/350000000"


def test_walking_out_is_a_crossing_of_the_exit(store):
    stage = GateStage(store, GateSettings())
    assert said(walk(stage, [(6.5, 0.6 - 0.1 * step) for step in range(12)])) == [("out", OUT)]


def test_walking_past_the_end_of_a_gate_is_no_crossing(store):
    stage = GateStage(store, GateSettings())
    assert walk(stage, [(4.5, 0.6 - 0.1 * step) for step in range(12)]) == []


def test_swaying_on_the_line_is_no_crossing_and_holds_the_watermark_only_so_long(store):
    stage = GateStage(store, GateSettings(hold=1.0))
    marks = []
    for number in range(1, 80):
        (result,) = stage.push(tick(number, track("t1", 6.5, 0.12 * math.sin(number))))
        assert result.crossings == ()
        marks.append(result.stamp - result.watermarks[0].stamp)
    assert max(marks) <= 1_000_000_000
    (result,) = stage.push(tick(80, track("t1", 6.5, 1.0)))
    assert result.watermarks == (Watermark("gate_crossings", 80 * TICK),)


def test_a_tentative_track_counts_once_it_is_confirmed(store):
    stage = GateStage(store, GateSettings())
    points = [(2.5, -0.25 + 0.1 * step) for step in range(7)]
    assert walk(stage, points, state=TENTATIVE) == []
    (crossing,) = push(stage, tick(8, track("t1", 2.5, 0.45, 0.0, 1.0)))
    assert (crossing.direction, crossing.stamp) == (IN, 350_000_000)


def test_a_tentative_track_that_ends_never_crossed(store):
    stage = GateStage(store, GateSettings())
    walk(stage, [(2.5, -0.25 + 0.1 * step) for step in range(7)], state=TENTATIVE)
    assert push(stage, tick(8, ended=("t1",))) == ()


def test_a_person_first_seen_just_inside_the_entrance_came_in_at_birth(store):
    stage = GateStage(store, GateSettings())
    push(stage, tick(4))
    (crossing,) = push(stage, tick(6, track("t1", 2.5, 0.5, 0.0, 1.0, born=5 * TICK, birth_gate="in")))
    assert (crossing.gate, crossing.direction, crossing.stamp) == ("in", IN, 5 * TICK)
    assert walk(stage, [(2.5, 0.6 + 0.1 * step) for step in range(5)], first=7) == []


def test_a_person_born_on_the_line_may_sway_before_coming_in(store):
    stage = GateStage(store, GateSettings())
    born = {"born": 5 * TICK, "birth_gate": "in"}
    points = [(2.5, 0.02), (2.5, -0.03), (2.5, 0.04), (2.5, -0.02), (2.5, 0.05)]
    assert walk(stage, points, first=5, state=TENTATIVE, **born) == []
    assert said(walk(stage, [(2.5, 0.1), (2.5, 0.3), (2.5, 0.5)], first=10, **born)) == [("in", IN)]


def test_being_born_inside_counts_only_at_the_entrance_and_not_on_the_way_out(store):
    stage = GateStage(store, GateSettings())
    born = {"born": 5 * TICK}
    tracks = (
        track("t1", 2.5, 0.5, **born),
        track("t2", 6.5, 0.5, birth_gate="out", **born),
        track("t3", 2.5, 3.0, birth_gate="in", **born),
        track("t4", 2.5, 0.5, 0.0, -0.8, birth_gate="in", **born),
        track("t5", 2.5, 0.5, birth_gate="in", born=-50 * TICK),
    )
    assert push(stage, tick(6, *tracks)) == ()


def test_a_track_lost_just_before_the_exit_while_walking_out_has_left(store):
    stage = GateStage(store, GateSettings())
    assert walk(stage, [(6.5, 0.9 - 0.1 * step) for step in range(6)]) == []
    crossings = push(stage, tick(7, ended=("t1",)))
    assert said(crossings) == [("out", OUT)]


def test_a_track_lost_while_standing_before_the_exit_or_far_from_it_has_not_left(store):
    stage = GateStage(store, GateSettings())
    push(stage, tick(1, track("t1", 6.5, 0.4), track("t2", 6.5, 3.0, 0.0, -1.0)))
    assert push(stage, tick(2, ended=("t1", "t2"))) == ()


def test_a_track_that_only_coasts_over_the_exit_counts_when_it_is_lost_or_seen_beyond(store):
    stage = GateStage(store, GateSettings())
    walk(stage, [(6.5, 0.5 - 0.1 * step) for step in range(3)])
    assert walk(stage, [(6.5, 0.2 - 0.1 * step) for step in range(8)], first=4, state=COASTING) == []
    assert said(push(stage, tick(12, ended=("t1",)))) == [("out", OUT)]


def test_a_track_that_coasted_over_the_exit_and_is_seen_inside_again_has_not_left(store):
    stage = GateStage(store, GateSettings())
    walk(stage, [(6.5, 0.5 - 0.1 * step) for step in range(3)])
    walk(stage, [(6.5, 0.2 - 0.1 * step) for step in range(8)], first=4, state=COASTING)
    assert push(stage, tick(12, track("t1", 6.5, 0.3))) == ()
    assert walk(stage, [(6.5, 0.3 + 0.1 * step) for step in range(5)], first=13) == []


def test_a_tick_that_comes_again_says_nothing(store):
    stage = GateStage(store, GateSettings())
    arrays = [tick(number, track("t1", 2.5, -0.25 + 0.1 * number)) for number in range(1, 8)]
    first = [result for array in arrays for result in stage.push(array)]
    assert sum(len(result.crossings) for result in first) == 1
    assert [result for array in arrays for result in stage.push(array)] == []


steps = st.lists(
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.sampled_from(TrackState)), min_size=1, max_size=60
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=3), st.sampled_from(["in", "out", ""]))
def test_the_watermark_is_kept_and_never_falls_back(store, walks, birth_gate):
    stage = GateStage(store, GateSettings())
    paths = {}
    for number, walked in enumerate(walks):
        x, y, path = 2.5 + 2 * number, 0.2, []
        for dx, dy, state in walked:
            x, y = x + dx, y + dy
            path.append((x, y, dx / 0.1, dy / 0.1, state))
        paths[f"t{number}"] = path
    promised = -1
    for index in range(65):
        present = tuple(
            track(id, *path[index], born=TICK, birth_gate=birth_gate) for id, path in paths.items() if index < len(path)
        )
        (result,) = stage.push(tick(index + 1, *present))
        assert all(promised < crossing.stamp <= result.stamp for crossing in result.crossings)
        assert promised <= result.watermarks[0].stamp <= result.stamp
        promised = result.watermarks[0].stamp
    assert promised == 65 * TICK


@pytest.fixture
def lanes(store):
    """Two entrances side by side, 10 cm apart."""
    gates = (Gate("in_1", "entry", (2.0, 0.0), (3.0, 0.0)), Gate("in_2", "entry", (3.1, 0.0), (4.1, 0.0)))
    return dataclasses.replace(store, gates=gates)


@pytest.mark.parametrize(("x", "gate"), [(2.9, "in_1"), (3.04, "in_1"), (3.06, "in_2"), (3.2, "in_2"), (4.3, "in_2")])
def test_lanes_side_by_side_are_crossed_one_at_a_time(lanes, x, gate):
    stage = GateStage(lanes, GateSettings())
    assert said(walk(stage, [(x, -0.25 + 0.1 * step) for step in range(10)])) == [(gate, IN)]


def test_swaying_between_two_lanes_is_no_crossing(lanes):
    stage = GateStage(lanes, GateSettings())
    points = [(3.0, -0.1), (3.03, 0.1), (3.07, -0.1), (3.1, -0.4), (3.1, -0.8)]
    assert walk(stage, points) == []


def test_a_track_lost_between_two_lanes_leaves_once(lanes):
    stage = GateStage(lanes, GateSettings())
    walk(stage, [(3.07, 0.9 - 0.1 * step) for step in range(6)])
    assert said(push(stage, tick(7, ended=("t1",)))) == [("in_2", OUT)]


@pytest.mark.parametrize(
    ("entered", "y", "vx", "vy", "leaves"),
    [
        (True, 2.5, 0.0, -1.0, True),
        (False, 2.5, 0.0, -1.0, False),
        (True, 3.5, 0.0, -1.0, False),
        (True, 2.5, 0.0, 1.0, False),
        (True, 2.5, 1.0, -0.5, False),
    ],
    ids=["towards the exit", "never came in", "too far", "away from it", "past it"],
)
def test_who_came_in_and_was_walking_to_the_exit_when_last_seen_has_left(store, entered, y, vx, vy, leaves):
    stage = GateStage(store, GateSettings())
    if entered:
        assert said(walk(stage, [(2.5, -0.25 + 0.1 * step) for step in range(9)])) == [("in", IN)]
    push(stage, tick(10, track("t1", 6.5, y, vx, vy)))
    assert push(stage, tick(11, ended=("t1",))) == ()
    found = [crossing for number in range(12, 100) for crossing in push(stage, tick(number))]
    assert said(found) == ([("out", OUT)] if leaves else [])
    # it should have been there after 2.5 s, and is believed 3 s later
    assert all(6.0 * SECOND < crossing.stamp <= 6.5 * SECOND for crossing in found)
