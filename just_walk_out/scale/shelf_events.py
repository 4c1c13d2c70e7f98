"""Stage: weights of shelves to events, what changed on which plates, and how far each shelf has been seen."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from just_walk_out.records import (
    EventState,
    PlateStatus,
    ShelfEvent,
    ShelfEventArray,
    ShelfWeights,
    Watermark,
)
from just_walk_out.scale.blocks import BlockFilter
from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.grouping import StepGrouper, neighbours
from just_walk_out.scale.steps import PlateBank, PlateStep
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_GAP_PERIODS = 1.75
# Scales send single readings, and one that is read late has lost nothing.
_SPARSE_GAP_PERIODS = 3.5


class _Stream:
    """The plates of one shelf that come from one source, from samples to events."""

    def __init__(self, record: ShelfWeights, store: Store, settings: ShelfEventSettings) -> None:
        self.plates = record.plates
        self.period = record.sample_period
        self.newest = record.stamp - 1
        self.watermark = record.stamp - 1
        self._shelf = record.shelf
        self._lost = record.lost
        self._delay = int(settings.detection_delay * _SECOND)
        size = max(1, round(settings.block * _SECOND / record.sample_period))
        self._filter = BlockFilter(len(record.plates), size, settings.spike)
        near = neighbours([store.plate[plate] for plate in record.plates], settings.neighbour_gap)
        self._bank = PlateBank(near, size * record.sample_period / _SECOND, settings)
        self._grouper = StepGrouper(near, settings)
        self._ids: dict[str, int] = {}

    def push(self, record: ShelfWeights) -> list[ShelfEvent]:
        samples = record.samples.astype(np.float64)
        period = record.sample_period
        expected = self.newest + period
        longest = _GAP_PERIODS if len(samples) > 1 else _SPARSE_GAP_PERIODS
        if record.lost != self._lost or record.stamp - expected > (longest - 1.0) * period:
            self._filter.reset()
        self._lost = record.lost
        if any(record.status):
            samples[:, [status is not PlateStatus.OK for status in record.status]] = np.nan
            # Another zero or scale: no step of the plate, which is learned anew once its samples are sound again.
            self._bank.forget([i for i, status in enumerate(record.status) if status is PlateStatus.ADJUSTED])
        stamps = [record.stamp + period * index for index in range(len(samples))]
        self.newest = stamps[-1]
        blocks = self._filter.push(samples, stamps)
        if blocks is None:
            return []
        events = []
        gap = blocks.gap
        bad = np.isnan(blocks.values)
        sound = not np.count_nonzero(bad)
        for index, (first, last) in enumerate(zip(blocks.firsts, blocks.lasts, strict=True)):
            steps = self._bank.push(
                blocks.values[index], None if sound else bad[index], first, last, gap, self.watermark
            )
            gap = False
            if steps or self._grouper.waiting:
                events += [self._event(group) for group in self._grouper.push(steps, self._bank, last)]
            self._advance(last)
        return events

    def _advance(self, now: int) -> None:
        reach = now - self._delay
        if self._bank.busy or self._grouper.waiting:
            held = (self._bank.holding_since(), self._grouper.holding_since())
            reach = min([reach, *(stamp - 1 for stamp in held if stamp is not None)])
        self.watermark = max(self.watermark, reach)

    def _event(self, group: list[PlateStep]) -> ShelfEvent:
        start = min(step.start for step in group)
        plates = tuple(self.plates[step.column] for step in group)
        identity = f"{self._shelf}@{start}"
        self._ids = {known: stamp for known, stamp in self._ids.items() if stamp > self.watermark}
        if identity in self._ids:
            identity = f"{identity}/{plates[0].rsplit('/', 1)[-1]}"
        self._ids[identity] = start
        covariance = np.diag([step.variance for step in group])
        return ShelfEvent(
            id=identity,
            shelf=self._shelf,
            start=start,
            end=max(step.end for step in group),
            state=EventState.FINAL,
            plates=plates,
            change=tuple(step.change for step in group),
            covariance=tuple(covariance.ravel().tolist()),
            degraded=any(step.degraded for step in group),
        )


class ShelfEventStage:
    """Finds weight steps in the samples of any number of shelves; see ``steps`` for the method.

    A shelf read by several boards is followed board by board; its watermark is the least of theirs.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfWeights,)
    outputs: ClassVar[tuple[type, ...]] = (ShelfEventArray,)

    def __init__(self, store: Store, settings: ShelfEventSettings | None = None) -> None:
        """Make the stage for the plates of a store."""
        self._store = store
        self._settings = settings or ShelfEventSettings()
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._newest = 0
        self._slot = -1
        self._slot_length = max(1, int(self._settings.output_period * _SECOND))

    def restore(self) -> list[Any]:
        """Return nothing: baselines are learned anew from the first second of samples."""
        return []

    def push(self, record: ShelfWeights) -> list[ShelfEventArray]:
        """Take a batch of samples; return new events, and watermarks at most every ``output_period``."""
        if record.shelf not in self._store.shelf or not len(record.weights):
            return []
        key = (record.shelf, record.source)
        stream = self._streams.get(key)
        if stream is None or stream.plates != record.plates or stream.period != record.sample_period:
            stream = self._streams[key] = _Stream(record, self._store, self._settings)
        if record.stamp <= stream.newest:
            return []
        events = stream.push(record)
        self._newest = max(self._newest, stream.newest)
        slot = self._newest // self._slot_length
        if not events and slot <= self._slot:
            return []
        self._slot = slot
        return [ShelfEventArray(self._newest, self._watermarks(), tuple(events))]

    def _watermarks(self) -> tuple[Watermark, ...]:
        seen: dict[str, int] = {}
        for (shelf, _), stream in self._streams.items():
            seen[shelf] = min(seen.get(shelf, stream.watermark), stream.watermark)
        return tuple(Watermark(shelf, stamp) for shelf, stamp in sorted(seen.items()))
