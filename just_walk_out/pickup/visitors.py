"""Which visit a tracked person belongs to, as of a moment."""

from __future__ import annotations

from just_walk_out.records import ShelfEvent, VisitArray, VisitState

_SECOND = 1_000_000_000


class Visitors:
    """Links of tracks to visits, for as long as they may matter."""

    def __init__(self, memory: float) -> None:
        """Know nobody yet.

        Args:
            memory: seconds for which a visit that is over is kept.
        """
        self._memory = round(memory * _SECOND)
        self._visit_of: dict[str, tuple[str, int]] = {}
        self._over: dict[str, int] = {}
        self._known: set[str] = set()
        self._exited: dict[str, int] = {}
        self._staff: set[str] = set()
        self.seen = 0
        """Moment up to which visits are known, nanoseconds."""

    def push(self, visits: VisitArray) -> list[str]:
        """Take visits; returns the ids of those that are forgotten."""
        before = self.seen
        self.seen = max([before, *(mark.stamp for mark in visits.watermarks)])
        for visit in visits.visits:
            self._known.add(visit.id)
            for track in visit.tracks:
                owner, since = self._visit_of.get(track, ("", before))
                self._visit_of[track] = (visit.id, since if owner == visit.id else before)
            if visit.exited:
                self._exited[visit.id] = visit.exited
            if visit.staff:
                self._staff.add(visit.id)
            if visit.state in (VisitState.LEFT, VisitState.ABANDONED, VisitState.LOST):
                self._over.setdefault(visit.id, visits.stamp)
        forgotten = [id for id, stamp in self._over.items() if visits.stamp - stamp > self._memory]
        for id in forgotten:
            del self._over[id]
            self._known.discard(id)
            self._exited.pop(id, None)
            self._staff.discard(id)
            self._visit_of = {track: link for track, link in self._visit_of.items() if link[0] != id}
        return forgotten

    def visit(self, track: str, event: ShelfEvent) -> str:
        """Return the visit of a track as of an event; empty when it was not linked by then.

        A link made by later visits does not count: whether they have come in already depends on how
        the streams interleave.
        """
        visit, since = self._visit_of.get(track, ("", 0))
        return visit if since < event.end else ""

    def inside(self, at: int) -> list[str]:
        """Return the visits that have not left the store by a moment, nanoseconds, sorted.

        Of whom nothing has been heard since a restart is not there: who is, is published again.
        """
        return sorted(visit for visit in self._known if self._exited.get(visit, at) >= at)

    def is_staff(self, visit: str) -> bool:
        """Tell whether a visit is one of the store's own people."""
        return visit in self._staff
