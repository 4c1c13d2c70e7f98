"""Visits whose members were lost from sight end after a bounded time, for review."""

import dataclasses

import pytest
from door_records import push
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    Crossing,
    Track,
    TrackArray,
    TrackState,
    VisitArray,
    VisitState,
)
from just_walk_out.store.model import Policy

LONG = 60.0
"""Seconds of ``absence_timeout`` in these tests."""


@pytest.fixture
def hall(door):
    store = dataclasses.replace(door.store, policy=Policy(absence_timeout=LONG))
    return dataclasses.replace(door, store=store)


def floor(seconds, *tracks, ended=()):
    seen = tuple(Track(track, TrackState.CONFIRMED, 1, 1, 0, 0, (0.0,) * 16, 1.0, 0) for track in tracks)
    return TrackArray(round(seconds * 1e9), (), seen, ended)


def run(stage, *records):
    outputs = push(stage, *records)
    alerts = [item.kind for item in outputs if isinstance(item, Alert)]
    return alerts, [item for item in outputs if isinstance(item, VisitArray)]


def enter(hall, stage, *tracks):
    crossings = [hall.crossing(12 + number, track) for number, track in enumerate(tracks)]
    return run(stage, hall.scan(10, hall.token(admits=len(tracks))), floor(9), hall.tick(20, *crossings))


def test_a_visit_nobody_is_seen_of_is_lost_after_the_timeout_and_not_before(hall):
    stage = hall.stage()
    enter(hall, stage, "t1")
    assert run(stage, floor(40, "t1"), floor(41, ended=("t1",)), hall.tick(100))[0] == []
    alerts, arrays = run(stage, hall.tick(101))
    assert alerts == ["visit_lost"]
    (visit,) = arrays[-1].visits
    assert (visit.state, visit.exited, visit.gone) == (VisitState.LOST, 40_000_000_000, ())
    assert run(stage, floor(110, "t9"), hall.tick(120, hall.crossing(112, "t9", Crossing.OUT, "out")))[0] == [
        "appeared_inside",
        "exit_without_visit",
    ]


def test_a_visit_is_not_lost_while_one_member_is_seen_or_before_anyone_looks(hall):
    stage = hall.stage()
    enter(hall, stage, "t1", "t2")
    for second in range(20, 400, 20):
        alerts, arrays = run(stage, floor(second, "t2"), hall.tick(second + 1))
        assert alerts == [] and arrays[-1].visits[0].state is VisitState.OPEN
    blind = hall.stage()
    for record in (hall.scan(10, hall.token()), hall.tick(20, hall.crossing(12, "t1")), hall.tick(500)):
        blind.push(record)
    assert run(blind, floor(500.2, "t1"), hall.tick(502))[1][-1].visits[0].state is VisitState.OPEN


def test_after_a_restart_absence_counts_from_the_first_look(hall):
    journal = Journal()
    enter(hall, hall.stage(journal), "t1")
    stage = hall.stage(journal)
    assert run(stage, hall.tick(500), floor(500), hall.tick(559))[1][-1].visits[0].state is VisitState.OPEN
    alerts, arrays = run(stage, hall.tick(561))
    assert alerts == ["visit_lost"] and arrays[-1].visits[0].state is VisitState.LOST


def test_what_was_found_lost_stays_lost_after_a_restart_although_seen_again(hall):
    journal = Journal()
    stage = hall.stage(journal)
    enter(hall, stage, "t1")
    _, before = run(stage, hall.tick(101))
    again = hall.stage(journal)
    _, arrays = run(again, floor(60, "t1"), floor(70, "t1"), hall.tick(102))
    assert arrays[-1].visits == before[-1].visits


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=st.lists(st.tuples(st.integers(15, 400), st.booleans()), max_size=12))
def test_when_sightings_arrive_does_not_matter(hall, seen):
    """Within the grace that crossings are held back, tracks may come before or after the crossings of their time."""
    code = hall.token()
    looks = {second: floor(second, *(("t1",) if there else ())) for second, there in sorted(seen)}

    def play(ahead):
        stage = hall.stage()
        run(stage, hall.scan(10, code), floor(9), hall.tick(14, hall.crossing(12, "t1")))
        outputs = []
        for second in range(15, 500):
            arrays = [looks[second]] if second in looks else []
            ticks = [hall.tick(second + 0.4)]
            for record in arrays + ticks if ahead else ticks + arrays:
                outputs += stage.push(record)
        return [item for item in outputs if isinstance(item, Alert)], outputs[-1]

    assert play(True) == play(False)
