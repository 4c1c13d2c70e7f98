"""A stage that is killed and goes on from its last snapshot, written as ros/stages.py writes it."""

import contextlib
import dataclasses
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import Signal, make_store, seconds

from just_walk_out.records import PlateStatus
from just_walk_out.scale.events.stage import ShelfEventStage

BATCH_SECONDS = 0.1
TRUE = [(1, 3.0, -200.0), (4, 4.5, -60.0), (1, 6.0, 340.0), (2, 8.0, -900.0)]


def signal():
    made = Signal(18, noise=1.0, seed=5)
    for plate, at, change in TRUE:
        made.move(plate, at, change)
    return made.records()


RECORDS = signal()


class Life:
    """A process: what it publishes, and the note it leaves."""

    def __init__(self, note=None):
        self.stage = ShelfEventStage(make_store(1))
        if note is not None:
            self.stage.resume(json.loads(note))
        self.note = note
        self.published = []

    def run(self, records, note_every=5):
        for number, record in enumerate(records):
            outputs = self.stage.push(record)
            if self.stage.note_due or number % note_every == 0:
                self.note = json.dumps(self.stage.snapshot())
            self.published += outputs
        return self


@settings(max_examples=60, deadline=None)
@given(kill=st.integers(15, 115), away=st.integers(0, 40), unpublished=st.integers(0, 1))
def test_a_kill_at_any_moment_loses_no_step_and_doubles_none(kill, away, unpublished):
    first = Life().run(RECORDS[:kill])
    if unpublished:
        first.published = first.published[:-1]  # killed between the note and the publication
    second = Life(first.note).run(RECORDS[kill + away :])
    events, promised = {}, 0
    for output in first.published:
        events |= {event.id: event for event in output.events}
        promised = max([promised, *(mark.stamp for mark in output.watermarks)])
    for output in second.published:
        for event in output.events:
            assert event.id in events or event.start > promised, "an event starts before a promise"
            events.setdefault(event.id, event)
    total = {plate: 0.0 for plate in range(6)}
    for event in events.values():
        for plate, change in zip(event.plates, event.change, strict=True):
            total[int(plate[-1])] += 1000.0 * change
    truth = {plate: sum(change for where, _, change in TRUE if where == plate) for plate in total}
    assert all(abs(total[plate] - truth[plate]) < 6.0 for plate in total), (total, truth)


def test_what_happened_while_the_stage_was_down_is_reported_as_degraded():
    first = Life().run(RECORDS[:50])
    second = Life(first.note).run(RECORDS[70:])
    events = [event for output in second.published for event in output.events]
    assert [(event.plates[0][-1], event.degraded) for event in events][-2:] == [("1", True), ("2", False)]
    assert seconds(events[-2].start) <= 5.1


def test_other_plates_than_those_of_the_snapshot_begin_anew():
    first = Life().run(RECORDS[:50])
    other = Signal(6, plates=4, noise=1.0, seed=5).move(2, 4.0, -300.0).records()
    stage = ShelfEventStage(make_store(1, 4))
    stage.resume(json.loads(first.note))
    events = [event for record in other for output in stage.push(record) for event in output.events]
    assert [event.plates for event in events if event.plates == ("g1/s0/p2",)]


def test_the_note_is_due_before_a_promise_it_does_not_know_of():
    stage = ShelfEventStage(make_store(1))
    due = []
    for record in RECORDS[:60]:
        stage.push(record)
        if stage.note_due:
            due.append(record.stamp)
            stage.snapshot()
    assert 5 <= len(due) <= 20


def since(published):
    return [mark.since for output in published for mark in output.watermarks]


def test_no_promise_covers_what_was_before_the_resting_weights_were_known():
    published = Life().run(RECORDS).published
    known = since(published)
    assert known == sorted(known), "a promise is not taken back"
    assert RECORDS[0].stamp <= known[-1] <= RECORDS[0].stamp + round(2.5e9)
    assert all(mark.since <= mark.stamp for output in published for mark in output.watermarks)


def test_who_goes_on_from_a_snapshot_has_seen_all_and_who_begins_anew_has_not():
    first = Life().run(RECORDS[:50])
    remembered, anew = (Life(note).run(RECORDS[70:]) for note in (first.note, None))
    assert set(since(remembered.published)) == {since(first.published)[-1]}
    assert since(anew.published)[-1] >= RECORDS[70].stamp


def test_a_plate_that_was_zeroed_by_somebody_has_not_been_seen_meanwhile():
    stage, start = ShelfEventStage(make_store(1)), RECORDS[0].stamp
    marks = []
    for record in RECORDS[:60]:
        if start + round(2.0e9) <= record.stamp < start + round(2.5e9):
            status = (PlateStatus.ADJUSTED, *record.status[1:])
            record = dataclasses.replace(record, status=status)
        marks += [mark for output in stage.push(record) for mark in output.watermarks]
    assert start + round(2.5e9) <= marks[-1].since


def without_one(state):
    """Yield copies of a snapshot from which one thing is missing, with what that is called."""
    if isinstance(state, dict):
        for name, value in state.items():
            yield name, {other: each for other, each in state.items() if other != name}
            yield from ((f"{name}.{path}", {**state, name: less}) for path, less in without_one(value))
    elif isinstance(state, list):
        for place, value in enumerate(state):
            changed = without_one(value)
            yield from ((f"{place}.{path}", [*state[:place], less, *state[place + 1 :]]) for path, less in changed)


def test_a_snapshot_of_another_version_is_refused_or_its_plates_begin_anew():
    note = json.loads(Life().run(RECORDS[:50]).note)
    tried = 0
    for path, less in without_one(note):
        if ".ids." in path or ".moving." in path:
            continue  # names of plates and events are no names of a version
        stage = ShelfEventStage(make_store(1))
        with contextlib.suppress(ValueError):
            stage.resume(less)
        found = [event for record in RECORDS[50:] for output in stage.push(record) for event in output.events]
        assert [(event.plates, event.degraded) for event in found][-1] == (("g1/s0/p2",), False), path
        tried += 1
    assert tried > 15
