"""Event time of readings that carry no clock: when they were weighed, judged by when they arrived."""

from __future__ import annotations

from collections import deque
from statistics import median

_MS = 1_000_000
# Intervals looked at to tell how often a scale sends, and how far off the description may be.
_INTERVALS = 25
_TOLERANCE = 1.5
# A reading that is late is not lost: the next one comes so much sooner. One is lost where the readings are so many
# periods behind and the next does not make up for it; jitter that adds up is forgotten by so much a reading.
_BEHIND = 0.6
_MEMORY = 0.5
_GAP_PERIODS = 3.5


class ArrivalClock:
    """Stamps the readings of one line, each later than the one before, and measures how often they come."""

    def __init__(self, period: int) -> None:
        """Make a clock for readings ``period`` nanoseconds apart, as described."""
        self._described = period
        self._last: int | None = None
        self._intervals: deque[int] = deque(maxlen=_INTERVALS)
        self._usual = float(period)
        self._behind = 0.0
        self.period = period

    @property
    def measured(self) -> float | None:
        """Readings a second where they are not as described; None where they are."""
        return None if self.period == self._described else 1e9 / self.period

    def stamp(self, weighed: int) -> tuple[int, int]:
        """Return the stamp of a reading weighed at host time ``weighed``, nanoseconds, and how many were lost before.

        A short gap counts as a loss with the reading after the next: only that tells it from a reading that was late.
        """
        if self._last is None:
            self._last = weighed
            return weighed, 0
        interval = max(1, weighed - self._last)
        self._last += interval
        self._intervals.append(interval)
        if len(self._intervals) == _INTERVALS:
            usual = self._usual = median(self._intervals)
            # Whoever follows the weights learns a new period from scratch, so it is not changed lightly.
            if not self.period / _TOLERANCE <= usual <= self.period * _TOLERANCE:
                near = self._described / _TOLERANCE <= usual <= self._described * _TOLERANCE
                self.period = self._described if near else max(_MS, round(usual / _MS) * _MS)
                self._intervals.clear()
                self._usual, self._behind = float(self.period), 0.0
        return self._last, self._lost(interval / self._usual)

    def _lost(self, periods: float) -> int:
        """Return how many readings have been lost for sure, when another one comes so many periods after the last."""
        behind = self._behind
        if periods > _GAP_PERIODS:
            self._behind = 0.0
            return round(behind + periods - 1.0)
        lost = round(behind) if periods >= _BEHIND and behind >= _BEHIND else 0
        self._behind = max(0.0, _MEMORY * (behind - lost) + periods - 1.0)
        return lost
