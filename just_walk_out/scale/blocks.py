"""From samples of plates to blocks: isolated spikes removed, then averaged over a few samples.

A spike is replaced by the median of three. The median is not taken of all samples: it would turn a
vibration at a third of the sampling rate into a constant.

The blocks of a stream depend on its samples alone, not on the batches they come in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks completed by a batch.

    Attributes:
        values: (blocks, plates) kilograms; NaN where a plate had no sound value.
        firsts: time of the first sample of each block, nanoseconds.
        lasts: time of the last sample of each block, nanoseconds.
        gap: samples were lost before the first of these blocks.
    """

    values: NDArray[np.float64]
    firsts: list[int]
    lasts: list[int]
    gap: bool


class BlockFilter:
    """Removal of spikes, then the mean of ``size`` samples, for the plates of one stream."""

    def __init__(self, plates: int, size: int, spike: float) -> None:
        """Make a filter of ``plates`` columns, blocks of ``size`` samples, spikes above ``spike`` kilograms."""
        self._spike = spike
        self._plates = plates
        self._size = size
        self._empty: NDArray[np.float64] = np.empty((0, plates))
        self.reset()
        self._gap = False

    def reset(self) -> None:
        """Begin anew after lost samples."""
        self._carry = self._empty
        self._carry_stamps: list[int] = []
        self._gap = True

    def push(self, samples: NDArray[np.float64], stamps: list[int]) -> Blocks | None:
        """Take (samples, plates) kilograms and their stamps; None while no block is complete."""
        window = np.concatenate((self._carry, samples))
        stamps = self._carry_stamps + stamps
        # The first and the last sample are only neighbours of those that are averaged.
        count = max(0, len(window) - 2) // self._size
        used = count * self._size
        self._carry = window[used:]
        self._carry_stamps = stamps[used:]
        if not count:
            return None
        middle = self._without_spikes(window[: used + 2])
        values = np.add.reduce(middle.reshape(count, self._size, self._plates), axis=1)
        values *= 1.0 / self._size
        gap, self._gap = self._gap, False
        return Blocks(values, stamps[1 : used + 1 : self._size], stamps[self._size : used + 1 : self._size], gap)

    def _without_spikes(self, window: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b, c = window[:-2], window[1:-1], window[2:]
        if not np.count_nonzero(np.abs(b - a) > self._spike):
            return b
        higher, lower = np.maximum(a, c), np.minimum(a, c)
        excess = np.maximum(b - higher, lower - b)
        spikes = (excess > self._spike) & (excess > 2.0 * (higher - lower))
        return np.where(spikes, np.where(b > higher, higher, lower), b)
