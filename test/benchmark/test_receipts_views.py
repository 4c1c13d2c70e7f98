"""The model of shelf cameras without pictures: it errs as often as it says, and answers as the real stage does."""

import dataclasses
from types import SimpleNamespace

import pytest

from just_walk_out.benchmark.receipts.views import MEASURED, ShelfGlances, watched
from just_walk_out.benchmark.shelf_view.evidence import QUANTILES
from just_walk_out.records import EventState, ShelfEvent, ShelfEventArray, Track, TrackArray, TrackState, Watermark
from just_walk_out.simulation.watched import looks_down

SECOND = 1_000_000_000
START = 100 * SECOND
COUNT = 100
COVARIANCE = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))
SURE = tuple(dataclasses.replace(each, product_said=1.0, arm_said=1.0, arm_said_alone=1.0) for each in MEASURED)


@pytest.fixture(scope="session")
def store(demo_store):
    return watched(demo_store)


def streams(store):
    """Takes by one of two people before one gondola, two seconds apart: truth, events and tracks."""
    plates = [plate.id for shelf in store.gondolas[0].shelves for plate in shelf.plates]
    handlings, records = [], []
    x, y = store.front_of(plates[0])
    for number in range(COUNT):
        plate = plates[number % len(plates)]
        at = 2.0 * number
        handlings.append(
            SimpleNamespace(
                plate=plate, sku=store.skus_on[plate][0], person="ada", start=at, settled=at + 0.5, change=-0.2
            )
        )
        for tick in range(0, 20, 2):
            stamp = START + round((at + 0.1 * tick) * SECOND)
            people = [
                Track(name, TrackState.CONFIRMED, *place, 0, 0, COVARIANCE, 1.0, 0)
                for name, place in (("t-ada", (x + 0.4, y)), ("t-ben", (x + 0.4, y + 0.5)))
            ]
            records.append(TrackArray(stamp, (), tuple(people)))
            if tick == 8:
                shelf, end = plate.rsplit("/", 1)[0], START + round((at + 0.6) * SECOND)
                step = ShelfEvent(
                    f"e{number}", shelf, end - SECOND // 2, end, EventState.FINAL, (plate,), (-0.2,), (4e-6,)
                )
                records.append(ShelfEventArray(stamp, (Watermark(shelf, end),), (step,)))
    return handlings, records


def observe(store, records, handlings, rates=MEASURED, seed=1):
    names = {"ada": "t-ada", "ben": "t-ben"}
    stage = ShelfGlances(store, handlings, lambda tracks: names, START, seed, rates)
    arrays = [array for record in records for array in stage.push(record)]
    return [each for array in arrays for each in array.observations], arrays


def test_what_is_said_is_as_often_there_as_was_measured(store):
    handlings, records = streams(store)
    seen, _ = observe(store, records, handlings)
    for down, rates in enumerate(MEASURED):
        of_kind = [each for each in seen if looks_down(each.camera) == bool(down)]
        looks = COUNT * (1 if down else 2)
        assert sum(bool(each.skus) for each in of_kind) / looks == pytest.approx(rates.product_said, abs=0.12)
        assert sum(bool(each.tracks) for each in of_kind) / looks == pytest.approx(rates.arm_said, abs=0.12)
    seen, _ = observe(store, records, handlings, SURE)
    assert all(set(each.tracks) == {"t-ada", "t-ben"} and each.skus == tuple(sorted(store.product)) for each in seen)
    margins = sorted(each.track_scores[0] - each.track_scores[1] for each in seen if looks_down(each.camera))
    for quantile, value in list(zip(QUANTILES, MEASURED[1].arm_margin, strict=True))[3:-3]:
        assert margins[int(quantile * (len(margins) - 1))] == pytest.approx(value, abs=0.8)


def test_every_step_is_answered_once_in_order_and_the_same_way_again(store):
    handlings, records = streams(store)
    seen, arrays = observe(store, records, handlings, SURE)
    assert len({each.id for each in seen}) == len(seen)
    marks = {}
    for array in arrays:
        for mark in array.watermarks:
            assert mark.stamp > marks.get((array.camera, mark.source), 0)
            marks[(array.camera, mark.source)] = mark.stamp
        for each in array.observations:
            assert each.camera == array.camera
    assert observe(store, records, handlings, SURE)[0] == seen
    # what is known of later handlings changes nothing of earlier answers
    part = [record for record in records if record.stamp < START + 60 * SECOND]
    early, _ = observe(store, part, [each for each in handlings if each.start < 60.0], SURE)
    assert early == seen[: len(early)] and len(early) > 60
    assert observe(store, records, handlings, SURE, seed=2)[0] != seen


def test_a_touch_and_a_step_of_nobody_say_nothing(store):
    handlings, records = streams(store)
    assert observe(store, records, [], SURE)[0] == []
    assert observe(store, records, [SimpleNamespace(**{**vars(each), "sku": ""}) for each in handlings], SURE)[0] == []
