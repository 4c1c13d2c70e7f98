"""What is due by the stamps of frames, also when the clock that gave them is set."""

from __future__ import annotations


class Pace:
    """Thins a stream of stamps to a rate."""

    def __init__(self, period: float, slack: float = 0.0) -> None:
        """Let the first stamp through.

        Args:
            period: seconds between two that are let through.
            slack: share of the period that one may come early, 0..1, so that jitter costs none.
        """
        self._wait = int(1e9 * period * (1.0 - slack))
        self._last: int | None = None

    def due(self, stamp: int) -> bool:
        """Whether to let this one through; a stamp before the last one comes of a clock set back, and is."""
        if self._last is not None and self._last <= stamp < self._last + self._wait:
            return False
        self._last = stamp
        return True


class SteadyTime:
    """Makes stamps that never decrease of stamps of a clock that may be set back."""

    def __init__(self) -> None:
        """Start with the clock's own time."""
        self._ahead = 0
        self._last: int | None = None

    def of(self, stamp: int) -> int:
        """Return the time of a stamp, nanoseconds: where the clock is set back, it goes on from the last one."""
        if self._last is not None and stamp + self._ahead < self._last:
            self._ahead = self._last - stamp
        self._last = stamp + self._ahead
        return self._last
