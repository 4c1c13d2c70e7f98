"""Weight steps of single plates, found online in a stream of blocks.

Each plate has a baseline: the mean of resting blocks that are at least ``baseline_delay`` old, so that
the beginning of a slow lift is not averaged away, and a noise level measured from the differences of
successive blocks. A plate is in motion from the moment a moving mean of its departure from the baseline
(a Shewhart chart of means, Montgomery, Introduction to Statistical Quality Control) leaves ``alarm``
deviations. It is at rest again when a window of blocks scatters no more than noise does and shows no slope.
How long that window must be follows from the step itself, see ``rest``: an instant for a quick take, and
about a second for a light product lifted slowly.

While nothing is in motion, all blocks of a batch are judged at once.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.baseline import STRIDE, Baseline
from just_walk_out.scale.contents import CLEAR, Contents
from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.history import BlockHistory
from just_walk_out.scale.landing import landing
from just_walk_out.scale.plate_step import PlateStep, divide, timing
from just_walk_out.scale.rest import RestRule, approach

# Departures are averaged over so many blocks.
_SPAN = 4
_SIGNIFICANT = 4.0
_RETURNED = 3.0
# So many plates beside an event tell what the whole shelf does.
_SHELF = 4
# Fewer blocks tell nothing of how noises go together; differences are clipped at so many deviations, and
# correlations shrunk as if so many more blocks had shown none.
_FEWEST = 10
_CLIP = 4.0
_SHRINKAGE = 10.0
# A hand trembles by more than this share of what it carries.
_STEADY_SHARE = 0.008
# A plate counts as still when it scatters by no more than this share of what it changed: it may ring on.
_RING_SHARE = 0.0015


class PlateBank:
    """The plates of one stream, followed block by block."""

    def __init__(
        self, near: NDArray[np.bool_], contents: Contents, period: float, settings: ShelfEventSettings
    ) -> None:
        """Make a bank of plates, neighbours where ``near`` says so, of blocks ``period`` seconds apart."""
        plates = len(near)
        self._settings = settings
        self._near = near
        self._contents = contents
        self._rule = RestRule(period, settings)
        self._delay = max(1, round(settings.baseline_delay / period))
        keep = max(round(settings.memory / period), round(settings.learning_time / period), 2 * self._rule.long)
        self._history = BlockHistory(plates, keep + self._delay + STRIDE)
        self._baseline = Baseline(plates, period, settings)
        self._unrest = settings.wander / settings.stable_noise
        self._seconds = period
        self._period = round(period * 1e9)
        self._steady = max(_SPAN + 3, round(settings.steady_time / period))
        self._restless = max(1, round(settings.restless_time / period))
        self._threshold = np.full(plates, settings.alarm_floor)
        self._departures = np.zeros(plates)
        self._active = np.ones(plates, bool)
        self._starts = [0] * plates
        self._begun = np.zeros(plates, np.int64)
        self._moving: set[int] = set()
        self.busy = True

    def snapshot(self) -> dict[str, Any]:
        """Return what each plate weighs at rest, and the starts of events in progress, as JSON values."""
        return {"plates": self._baseline.snapshot(), "moving": {str(at): self._starts[at] for at in self._moving}}

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
        self._active = ~self._baseline.learned
        for column, start in state["moving"].items():
            self._active[int(column)] = True
            self._starts[int(column)] = start
            self._begun[int(column)] = count
            self._moving.add(int(column))
        self._set_threshold()
        self.busy = bool(self._active.any())

    def start_of(self, column: int) -> int:
        """Return the start of the event in progress on a plate, nanoseconds."""
        return self._starts[column]

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        return min((self._starts[column] for column in self._moving), default=None)

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
        if row < _SPAN:
            self._departures = self._history.values(row, row + 1)[0] - self._baseline.values
        else:
            self._departures = (self._smooth(row, row + 1) - self._baseline.values)[0]
        alarms = np.abs(self._departures) > self._threshold
        if self.busy:
            alarms &= ~self._active
        if np.count_nonzero(alarms):
            self._begin(np.flatnonzero(alarms), row, settled)
        if row % STRIDE == 0:
            self._baseline.follow(self._history, row, self._active if self.busy else None)
            self._set_threshold()
        return self._finish(row) if self.busy else []

    def forget(self, columns: list[int]) -> None:
        """Take plates for new ones: what they weighed cannot be compared with what they will."""
        if columns:
            self._baseline.learned[columns] = False
            self._active[columns] = True
            self._moving.difference_update(columns)
            self.busy = True

    def glide(self, values: NDArray[np.float64], firsts: list[int], lasts: list[int]) -> int:
        """Take as many blocks as pass without an alarm, all at once; return how many those are.

        The result is that of ``push``, block by block. Nothing may be in motion.

        Args:
            values: (blocks, plates) kilograms, all sound and without a gap.
            firsts: time of the first sample of each block, nanoseconds.
            lasts: time of the last sample of each block.
        """
        history, baseline = self._history, self._baseline
        begin = history.newest + 1
        if begin < _SPAN:
            return 0
        count = min(len(values), history.keep)
        end = begin + count
        history.extend(values[:count], firsts[:count], lasts[:count])
        smooth = self._smooth(begin, end)
        done = begin
        # The blocks up to a stride are judged by the baseline before it.
        for stride in (*range(begin + -begin % STRIDE, end, STRIDE), end - 1):
            part = smooth[done - begin : stride + 1 - begin]
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

    def _smooth(self, begin: int, end: int) -> NDArray[np.float64]:
        """Return the means of the last ``_SPAN`` blocks at blocks ``begin`` to before ``end``, kilograms."""
        values = self._history.values(begin - _SPAN + 1, end)
        count = end - begin
        result: NDArray[np.float64] = values[:count] + values[1 : count + 1]
        for shift in range(2, _SPAN):
            result += values[shift : count + shift]
        result *= 1.0 / _SPAN
        return result

    def in_motion(self) -> list[int]:
        """Return the plates on which an event is in progress."""
        return sorted(self._moving)

    def extent(self, column: int) -> float:
        """Return how far a plate in motion has been from its baseline since it began, kilograms."""
        begin = self._history.after(self._starts[column])
        values = self._history.values(begin, self._history.newest + 1)[:, column]
        return float(np.abs(values - self._baseline.values[column]).max(initial=0.0))

    def moving(self, column: int) -> bool:
        """Tell whether an event is in progress on a plate that it will end of its own accord."""
        change = self.resting_change(column)
        return bool(self._active[column]) and (change is None or abs(change) >= self._settings.light)

    def refined(self, step: PlateStep) -> PlateStep:
        """Return a step measured over all the time that its plate has rested since."""
        begin, end = self._history.after(step.rest), self._history.newest + 1
        count = end - begin
        moved = self._active[step.column] or self._begun[step.column] > begin
        if moved or math.isnan(step.level) or self._history.first(begin) > step.rest:
            return step
        if not self._history.sound(step.column, begin, end):
            return step
        level = float(self._history.values(begin, end)[:, step.column].mean())
        block = float(self._baseline.deviations[step.column]) ** 2
        return dataclasses.replace(
            step,
            change=step.change + level - step.level,
            variance=max(block / count, step.variance + block * (1.0 / count - 1.0 / step.blocks)),
            level=level,
            blocks=count,
        )

    def correlation(self, columns: list[int], until: int) -> NDArray[np.float64]:
        """Return how the noise of plates goes together, as it does when their shelf shakes.

        From the differences of successive blocks, clipped so that hands count as little as noise does, and shrunk
        to no correlation where there are few (Ledoit and Wolf 2004).

        Args:
            columns: the plates.
            until: blocks that end later, nanoseconds, do not count.

        Returns:
            (columns, columns) correlations; positive definite.
        """
        values = self._history.values(self._history.oldest, self._history.after(until))[:, columns]
        result = np.eye(len(columns))
        if len(values) < _FEWEST:
            return result
        limits = _CLIP * self._baseline.deviations[columns]
        noise = np.clip(np.diff(values, axis=0), -limits, limits)
        products = noise.T @ noise
        scale = np.sqrt(np.diag(products)) + 1e-12
        share = len(noise) / (len(noise) + _SHRINKAGE)
        result += share * (products / np.outer(scale, scale)) * (1.0 - result)
        return result

    def carried(self, column: int, since: int, force: float) -> bool:
        """Tell whether a hand may still carry a part of what stands on a plate: it would tremble.

        Nobody holds a weight still to less than a few hundredths (force steadiness, e.g. Enoka et al. 2003).

        Args:
            column: the plate.
            since: when it came to rest, nanoseconds.
            force: what it lost, kilograms.
        """
        end = self._history.newest + 1
        begin = max(self._history.after(since), end - self._steady)
        if end - begin < self._steady or not self._history.sound(column, begin, end):
            return True
        means = self._smooth(begin + _SPAN - 1, end)[:, column]
        return float(means.std()) > _STEADY_SHARE * force

    def claim(self, column: int, main: PlateStep, since: int, taken: list[int]) -> PlateStep | None:
        """Take the step of a resting plate beside an event, if it made one.

        Args:
            column: the plate.
            main: the step of the event that it is part of.
            since: start of the event, nanoseconds; the step is said to begin there.
            taken: plates that belong to the event already.
        """
        departure = self.resting_change(column)
        before = self._history.after(since)
        # Not from before the plate last came to rest: that was another step.
        begin = max(self._history.oldest, before - self._rule.short, self._baseline.resting_from(column))
        if departure is None or begin >= before:
            return None
        row = self._history.newest
        mean = departure + float(self._baseline.values[column])
        # Measured from directly before the event: a drift that the baseline lags behind is no share of it.
        old, new = self._history.values(begin, before), self._history.values(row - self._rule.short + 1, row + 1)
        moves = np.add.reduce(new, axis=0) / len(new) - np.add.reduce(old, axis=0) / len(old)
        change = float(moves[column])
        rest = self._baseline.learned.copy()
        rest[taken] = False
        # What the rest of the shelf did as well is the shelf's doing.
        common = float(np.median(moves[rest])) if np.count_nonzero(rest) >= _SHELF else 0.0
        deviation = float(self._baseline.deviations[column])
        variance = deviation**2 * (1.0 / self._rule.short + 1.0 / (before - begin))
        if (
            min(abs(change - common), abs(change), abs(departure))
            < _SIGNIFICANT * variance**0.5 + self._settings.noise_floor
        ):
            return None
        course = self._history.values(self._history.oldest, row + 1)[:, column]
        ahead, size = (mean - course) * np.sign(departure), abs(departure)
        _, duration = approach(ahead, size, deviation, self._rule.brief)
        half, vague = timing(self._history, ahead, size, deviation, duration, since, self._period)
        clear = abs(departure) >= max(self._settings.light, 2.0 * _SIGNIFICANT * deviation)
        if clear and abs(half - main.half) - vague - main.vague > self._settings.simultaneous * 1e9:
            return None
        rest = self._history.first(row - self._rule.short + 1)
        end = max(rest, since + 1)
        degraded = self._degraded(column, since)
        self._baseline.move(column, mean, self._rule.short, row + 1)
        self._rest(column)
        self.busy = bool(self._active.any())
        return PlateStep(
            column, since, end, change, variance, degraded, main.half, main.vague, rest, self._rule.short, mean
        )

    def _begin(self, columns: NDArray[np.intp], row: int, settled: int) -> None:
        self._active[columns] = True
        self.busy = True
        low = max(self._history.oldest, row - self._delay)
        values = self._history.values(low, row)
        for column in columns.tolist():
            away = np.abs(values[:, column] - self._baseline.values[column])
            near = np.flatnonzero(away <= 2.0 * self._baseline.deviations[column])
            at = low + int(near[-1]) if len(near) else max(low, row - 1)
            self._starts[column] = max(self._history.last(at), settled + 1)
        self._begun[columns] = row
        self._moving.update(columns.tolist())

    def _finish(self, row: int) -> list[PlateStep]:
        begin = row - self._rule.brief + 1
        if begin < 0:
            return []
        if row % self._rule.long == 0:
            self._loosen(row)
        waiting = self._active & (self._begun <= begin)
        if row < self._baseline.learning - 1:
            waiting &= self._baseline.learned
        columns = np.flatnonzero(waiting)
        if not len(columns):
            return []
        values = self._history.values(begin, row + 1)[:, columns]
        # What still rings of a large step is a small share of it.
        away = np.abs(np.add.reduce(values, axis=0) / self._rule.brief - self._baseline.values[columns])
        still = np.maximum(self._baseline.deviations[columns], np.maximum(_RING_SHARE * away, self._unrest))
        calm = values.std(axis=0) <= self._settings.stable_noise * still
        calm |= ~self._baseline.learned[columns]
        steps = []
        for column in columns[calm].tolist():
            if not self._baseline.learned[column]:
                if self._baseline.learn(column, self._history, row > self._restless):
                    self._set_threshold()
                    self._rest(column)
            elif self._history.sound(column, begin, row + 1):
                steps += self._try_step(column, row)
        self.busy = bool(self._active.any())
        return steps

    def _loosen(self, row: int) -> None:
        for column in self._moving:
            if row - self._begun[column] > self._restless:
                self._baseline.loosen(column, self._history)
                self._set_threshold()

    def _try_step(self, column: int, row: int) -> list[PlateStep]:
        base = float(self._baseline.values[column])
        deviation = float(self._baseline.deviations[column])
        course = self._history.values(self._history.oldest, row + 1)[:, column]
        count = self._rule.brief
        mean = float(course[-count:].mean())
        change = mean - base
        if abs(change) <= _RETURNED * self._baseline.variance(column, count) ** 0.5 + self._settings.noise_floor:
            self._baseline.keep(column, row - count + 1)
            self._rest(column)
            return []
        if self._overshadowed(column, abs(change)):
            return []
        quiet, deviation = deviation, max(deviation, _RING_SHARE * abs(change), self._unrest)
        ahead = (mean - course) * np.sign(change)
        speed, duration = approach(ahead, abs(change), deviation, count)
        count = self._rule.window(ahead, abs(change), deviation, speed, duration)
        # On its way, a thing weighs what it weighs for an instant only.
        variance = self._baseline.variance(column, self._rule.brief)
        if count > self._rule.short and self._contents.evidence([column], [change], variance) > CLEAR:
            count = max(self._rule.short, count // 2)
        begin = row - count + 1
        if begin < self._begun[column] or not self._history.sound(column, begin, row + 1):
            return []
        window = course[-count:]
        if not self._rule.over(window, deviation, speed):
            return []
        mean = float(window.mean())
        away = np.flatnonzero(np.abs(course - mean) > 3.0 * deviation)
        first = self._history.oldest + (int(away[-1]) + 1 if len(away) else 0)
        start = self._starts[column]
        end = max(self._history.first(min(first, begin)), start + 1)
        variance = self._baseline.variance(column, count) + (deviation**2 - quiet**2) / count
        half, vague = timing(self._history, ahead, abs(change), deviation, duration, start, self._period)
        degraded = self._degraded(column, start)
        rest = self._history.first(begin)
        step = PlateStep(column, start, end, mean - base, variance, degraded, half, vague, rest, count, mean)
        self._baseline.move(column, mean, count, row + 1)
        self._rest(column)
        stay = (
            landing(ahead, abs(change), quiet, self._seconds)
            if abs(change) >= 4.0 * self._settings.minimum_change
            else None
        )
        return [step] if stay is None else divide(self._history, step, stay, ahead, quiet)

    def _overshadowed(self, column: int, change: float) -> bool:
        """Tell whether a neighbour is under a load now of which the change may only be the echo."""
        beside = self._near[column] & self._active & self._baseline.learned
        if not beside.any():
            return False
        return change < self._settings.crosstalk * float(np.abs(self._departures[beside]).max())

    def resting_change(self, column: int) -> float | None:
        """Return how far from its baseline a plate rests now, kilograms; None when it does not."""
        end = self._history.newest + 1
        begin = end - self._rule.short
        if not self._baseline.learned[column] or begin < 0 or not self._history.sound(column, begin, end):
            return None
        values = self._history.values(begin, end)[:, column]
        if values.std() > self._settings.stable_noise * self._baseline.deviations[column]:
            return None
        return float(values.mean()) - float(self._baseline.values[column])

    def _degraded(self, column: int, start: int) -> bool:
        begin = max(self._history.oldest, self._history.after(start) - 1)
        return self._history.broken(start) or not self._history.sound(column, begin, self._history.newest + 1)

    def _set_threshold(self) -> None:
        alarm = self._settings.alarm * _SPAN**-0.5
        self._threshold = np.maximum(alarm * self._baseline.deviations, self._settings.alarm_floor)

    def _rest(self, column: int) -> None:
        self._active[column] = False
        self._moving.discard(column)
