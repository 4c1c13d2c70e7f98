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

import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.event_settings import ShelfEventSettings

_SMOOTHING = 0.3
_SMOOTHED_DEVIATION = (_SMOOTHING / (2.0 - _SMOOTHING)) ** 0.5
# Mean of min(z^2, 4) of a standard normal z: what clipping takes from an estimate of variance.
_CLIPPED_MEAN = 0.9205
_CLIP = 4.0
_BUSY_SHARE = 0.1
_SIGNIFICANT = 4.0
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

    def __init__(self, plates: int, period: float, settings: ShelfEventSettings) -> None:
        """Make a bank of ``plates`` columns of blocks ``period`` seconds apart."""
        self._settings = settings

        def blocks(seconds: float, least: int) -> int:
            return max(least, round(seconds / period))

        self._short = blocks(settings.stable_time, 3)
        self._long = max(self._short, blocks(settings.doubtful_time, 3))
        self._delay = blocks(settings.baseline_delay, 1)
        self._history = max(blocks(settings.memory, 4), 2 * self._long + self._delay)
        self._noise_gain = period / settings.noise_memory
        self._most = settings.baseline_memory / period
        self._learning = blocks(1.0, 6)
        self._values = np.zeros((4 * self._history, plates))
        self._bad = np.zeros((4 * self._history, plates), bool)
        self._firsts = [0] * (4 * self._history)
        self._lasts = [0] * (4 * self._history)
        self._row = -1
        self._seen = 0
        self._base = np.zeros(plates)
        self._weight = np.zeros(plates)
        self._variance = np.full(plates, settings.noise_floor**2)
        self._threshold = np.full(plates, settings.alarm_floor)
        self._smoothed = np.zeros(plates)
        self._rest_row = np.zeros(plates, np.int64)
        self._learned = np.zeros(plates, bool)
        self.active = np.ones(plates, bool)
        self._busy = True
        self._starts = [0] * plates
        self._begun = [0] * plates
        self._gap_row = -1
        self._floor = settings.noise_floor**2

    @property
    def noise(self) -> NDArray[np.float64]:
        """Standard deviation of a block of each plate, kilograms."""
        deviation: NDArray[np.float64] = np.sqrt(self._variance)
        return deviation

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        if not self._busy:
            return None
        starts = [self._starts[column] for column in np.flatnonzero(self.active & self._learned)]
        return min(starts, default=None)

    def push(self, values: NDArray[np.float64], first: int, last: int, gap: bool, settled: int) -> list[PlateStep]:
        """Take one block of all plates.

        Args:
            values: (plates,) kilograms; NaN where there is no sound value.
            first: time of the first sample of the block, nanoseconds.
            last: time of its last sample.
            gap: samples were lost before this block.
            settled: events that start up to here have been ruled out; nothing will start before.
        """
        row = self._next_row()
        bad = np.isnan(values)
        clean = not bad.any()
        if not clean:
            values = np.where(bad, self._values[row - 1] if self._seen else 0.0, values)
        self._values[row] = values
        self._bad[row] = bad
        self._firsts[row] = first
        self._lasts[row] = last
        if gap:
            self._gap_row = row
        self._seen += 1
        if self._seen > 1 and not gap:
            self._measure_noise(row, bad if not clean else None)
        self._smoothed += _SMOOTHING * (values - self._base - self._smoothed)
        alarms = np.abs(self._smoothed) > self._threshold
        alarms &= ~self.active
        if alarms.any():
            self._begin(np.flatnonzero(alarms), row, settled)
        self._track_baseline(row)
        return self._finish(row) if self._busy else []

    def moving(self, column: int) -> bool:
        """Tell whether an event of this plate is in progress that nothing but itself can end."""
        return bool(self.active[column]) and not self._joinable(column)

    def claim(self, column: int, since: int) -> PlateStep | None:
        """Take the small step of a resting plate beside an event, if it made one.

        Args:
            column: the plate.
            since: start of the event, nanoseconds; the step is said to begin there.
        """
        if not self._joinable(column):
            return None
        row = self._row
        before = bisect.bisect_right(self._lasts, since, max(0, row - self._history + 1), row + 1)
        old = self._values[max(0, before - self._short) : before, column]
        if not len(old):
            return None
        mean = float(self._values[row - self._short + 1 : row + 1, column].mean())
        # Measured from directly before the event: a drift that the baseline lags behind is no share of it.
        change = mean - float(old.mean())
        variance = float(self._variance[column]) * (1.0 / self._short + 1.0 / len(old))
        if abs(change) < _SIGNIFICANT * variance**0.5 + self._settings.noise_floor:
            return None
        degraded = self._gap_row >= 0 and self._lasts[self._gap_row] >= since
        end = self._firsts[row - self._short + 1]
        self._settle(column, row, mean, self._short)
        self._busy = bool(self.active.any())
        return PlateStep(column, since, end, change, variance, degraded)

    def _next_row(self) -> int:
        row = self._row + 1
        if row == len(self._values):
            keep = self._history
            shift = row - keep
            self._values[:keep] = self._values[shift:]
            self._bad[:keep] = self._bad[shift:]
            self._firsts[:keep] = self._firsts[shift:]
            self._lasts[:keep] = self._lasts[shift:]
            self._rest_row -= shift
            self._begun = [begun - shift for begun in self._begun]
            self._gap_row = max(-1, self._gap_row - shift)
            row = keep
        self._row = row
        return row

    def _measure_noise(self, row: int, bad: NDArray[np.bool_] | None) -> None:
        half_square = self._values[row] - self._values[row - 1]
        half_square *= half_square
        half_square *= 0.5
        innovation = np.minimum(half_square, _CLIP * self._variance)
        innovation *= 1.0 / _CLIPPED_MEAN
        innovation -= self._variance
        innovation *= self._noise_gain
        if self._busy:
            innovation[self.active] *= _BUSY_SHARE
        if bad is not None:
            innovation[bad | self._bad[row - 1]] = 0.0
        self._variance += innovation
        np.maximum(self._variance, self._floor, out=self._variance)
        if self._seen % self._short == 0:
            self._threshold = np.maximum(
                self._settings.alarm * _SMOOTHED_DEVIATION * np.sqrt(self._variance), self._settings.alarm_floor
            )

    def _track_baseline(self, row: int) -> None:
        old = row - self._delay
        if old < 0:
            return
        resting = self._rest_row <= old
        if self._busy:
            resting &= ~self.active
        if not resting.all() and not resting.any():
            return
        if self._bad[old].any():
            resting &= ~self._bad[old]
        self._weight += resting
        np.minimum(self._weight, self._most, out=self._weight)
        self._base += resting * (self._values[old] - self._base) / np.maximum(self._weight, 1.0)

    def _begin(self, columns: NDArray[np.intp], row: int, settled: int) -> None:
        self.active[columns] = True
        self._busy = True
        for column in columns:
            quiet = 2.0 * float(self._variance[column]) ** 0.5
            low = max(0, row - self._delay)
            near = np.abs(self._values[low:row, column] - self._base[column]) <= quiet
            at = low + int(np.flatnonzero(near)[-1]) if near.any() else max(low, row - 1)
            self._starts[column] = max(self._lasts[at], settled + 1)
            self._begun[column] = row

    def _finish(self, row: int) -> list[PlateStep]:
        if row < self._short:
            return []
        columns = np.flatnonzero(self.active)
        window = slice(row - self._short + 1, row + 1)
        calm = self._values[window][:, columns].std(axis=0) <= self._allowed(columns)
        calm &= ~self._bad[window][:, columns].any(axis=0)
        calm |= ~self._learned[columns]
        steps = []
        for column in columns[calm].tolist():
            if not self._learned[column]:
                self._learn(column, row)
                continue
            step = self._try_step(column, row)
            if step is not None:
                steps.append(step)
        self._busy = bool(self.active.any())
        return steps

    def _learn(self, column: int, row: int) -> None:
        """Give a plate its first baseline once it rests; its noise is measured from what was seen so far."""
        if self._seen < self._learning:
            return
        low = max(0, row - self._learning + 1)
        if self._bad[low : row + 1, column].any():
            return
        values = self._values[low : row + 1, column]
        # The median of |difference| is 0.954 deviations of a block (0.6745 * sqrt 2).
        deviation = max(float(np.median(np.abs(np.diff(values)))) / 0.954, self._settings.noise_floor)
        if values.std() > 2.0 * deviation:
            return
        self._variance[column] = deviation**2
        self._threshold[column] = max(
            self._settings.alarm * _SMOOTHED_DEVIATION * deviation, self._settings.alarm_floor
        )
        self._learned[column] = True
        self._settle(column, row, float(values.mean()), len(values))

    def _try_step(self, column: int, row: int) -> PlateStep | None:
        base = float(self._base[column])
        deviation = float(self._variance[column]) ** 0.5
        values = self._values[: row + 1, column]
        count = self._short
        mean = float(values[row - count + 1 :].mean())
        change = mean - base
        if abs(change) <= 3.0 * self._step_variance(column, count) ** 0.5 + self._settings.noise_floor:
            self._settle(column, row, None, count)
            return None
        speed = self._speed(column, row, mean, change)
        count = self._long if abs(change) < self._settings.minimum_change else self._needed(deviation, speed)
        if row - count + 1 < max(self._begun[column], 0) or self._bad[row - count + 1 : row + 1, column].any():
            return None
        window = values[row - count + 1 :]
        slope = abs(_slope(window))
        if slope > min(_RESIDUAL * speed, _SLOPE_LIMIT * deviation * (12.0 / count**3) ** 0.5):
            return None
        if count > self._short:
            if window.std() > self._allowed(column):
                return None
            mean = float(window.mean())
            change = mean - base
        variance = self._step_variance(column, count)
        low = max(0, row - self._history + 1)
        away = np.abs(values[low:] - mean) > 3.0 * deviation + self._floor**0.5
        first = min(low + int(np.flatnonzero(away)[-1]) + 1 if away.any() else low, row - count + 1)
        start = self._starts[column]
        end = max(self._firsts[first], start + 1)
        degraded = self._gap_row >= low and self._lasts[self._gap_row] > start
        degraded = degraded or bool(self._bad[low : row + 1, column].any())
        self._settle(column, row, mean, count)
        return PlateStep(column, start, end, change, variance, degraded)

    def _speed(self, column: int, row: int, mean: float, change: float) -> float:
        """Return the average speed of the second half of a step, kilograms a block."""
        low = max(0, row - self._history + 1)
        values = self._values[low : row + 1, column]
        far = np.flatnonzero(np.abs(values - mean) > 0.5 * abs(change))
        last_far = low + int(far[-1]) if len(far) else low
        return 0.5 * abs(change) / max(1, row - self._short + 1 - last_far)

    def _needed(self, deviation: float, speed: float) -> int:
        """Return the window that tells a finished step from one still going on at ``speed``, blocks.

        The slope of a straight line fitted to n blocks of noise has the deviation s sqrt(12 / n^3).
        """
        needed = (self._settings.ramp_margin * deviation * 12.0**0.5 / speed) ** (2.0 / 3.0)
        return int(min(max(self._short, np.ceil(needed)), self._long))

    def _joinable(self, column: int) -> bool:
        """Tell whether a plate rests, and not at a step that will be reported of its own accord."""
        row = self._row
        window = slice(row - self._short + 1, row + 1)
        if not self._learned[column] or row < self._short or self._bad[window, column].any():
            return False
        values = self._values[window, column]
        if values.std() > self._allowed(column):
            return False
        change = float(values.mean()) - float(self._base[column])
        return not (self.active[column] and abs(change) >= self._settings.minimum_change)

    def _allowed(self, columns: NDArray[np.intp] | int) -> NDArray[np.float64]:
        return np.asarray(self._settings.stable_noise * np.sqrt(self._variance[columns]))

    def _step_variance(self, column: int, count: int) -> float:
        return float(self._variance[column]) * (1.0 / count + 1.0 / max(1.0, float(self._weight[column])))

    def _settle(self, column: int, row: int, mean: float | None, count: int) -> None:
        if mean is not None:
            self._base[column] = mean
            self._weight[column] = count
        self._smoothed[column] = 0.0
        self._rest_row[column] = row - count + 1 if mean is None else row + 1
        self.active[column] = False


def _slope(values: NDArray[np.float64]) -> float:
    """Return the slope of the straight line fitted to evenly spaced values."""
    place = np.arange(len(values)) - 0.5 * (len(values) - 1)
    return float(place @ values / (place @ place))
