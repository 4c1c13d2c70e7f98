"""The detectors under test, fed as a driver feeds them: the shelf-event stage, and the published rule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.shelf.matching import Found
from just_walk_out.benchmark.shelf.rule import rule_events
from just_walk_out.benchmark.shelf.signals import NOISES, RATE
from just_walk_out.benchmark.shelf.situations import shop_signal
from just_walk_out.benchmark.shelf.stock import LIGHTEST, Stock
from just_walk_out.records import EventState, PlateStatus, ShelfWeights
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.store.model import EntrySettings, Facing, Gondola, Plate, Pose, Product, Shelf, Store

BATCH = 12
_T0 = 1_700_000_000_000_000_000
_SECOND = 1_000_000_000
_WIDTH, _DEPTH = 0.1016, 0.4064
_GAP = 1.75
# Measurements of speed of which the quickest counts.
_RUNS = 3


def make_store(stocks: Sequence[Stock], plates: int) -> Store:
    """Return a store of shelves of equal plates, six to a gondola, as the reference store has them.

    Args:
        stocks: what stands on each shelf; where nothing does, the planogram is not known.
        plates: of each shelf.
    """
    gondolas: list[Gondola] = []
    products: list[Product] = []
    planogram: list[Facing] = []
    for first in range(0, len(stocks), 6):
        name = f"g{first // 6 + 1}"
        boards = []
        for index, stock in enumerate(stocks[first : first + 6]):
            shelf = f"{name}/s{index + 1}"
            cells = tuple(
                Plate(f"{shelf}/p{p + 1}", Pose(x=(p + 0.5) * _WIDTH, y=_DEPTH / 2), _WIDTH - 0.002, _DEPTH)
                for p in range(plates)
            )
            products += stock.products(shelf)
            planogram += stock.facings(shelf, [cell.id for cell in cells])
            boards.append(Shelf(shelf, Pose(z=0.3 * index), plates * _WIDTH, _DEPTH, cells))
        gondolas.append(Gondola(name, Pose(1.0 + 2.0 * len(gondolas), 1.0), plates * _WIDTH, 0.5, 2.0, tuple(boards)))
    return Store(
        "benchmark", "Benchmark", "EUR", (), (), (), (), tuple(gondolas), (), tuple(products), tuple(planogram),
        EntrySettings(()),
    )  # fmt: skip


def records_of(
    shelf: Shelf, weights: NDArray[np.float32], times: NDArray[np.float64], period: float, batch: int = BATCH
) -> list[ShelfWeights]:
    """Cut the samples of a shelf into the records that a driver would publish.

    Args:
        shelf: its plates are the columns.
        weights: (samples, plates) kilograms, NaN where there is no value.
        times: (samples,) seconds, ascending.
        period: between samples, seconds; where more has passed, samples were lost.
        batch: samples a record.
    """
    plates = tuple(plate.id for plate in shelf.plates)
    status = (PlateStatus.OK,) * len(plates)
    steps = np.diff(times)
    gaps = np.flatnonzero(steps > _GAP * period) + 1
    edges = [0, *gaps.tolist(), len(times)]
    records: list[ShelfWeights] = []
    lost = 0
    for begin, end in pairwise(edges):
        if begin:
            lost += max(1, round(float(steps[begin - 1]) / period) - 1)
        for k in range(begin, end, batch):
            part = weights[k : min(k + batch, end)]
            stamp = _T0 + round(float(times[k]) * _SECOND)
            records.append(
                ShelfWeights(
                    stamp, shelf.id, f"bus/{shelf.id}", len(records), lost, round(period * _SECOND), plates, status,
                    part.reshape(-1),
                )
            )  # fmt: skip
    return records


def ours(
    store: Store, records: Sequence[ShelfWeights], settings: ShelfEventSettings
) -> tuple[list[Found], NDArray[np.float64]]:
    """Run the shelf-event stage; an event is published with the last sample of the batch that ends it.

    Returns:
        The final events, and (outputs, 2) when the watermark was published, and what it was, seconds.
    """
    stage = ShelfEventStage(store, settings)
    found, marks = [], []
    for record in records:
        last = record.stamp + (len(record.weights) // len(record.plates) - 1) * record.sample_period
        for output in stage.push(record):
            found += [
                Found(_seconds(last), _seconds(event.start), _seconds(event.end), sum(event.change))
                for event in output.events
                if event.state is EventState.FINAL
            ]
            marks += [(_seconds(last), _seconds(mark.stamp)) for mark in output.watermarks]
    return found, np.array(marks).reshape(-1, 2)


def rule(weights: NDArray[np.float32], times: NDArray[np.float64], period: float) -> list[Found]:
    """Run the published rule over one shelf; an event is published with the batch that holds its end."""
    found = []
    for event in rule_events(weights, round(1.0 / period), LIGHTEST):
        last = min(event.end // BATCH * BATCH + BATCH - 1, len(times) - 1)
        known, start, end = (float(times[row]) for row in (last, event.start, event.end))
        found.append(Found(known, start, end, sum(event.change.values())))
    return found


def plates_in_real_time(shelves: int, seconds: float, rng: np.random.Generator, batch: int) -> float:
    """Return how many plates one core follows in real time: plates x seconds of signal / seconds of its work.

    Shelves of six plates in normal noise, something taken from each about once in 100 s. The quickest of three runs:
    what else a machine does can only make one slower.

    Args:
        shelves: how many.
        seconds: of signal.
        rng: source of chance.
        batch: samples a record.
    """
    plates = 6
    signals = [shop_signal(seconds, plates, rng) for _ in range(shelves)]
    store = make_store([signal.stock for signal in signals], plates)
    streams = []
    for shelf, signal in zip(store.shelf.values(), signals, strict=True):
        weights = signal.read(NOISES["normal"], signal.bursts(NOISES["normal"]))
        streams.append(records_of(shelf, weights, signal.times, 1.0 / RATE, batch))
    quickest = float("inf")
    for _ in range(_RUNS):
        stage = ShelfEventStage(store)
        start = time.process_time()
        for records in zip(*streams, strict=True):
            for record in records:
                stage.push(record)
        quickest = min(quickest, time.process_time() - start)
    return shelves * plates * seconds / quickest


def _seconds(stamp: int) -> float:
    return (stamp - _T0) / _SECOND
