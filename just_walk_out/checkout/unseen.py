"""When shelves were not seen, as their watermarks tell: what was taken then is in no cart."""

from __future__ import annotations

from collections.abc import Iterable

from just_walk_out.records import Watermark


class UnseenTimes:
    """Keeps the spans of each shelf that no promise covers.

    A promise that begins (``Watermark.since``) after the one before ended leaves a hole between: the scales were
    silent meanwhile and their resting weights are not known any more, so that no change shows. Before the first
    promise nothing is known either.
    """

    def __init__(self) -> None:
        """Begin with nothing promised."""
        self._promised: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._holes: dict[str, list[tuple[int, int]]] = {}

    def take(self, mark: Watermark) -> None:
        """Take the next promise of a source."""
        source = mark.source
        begin = self._promised.get(source, 0)
        if mark.since > max(begin, self._since.get(source, 0)):
            holes = self._holes.setdefault(source, [])
            if holes and begin <= holes[-1][1]:
                begin = holes.pop()[0]
            holes.append((begin, mark.since))
        self._since[source] = max(mark.since, self._since.get(source, 0))
        self._promised[source] = max(mark.stamp, begin)

    def forget_before(self, stamp: int) -> None:
        """Drop what ended before a moment, nanoseconds."""
        for source, holes in self._holes.items():
            self._holes[source] = [hole for hole in holes if hole[1] > stamp]

    def longest(self, source: str, spans: Iterable[tuple[int, int]]) -> int:
        """Return how much of some spans (nanoseconds) falls at most into one hole of a source, nanoseconds."""
        holes = self._holes.get(source, [])
        shared = (min(end, over) - max(begin, start) for start, over in spans for begin, end in holes)
        return max([0, *shared])
