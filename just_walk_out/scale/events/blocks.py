"""From samples of plates to blocks: isolated spikes removed, then averaged over a few samples.

A spike is replaced by the median of three. The median is not taken of all samples: it would turn a
vibration at a third of the sampling rate into a constant.

The blocks of a stream depend on its samples alone, not on the batches they come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Samples for which there is room at first.
_ROOM = 120


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
        self._end = 0
        # The first and the last sample are only neighbours of those that are averaged.
        self._done = 1
        self._gap = True
        # Times from sample ``_timed`` on, and those of the batches that came since they were last written out.
        self._stamps: list[int] = []
        self._timed = 0
        self._batches: list[range] = []

    def add(self, weights: NDArray[np.floating[Any]], stamps: range) -> None:
        """Take samples.

        Args:
            weights: flat, samples x plates, kilograms.
            stamps: time of each sample, nanoseconds.
        """
        end = self._end + len(stamps)
        if end > len(self._samples):
            end = self._make_room(len(stamps))
        self._flat[self._end * self._plates : end * self._plates] = weights
        self._end = end
        self._batches.append(stamps)

    @property
    def ready(self) -> int:
        """How many blocks can be made."""
        return max(0, (self._end - self._done - 1) // self._size)

    def window(self, begin: int, end: int) -> NDArray[np.float64] | None:
        """Return the samples, as they came, of blocks ``begin`` to before ``end`` of those that can be made.

        (samples, plates) kilograms, with the ``kept`` blocks before them and one sample after; None where samples were
        lost since.
        """
        first = self._done + begin * self._size - self._kept
        return self._samples[first : self._done + end * self._size + 1] if first > 0 else None

    def last(self, number: int) -> int:
        """Return the time of the last sample of block ``number`` of those that can be made, nanoseconds."""
        after = self._end - self._done - (number + 1) * self._size
        if self._batches and after < len(self._batches[-1]):
            return self._batches[-1][-1 - after]
        return self._times()[-1 - after]

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
        stamps = self._times()[begin - self._timed :]
        firsts, lasts = stamps[: end - begin : self._size], stamps[self._size - 1 : end - begin : self._size]
        self._stamps, self._timed, self._done = stamps[end - begin :], end, end
        return Blocks(values, firsts, lasts, gap)

    def _times(self) -> list[int]:
        """Return the times of the samples from ``_timed`` on, nanoseconds."""
        for batch in self._batches:
            self._stamps += batch
        self._batches = []
        return self._stamps

    def _make_room(self, count: int) -> int:
        """Make room for so many more samples and return where they end; the oldest are forgotten."""
        low = max(0, self._done - 1 - self._kept)
        kept = self._samples[low : self._end]
        if len(kept) + count > len(self._samples):
            self._make_array(2 * (len(kept) + count))
        self._samples[: len(kept)] = kept
        self._done -= low
        self._timed -= low
        self._end = len(kept)
        return self._end + count

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
