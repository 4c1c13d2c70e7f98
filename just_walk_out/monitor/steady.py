"""Levels of a part that go up and down by the second, steadied to what is worth an alert."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """Levels of ``diagnostic_msgs/DiagnosticStatus``."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


class SteadyLevel:
    """What is told of one part: an error or silence at once, a warning and that all is well once it has lasted.

    A part that goes to and fro between two levels faster than that stays at what was told of it last, or at its worst.
    """

    def __init__(self, warn_after: int, well_after: int) -> None:
        """Begin with a part that is well.

        Args:
            warn_after: nanoseconds without a good word after which a warning is told.
            well_after: nanoseconds without a bad one after which that is told, and without an error or silence after
                which a mere warning is.
        """
        self._warn_after, self._well_after = warn_after, well_after
        self._since: dict[str, int] = {}
        self._now = 0
        self.told = Level.OK

    def hear(self, level: Level, now: int) -> bool:
        """Take what a part says at a time, nanoseconds; returns whether something else is told of it from now on."""
        if now < self._now:  # the clock was set back
            self._since.clear()
        self._now = now
        well = self._lasts("well", level is Level.OK)
        unwell = self._lasts("unwell", level is not Level.OK)
        mended = self._lasts("mended", level < Level.ERROR)
        before = self.told
        if level >= Level.ERROR:
            self.told = level
        elif level is Level.OK:
            self.told = Level.OK if well >= self._well_after else before
        elif unwell >= self._warn_after if before is Level.OK else mended >= self._well_after:
            self.told = Level.WARN
        return self.told is not before

    def _lasts(self, what: str, true: bool) -> int:
        """Return for how long something has been true without a break, nanoseconds; less than nothing: it is not."""
        if not true:
            self._since.pop(what, None)
            return -1
        return self._now - self._since.setdefault(what, self._now)
