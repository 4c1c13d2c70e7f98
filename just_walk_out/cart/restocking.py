"""Which gondolas are being restocked, asked as of any moment."""

from __future__ import annotations

import bisect
from collections import defaultdict

from just_walk_out.records import RestockMode
from just_walk_out.store.model import Store


class Restocking:
    """Restock modes of gondolas over time; the order in which they become known does not matter."""

    def __init__(self, store: Store) -> None:
        """Start with every gondola open for sale."""
        self._store = store
        self._modes: defaultdict[str, list[tuple[int, str, bool]]] = defaultdict(list)

    def add(self, mode: RestockMode) -> bool:
        """Note that restocking begins or ends; returns False if that was known."""
        entry = (mode.stamp, mode.id, mode.active)
        if entry in self._modes[mode.gondola]:
            return False
        bisect.insort(self._modes[mode.gondola], entry)
        return True

    def active(self, gondola: str, stamp: int) -> bool:
        """Tell whether a gondola was being restocked at a moment, nanoseconds."""
        before = [active for begun, _, active in self._modes.get(gondola, ()) if begun <= stamp]
        return bool(before) and before[-1]

    def covers(self, shelf: str, start: int, end: int) -> bool:
        """Tell whether something that a shelf felt from ``start`` to ``end`` is restocking, at any moment of that."""
        gondola = self._store.gondola_of.get(shelf)
        if gondola is None:
            return False
        began = any(active and start < begun <= end for begun, _, active in self._modes.get(gondola.id, ()))
        return began or self.active(gondola.id, start)

    def changes(self, shelf: str) -> int:
        """Return how often the mode of a shelf's gondola has changed."""
        gondola = self._store.gondola_of.get(shelf)
        return 0 if gondola is None else len(self._modes.get(gondola.id, ()))

    def now(self) -> tuple[str, ...]:
        """Return the gondolas that are being restocked as far as is known, sorted."""
        return tuple(sorted(gondola for gondola, modes in self._modes.items() if modes and modes[-1][2]))
