"""What each plate weighs at rest, and how noisy it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.history import BlockHistory
from just_walk_out.scale.events.settings import ShelfEventSettings

# Baselines and noise follow in strides of so many blocks; nothing about them is in a hurry.
STRIDE = 20
# Mean of min(z^2, 4) of a standard normal z: what clipping takes from an estimate of variance.
_CLIPPED_MEAN = 0.9205
_CLIP = 4.0
# Plates in motion learn their noise so much slower: enough for one that has become noisy for good.
_BUSY_SHARE = 0.1
# The median of |difference| of two blocks of noise, in deviations: 0.6745 sqrt 2.
_MEDIAN_DIFFERENCE = 0.954


class Baseline:
    """Baseline and noise of the plates of one stream.

    The baseline is the mean of resting blocks that are at least ``baseline_delay`` old, so that the
    beginning of a slow lift is not averaged away. The noise is the variance of a block, from the
    differences of successive ones.
    """

    def __init__(self, plates: int, period: float, settings: ShelfEventSettings) -> None:
        """Make the baseline of ``plates`` columns of blocks ``period`` seconds apart; nothing is known yet."""
        self._settings = settings
        self._floor = settings.noise_floor
        self._delay = max(1, round(settings.baseline_delay / period))
        self.learning = max(6, round(settings.learning_time / period))
        self._gain = min(1.0, STRIDE * period / settings.noise_memory)
        self._most = settings.baseline_memory / period
        self._weight = np.zeros(plates)
        self._rest_from = np.zeros(plates, np.int64)
        # Variance and baseline side by side: once all has rested for long, both follow in the same few operations.
        self._estimates = _both(plates, self._floor**2, 0.0)
        self._variance: NDArray[np.float64] = self._estimates[0]
        self.values: NDArray[np.float64] = self._estimates[1]
        self._scales = _both(plates, 0.5 / (STRIDE * _CLIPPED_MEAN), 1.0 / STRIDE)
        self._gains = _both(plates, self._gain, STRIDE / max(self._most, STRIDE))
        self._steady = False
        self._latest_rest = 0
        self._measured = np.empty((2, plates))
        self._squares, self._most_squares = np.empty((2, STRIDE, plates))
        self.deviations = np.full(plates, self._floor)
        self.learned = np.zeros(plates, bool)

    def variance(self, column: int, count: int) -> float:
        """Return the variance of the difference of the baseline and a mean of ``count`` blocks, kg^2."""
        return float(self._variance[column]) * (1.0 / count + 1.0 / max(1.0, float(self._weight[column])))

    def learn(self, column: int, history: BlockHistory, insist: bool) -> bool:
        """Give a plate its first baseline, once it rests; tell whether it has one now.

        Args:
            column: the plate.
            history: the blocks.
            insist: it has not rested for long, so what it does is taken for noise, within reason.
        """
        end = history.newest + 1
        begin = end - self.learning
        if begin < 0 or not history.sound(column, begin, end):
            return False
        values = history.values(begin, end)[:, column]
        deviation = max(float(np.median(np.abs(np.diff(values)))) / _MEDIAN_DIFFERENCE, self._floor)
        spread = float(values.std())
        if insist:
            deviation = max(deviation, min(spread, self._settings.minimum_change))
        if spread > max(self._settings.stable_noise * deviation, self._settings.wander):
            return False
        self._variance[column] = deviation**2
        self.deviations[column] = deviation
        self.learned[column] = True
        self.move(column, float(values.mean()), self.learning, end)
        return True

    def snapshot(self) -> list[list[float] | None]:
        """Return resting weight and deviation of each plate, kilograms, as JSON values; None of one not yet known."""
        known = zip(self.values.tolist(), self.deviations.tolist(), self.learned.tolist(), strict=True)
        return [[value, deviation] if learned else None for value, deviation, learned in known]

    def resume(self, saved: list[list[float] | None], end: int) -> None:
        """Go on from a snapshot; the plates that were known then rested in the blocks before number ``end``."""
        for column, plate in enumerate(saved):
            if plate is not None:
                value, deviation = plate
                self.learned[column] = True
                self.deviations[column] = deviation
                self._variance[column] = deviation**2
                self.move(column, value, self.learning, end)

    def loosen(self, column: int, history: BlockHistory) -> None:
        """Take for noise, within reason, what a plate has done of late: it sways and does not come to rest."""
        spread = float(history.values(history.oldest, history.newest + 1)[:, column].std())
        deviation = max(float(self.deviations[column]), min(spread, self._settings.minimum_change))
        self._variance[column] = deviation**2
        self.deviations[column] = deviation

    def move(self, column: int, value: float, count: int, end: int) -> None:
        """Set the baseline of a plate to the mean of ``count`` blocks before number ``end``."""
        self.values[column] = value
        self._weight[column] = count
        self._steady = False
        self.keep(column, end)

    def resting_from(self, column: int) -> int:
        """Return the number of the first block since which a plate has rested."""
        return int(self._rest_from[column])

    def keep(self, column: int, begin: int) -> None:
        """Go on with the old baseline of a plate, by blocks from number ``begin``."""
        self._rest_from[column] = begin
        self._latest_rest = max(self._latest_rest, begin)

    def follow(self, history: BlockHistory, row: int, active: NDArray[np.bool_] | None) -> None:
        """Take in the ``STRIDE`` blocks up to number ``row``.

        Args:
            history: the blocks.
            row: the last of them.
            active: (plates,) which are in motion; None when none is.
        """
        begin = row + 1 - self._delay - STRIDE
        rested = active is None and self._steady and self._latest_rest <= begin
        if rested and max(history.newest_bad, history.gap) < min(begin, row - STRIDE):
            self._follow_steady(history, row)
        else:
            self._measure_noise(history, row, active)
            self._average(history, row, active)

    def _follow_steady(self, history: BlockHistory, row: int) -> None:
        """Do what ``_measure_noise`` and ``_average`` do when all plates have rested and all blocks are sound."""
        end = row - self._delay + 1
        measured = self._measured
        np.add.reduce(self._innovations(history, row), axis=0, out=measured[0])
        np.add.reduce(history.values(end - STRIDE, end), axis=0, out=measured[1])
        measured *= self._scales
        measured -= self._estimates
        measured *= self._gains
        self._estimates += measured
        self._set_deviations()

    def _innovations(self, history: BlockHistory, row: int) -> NDArray[np.float64]:
        """Return the clipped squares of the differences of the last blocks, (blocks, plates) kg^2."""
        values = history.values(row - STRIDE, row + 1)
        squares, most = self._squares, self._most_squares
        np.subtract(values[1:], values[:-1], out=squares)
        squares *= squares
        # Repeated before they are compared: numpy takes several times as long over rows of a few plates.
        most[:] = 2.0 * _CLIP * self._variance
        return np.minimum(squares, most, out=squares)

    def _set_deviations(self) -> None:
        np.maximum(self._variance, self._floor**2, out=self._variance)
        np.sqrt(self._variance, out=self.deviations)

    def _measure_noise(self, history: BlockHistory, row: int, active: NDArray[np.bool_] | None) -> None:
        begin, end = row - STRIDE, row + 1
        if begin < 0 or history.gap > begin:
            return
        innovation = np.add.reduce(self._innovations(history, row), axis=0)
        innovation *= 0.5 / (STRIDE * _CLIPPED_MEAN)
        innovation -= self._variance
        innovation *= self._gain
        if active is not None:
            innovation[active] *= _BUSY_SHARE
        if history.newest_bad >= begin:
            innovation[history.bad(begin, end).any(axis=0)] = 0.0
        self._variance += innovation
        self._set_deviations()

    def _average(self, history: BlockHistory, row: int, active: NDArray[np.bool_] | None) -> None:
        end = row - self._delay + 1
        begin = end - STRIDE
        if begin < 0:
            return
        resting = self._rest_from <= begin
        if active is not None:
            resting &= ~active
        if history.newest_bad >= begin:
            resting &= ~history.bad(begin, end).any(axis=0)
        gain = resting * float(STRIDE)
        self._weight += gain
        np.minimum(self._weight, self._most, out=self._weight)
        self._steady = bool((self._weight == self._most).all())
        gain /= np.maximum(self._weight, STRIDE)
        departure = np.add.reduce(history.values(begin, end), axis=0)
        departure *= 1.0 / STRIDE
        departure -= self.values
        departure *= gain
        self.values += departure


def _both(plates: int, variance: float, value: float) -> NDArray[np.float64]:
    """Return rows of equal numbers, (2, plates): for the variances, and for the values."""
    return np.array((np.full(plates, variance), np.full(plates, value)))
