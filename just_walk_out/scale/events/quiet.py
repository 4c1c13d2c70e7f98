"""Told in a few operations: a batch of samples in which nothing happens.

Nearly all batches of nearly all shelves are such, and what follows from them need not be worked out at once:
the samples are set aside and made into blocks together, once the baselines are to follow or something moves.
The results are the same: they do not depend on the batches that blocks come in.

Baselines and thresholds are repeated for each row: numpy takes several times as long over rows of a few plates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# No two samples of which neither departs further than this share of the height of a spike are a spike apart.
_FLAT = 0.499
# Means are taken for larger by this, more than rounding takes from them on plates of less than 10 t.
_CAUTION = 1.0 + 1e-6


class QuietWatch:
    """The means that the alarm watches, straight from samples, and whether they stay below it."""

    def __init__(self, plates: int, size: int, span: int, spike: float) -> None:
        """Make a watch.

        Args:
            plates: of the stream.
            size: samples of a block.
            span: blocks of a mean.
            spike: least height of a spike, kilograms.
        """
        self._plates = plates
        self._size = size
        self._span = span
        self._reach = _FLAT * spike
        self._square = self._reach**2
        self._widen(0)

    def aim(self, baselines: NDArray[np.float64], thresholds: NDArray[np.float64]) -> None:
        """Set what departures are measured from and where an alarm is raised, (plates,) kilograms."""
        self._baselines[:] = baselines
        self._thresholds[:] = thresholds

    def sees_nothing(self, samples: NDArray[np.float64], blocks: int) -> bool:
        """Tell whether no alarm can be raised; False where it takes more to be sure.

        Args:
            samples: (samples, plates) kilograms, as they came: those of ``span - 1`` blocks that were watched before,
                of ``blocks`` new ones, and one more.
            blocks: how many, at least one.
        """
        if blocks > len(self._measures):
            self._widen(blocks)
            return False
        means, baselines, thresholds = self._measures[blocks - 1]
        away = samples - baselines
        # Where all samples are that near, none is a spike. A sum of squares is the quickest bound, and fails on NaN.
        flat = away.ravel()
        if not (flat.dot(flat) <= self._square or abs(flat).max() <= self._reach):
            return False
        return not np.count_nonzero(abs(means.dot(away[:-1])) > thresholds)

    def _widen(self, blocks: int) -> None:
        """Make room for so many blocks; what they are compared with is known from the next ``aim`` on."""
        samples = (blocks + self._span - 1) * self._size
        self._thresholds = np.full((blocks, self._plates), np.nan)
        self._baselines = np.full((samples + 1, self._plates), np.nan)
        means = np.zeros((blocks, samples))
        for block in range(blocks):
            means[block, block * self._size : (block + self._span) * self._size] = _CAUTION / (self._span * self._size)
        # For one block, for two, and so on.
        self._measures = []
        for count in range(1, blocks + 1):
            taken = (count + self._span - 1) * self._size
            mean = np.ascontiguousarray(means[:count, :taken])
            self._measures.append((mean, self._baselines[: taken + 1], self._thresholds[:count]))
