"""From the clock of a board to event time on the host.

A board stamps its samples by a 32-bit microsecond counter of its own; the host only knows when the
bytes arrived, which is later by a delay that varies with the line and the operating system but is
never negative. The earliest arrivals therefore carry the truth: seen over the board's time, their
lateness has a lower envelope whose slope is the skew of the two clocks and whose height is the
offset (plus the smallest delay there ever is, a few milliseconds of line time, which cannot be told
apart). The line under all points closest to them goes through the edge of their lower convex hull
above the mean time (S. Moon, P. Skelly, D. Towsley, Estimation and Removal of Clock Skew from
Network Delay Measurements, INFOCOM 1999).
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

from just_walk_out.settings import setting, validate

_WRAP = 1 << 32
_US = 1000
_SECOND = 1_000_000_000


@dataclass(frozen=True)
class ClockSettings:
    """How the clock of a board is followed."""

    bucket: float = setting(2.0, "Span of which the earliest arrival is kept.", unit="s", minimum=0.1, maximum=60.0)
    window: float = setting(240.0, "How far back arrivals are kept.", unit="s", minimum=10.0, maximum=3600.0)
    skew_after: float = setting(
        20.0, "Span of arrivals from which the skew is estimated.", unit="s", minimum=1.0, maximum=600.0
    )
    skew_limit: float = setting(0.001, "Largest believed relative difference of the clocks.", minimum=0.0, maximum=0.01)
    restart_limit: float = setting(
        2.0, "Disagreement of the clocks from which the board counts as restarted.", unit="s", minimum=0.1, maximum=60.0
    )
    absence_limit: float = setting(
        600.0, "Silence after which the board's clock is learned anew.", unit="s", minimum=1.0, maximum=2000.0
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate(self)


class BoardClock:
    """Turns board time into host time, monotone; one per board."""

    def __init__(self, settings: ClockSettings | None = None) -> None:
        """Make a clock that has seen nothing."""
        self._settings = settings or ClockSettings()
        self._bucket = int(self._settings.bucket * _SECOND)
        self._keep = max(2, int(self._settings.window / self._settings.bucket))
        self._next_free: int | None = None
        self.restarts = 0
        self._arrival: int | None = None
        self._time_us = 0
        self._board = 0
        self._late_since: int | None = None
        self._skew = 0.0
        self._height: int | None = None
        self._points: deque[tuple[int, int]] = deque(maxlen=self._keep)

    @property
    def skew(self) -> float:
        """How much slower the board's clock runs than the host's, relative: 1e-4 is 100 ppm."""
        return self._skew

    def stamp(self, time_us: int, period_us: int, samples: int, arrival: int) -> int:
        """Return the host time of the first sample of a frame.

        Args:
            time_us: board clock at the first sample, microseconds modulo 2**32.
            period_us: time between samples, microseconds.
            samples: samples in the frame.
            arrival: host time at which the frame had arrived, nanoseconds.

        Returns:
            Nanoseconds; later than every sample of the frames before.
        """
        period = period_us * _US
        span = (samples - 1) * period
        self._follow(time_us, span, arrival)
        estimate = self._board + self._offset_at(self._board)
        stamp = estimate if self._next_free is None else max(estimate, self._next_free)
        self._next_free = stamp + span + period // 2
        return stamp

    def _follow(self, time_us: int, span: int, arrival: int) -> None:
        limit = int(self._settings.restart_limit * _SECOND)
        if self._arrival is not None:
            delta = (time_us - self._time_us + _WRAP // 2) % _WRAP - _WRAP // 2
            board = self._board + delta * _US
            late = arrival - board - span - self._offset_at(board)
            if late <= limit:
                self._late_since = None
            elif self._late_since is None:
                self._late_since = arrival
            # A host that was stuck reads a backlog: late too, but over within a moment of arrival time.
            stays_late = self._late_since is not None and arrival - self._late_since > limit
            absent = arrival - self._arrival > self._settings.absence_limit * _SECOND
            if delta < 0 or late < -limit or stays_late or absent:
                self._forget()
                self.restarts += 1
            else:
                self._board = board
        self._time_us = time_us
        self._arrival = arrival
        self._observe(self._board, arrival - self._board - span)

    def _forget(self) -> None:
        self._arrival = None
        self._board = 0
        self._late_since = None
        self._skew = 0.0
        self._height = None
        self._points.clear()

    def _offset_at(self, board: int) -> int:
        height = 0 if self._height is None else self._height
        return height + round(self._skew * board)

    def _observe(self, board: int, offset: int) -> None:
        height = offset - round(self._skew * board)
        if self._height is None or height < self._height:
            self._height = height
        if not self._points or board // self._bucket != self._points[-1][0] // self._bucket:
            if self._points:
                self._fit()
            self._points.append((board, offset))
        elif height < self._points[-1][1] - round(self._skew * self._points[-1][0]):
            self._points[-1] = (board, offset)

    def _fit(self) -> None:
        points = list(self._points)
        if points[-1][0] - points[0][0] >= self._settings.skew_after * _SECOND:
            limit = self._settings.skew_limit
            self._skew = min(max(_envelope_slope(points), -limit), limit)
        else:
            # The skew is not known yet: only recent arrivals say where the offset is now.
            points = points[-3:]
        self._height = min(offset - round(self._skew * board) for board, offset in points)


def _envelope_slope(points: list[tuple[int, int]]) -> float:
    """Return the slope of the lower convex hull at the mean abscissa (Andrew's monotone chain)."""
    hull: list[tuple[int, int]] = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (y1 - y0) * (x - x1) < (y - y1) * (x1 - x0):
                break
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    for (x0, y0), (x1, y1) in itertools.pairwise(hull):
        if x1 >= middle:
            return (y1 - y0) / (x1 - x0)
    return 0.0
