"""Weight steps of single plates, found online in a stream of blocks.

Each plate has a baseline: the mean of resting blocks that are at least ``baseline_delay`` old, so that
the beginning of a slow lift is not averaged away, and a noise level measured from the differences of
successive blocks. A plate is in motion from the moment an exponentially weighted mean of its departure
from the baseline (Roberts 1959) leaves ``alarm`` deviations. It is at rest again when a window of
blocks scatters no more than noise does and shows no slope. How long that window must be follows from
the step itself: long enough to tell a finished step from one that still goes on at its average speed,
which is instantly for a quick take and about a second for a light product lifted slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.baseline import STRIDE, Baseline
from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.history import BlockHistory
from just_walk_out.scale.rest import approach, slope, slope_deviation, window_needed

_SMOOTHING = 0.3
_SMOOTHED_DEVIATION = (_SMOOTHING / (2.0 - _SMOOTHING)) ** 0.5
_SIGNIFICANT = 4.0
_RETURNED = 3.0
# So many plates beside an event tell what the whole shelf does.
_SHELF = 4
_SLOPE_LIMIT = 3.0
# A finished step has at most this share of its average speed left.
_RESIDUAL = 0.4


@dataclass(frozen=True, slots=True)
class PlateStep:
    """A plate came to rest at another weight.

    Attributes:
        column: the plate.
        start: time of the last block at the old weight, nanoseconds.
        end: time of the first block at the new weight.
        change: kilograms.
        variance: of ``change``, kg^2.
        degraded: samples were lost or not sound on the way.
    """

    column: int
    start: int
    end: int
    change: float
    variance: float
    degraded: bool


class PlateBank:
    """The plates of one stream, followed block by block."""

    def __init__(self, near: NDArray[np.bool_], period: float, settings: ShelfEventSettings) -> None:
        """Make a bank of plates, neighbours where ``near`` says so, of blocks ``period`` seconds apart."""
        plates = len(near)
        self._settings = settings
        self._near = near
        self._short = max(3, round(settings.stable_time / period))
        self._long = max(self._short, round(settings.doubtful_time / period))
        self._delay = max(1, round(settings.baseline_delay / period))
        keep = max(round(settings.memory / period), round(settings.learning_time / period), 2 * self._long)
        self._history = BlockHistory(plates, keep + self._delay + STRIDE)
        self._baseline = Baseline(plates, period, settings)
        self._restless = max(1, round(settings.restless_time / period))
        self._creep = settings.creep * period
        self._threshold = np.full(plates, settings.alarm_floor)
        self._smoothed = np.zeros(plates)
        self._active = np.ones(plates, bool)
        self._starts = [0] * plates
        self._begun = [0] * plates
        self.busy = True

    def start_of(self, column: int) -> int:
        """Return the start of the event in progress on a plate, nanoseconds."""
        return self._starts[column]

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        columns = np.flatnonzero(self._active & self._baseline.learned)
        return min((self._starts[column] for column in columns), default=None)

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
        departure = (values if bad is None else self._history.values(row, row + 1)[0]) - self._baseline.values
        departure -= self._smoothed
        departure *= _SMOOTHING
        self._smoothed += departure
        alarms = np.abs(self._smoothed) > self._threshold
        if self.busy:
            alarms &= ~self._active
        if np.count_nonzero(alarms):
            self._begin(np.flatnonzero(alarms), row, settled)
        if row % STRIDE == 0:
            self._baseline.follow(self._history, self._active if self.busy else None)
            self._set_threshold()
        return self._finish(row) if self.busy else []

    def forget(self, columns: list[int]) -> None:
        """Take plates for new ones: what they weighed cannot be compared with what they will."""
        if columns:
            self._baseline.learned[columns] = False
            self._active[columns] = True
            self.busy = True

    def moving(self, column: int) -> bool:
        """Tell whether an event is in progress on a plate that it will end of its own accord."""
        change = self._resting_change(column)
        return bool(self._active[column]) and (change is None or abs(change) >= self._settings.minimum_change)

    def claim(self, column: int, since: int, taken: list[int]) -> PlateStep | None:
        """Take the step of a resting plate beside an event, if it made one.

        Args:
            column: the plate.
            since: start of the event, nanoseconds; the step is said to begin there.
            taken: plates that belong to the event already.
        """
        departure = self._resting_change(column)
        before = self._history.after(since)
        begin = max(self._history.oldest, before - self._short)
        if departure is None or begin == before:
            return None
        row = self._history.newest
        mean = departure + float(self._baseline.values[column])
        # Measured from directly before the event: a drift that the baseline lags behind is no share of it.
        old, new = self._history.values(begin, before), self._history.values(row - self._short + 1, row + 1)
        moves = np.add.reduce(new, axis=0) / len(new) - np.add.reduce(old, axis=0) / len(old)
        change = float(moves[column])
        rest = self._baseline.learned.copy()
        rest[taken] = False
        # What the rest of the shelf did as well is the shelf's doing.
        common = float(np.median(moves[rest])) if np.count_nonzero(rest) >= _SHELF else 0.0
        deviation = float(self._baseline.deviations[column])
        variance = deviation**2 * (1.0 / self._short + 1.0 / (before - begin))
        if (
            min(abs(change - common), abs(change), abs(departure))
            < _SIGNIFICANT * variance**0.5 + self._settings.noise_floor
        ):
            return None
        end = max(self._history.first(row - self._short + 1), since + 1)
        degraded = self._degraded(column, since)
        self._baseline.move(column, mean, self._short, row + 1)
        self._rest(column)
        self.busy = bool(self._active.any())
        return PlateStep(column, since, end, change, variance, degraded)

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
            self._begun[column] = row

    def _finish(self, row: int) -> list[PlateStep]:
        begin = row - self._short + 1
        if begin < 0:
            return []
        columns = np.flatnonzero(self._active)
        if row % self._long == 0:
            self._loosen(columns, row)
        values = self._history.values(begin, row + 1)[:, columns]
        calm = values.std(axis=0) <= self._settings.stable_noise * self._baseline.deviations[columns]
        calm |= ~self._baseline.learned[columns]
        steps = []
        for column in columns[calm].tolist():
            if not self._baseline.learned[column]:
                if self._baseline.learn(column, self._history, row > self._restless):
                    self._set_threshold()
                    self._rest(column)
            elif self._history.sound(column, begin, row + 1):
                step = self._try_step(column, row)
                if step is not None:
                    steps.append(step)
        self.busy = bool(self._active.any())
        return steps

    def _loosen(self, columns: NDArray[np.intp], row: int) -> None:
        for column in columns.tolist():
            if self._baseline.learned[column] and row - self._begun[column] > self._restless:
                self._baseline.loosen(column, self._history)
                self._set_threshold()

    def _try_step(self, column: int, row: int) -> PlateStep | None:
        base = float(self._baseline.values[column])
        deviation = float(self._baseline.deviations[column])
        course = self._history.values(self._history.oldest, row + 1)[:, column]
        count = self._short
        mean = float(course[-count:].mean())
        change = mean - base
        if abs(change) <= _RETURNED * self._baseline.variance(column, count) ** 0.5 + self._settings.noise_floor:
            self._baseline.resume(column, row - count + 1)
            self._rest(column)
            return None
        if self._overshadowed(column, abs(change)):
            return None
        speed, duration = approach((mean - course) * np.sign(change), abs(change), deviation, count)
        count = self._long
        if abs(change) >= self._settings.minimum_change:
            needed = window_needed(speed, duration, deviation, self._settings.ramp_margin)
            count = min(max(self._short, needed), self._long)
        begin = row - count + 1
        if begin < self._begun[column] or not self._history.sound(column, begin, row + 1):
            return None
        window = course[-count:]
        limit = min(_RESIDUAL * speed, _SLOPE_LIMIT * slope_deviation(deviation, count))
        if abs(slope(window)) > max(limit, self._creep):
            return None
        if count > self._short and window.std() > max(self._settings.stable_noise * deviation, self._settings.wander):
            return None
        mean = float(window.mean())
        away = np.flatnonzero(np.abs(course - mean) > 3.0 * deviation)
        first = self._history.oldest + (int(away[-1]) + 1 if len(away) else 0)
        start = self._starts[column]
        end = max(self._history.first(min(first, begin)), start + 1)
        variance = self._baseline.variance(column, count)
        step = PlateStep(column, start, end, mean - base, variance, self._degraded(column, start))
        self._baseline.move(column, mean, count, row + 1)
        self._rest(column)
        return step

    def _overshadowed(self, column: int, change: float) -> bool:
        """Tell whether a neighbour is under a load now of which the change may only be the echo."""
        beside = self._near[column] & self._active & self._baseline.learned
        if not beside.any():
            return False
        return change < self._settings.crosstalk * float(np.abs(self._smoothed[beside]).max())

    def _resting_change(self, column: int) -> float | None:
        """Return how far from its baseline a plate rests now; None when it does not."""
        end = self._history.newest + 1
        begin = end - self._short
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
        alarm = self._settings.alarm * _SMOOTHED_DEVIATION
        self._threshold = np.maximum(alarm * self._baseline.deviations, self._settings.alarm_floor)

    def _rest(self, column: int) -> None:
        self._smoothed[column] = 0.0
        self._active[column] = False
