"""The order in which a node that starts takes up what its latched topics tell it.

A node that was killed is told the history of each topic at once, but one topic before the other. Stages bound
their waits by event time: would minutes of tracks come before the first visits, everybody would have waited
for the visits in vain. So nothing is handed on until all inputs that never fall silent have been heard and
agree on how late it is; then the snapshots come first, as they say how things stand, and the events after
them in the order of event time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class CatchUp:
    """Holds records back until the inputs have caught up with each other, or for a bounded time."""

    def __init__(self, steady: Iterable[str], snapshots: Iterable[str], apart: int, limit: float) -> None:
        """Wait for some topics.

        Args:
            steady: topics that must be heard; without any nothing is held back.
            snapshots: topics whose records are complete by themselves.
            apart: how far the newest stamps of topics that agree may differ, nanoseconds.
            limit: longest wait from the first record on, seconds.
        """
        self._newest: dict[str, int] = dict.fromkeys(steady, 0)
        self._snapshots = frozenset(snapshots)
        self._apart = apart
        self._limit = limit
        self._since: float | None = None
        self._held: list[tuple[bool, int, int, str, Any]] = []
        self.done = not self._newest

    def offer(self, topic: str, record: Any, now: float) -> list[tuple[str, Any]]:
        """Take a record; returns (topic, record) of those that are to be handed on now, in order.

        Args:
            topic: where it came from.
            record: has a stamp.
            now: seconds of a steady clock.
        """
        if self.done:
            return [(topic, record)]
        if topic in self._newest:
            self._newest[topic] = max(self._newest[topic], record.stamp)
        self._held.append((topic not in self._snapshots, record.stamp, len(self._held), topic, record))
        stamps = self._newest.values()
        if min(stamps) > 0 and max(stamps) - min(stamps) <= self._apart:
            return self._release()
        return self.wait(now)

    def wait(self, now: float) -> list[tuple[str, Any]]:
        """Return what was held back if it has been so for too long."""
        if self.done or not self._held:
            return []
        self._since = now if self._since is None else self._since
        return self._release() if now - self._since >= self._limit else []

    def _release(self) -> list[tuple[str, Any]]:
        self.done = True
        held, self._held = sorted(self._held, key=lambda each: each[:3]), []
        return [(topic, record) for _, _, _, topic, record in held]
