"""Event time of readings that carry no clock: when they were weighed, judged by when they arrived."""

from __future__ import annotations

from collections import deque
from statistics import median

_MS = 1_000_000
# Intervals looked at to tell how often a scale sends, and how far off the description may be.
_INTERVALS = 25
_TOLERANCE = 1.5
# A reading that is late is not lost.
_GAP_PERIODS = 3.5


class ArrivalClock:
    """Stamps the readings of one line, each later than the one before, and measures how often they come."""

    def __init__(self, period: int) -> None:
        """Make a clock for readings ``period`` nanoseconds apart, as described."""
        self._described = period
        self._last: int | None = None
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)
        self.period = period

    @property
    def measured(self) -> float | None:
        """Readings a second where they are not as described; None where they are."""
        return None if self.period == self._described else 1e9 / self.period

    def stamp(self, weighed: int) -> tuple[int, int]:
        """Return the stamp of a reading weighed at host time ``weighed``, nanoseconds, and how many are missing."""
        if self._last is None:
            self._last = weighed
            return weighed, 0
        interval = max(1, weighed - self._last)
        self._last += interval
        self._intervals.append(interval)
        if len(self._intervals) == _INTERVALS:
            usual = median(self._intervals)
            # Whoever follows the weights learns a new period from scratch, so it is not changed lightly.
            if not self.period / _TOLERANCE <= usual <= self.period * _TOLERANCE:
                near = self._described / _TOLERANCE <= usual <= self._described * _TOLERANCE
                self.period = self._described if near else max(_MS, round(usual / _MS) * _MS)
                self._intervals.clear()
        missing = round(interval / self.period) - 1 if interval > _GAP_PERIODS * self.period else 0
        return self._last, missing
