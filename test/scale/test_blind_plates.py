"""Plates that give no sound values: nothing is promised of their shelf meanwhile, and what happened is still seen."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import Signal, make_store, seconds

from just_walk_out.records import PlateStatus
from just_walk_out.scale.events.stage import ShelfEventStage

OK, STALE, SATURATED, FAULT, ADJUSTED = PlateStatus
SHELF = "g1/s0"


def spoil(records, plate, begin, end, status):
    """Let a plate be unwell from one second to another, as the driver says it."""
    found = []
    for record in records:
        if begin <= seconds(record.stamp) < end:
            weights = record.samples.copy()
            if status in (STALE, FAULT):
                weights[:, plate] = np.nan
            said = tuple(status if index == plate else each for index, each in enumerate(record.status))
            record = dataclasses.replace(record, status=said, weights=weights.reshape(-1))
        found.append(record)
    return found


def follow(records, stage=None):
    """Return the events, and the watermark of the shelf after each second; no event may break a promise."""
    stage = stage or ShelfEventStage(make_store(1))
    events, marks, promised = [], {}, 0
    for record in records:
        for output in stage.push(record):
            for event in output.events:
                assert event.start > promised, "an event starts before a promise"
            events += output.events
            promised = max([promised, *(mark.stamp for mark in output.watermarks if mark.source == record.shelf)])
        marks[int(seconds(record.stamp))] = seconds(promised)
    return events, marks


def some(columns, source):
    """Batches of some plates of the shelf only, as one of its two boards sends them."""
    columns = list(columns)
    return [
        dataclasses.replace(
            record,
            source=source,
            plates=tuple(record.plates[column] for column in columns),
            status=tuple(record.status[column] for column in columns),
            weights=record.samples[:, columns].reshape(-1),
        )
        for record in Signal(20).records()
    ]


@pytest.mark.parametrize("status", [STALE, SATURATED, FAULT])
def test_a_shelf_is_seen_up_to_where_its_plate_was_and_on_once_it_is_well_again(status):
    events, marks = follow(spoil(Signal(30).records(), 2, 8.0, 20.0, status))
    assert events == []
    assert marks[7] == pytest.approx(7.4, abs=0.2)
    assert all(7.3 < marks[second] < 8.0 for second in range(8, 20))
    assert marks[29] == pytest.approx(29.4, abs=0.2)


def test_a_plate_that_never_was_well_lets_nothing_be_promised():
    events, marks = follow(spoil(Signal(20).move(4, 10.0, -300.0).records(), 2, 0.0, 99.0, FAULT))
    assert [event.plates for event in events] == [(f"{SHELF}/p4",)], "the others are weighed on"
    assert max(marks.values()) <= 0.0


def test_other_shelves_go_on():
    stage = ShelfEventStage(make_store(2))
    well = Signal(20).records("g1/s1", source="bus/1")
    unwell = spoil(Signal(20).records(), 2, 5.0, 99.0, STALE)
    marks = {}
    for pair in zip(well, unwell, strict=True):
        for record in pair:
            for output in stage.push(record):
                marks |= {mark.source: seconds(mark.stamp) for mark in output.watermarks}
    assert marks["g1/s1"] > 19.0 and 4.0 < marks["g1/s0"] < 5.0


def test_what_was_taken_unseen_is_an_event_of_the_whole_time_that_nobody_saw():
    records = spoil(Signal(30).move(2, 12.0, -300.0).records(), 2, 8.0, 18.0, STALE)
    (event,) = follow(records)[0]
    assert event.plates == (f"{SHELF}/p2",) and event.change[0] == pytest.approx(-0.3, abs=0.01)
    assert 7.8 < seconds(event.start) < 8.0 and 18.0 <= seconds(event.end) < 18.6
    assert event.degraded


def test_what_is_taken_after_a_plate_is_well_again_happened_then():
    (event,) = follow(spoil(Signal(30).move(2, 20.0, -300.0).records(), 2, 8.0, 18.0, STALE))[0]
    assert seconds(event.start) == pytest.approx(20.0, abs=0.2) and not event.degraded


def test_an_event_beside_a_plate_that_sees_nothing_is_degraded():
    """A product may lie on both, and the change is only a part of it."""
    signal = Signal(30).move(3, 12.0, -300.0).move(0, 15.0, -200.0)
    beside, apart = follow(spoil(signal.records(), 2, 8.0, 18.0, FAULT))[0]
    assert beside.plates == (f"{SHELF}/p3",) and beside.degraded
    assert apart.plates == (f"{SHELF}/p0",) and not apart.degraded


def test_a_plate_that_was_tared_while_it_was_not_seen_is_learned_anew():
    records = spoil(Signal(30).move(2, 12.0, -900.0).records(), 2, 8.0, 18.0, STALE)
    events, marks = follow(spoil(records, 2, 18.0, 19.0, ADJUSTED))
    assert events == [] and marks[29] == pytest.approx(29.4, abs=0.2)


def test_a_shelf_of_which_a_board_was_never_heard_has_no_watermark():
    """Its other board delivers; the plates of the silent one may have been emptied."""
    half, rest = some(range(3), "bus/0"), some(range(3, 6), "bus/1")
    events, marks = follow(half)
    assert events == [] and max(marks.values()) < 0.0
    _, marks = follow([record for pair in zip(half, rest, strict=True) for record in pair])
    assert marks[19] > 18.0


def test_a_restart_does_not_forget_that_a_plate_is_not_seen():
    records = spoil(Signal(30).move(2, 16.0, -300.0).records(), 2, 8.0, 22.0, STALE)
    first, second = ShelfEventStage(make_store(1)), ShelfEventStage(make_store(1))
    follow(records[:140], first)
    second.resume(json.loads(json.dumps(first.snapshot())))
    events, marks = follow(records[143:], second)
    assert all(7.3 < mark < 8.0 for at, mark in marks.items() if at < 22)
    (event,) = events
    assert seconds(event.start) < 8.0 and event.degraded


@settings(max_examples=25, deadline=None)
@given(
    spans=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.floats(2.0, 15.0),
            st.floats(0.05, 6.0),
            st.sampled_from([STALE, SATURATED, FAULT]),
        ),
        max_size=5,
    ),
    batch=st.sampled_from([4, 5, 12]),
)
def test_whenever_plates_are_not_seen_no_promise_is_broken_and_no_change_is_lost(spans, batch):
    signal = Signal(26, noise=0.5, seed=4).move(1, 5.0, -250.0).move(4, 7.0, 300.0).move(2, 9.5, -600.0)
    records = signal.records(batch=batch)
    for plate, begin, length, status in spans:
        records = spoil(records, plate, begin, begin + length, status)
    events, marks = follow(records)
    total = np.zeros(6)
    for event in events:
        for plate, change in zip(event.plates, event.change, strict=True):
            total[int(plate[-1])] += change
    assert total == pytest.approx([0.0, -0.25, -0.6, 0.0, 0.3, 0.0], abs=0.01)
    assert marks[25] > 24.0
