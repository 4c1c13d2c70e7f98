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

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.history import BlockHistory

_SMOOTHING = 0.3
_SMOOTHED_DEVIATION = (_SMOOTHING / (2.0 - _SMOOTHING)) ** 0.5
# Baselines and noise follow in strides of so many blocks; nothing about them is in a hurry.
_STRIDE = 4
# Mean of min(z^2, 4) of a standard normal z: what clipping takes from an estimate of variance.
_CLIPPED_MEAN = 0.9205
_CLIP = 4.0
_BUSY_SHARE = 0.1
_SIGNIFICANT = 4.0
_RETURNED = 3.0
_SLOPE_LIMIT = 3.0
# A finished step has at most this share of its average speed left.
_RESIDUAL = 0.4
# A step has begun when less than this share of it lies ahead.
_DEPARTED = 0.85
_REST_SHARE = 0.6


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

        def blocks(seconds: float, least: int) -> int:
            return max(least, round(seconds / period))

        self._settings = settings
        self._near = near
        self._floor = settings.noise_floor
        self._short = blocks(settings.stable_time, 3)
        self._long = max(self._short, blocks(settings.doubtful_time, 3))
        self._delay = blocks(settings.baseline_delay, 1)
        self._learning = blocks(settings.learning_time, 6)
        keep = max(blocks(settings.memory, 4), 2 * self._long + self._delay) + _STRIDE
        self._history = BlockHistory(plates, keep)
        self._noise_gain = min(1.0, _STRIDE * period / settings.noise_memory)
        self._most = settings.baseline_memory / period
        self._base = np.zeros(plates)
        self._weight = np.zeros(plates)
        self._variance = np.full(plates, self._floor**2)
        self._threshold = np.full(plates, settings.alarm_floor)
        self._smoothed = np.zeros(plates)
        self._rest_from = np.zeros(plates, np.int64)
        self._learned = np.zeros(plates, bool)
        self._active = np.ones(plates, bool)
        self._starts = [0] * plates
        self._begun = [0] * plates
        self.busy = True

    @property
    def noise(self) -> NDArray[np.float64]:
        """Standard deviation of a block of each plate, kilograms."""
        deviation: NDArray[np.float64] = np.sqrt(self._variance)
        return deviation

    def start_of(self, column: int) -> int:
        """Return the start of the event in progress on a plate, nanoseconds."""
        return self._starts[column]

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        starts = [self._starts[column] for column in np.flatnonzero(self._active & self._learned)]
        return min(starts, default=None)

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
        departure = (values if bad is None else self._history.values(row, row + 1)[0]) - self._base
        departure -= self._smoothed
        departure *= _SMOOTHING
        self._smoothed += departure
        alarms = np.abs(self._smoothed) > self._threshold
        if self.busy:
            alarms &= ~self._active
        if alarms.any():
            self._begin(np.flatnonzero(alarms), row, settled)
        if row % _STRIDE == 0 and row:
            self._measure_noise(row)
            self._track_baseline(row)
        return self._finish(row) if self.busy else []

    def moving(self, column: int) -> bool:
        """Tell whether an event is in progress on a plate that it will end of its own accord."""
        change = self._resting_change(column)
        return bool(self._active[column]) and (change is None or abs(change) >= self._settings.minimum_change)

    def claim(self, column: int, since: int) -> PlateStep | None:
        """Take the step of a resting plate beside an event, if it made one.

        Args:
            column: the plate.
            since: start of the event, nanoseconds; the step is said to begin there.
        """
        departure = self._resting_change(column)
        before = self._history.after(since)
        begin = max(self._history.oldest, before - self._short)
        if departure is None or begin == before:
            return None
        row = self._history.newest
        mean = departure + float(self._base[column])
        # Measured from directly before the event: a drift that the baseline lags behind is no share of it.
        change = mean - float(self._history.values(begin, before)[:, column].mean())
        variance = float(self._variance[column]) * (1.0 / self._short + 1.0 / (before - begin))
        if min(abs(change), abs(departure)) < _SIGNIFICANT * variance**0.5 + self._floor:
            return None
        end = max(self._history.first(row - self._short + 1), since + 1)
        degraded = self._degraded(column, since)
        self._settle(column, row, mean, self._short)
        self.busy = bool(self._active.any())
        return PlateStep(column, since, end, change, variance, degraded)

    def _measure_noise(self, row: int) -> None:
        begin = row - _STRIDE
        if self._history.gap > begin:
            return
        values = self._history.values(begin, row + 1)
        squares = values[1:] - values[:-1]
        squares *= squares
        squares *= 0.5
        innovation = np.add.reduce(np.minimum(squares, _CLIP * self._variance), axis=0)
        innovation *= 1.0 / (_STRIDE * _CLIPPED_MEAN)
        innovation -= self._variance
        innovation *= self._noise_gain
        if self.busy:
            innovation[self._active] *= _BUSY_SHARE
        bad = self._history.bad(begin, row + 1)
        if bad.any():
            innovation[bad.any(axis=0)] = 0.0
        self._variance += innovation
        np.maximum(self._variance, self._floor**2, out=self._variance)
        self._threshold = np.sqrt(self._variance)
        self._threshold *= self._settings.alarm * _SMOOTHED_DEVIATION
        np.maximum(self._threshold, self._settings.alarm_floor, out=self._threshold)

    def _track_baseline(self, row: int) -> None:
        end = row - self._delay + 1
        begin = end - _STRIDE
        if begin < 0:
            return
        resting = self._rest_from <= begin
        if self.busy:
            resting &= ~self._active
        bad = self._history.bad(begin, end)
        if bad.any():
            resting &= ~bad.any(axis=0)
        gain = resting * float(_STRIDE)
        self._weight += gain
        np.minimum(self._weight, self._most, out=self._weight)
        gain /= np.maximum(self._weight, _STRIDE)
        departure = np.add.reduce(self._history.values(begin, end), axis=0)
        departure *= 1.0 / _STRIDE
        departure -= self._base
        departure *= gain
        self._base += departure

    def _begin(self, columns: NDArray[np.intp], row: int, settled: int) -> None:
        self._active[columns] = True
        self.busy = True
        low = max(self._history.oldest, row - self._delay)
        values = self._history.values(low, row)
        for column in columns.tolist():
            near = np.flatnonzero(np.abs(values[:, column] - self._base[column]) <= 2.0 * self._deviation(column))
            at = low + int(near[-1]) if len(near) else max(low, row - 1)
            self._starts[column] = max(self._history.last(at), settled + 1)
            self._begun[column] = row

    def _finish(self, row: int) -> list[PlateStep]:
        begin = row - self._short + 1
        if begin < 0:
            return []
        columns = np.flatnonzero(self._active)
        values = self._history.values(begin, row + 1)[:, columns]
        calm = values.std(axis=0) <= self._settings.stable_noise * np.sqrt(self._variance[columns])
        calm &= ~self._history.bad(begin, row + 1)[:, columns].any(axis=0)
        calm |= ~self._learned[columns]
        steps = []
        for column in columns[calm].tolist():
            if not self._learned[column]:
                self._learn(column, row)
                continue
            step = self._try_step(column, row)
            if step is not None:
                steps.append(step)
        self.busy = bool(self._active.any())
        return steps

    def _learn(self, column: int, row: int) -> None:
        """Give a plate its first baseline once it rests; its noise is measured from what was seen so far."""
        begin = row - self._learning + 1
        if begin < 0 or self._history.bad(begin, row + 1)[:, column].any():
            return
        values = self._history.values(begin, row + 1)[:, column]
        # The median of |difference| is 0.954 deviations of a block (0.6745 * sqrt 2).
        deviation = max(float(np.median(np.abs(np.diff(values)))) / 0.954, self._floor)
        if values.std() > self._settings.stable_noise * deviation:
            return
        self._variance[column] = deviation**2
        alarm = self._settings.alarm * _SMOOTHED_DEVIATION * deviation
        self._threshold[column] = max(alarm, self._settings.alarm_floor)
        self._learned[column] = True
        self._settle(column, row, float(values.mean()), len(values))

    def _try_step(self, column: int, row: int) -> PlateStep | None:
        base = float(self._base[column])
        deviation = self._deviation(column)
        course = self._history.values(self._history.oldest, row + 1)[:, column]
        count = self._short
        mean = float(course[-count:].mean())
        change = mean - base
        if abs(change) <= _RETURNED * self._step_variance(column, count) ** 0.5 + self._floor:
            self._settle(column, row, None, count)
            return None
        if self._overshadowed(column, abs(change)):
            return None
        speed, duration = _approach((mean - course) * np.sign(change), abs(change), deviation, self._short)
        count = self._long if abs(change) < self._settings.minimum_change else self._needed(deviation, speed, duration)
        begin = row - count + 1
        if begin < self._begun[column] or self._history.bad(begin, row + 1)[:, column].any():
            return None
        window = course[-count:]
        limit = min(_RESIDUAL * speed, _SLOPE_LIMIT * deviation * (12.0 / count**3) ** 0.5)
        if abs(_slope(window)) > limit or window.std() > self._settings.stable_noise * deviation:
            return None
        mean = float(window.mean())
        away = np.flatnonzero(np.abs(course - mean) > 3.0 * deviation)
        first = self._history.oldest + (int(away[-1]) + 1 if len(away) else 0)
        start = self._starts[column]
        end = max(self._history.first(min(first, begin)), start + 1)
        step = PlateStep(
            column, start, end, mean - base, self._step_variance(column, count), self._degraded(column, start)
        )
        self._settle(column, row, mean, count)
        return step

    def _overshadowed(self, column: int, change: float) -> bool:
        """Tell whether a neighbour is under a load now of which the change may only be the echo."""
        beside = self._near[column] & self._active & self._learned
        if not beside.any():
            return False
        load = float(np.abs(self._smoothed[beside]).max())
        return change < self._settings.crosstalk * load

    def _needed(self, deviation: float, speed: float, duration: int) -> int:
        """Return the window that tells a finished step from one still going on at ``speed``, blocks.

        The slope of a straight line fitted to n blocks of noise has the deviation s sqrt(12 / n^3). A hand
        that lifts slowly may also hover on the way, so the rest must last a share of the lift.
        """
        clear = (self._settings.ramp_margin * deviation * 12.0**0.5 / speed) ** (2.0 / 3.0)
        return int(min(max(self._short, np.ceil(clear), np.ceil(_REST_SHARE * duration)), self._long))

    def _resting_change(self, column: int) -> float | None:
        """Return how far from its baseline a plate rests now; None when it does not."""
        end = self._history.newest + 1
        begin = end - self._short
        if not self._learned[column] or begin < 0 or self._history.bad(begin, end)[:, column].any():
            return None
        values = self._history.values(begin, end)[:, column]
        if values.std() > self._settings.stable_noise * self._deviation(column):
            return None
        return float(values.mean()) - float(self._base[column])

    def _degraded(self, column: int, start: int) -> bool:
        begin, end = max(self._history.oldest, self._history.after(start) - 1), self._history.newest + 1
        return self._history.broken(start) or bool(self._history.bad(begin, end)[:, column].any())

    def _deviation(self, column: int) -> float:
        return math.sqrt(self._variance[column])

    def _step_variance(self, column: int, count: int) -> float:
        return float(self._variance[column]) * (1.0 / count + 1.0 / max(1.0, float(self._weight[column])))

    def _settle(self, column: int, row: int, mean: float | None, count: int) -> None:
        if mean is not None:
            self._base[column] = mean
            self._weight[column] = count
        self._smoothed[column] = 0.0
        self._rest_from[column] = row - count + 1 if mean is None else row + 1
        self._active[column] = False


def _approach(ahead: NDArray[np.float64], change: float, deviation: float, window: int) -> tuple[float, int]:
    """Return the average speed of a step from its half to its first arrival at the end, and its duration.

    Args:
        ahead: (blocks,) how much of the step still lay ahead; negative beyond its end, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
        window: blocks at rest.

    Returns:
        Kilograms a block, and blocks from the first tenth or so of the step to its end.
    """
    half = 0.5 * change
    scatter = 2.0 * deviation
    last_far = _last(ahead > half)
    if half <= 2.5 * scatter:
        # Lost in the noise: it may have taken all the time up to the window at rest.
        duration = max(1, len(ahead) - window - last_far)
        return float(half / duration), duration
    arrival = last_far + 1 + int(np.argmax(ahead[last_far + 1 :] <= scatter))
    duration = arrival - _last(ahead > _DEPARTED * change)
    return (half - scatter) / (arrival - last_far), duration


def _last(where: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(where)
    return int(found[-1]) if len(found) else 0


def _slope(values: NDArray[np.float64]) -> float:
    """Return the slope of the straight line fitted to evenly spaced values."""
    place = np.arange(len(values)) - 0.5 * (len(values) - 1)
    return float(place @ values / (place @ place))
