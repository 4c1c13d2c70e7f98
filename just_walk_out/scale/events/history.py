"""The last seconds of blocks of the plates of one stream."""

from __future__ import annotations

import bisect

import numpy as np
from numpy.typing import NDArray


class BlockHistory:
    """Blocks by their number since the stream began; old ones are forgotten.

    Slices are views of one array: rows are written one after the other, and once the array is full
    the youngest are moved to its top.
    """

    def __init__(self, plates: int, keep: int) -> None:
        """Make a history that always reaches back ``keep`` blocks, once there were so many."""
        rows = 4 * keep
        self._keep = keep
        self._values = np.zeros((rows, plates))
        self._bad = np.zeros((rows, plates), bool)
        self._firsts = [0] * rows
        self._lasts = [0] * rows
        self._top = 0
        self.newest = -1
        self.gap = -1
        self.newest_bad = -1

    def append(
        self, values: NDArray[np.float64], bad: NDArray[np.bool_] | None, first: int, last: int, gap: bool
    ) -> int:
        """Add a block and return its number; a bad plate keeps the value it had.

        Args:
            values: (plates,) kilograms.
            bad: (plates,) where there is no sound value; None when all are sound.
            first: time of its first sample, nanoseconds.
            last: time of its last sample.
            gap: samples were lost before it.
        """
        row = self._room(1)
        if bad is None:
            if self.newest_bad >= 0:
                self._bad[row] = False
        else:
            self.newest_bad = self.newest + 1
            values = np.where(bad, self._values[row - 1] if row else 0.0, values)
            self._bad[row] = bad
        self._values[row] = values
        self._firsts[row] = first
        self._lasts[row] = last
        self.newest += 1
        if gap:
            self.gap = self.newest
        return self.newest

    def extend(self, values: NDArray[np.float64], firsts: list[int], lasts: list[int]) -> None:
        """Add sound blocks that follow without a gap, at most as many as are kept.

        Args:
            values: (blocks, plates) kilograms.
            firsts: time of the first sample of each, nanoseconds.
            lasts: time of the last sample of each.
        """
        count = len(values)
        row = self._room(count)
        if self.newest_bad >= 0:
            self._bad[row : row + count] = False
        self._values[row : row + count] = values
        self._firsts[row : row + count] = firsts
        self._lasts[row : row + count] = lasts
        self.newest += count

    def withdraw(self, count: int) -> None:
        """Take back the newest ``count`` blocks, which were added by ``extend``."""
        self.newest -= count

    def _room(self, count: int) -> int:
        """Make room for ``count`` more rows and return where they begin."""
        row = self.newest + 1 - self._top
        if row + count > len(self._values):
            shift = row - self._keep
            self._values[: self._keep] = self._values[shift:row]
            self._bad[: self._keep] = self._bad[shift:row]
            self._firsts[: self._keep] = self._firsts[shift:row]
            self._lasts[: self._keep] = self._lasts[shift:row]
            self._top += shift
            row = self._keep
        return row

    @property
    def keep(self) -> int:
        """How many blocks may be asked for."""
        return self._keep

    @property
    def oldest(self) -> int:
        """The number of the oldest block that may be asked for."""
        return max(0, self.newest - self._keep + 1)

    def values(self, begin: int, end: int) -> NDArray[np.float64]:
        """Return blocks ``begin`` to before ``end``, (blocks, plates) kilograms."""
        return self._values[begin - self._top : end - self._top]

    def means(self, begin: int, end: int, span: int) -> NDArray[np.float64]:
        """Return the means over the last ``span`` blocks, two or more, at blocks ``begin`` to before ``end``.

        Returns:
            (blocks, plates) kilograms.
        """
        values, count = self.values(begin - span + 1, end), end - begin
        result: NDArray[np.float64] = values[:count] + values[1 : count + 1]
        for shift in range(2, span):
            result += values[shift : count + shift]
        result *= 1.0 / span
        return result

    def bad(self, begin: int, end: int) -> NDArray[np.bool_]:
        """Return where those blocks have no sound value, (blocks, plates)."""
        return self._bad[begin - self._top : end - self._top]

    def sound(self, column: int, begin: int, end: int) -> bool:
        """Tell whether a plate had sound values in all of those blocks."""
        return self.newest_bad < begin or not self._bad[begin - self._top : end - self._top, column].any()

    def first(self, number: int) -> int:
        """Return the time of the first sample of a block, nanoseconds."""
        return self._firsts[number - self._top]

    def last(self, number: int) -> int:
        """Return the time of the last sample of a block, nanoseconds."""
        return self._lasts[number - self._top]

    def after(self, stamp: int) -> int:
        """Return the number of the first known block that ends later than ``stamp``."""
        low, high = self.oldest - self._top, self.newest + 1 - self._top
        return bisect.bisect_right(self._lasts, stamp, low, high) + self._top

    def broken(self, stamp: int) -> bool:
        """Tell whether samples were lost after ``stamp``."""
        return self.gap >= self.oldest and self.last(self.gap) > stamp
