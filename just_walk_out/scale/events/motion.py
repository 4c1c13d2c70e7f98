"""Which plates of one stream are in motion, and since when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPAN = 4
"""A plate is in motion when its mean over so many blocks has left its baseline."""


class Motion:
    """The events in progress of the plates of one stream.

    Attributes:
        active: (plates,) where a plate does not rest: an event is in progress, or it has no baseline yet.
        begun: (plates,) number of the block with which the event in progress was noticed.
        busy: whether any plate is active.
    """

    def __init__(self, plates: int) -> None:
        """Begin with plates of which nothing is known yet."""
        self.active: NDArray[np.bool_] = np.ones(plates, bool)
        self.begun = np.zeros(plates, np.int64)
        self.busy = True
        self._starts = [0] * plates
        self._moving: set[int] = set()

    def snapshot(self) -> dict[str, int]:
        """Return the starts of events in progress by plate, as JSON values."""
        return {str(column): self._starts[column] for column in self._moving}

    def resume(self, saved: dict[str, int], learned: NDArray[np.bool_], number: int) -> None:
        """Go on from a snapshot.

        Args:
            saved: starts of events in progress by plate.
            learned: (plates,) which have a baseline.
            number: of the block that comes next.
        """
        self.active = ~learned
        for column, start in saved.items():
            self.begin(int(column), start, number)
        self.busy = bool(self.active.any())

    def begin(self, column: int, start: int, number: int) -> None:
        """Note that an event began on a plate at ``start`` (nanoseconds), noticed with block ``number``."""
        self.active[column] = True
        self.begun[column] = number
        self.busy = True
        self._starts[column] = start
        self._moving.add(column)

    def rest(self, column: int) -> None:
        """Note that a plate rests."""
        self.active[column] = False
        self.busy = bool(self.active.any())
        self._moving.discard(column)

    def forget(self, columns: list[int]) -> None:
        """Wait for plates to rest of which nothing is known any more."""
        self.active[columns] = True
        self.busy = True
        self._moving.difference_update(columns)

    def start_of(self, column: int) -> int:
        """Return the start of the event in progress on a plate, nanoseconds."""
        return self._starts[column]

    def holding_since(self) -> int | None:
        """Return the start of the earliest event in progress, nanoseconds; None when all is quiet."""
        return min((self._starts[column] for column in self._moving), default=None)

    def columns(self) -> list[int]:
        """Return the plates on which an event is in progress."""
        return sorted(self._moving)
