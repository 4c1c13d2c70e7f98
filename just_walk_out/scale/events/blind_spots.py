"""When plates of a shelf could not be seen: no promise can be made for that time, and what happened then is vague."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BlindSpots:
    """Follows which plates of one stream give no sound values: stale, saturated or faulty ones."""

    def __init__(self, start: int) -> None:
        """Begin at ``start``, nanoseconds: what was before has not been seen of any plate."""
        self._last = start
        self._since: dict[int, int] = {}
        self._over: dict[int, tuple[int, int]] = {}
        # No plate was blind later than this, but for those that are now.
        self._sound_from = start
        self._excused: set[int] = set()

    @property
    def any(self) -> bool:
        """Whether a plate is blind now."""
        return bool(self._since)

    def snapshot(self) -> dict[str, Any]:
        """Return when plates were blind, as JSON values."""
        return {"since": list(self._since.items()), "over": [[each, *span] for each, span in self._over.items()]}

    def resume(self, state: dict[str, Any], last: int) -> None:
        """Go on from a snapshot; all other plates were seen up to ``last``, nanoseconds."""
        self._since = dict(state["since"])
        self._over = {column: (begin, end) for column, begin, end in state["over"]}
        self._last = last
        self._sound_from = max((end for _, end in self._over.values()), default=last)

    def push(self, bad: NDArray[np.bool_] | None, last: int) -> None:
        """Take a block.

        Args:
            bad: (plates,) where there is no sound value; None when all are sound.
            last: time of its last sample, nanoseconds.
        """
        if bad is not None or self._since or self._excused:
            now = set() if bad is None else set(np.flatnonzero(bad).tolist())
            for column in self._since.keys() - now:
                self._over[column] = (self._since.pop(column), last)
                self._sound_from = last
            self._excused &= now
            for column in sorted(now - self._since.keys() - self._excused):
                self._since[column] = self._last
        self._last = last

    def skip(self, last: int) -> None:
        """Take blocks up to ``last`` in which all plates were sound, none having been blind before."""
        self._last = last
        self._excused.clear()

    def forget(self, columns: Iterable[int]) -> None:
        """Take plates for new ones that need not be seen until they give sound values again."""
        for column in columns:
            self._since.pop(column, None)
            self._over.pop(column, None)
            self._excused.add(column)

    def holding_since(self, settled: int) -> int | None:
        """Return up to when all was seen, nanoseconds; None when nothing that may come happened unseen.

        Args:
            settled: no change whose last seen moment at the old weight is up to here can come any more.
        """
        if self._sound_from <= settled and not self._since:
            return None
        held = [*self._since.values(), *(begin for begin, end in self._over.values() if end > settled)]
        return min(held, default=None)

    def beginning(self, column: int, start: int) -> int:
        """Return since when a change that shows on a plate may have happened.

        Args:
            column: the plate.
            start: last moment at the old weight as far as it was seen, nanoseconds.
        """
        begin, end = self._over.get(column, (start, start))
        return begin if begin < start <= end else start

    def within(self, columns: Iterable[int], start: int, end: int) -> bool:
        """Tell whether one of these plates was blind at any time from ``start`` to ``end``, nanoseconds."""
        for column in columns:
            since = self._since.get(column)
            begin, over = self._over.get(column, (end, start))
            if (since is not None and since < end) or (begin < end and over > start):
                return True
        return False
