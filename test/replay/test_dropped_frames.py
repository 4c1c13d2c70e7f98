"""Cameras that drop pictures: nobody is charged for what they did not take, and short stalls cost nothing."""

import dataclasses
import random
from collections import Counter

import pytest

from just_walk_out.records import Charge, ChargeState, DecisionState, PersonDetectionArray, ShelfWeights
from just_walk_out.replay.bag import read_records, read_store
from just_walk_out.replay.pipeline import Pipeline, stages_of

TAKEN = {
    "ada": Counter(cola_can=1),
    "ben": Counter(chocolate_dark=1, tortilla_chips=2),
    "cleo": Counter(honey=1),
}


@pytest.fixture(scope="module")
def recorded(plain_bag):
    records = [record for _, record in read_records(plain_bag)]
    return read_store(plain_bag), records + afterwards(records, 20.0)


def afterwards(records, seconds):
    """What the sensors of the empty store go on to send: still shelves, and pictures of nobody."""
    still, empty = {}, {}
    for record in records:
        if isinstance(record, ShelfWeights) and len(record.weights):
            still[record.shelf, record.source] = record
        elif isinstance(record, PersonDetectionArray):
            empty[record.camera] = dataclasses.replace(record, detections=())
    more = []
    for record in still.values():
        span = record.sample_period * len(record.samples)
        for count in range(1, round(seconds * 1e9 / span)):
            more.append(
                dataclasses.replace(record, stamp=record.stamp + count * span, sequence=record.sequence + count)
            )
    for record in empty.values():
        more += [dataclasses.replace(record, stamp=record.stamp + k * 100_000_000) for k in range(1, int(10 * seconds))]
    return sorted(more, key=lambda record: record.stamp)


def charged(recorded, lost):
    """Replay with the detections left out for which ``lost(seconds, camera)`` says so; units charged by account."""
    store, records = recorded
    start = min(record.stamp for record in records if isinstance(record, PersonDetectionArray))
    pipeline = Pipeline(stages_of(store))
    result = {}
    for record in records:
        if isinstance(record, PersonDetectionArray) and lost((record.stamp - start) / 1e9, record.camera):
            continue
        for output in pipeline.push(record):
            if isinstance(output, Charge) and output.state is ChargeState.CHARGED:
                lines = [line for line in output.lines if line.state is DecisionState.COMMITTED]
                result[output.account] = Counter({line.sku: line.quantity for line in lines})
    return result


def stalls(seed, longest, each_camera):
    """Stalls at random times, of all cameras together or of each on its own."""
    windows = {}

    def lost(seconds, camera):
        key = camera if each_camera else ""
        if key not in windows:
            drawn, now, windows[key] = random.Random(f"{seed}/{key}"), 3.0, []
            while now < 120.0:
                now += drawn.uniform(2.0, 6.0)
                windows[key].append((now, now + longest * drawn.uniform(0.5, 1.0)))
                now = windows[key][-1][1]
        return any(begin <= seconds < end for begin, end in windows[key])

    return lost


@pytest.mark.parametrize("seed", [0, 6, 7, 8])
def test_stalls_of_all_cameras_of_about_a_second_cost_nothing(recorded, seed):
    assert charged(recorded, stalls(seed, 1.2, each_camera=False)) == TAKEN


@pytest.mark.parametrize(("seed", "longest", "each_camera"), [(1, 3.0, False), (2, 2.0, False), (3, 4.0, True)])
def test_long_stalls_never_charge_what_was_not_taken(recorded, seed, longest, each_camera):
    for account, units in charged(recorded, stalls(seed, longest, each_camera)).items():
        assert units <= TAKEN[account]


def test_a_third_of_the_frame_rate_is_enough(recorded):
    drawn = random.Random(5)
    assert charged(recorded, lambda seconds, camera: drawn.random() < 0.67) == TAKEN
