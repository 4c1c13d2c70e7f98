"""Plates that give no values: who came near waits a bounded time and is reviewed, and everybody else is charged."""

import dataclasses

import numpy as np
import pytest
from test_dropped_frames import TAKEN, afterwards

from just_walk_out.records import Charge, ChargeState, DecisionState, PlateStatus, ShelfWeights
from just_walk_out.replay.bag import read_records, read_store
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.scale.events.stage import ShelfEventStage


@pytest.fixture(scope="module")
def recorded(plain_bag):
    records = [record for _, record in read_records(plain_bag)]
    return read_store(plain_bag), records + afterwards(records, 20.0)


def unwell(record, plate, status):
    """The batch as the driver gives it while one of its plates is not well."""
    column = record.plates.index(plate)
    weights = record.samples.copy()
    weights[:, column] = np.nan
    said = (*record.status[:column], status, *record.status[column + 1 :])
    return dataclasses.replace(record, status=said, weights=weights.reshape(-1))


def charges(recorded, change):
    """Replay with each batch of weights as ``change(seconds, batch)`` gives it, None for none; charges by account."""
    store, records = recorded
    start = min(record.stamp for record in records)
    pipeline, found = Pipeline(stages_of(store)), {}
    for record in records:
        if isinstance(record, ShelfWeights) and len(record.weights):
            record = change((record.stamp - start) / 1e9, record)
        for output in pipeline.push(record) if record is not None else ():
            if isinstance(output, Charge):
                found[output.account] = output
    return found


def units(charge):
    return {line.sku: line.quantity for line in charge.lines if line.state is DecisionState.COMMITTED}


def test_a_plate_that_died_sends_only_who_came_near_to_review_and_after_a_bounded_time(recorded):
    """Cleo is the only one who comes near g3."""

    def change(seconds, record):
        dead = seconds > 10.0 and "g3/s1/p1" in record.plates
        return unwell(record, "g3/s1/p1", PlateStatus.FAULT) if dead else record

    found = charges(recorded, change)
    assert found["cleo"].state is ChargeState.REVIEW and found["cleo"].reason == "no word from g3/s1 up to the exit"
    assert found["cleo"].stamp - found["cleo"].exited == recorded[0].policy.settle_timeout * 1e9
    assert units(found["cleo"]) == TAKEN["cleo"], "what the plates that live have seen is there for the review"
    for account in ("ada", "ben"):
        assert found[account].state is ChargeState.CHARGED and units(found[account]) == TAKEN[account]
        assert found[account].stamp == found[account].exited, "nobody else waits"


def test_a_scale_that_was_never_heard_counts_as_dead_although_the_rest_of_its_shelf_is_weighed(recorded):
    found = charges(recorded, lambda seconds, record: None if record.source == "bus_d/0" else record)
    assert found["cleo"].state is ChargeState.REVIEW and found["cleo"].reason == "no word from g3/s2 up to the exit"
    assert {found[account].state for account in ("ada", "ben")} == {ChargeState.CHARGED}


def test_what_was_taken_while_its_plate_was_not_seen_is_charged_to_who_was_there(recorded):
    """The plate of the cola is out from before it is taken until afterwards."""

    def change(seconds, record):
        out = 16.0 < seconds < 20.0 and "g2/s2/p2" in record.plates
        return unwell(record, "g2/s2/p2", PlateStatus.STALE) if out else record

    found = charges(recorded, change)
    assert found["ada"].state is ChargeState.CHARGED and units(found["ada"]) == TAKEN["ada"]
    assert {account: units(charge) for account, charge in found.items()} == TAKEN


@pytest.mark.parametrize("late", [14.0, 24.0])
def test_who_was_near_shelves_before_they_were_first_heard_is_not_let_through(recorded, late):
    """A node that did not listen yet must not promise that nothing was taken."""
    found = charges(recorded, lambda seconds, record: record if seconds > late else None)
    for account, charge in found.items():
        seen = charge.state is ChargeState.CHARGED and units(charge) == TAKEN[account]
        assert seen or (charge.state is ChargeState.REVIEW and "could not be seen" in charge.reason)
    assert any(charge.state is ChargeState.REVIEW for charge in found.values())


@pytest.mark.parametrize(("begin", "end"), [(15.5, 19.0)])
def test_a_node_that_comes_back_without_a_memory_lets_nobody_through_who_was_there(recorded, begin, end):
    """All weights of some seconds are lost, and with them what the shelves weighed."""
    store, records = recorded
    start = min(record.stamp for record in records)
    found = {}
    pipeline, again = Pipeline(stages_of(store)), ShelfEventStage(store)
    for record in records:
        seconds = (record.stamp - start) / 1e9
        if not isinstance(record, ShelfWeights) or seconds < begin:
            queue = [record]
        else:
            queue = list(again.push(record)) if seconds >= end else []
        for item in queue:
            for output in pipeline.push(item):
                if isinstance(output, Charge):
                    found[output.account] = output
    assert found.keys() == TAKEN.keys()
    for account, charge in found.items():
        sure = charge.state is ChargeState.CHARGED and units(charge) == TAKEN[account]
        assert sure or charge.state is ChargeState.REVIEW, account
