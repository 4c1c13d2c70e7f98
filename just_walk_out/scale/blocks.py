"""From samples of plates to blocks: isolated spikes removed, then averaged over a few samples.

A spike is replaced by the median of three. The median is not taken of all samples: it would turn a
vibration at a third of the sampling rate into a constant.

The blocks of a stream depend on its samples alone, not on the batches they come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Samples for which there is room at first.
_ROOM = 300


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
    """Removal of spikes, then the mean of ``size`` samples, for the plates of one stream.

    Samples are kept in one array; each is copied into it once, and blocks and windows are cut from it.
    """

    def __init__(self, plates: int, size: int, spike: float, kept: int) -> None:
        """Make a filter of ``plates`` columns.

        Args:
            plates: columns.
            size: samples of a block.
            spike: least height of a spike, kilograms.
            kept: so many blocks already made can be looked at again, as samples.
        """
        self._spike = spike
        self._plates = plates
        self._size = size
        self._kept = kept * size
        self._make_array(_ROOM)
        self.reset()
        self._gap = False

    def reset(self) -> None:
        """Begin anew after lost samples."""
        self._stamps: list[int] = []
        # The first and the last sample are only neighbours of those that are averaged.
        self._done = 1
        self._gap = True

    def add(self, weights: NDArray[np.floating[Any]], stamps: Sequence[int]) -> None:
        """Take samples.

        Args:
            weights: flat, samples x plates, kilograms.
            stamps: time of each sample, nanoseconds.
        """
        begin = len(self._stamps)
        if begin + len(stamps) > len(self._samples):
            begin = self._make_room(len(stamps))
        self._stamps += stamps
        self._flat[begin * self._plates : len(self._stamps) * self._plates] = weights

    @property
    def ready(self) -> int:
        """How many blocks can be made."""
        return max(0, (len(self._stamps) - self._done - 1) // self._size)

    def window(self, begin: int, end: int) -> NDArray[np.float64] | None:
        """Return the samples, as they came, of blocks ``begin`` to before ``end`` of those that can be made.

        (samples, plates) kilograms, with the ``kept`` blocks before them and one sample after; None where samples were
        lost since.
        """
        first = self._done + begin * self._size - self._kept
        return self._samples[first : self._done + end * self._size + 1] if first > 0 else None

    def last(self, number: int) -> int:
        """Return the time of the last sample of block ``number`` of those that can be made, nanoseconds."""
        return self._stamps[self._done + (number + 1) * self._size - 1]

    def make(self, count: int, flat: bool = False) -> Blocks:
        """Make the first ``count`` of the blocks that can be made, at least one.

        Args:
            count: how many.
            flat: they are known to hold no spike.
        """
        begin, end = self._done, self._done + count * self._size
        samples = self._samples[begin:end] if flat else self._without_spikes(self._samples[begin - 1 : end + 1])
        # Summed sample by sample over all blocks at once: long rows are what numpy is quick at.
        by_sample = samples.reshape(count, self._size, self._plates).swapaxes(0, 1).reshape(self._size, -1)
        values = np.add.reduce(by_sample, axis=0).reshape(count, self._plates)
        values *= 1.0 / self._size
        gap, self._gap = self._gap, False
        self._done = end
        firsts, lasts = self._stamps[begin : end : self._size], self._stamps[begin + self._size - 1 : end : self._size]
        return Blocks(values, firsts, lasts, gap)

    def _make_room(self, count: int) -> int:
        """Make room for so many more samples and return where they begin; the oldest are forgotten."""
        low = max(0, self._done - 1 - self._kept)
        kept = self._samples[low : len(self._stamps)]
        if 2 * (len(kept) + count) > len(self._samples):
            self._make_array(4 * (len(kept) + count))
        # Not over itself: it fills at most half of the array, or the array is new.
        self._samples[: len(kept)] = kept
        del self._stamps[:low]
        self._done -= low
        return len(kept)

    def _make_array(self, count: int) -> None:
        self._samples: NDArray[np.float64] = np.empty((count, self._plates))
        self._flat = self._samples.reshape(-1)

    def _without_spikes(self, window: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b, c = window[:-2], window[1:-1], window[2:]
        if not np.count_nonzero(np.abs(b - a) > self._spike):
            return b
        higher, lower = np.maximum(a, c), np.minimum(a, c)
        excess = np.maximum(b - higher, lower - b)
        spikes = (excess > self._spike) & (excess > 2.0 * (higher - lower))
        return np.where(spikes, np.where(b > higher, higher, lower), b)
