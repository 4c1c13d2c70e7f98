"""A recording through the pipeline: weights, tracks and visits as they would have arrived."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from just_walk_out.benchmark.receipts.episode import Outcome, Witness, run_through, score
from just_walk_out.benchmark.receipts.recorded import Recording, Samples, Stay, Walk, read_recording
from just_walk_out.checkout.gate import GateStage
from just_walk_out.entry.stage import EntryStage
from just_walk_out.records import (
    PlateStatus,
    ShelfWeights,
    Track,
    TrackArray,
    TrackState,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.scoring import Departure, Handling
from just_walk_out.tracking.stage import TrackerStage

_SECOND = 1_000_000_000
_TICK = 0.1
_BATCH = 12
_GAP = 2.0
_PATIENCE = 12.0
_PART = 5000
_SPEED_VARIANCE = 0.04
# Stamps are positive whatever the recording counts from.
_EPOCH = 1_790_000_000


def replay_recording(folder: Path) -> Outcome:
    """Play a recording and score what the pipeline makes of it.

    Raises:
        StoreError: the store description is wrong.
        ValueError: the recording is wrong.
    """
    recording = read_recording(folder)
    start = min(float(each.times[0]) for each in recording.samples.values())
    start = min(start, *(float(walk.times[0]) for walk in recording.walks.values()))
    offset = _EPOCH - start
    # People, entries and exits are given, so that what finds them has nothing to do.
    given = (TrackerStage, GateStage, EntryStage)
    stages = [stage for stage in stages_of(recording.store) if not isinstance(stage, given)]
    pipeline, witness, spent = Pipeline(stages), Witness(), 0.0
    records = _records(recording, offset)
    while part := list(islice(records, _PART)):
        spent += run_through(pipeline, witness, part)
    departures = [
        Departure(stay.id, _stamp(stay.exit + offset), recording.receipts[stay.id], stay.staff)
        for stay in recording.stays
    ]
    handlings = [
        Handling(each.visit, each.kind, each.sku, each.quantity, stamp, stamp)
        for each in recording.handlings
        for stamp in (_stamp(each.time + offset),)
    ]
    outcome = score(recording.store, departures, handlings, witness)
    outcome.seconds, outcome.pipeline_seconds = recording.end - start, spent
    outcome.person_seconds = sum((stay.exit - stay.enter) * len(stay.people) for stay in recording.stays)
    return outcome


def _stamp(seconds: float) -> int:
    return round(seconds * _SECOND)


def _records(recording: Recording, offset: float) -> Iterator[tuple[int, Any]]:
    """Return all records by time of arrival: shelves as they are sampled, people ten times a second."""
    streams: list[Iterator[tuple[int, Any]]] = [
        _shelf_records(shelf, samples, tuple(plate.id for plate in recording.store.shelf[shelf].plates), offset)
        for shelf, samples in sorted(recording.samples.items())
    ]
    return heapq.merge(*streams, _people_records(recording, offset), key=lambda item: item[0])


def _shelf_records(
    shelf: str, samples: Samples, plates: tuple[str, ...], offset: float
) -> Iterator[tuple[int, ShelfWeights]]:
    period = float(np.median(np.diff(samples.times)))
    # A batch ends where samples are missing; what is lost is said in the next.
    steps = np.diff(samples.times)
    breaks = {int(index) + 1 for index in np.flatnonzero(steps > 1.5 * period)}
    first, lost, sequence = 0, 0, 0
    count = len(samples.times)
    for last in range(1, count + 1):
        if last - first < _BATCH and last < count and last not in breaks:
            continue
        part = samples.weights[first:last]
        missing = np.isnan(part)
        stamp = _stamp(float(samples.times[first]) + offset)
        status = tuple(PlateStatus.STALE if gone else PlateStatus.OK for gone in np.all(missing, axis=0))
        # A single missing value keeps the one before it, as a converter that answers late.
        filled = _held(part) if missing.any() else part
        yield (
            _stamp(float(samples.times[last - 1]) + offset),
            ShelfWeights(stamp, shelf, shelf, sequence, lost, round(period * _SECOND), plates, status, filled.ravel()),
        )
        sequence += 1
        if last in breaks:
            lost += round(float(steps[last - 1]) / period) - 1
        first = last


def _held(part: Any) -> Any:
    rows = np.where(np.isnan(part), 0, np.arange(len(part))[:, None])
    held = np.take_along_axis(part, np.maximum.accumulate(rows, axis=0), axis=0)
    return np.where(np.isnan(held), np.nanmedian(np.where(np.isnan(part).all(axis=0), 0.0, part), axis=0), held)


def _people_records(recording: Recording, offset: float) -> Iterator[tuple[int, Any]]:
    begin = min(float(walk.times[0]) for walk in recording.walks.values())
    end = max(recording.end, *(stay.exit for stay in recording.stays)) + _PATIENCE
    present: set[str] = set()
    for tick in range(int(np.ceil((begin + offset) / _TICK)), int((end + offset) / _TICK) + 1):
        stamp = tick * _SECOND // 10
        now = tick * _TICK - offset
        tracks = tuple(
            track
            for person, walk in sorted(recording.walks.items())
            if (track := _track(person, walk, now, offset)) is not None
        )
        names = {track.id for track in tracks}
        yield stamp, TrackArray(stamp, (Watermark("tracks", stamp),), tracks, tuple(sorted(present - names)))
        present = names
        visits = tuple(_visit(stay, now, offset) for stay in recording.stays if stay.enter <= now)
        yield stamp, VisitArray(stamp, (Watermark("visits", stamp),), visits)


def _visit(stay: Stay, now: float, offset: float) -> Visit:
    gone = now >= stay.exit
    return Visit(
        stay.id,
        stay.id,
        "",
        _stamp(stay.enter + offset),
        _stamp(stay.exit + offset) if gone else 0,
        VisitState.LEFT if gone else VisitState.OPEN,
        len(stay.people),
        stay.staff,
        stay.people,
        stay.people if gone else (),
    )


def _track(person: str, walk: Walk, now: float, offset: float) -> Track | None:
    """Return where somebody was, between two positions that are not far apart in time; else None."""
    after = int(np.searchsorted(walk.times, now))
    if after >= len(walk.times) or (after == 0 and walk.times[0] > now):
        return None
    before = max(0, after - 1)
    span = float(walk.times[after] - walk.times[before])
    if span > _GAP:
        return None
    share = (now - float(walk.times[before])) / span if span > 0.0 else 0.0
    x, y = (float(value) for value in walk.places[before] + share * (walk.places[after] - walk.places[before]))
    vx, vy = (float(value) / span for value in walk.places[after] - walk.places[before]) if span > 0.0 else (0.0, 0.0)
    variance = float(max(walk.sigmas[before], walk.sigmas[after])) ** 2
    speed = _SPEED_VARIANCE
    flat = (variance, 0.0, 0.0, 0.0, 0.0, variance, 0.0, 0.0, 0.0, 0.0, speed, 0.0, 0.0, 0.0, 0.0, speed)
    born = _stamp(float(walk.times[0]) + offset)
    return Track(person, TrackState.CONFIRMED, x, y, vx, vy, flat, 1.0, born)
