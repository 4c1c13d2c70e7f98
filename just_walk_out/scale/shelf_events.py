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
    from_dict,
    to_dict,
)
from just_walk_out.scale.blocks import BlockFilter
from just_walk_out.scale.contents import Contents
from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.grouping import StepGrouper, neighbours
from just_walk_out.scale.plate_step import PlateStep
from just_walk_out.scale.steps import PlateBank
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_GAP_PERIODS = 1.75
# Events that ended so long before a snapshot were published before it.
_REPEATED = 20 * _SECOND
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
        self._contents = Contents(record.plates, store, settings)
        self._bank = PlateBank(near, self._contents, size * record.sample_period / _SECOND, settings)
        self._grouper = StepGrouper(near, self._contents, settings)
        self._ids: dict[str, list[int]] = {}
        self._noted = self.newest

    @property
    def note_due(self) -> bool:
        """Whether more has been promised than the last snapshot knows of: it would be told differently from there."""
        return self.watermark > self._noted

    def snapshot(self) -> dict[str, Any]:
        """Return what a restarted stage must know of this stream, as JSON values."""
        self._noted = self.newest
        return {
            "plates": list(self.plates),
            "period": self.period,
            "newest": self.newest,
            "watermark": self.watermark,
            "bank": self._bank.snapshot(),
            "pending": self._grouper.snapshot(),
            "contents": self._contents.snapshot(),
            "ids": self._ids,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot of the same plates, before the first samples."""
        self.newest = self._noted = state["newest"]
        self.watermark = state["watermark"]
        self._bank.resume(state["bank"], self.newest)
        self._grouper.resume(state["pending"])
        self._contents.resume(state["contents"])
        self._ids = state["ids"]

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
        stamps = list(range(record.stamp, record.stamp + period * len(samples), period))
        self.newest = stamps[-1]
        blocks = self._filter.push(samples, stamps)
        if blocks is None:
            return []
        bad = np.isnan(blocks.values)
        sound = not np.count_nonzero(bad)
        events: list[ShelfEvent] = []
        index, count = 0, len(blocks.values)
        while index < count:
            if sound and not (self._bank.busy or self._grouper.waiting or (blocks.gap and not index)):
                index += self._bank.glide(blocks.values[index:], blocks.firsts[index:], blocks.lasts[index:])
                if index:
                    self._advance(blocks.lasts[index - 1])
                if index == count:
                    break
            last = blocks.lasts[index]
            steps = self._bank.push(
                blocks.values[index], None if sound else bad[index], blocks.firsts[index], last,
                blocks.gap and not index, self.watermark,
            )  # fmt: skip
            if steps or self._grouper.waiting:
                groups = self._grouper.push(steps, self._bank, last)
                events += [self._event(group, EventState.FINAL) for group in groups]
                events += [self._event(group, EventState.SETTLING) for group in self._grouper.settling]
            self._advance(last)
            index += 1
        return events

    def _advance(self, now: int) -> None:
        reach = now - self._delay
        if self._bank.busy or self._grouper.waiting:
            held = (self._bank.holding_since(), self._grouper.holding_since())
            reach = min([reach, *(stamp - 1 for stamp in held if stamp is not None)])
        self.watermark = max(self.watermark, reach)

    def _event(self, group: list[PlateStep], state: EventState) -> ShelfEvent:
        """Return an event; a final one has the id of the settling one that told of its first plate before."""
        start = min(step.start for step in group)
        columns = [step.column for step in group]
        plates = tuple(self.plates[column] for column in columns)
        identity = f"{self._shelf}@{start}"
        self._ids = {known: note for known, note in self._ids.items() if note[0] > self.watermark}
        if identity in self._ids and self._ids[identity][1] not in columns:
            identity = f"{identity}/{plates[0].rsplit('/', 1)[-1]}"
        self._ids[identity] = [start, columns[0]]
        deviations = np.sqrt([step.variance for step in group])
        covariance = self._bank.correlation(columns, start) * np.outer(deviations, deviations)
        return ShelfEvent(
            id=identity,
            shelf=self._shelf,
            start=start,
            end=max(step.end for step in group),
            state=state,
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
    # Seconds of event time for which a snapshot is of use: then plates may have drifted by what a thing weighs.
    resumable_for: ClassVar[float] = 120.0

    def __init__(self, store: Store, settings: ShelfEventSettings | None = None) -> None:
        """Make the stage for the plates of a store."""
        self._store = store
        self._settings = settings or ShelfEventSettings()
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._saved: dict[tuple[str, str], dict[str, Any]] = {}
        self._again: list[ShelfEvent] = []
        self._recent: list[ShelfEvent] = []
        self._fresh = False
        self._newest = 0
        self._slot = -1
        self._slot_length = max(1, int(self._settings.output_period * _SECOND))

    def restore(self) -> list[Any]:
        """Return nothing: what must be published again comes with the first samples after a snapshot."""
        return []

    @property
    def note_due(self) -> bool:
        """Whether a snapshot must be written before what the last ``push`` returned is published."""
        return self._fresh or any(stream.note_due for stream in self._streams.values())

    def snapshot(self) -> dict[str, Any]:
        """Return what a restarted stage needs to see what happened meanwhile, as JSON values.

        Resting weights, steps in progress, and the last events: they may not have been published when the
        process ended, and under their ids nobody counts them twice.
        """
        self._fresh = False
        streams = [[*key, stream.snapshot()] for key, stream in self._streams.items()]
        return {"streams": streams, "events": [to_dict(event) for event in self._recent]}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; called before the first push."""
        self._saved = {(shelf, source): stream for shelf, source, stream in state["streams"]}
        self._again = [from_dict(ShelfEvent, event) for event in state["events"]]

    def push(self, record: ShelfWeights) -> list[ShelfEventArray]:
        """Take a batch of samples; return new events, and watermarks at most every ``output_period``."""
        if record.shelf not in self._store.shelf or not len(record.weights):
            return []
        key = (record.shelf, record.source)
        stream = self._streams.get(key)
        if stream is None or stream.plates != record.plates or stream.period != record.sample_period:
            stream = self._streams[key] = _Stream(record, self._store, self._settings)
            saved = self._saved.pop(key, None)
            if saved and tuple(saved["plates"]) == stream.plates and saved["period"] == stream.period:
                stream.resume(saved)
        if record.stamp <= stream.newest:
            return []
        events = stream.push(record)
        final = [event for event in events if event.state is EventState.FINAL]
        if final:
            self._fresh = True
            self._recent = [event for event in self._recent if event.end > record.stamp - _REPEATED] + final
        if self._again:
            events, self._again = [*self._again, *events], []
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
