"""Weight steps of single plates, found online in a stream of blocks.

Each plate has a baseline: the mean of resting blocks that are at least ``baseline_delay`` old, so that
the beginning of a slow lift is not averaged away, and a noise level measured from the differences of
successive blocks. A plate is in motion from the moment a moving mean of its departure from the baseline
(a Shewhart chart of means, Montgomery, Introduction to Statistical Quality Control) leaves ``alarm``
deviations (``motion`` keeps which are). It is at rest again when a window of blocks scatters no more than
noise does and shows no slope (``step_judge`` decides). How long that window must be follows from the step
itself, see ``rest``: an instant for a quick take, and about a second for a light product lifted slowly.

While nothing is in motion, all blocks of a batch are judged at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.baseline import STRIDE, Baseline
from just_walk_out.scale.events.contents import Contents
from just_walk_out.scale.events.hindsight import Hindsight
from just_walk_out.scale.events.history import BlockHistory
from just_walk_out.scale.events.motion import SPAN, Motion
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.rest import RestRule
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.step_judge import StepJudge


class PlateBank:
    """The plates of one stream, followed block by block.

    Attributes:
        hindsight: what its blocks tell of steps that have been made.
    """

    def __init__(
        self, near: NDArray[np.bool_], contents: Contents, period: float, settings: ShelfEventSettings
    ) -> None:
        """Make a bank of plates, neighbours where ``near`` says so, of blocks ``period`` seconds apart."""
        plates = len(near)
        self._settings = settings
        self._rule = RestRule(period, settings)
        self._delay = max(1, round(settings.baseline_delay / period))
        keep = max(round(settings.memory / period), round(settings.learning_time / period), 2 * self._rule.long)
        self._history = BlockHistory(plates, keep + self._delay + STRIDE)
        self._baseline = Baseline(plates, period, settings)
        self._motion = Motion(plates)
        self._judge = StepJudge(
            near, contents, period, settings, self._rule, self._history, self._baseline, self._motion
        )
        self.hindsight = Hindsight(self._history, self._baseline, self._motion, period, settings)
        self._period = round(period * 1e9)
        self._restless = max(1, round(settings.restless_time / period))
        self._alarm = settings.alarm * SPAN**-0.5
        self._alarm_floor = settings.alarm_floor
        self._threshold = np.full(plates, settings.alarm_floor)
        self._departures = np.zeros(plates)

    @property
    def busy(self) -> bool:
        """Whether a plate does not rest."""
        return self._motion.busy

    @property
    def learned(self) -> bool:
        """Whether it is known of every plate what it weighs at rest: without, no change of it is seen."""
        return bool(self._baseline.learned.all())

    @property
    def unmoved(self) -> int:
        """How many more blocks are judged by the baselines as they are, unless something moves."""
        return STRIDE - 1 - self._history.newest % STRIDE

    @property
    def baselines(self) -> NDArray[np.float64]:
        """What each plate weighs at rest, (plates,) kilograms."""
        return self._baseline.values

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """How far from it the mean of ``SPAN`` blocks must be for an alarm, (plates,) kilograms."""
        return self._threshold

    def snapshot(self) -> dict[str, Any]:
        """Return what each plate weighs at rest, and the starts of events in progress, as JSON values."""
        return {"plates": self._baseline.snapshot(), "moving": self._motion.snapshot()}

    def resume(self, state: dict[str, Any], last: int) -> None:
        """Go on from a snapshot, as if all plates had rested up to ``last`` (nanoseconds) and samples were lost then.

        Called before the first block.
        """
        count = self._history.keep
        values = np.array([plate[0] if plate is not None else 0.0 for plate in state["plates"]])
        lasts = [last - self._period * (count - 1 - index) for index in range(count)]
        firsts = [stamp - self._period // 2 for stamp in lasts]
        self._history.extend(np.tile(values, (count, 1)), firsts, lasts)
        self._baseline.resume(state["plates"], count)
        self._motion.resume(state["moving"], self._baseline.learned, count)
        self._set_threshold()

    def start_of(self, column: int) -> int:
        """Return the start of the event in progress on a plate, nanoseconds."""
        return self._motion.start_of(column)

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        return self._motion.holding_since()

    def push(
        self,
        values: NDArray[np.float64],
        bad: NDArray[np.bool_] | None,
        first: int,
        last: int,
        gap: bool,
        settled: int,
    ) -> list[PlateStep]:
        """Take one block of all plates.

        Args:
            values: (plates,) kilograms.
            bad: (plates,) where there is no sound value; None when all are sound.
            first: time of the first sample of the block, nanoseconds.
            last: time of its last sample.
            gap: samples were lost before this block.
            settled: events that start up to here have been ruled out; nothing will start before.
        """
        row = self._history.append(values, bad, first, last, gap)
        if row < SPAN:
            self._departures = self._history.values(row, row + 1)[0] - self._baseline.values
        else:
            mean = np.add.reduce(self._history.values(row - SPAN + 1, row + 1), axis=0)
            mean *= 1.0 / SPAN
            self._departures = mean - self._baseline.values
        alarms = np.abs(self._departures) > self._threshold
        if self.busy:
            alarms &= ~self._motion.active
        if np.count_nonzero(alarms):
            self._begin(alarms.nonzero()[0], row, settled)
        if row % STRIDE == 0:
            self._baseline.follow(self._history, row, self._motion.active if self.busy else None)
            self._set_threshold()
        return self._finish(row) if self.busy else []

    def forget(self, columns: list[int]) -> None:
        """Take plates for new ones: what they weighed cannot be compared with what they will."""
        if columns:
            self._baseline.learned[columns] = False
            self._motion.forget(columns)

    def settle(self, values: NDArray[np.float64], firsts: list[int], lasts: list[int]) -> None:
        """Take the blocks up to the next after which baselines follow, all known to raise no alarm.

        The result is that of ``push``, block by block. Nothing may be in motion.

        Args:
            values: (``unmoved`` + 1, plates) kilograms, all sound and without a gap.
            firsts: time of the first sample of each block, nanoseconds.
            lasts: time of the last sample of each block.
        """
        self._history.extend(values, firsts, lasts)
        self._baseline.follow(self._history, self._history.newest, None)
        self._set_threshold()

    def glide(self, values: NDArray[np.float64], firsts: list[int], lasts: list[int], quiet: int) -> int:
        """Take as many blocks as pass without an alarm, all at once; return how many those are.

        The result is that of ``push``, block by block. Nothing may be in motion.

        Args:
            values: (blocks, plates) kilograms, all sound and without a gap.
            firsts: time of the first sample of each block, nanoseconds.
            lasts: time of the last sample of each block.
            quiet: so many of the blocks are known to raise no alarm; no more than ``unmoved``.
        """
        history, baseline = self._history, self._baseline
        begin = history.newest + 1
        if begin < SPAN:
            return 0
        count = min(len(values), history.keep)
        end = begin + count
        history.extend(values[:count], firsts[:count], lasts[:count])
        done = low = begin + quiet
        smooth = history.means(low, end, SPAN)
        # The blocks up to a stride are judged by the baseline before it.
        for stride in (*range(done + -done % STRIDE, end, STRIDE), end - 1):
            part = smooth[done - low : stride + 1 - low]
            alarms = np.abs(part - baseline.values) > self._threshold
            if np.count_nonzero(alarms):
                done += int(np.argmax(alarms.any(axis=1)))
                break
            done = stride + 1
            if stride % STRIDE == 0 and len(part):
                baseline.follow(history, stride, None)
                self._set_threshold()
        history.withdraw(end - done)
        return done - begin

    def in_motion(self) -> list[int]:
        """Return the plates on which an event is in progress."""
        return self._motion.columns()

    def extent(self, column: int) -> float:
        """Return how far a plate in motion has been from its baseline since it began, kilograms."""
        begin = self._history.after(self._motion.start_of(column))
        values = self._history.values(begin, self._history.newest + 1)[:, column]
        return float(np.abs(values - self._baseline.values[column]).max(initial=0.0))

    def moving(self, column: int) -> bool:
        """Tell whether an event is in progress on a plate that it will end of its own accord."""
        change = self._judge.resting_change(column)
        return bool(self._motion.active[column]) and (change is None or abs(change) >= self._settings.light)

    def resting_change(self, column: int) -> float | None:
        """Return how far from its baseline a plate rests now, kilograms; None when it does not."""
        return self._judge.resting_change(column)

    def claim(self, column: int, main: PlateStep, since: int, taken: list[int]) -> PlateStep | None:
        """Take the step of a resting plate beside an event, if it made one; see ``StepJudge.claim``."""
        return self._judge.claim(column, main, since, taken)

    def more(self, column: int) -> float | None:
        """Return how far from its baseline a plate in motion rests, kilograms; see ``StepJudge.more``."""
        return self._judge.more(column)

    def complete(self, step: PlateStep) -> PlateStep:
        """Return a step with what its plate has lost or gained since; see ``StepJudge.complete``."""
        return self._judge.complete(step)

    def _begin(self, columns: NDArray[np.intp], row: int, settled: int) -> None:
        low = max(self._history.oldest, row - self._delay)
        values = self._history.values(low, row)
        for column in columns.tolist():
            away = np.abs(values[:, column] - self._baseline.values[column])
            near = np.flatnonzero(away <= 2.0 * self._baseline.deviations[column])
            at = low + int(near[-1]) if len(near) else max(low, row - 1)
            self._motion.begin(column, max(self._history.last(at), settled + 1), row)

    def _finish(self, row: int) -> list[PlateStep]:
        begin = row - self._rule.brief + 1
        if begin < 0:
            return []
        if row % self._rule.long == 0:
            self._loosen(row)
        steps = []
        for column, still in self._judge.calm(row).items():
            if not self._baseline.learned[column]:
                if self._baseline.learn(column, self._history, row > self._restless):
                    self._set_threshold()
                    self._motion.rest(column)
            elif self._history.sound(column, begin, row + 1):
                steps += self._judge.step(column, row, still, self._departures)
        return steps

    def _loosen(self, row: int) -> None:
        for column in self._motion.columns():
            if row - self._motion.begun[column] > self._restless:
                self._baseline.loosen(column, self._history)
                self._set_threshold()

    def _set_threshold(self) -> None:
        np.multiply(self._baseline.deviations, self._alarm, out=self._threshold)
        np.maximum(self._threshold, self._alarm_floor, out=self._threshold)
