"""One source of a shelf: samples of plates to events, and how far these plates have been seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import EventState, PlateStatus, ShelfEvent, ShelfWeights
from just_walk_out.scale.events.baseline import STRIDE
from just_walk_out.scale.events.blind_spots import BlindSpots
from just_walk_out.scale.events.blocks import BlockFilter
from just_walk_out.scale.events.contents import Contents
from just_walk_out.scale.events.grouping import StepGrouper, neighbours
from just_walk_out.scale.events.motion import SPAN
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.quiet import QuietWatch
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.steps import PlateBank
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_GAP_PERIODS = 1.75
# Scales send single readings: one that is read late has lost nothing, and a single one that is lost does no harm.
_SPARSE_GAP_PERIODS = 3.5


class ShelfStream:
    """The plates of one shelf that come from one source, from samples to events; see ``steps`` for the method.

    Attributes:
        plates: ids, in the order of the samples.
        period: between samples, nanoseconds.
        newest: stamp of the last sample, nanoseconds.
        watermark: up to where all that happened on these plates has been told, nanoseconds.
        since: what was before has not been seen of all of them, nanoseconds.
    """

    def __init__(self, record: ShelfWeights, store: Store, settings: ShelfEventSettings) -> None:
        """Begin before the first sample.

        Args:
            record: the first samples; says plates and period.
            store: where the plates lie, and what stands on them.
            settings: of the stage.
        """
        self.plates = record.plates
        self.period = record.sample_period
        self.newest = record.stamp - 1
        self.watermark = record.stamp - 1
        # Nothing before was seen, nor is what a plate does before its resting weight is known.
        self.since = self.watermark
        self._shelf = record.shelf
        self._lost = record.lost
        self._delay = int(settings.detection_delay * _SECOND)
        self._late = (_GAP_PERIODS - 1.0) * record.sample_period
        self._late_alone = (_SPARSE_GAP_PERIODS - 1.0) * record.sample_period
        size = max(1, round(settings.block * _SECOND / record.sample_period))
        self._sound = (PlateStatus.OK,) * len(record.plates)
        self._filter = BlockFilter(len(record.plates), size, settings.spike, SPAN - 1)
        self._watch = QuietWatch(len(record.plates), size, SPAN, settings.spike)
        # While nothing moves: blocks that hold nothing and are not made yet, and how many of them there may be.
        self._still = False
        self._aside = 0
        self._unmoved = 0
        near = neighbours([store.plate[plate] for plate in record.plates], settings.neighbour_gap)
        self._beside = [np.flatnonzero(row).tolist() for row in near]
        self._contents = Contents(record.plates, store, settings)
        self._bank = PlateBank(near, self._contents, size * record.sample_period / _SECOND, settings)
        self._grouper = StepGrouper(near, self._contents, settings)
        self._blind = BlindSpots(self.newest)
        self._ids: dict[str, list[int]] = {}
        self._noted = self.newest
        self._settled = self.newest

    @property
    def note_due(self) -> bool:
        """Whether more has been promised than the last snapshot knows of: it would be told differently from there."""
        return self._settled > self._noted

    def snapshot(self) -> dict[str, Any]:
        """Return what a restarted stage must know of this stream, as JSON values."""
        self._noted = self.newest
        return {
            "plates": list(self.plates),
            "period": self.period,
            "newest": self.newest,
            "watermark": self.watermark,
            "since": self.since,
            "settled": self._settled,
            "blind": self._blind.snapshot(),
            "bank": self._bank.snapshot(),
            "pending": self._grouper.snapshot(),
            "contents": self._contents.snapshot(),
            "ids": self._ids,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot of the same plates, before the first samples."""
        self.newest = self._noted = state["newest"]
        self.watermark, self._settled = state["watermark"], state["settled"]
        self.since = state["since"]
        self._blind.resume(state["blind"], self.newest)
        self._bank.resume(state["bank"], self.newest)
        self._grouper.resume(state["pending"])
        self._contents.resume(state["contents"])
        self._ids = state["ids"]

    def push(self, record: ShelfWeights) -> list[ShelfEvent]:
        """Take a batch of samples; return the events that it completes.

        Raises:
            ValueError: the number of weights is no multiple of the number of plates; names the shelf.
        """
        weights: NDArray[np.floating[Any]] = record.weights
        count, rest = divmod(len(weights), len(self.plates))
        if rest:
            raise ValueError(
                f"shelf {record.shelf}: expected samples of {len(self.plates)} plates each, got {len(weights)} weights"
            )
        events: list[ShelfEvent] = []
        late = record.stamp - (self.newest + self.period)
        several = count > 1
        if (several and record.lost != self._lost) or late > (self._late if several else self._late_alone):
            events += self._work_off()
            self._filter.reset()
            self._lost = record.lost
        if record.status != self._sound:
            events += self._work_off()
            weights = np.where([status is PlateStatus.OK for status in record.status], record.samples, np.nan).ravel()
            # Another zero or scale: no step of the plate, which is learned anew once its samples are sound again.
            self._still = False
            adjusted = [i for i, status in enumerate(record.status) if status is PlateStatus.ADJUSTED]
            self._bank.forget(adjusted)
            self._blind.forget(adjusted)
        end = record.stamp + self.period * count
        self.newest = end - self.period
        self._filter.add(weights, range(record.stamp, end, self.period))
        if not (self._still and self._nothing_happens()):
            events += self._work_off()
        return events

    def _nothing_happens(self) -> bool:
        """Tell whether the blocks that can be made now hold nothing; they wait until the baselines are to follow."""
        samples, aside, unmoved = self._filter, self._aside, self._unmoved
        blocks = samples.ready
        if blocks > unmoved + STRIDE:
            # A long batch: quicker as a whole.
            return False
        while blocks > aside:
            followed = blocks > unmoved
            known = unmoved + 1 if followed else blocks
            window = samples.window(aside, known)
            if window is None or not self._watch.sees_nothing(window, known - aside):
                return False
            self._aside = aside = known
            last = samples.last(known - 1)
            self._blind.skip(last)
            self._promise(last - self._delay)
            if followed:
                made = samples.make(known, flat=True)
                self._bank.settle(made.values, made.firsts, made.lasts)
                self._aim()
                self._aside, aside, unmoved = 0, 0, self._unmoved
                blocks -= known
        return True

    def _aim(self) -> None:
        """Note what would be seen if something moved from here on."""
        self._unmoved = self._bank.unmoved
        self._watch.aim(self._bank.baselines, self._bank.thresholds)

    def _work_off(self) -> list[ShelfEvent]:
        """Follow the plates through all blocks that can be made; return the events that they end."""
        quiet, self._aside = self._aside, 0
        count = self._filter.ready
        if not count:
            return []
        blocks = self._filter.make(count)
        bad = np.isnan(blocks.values)
        sound = not np.count_nonzero(bad)
        events: list[ShelfEvent] = []
        index = 0
        while index < count:
            busy = self._bank.busy or self._grouper.waiting or self._blind.any
            if sound and not (busy or (blocks.gap and not index)):
                known = max(0, quiet - index)
                index += self._bank.glide(blocks.values[index:], blocks.firsts[index:], blocks.lasts[index:], known)
                if index:
                    self._blind.skip(blocks.lasts[index - 1])
                    self._advance(blocks.lasts[index - 1])
                if index == count:
                    break
            last = blocks.lasts[index]
            unsound = None if sound else bad[index]
            self._blind.push(unsound, last)
            steps = self._bank.push(
                blocks.values[index], unsound, blocks.firsts[index], last, blocks.gap and not index, self._settled
            )
            if steps or self._grouper.waiting:
                groups = self._grouper.push(steps, self._bank, last)
                events += [self._event(group, EventState.FINAL) for group in groups]
                events += [self._event(group, EventState.SETTLING) for group in self._grouper.settling]
            self._advance(last)
            index += 1
        self._still = not (self._bank.busy or self._grouper.waiting or self._blind.any)
        if self._still:
            self._aim()
        return events

    def _advance(self, now: int) -> None:
        reach = now - self._delay
        if self._bank.busy or self._grouper.waiting:
            held = (self._bank.holding_since(), self._grouper.holding_since())
            reach = min([reach, *(stamp - 1 for stamp in held if stamp is not None)])
        self._promise(reach)
        if self._bank.busy and not self._bank.learned:
            self.since = self.watermark

    def _promise(self, reach: int) -> None:
        self._settled = reach = max(self._settled, reach)
        # What a blind plate does shows when it is seen again, and may have happened at any time since it was not.
        blind = self._blind.holding_since(reach)
        if blind is not None:
            reach = min(reach, blind - 1)
        if reach > self.watermark:
            self.watermark = reach

    def _event(self, group: list[PlateStep], state: EventState) -> ShelfEvent:
        """Return an event; a final one has the id of the settling one that told of its first plate before."""
        start, end = min(step.start for step in group), max(step.end for step in group)
        columns = [step.column for step in group]
        plates = tuple(self.plates[column] for column in columns)
        identity = f"{self._shelf}@{start}"
        self._ids = {known: note for known, note in self._ids.items() if note[0] > self._settled}
        if identity in self._ids and self._ids[identity][1] not in columns:
            identity = f"{identity}/{plates[0].rsplit('/', 1)[-1]}"
        self._ids[identity] = [start, columns[0]]
        deviations = np.sqrt([step.variance for step in group])
        covariance = self._bank.hindsight.correlation(columns, start) * np.outer(deviations, deviations)
        start = min(self._blind.beginning(step.column, step.start) for step in group)
        # A part of a product may lie on a neighbour that did not see it.
        concerned = {column for step in group for column in (step.column, *self._beside[step.column])}
        return ShelfEvent(
            id=identity,
            shelf=self._shelf,
            start=start,
            end=end,
            state=state,
            plates=plates,
            change=tuple(step.change for step in group),
            covariance=tuple(covariance.ravel().tolist()),
            degraded=any(step.degraded for step in group) or self._blind.within(concerned, start, end),
        )
