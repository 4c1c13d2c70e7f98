"""Which visit somebody belongs to, where gates and cameras leave room for doubt.

A person is linked to a visit only if no other can be meant, or if the order of codes and people says so;
whoever is linked to the wrong one pays for somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable

from just_walk_out.entry.appearances import Appearances, Appeared
from just_walk_out.entry.visits import Admission, VisitBook
from just_walk_out.records import GateCrossing
from just_walk_out.store.model import Store


class Belonging:
    """Questions to the book of visits about people at gates, people lost from sight, and people inside unseen."""

    def __init__(self, store: Store, book: VisitBook, appearances: Appearances) -> None:
        """Take the book that is asked.

        Args:
            store: its gates.
            book: all visits.
            appearances: where people can be who came in unseen.
        """
        self._store = store
        self._book = book
        self._appearances = appearances
        self._lost: set[str] = set()
        self.unexplained: dict[str, Appeared] = {}

    def end_tracks(self, tracks: Iterable[str]) -> None:
        """Note tracks that were given up: members among them are lost from sight."""
        for track in tracks:
            self.unexplained.pop(track, None)
            if self._book.member(track) is not None:
                self._lost.add(track)

    def found(self, tracks: Iterable[str]) -> None:
        """Look no longer for the people of these tracks."""
        self._lost.difference_update(tracks)

    def of_entering(self, crossing: GateCrossing) -> Admission | None:
        """Return the visit whose shopper comes in, also where a track went astray between two lanes."""
        expecting = self._book.expecting(crossing.stamp)
        own = [each for each in expecting if each.entry.gate == crossing.gate]
        if not own:
            beside = [
                each for each in expecting if self._appearances.beside(crossing, self._store.gate[each.entry.gate])
            ]
            return beside[0] if len(beside) == 1 else None
        # People come in in the order of their codes, but not into the place of somebody who may be inside unseen.
        return next((each for each in own if not self._overtaken(each, own)), own[-1])

    def of_leaving(self, crossing: GateCrossing) -> tuple[Admission, str] | None:
        """Return visit and track of the only member lost from sight, if somebody who never came in alone leaves."""
        if self._book.is_stranger(crossing.track) or self._book.was_member(crossing.track):
            return None
        missing = self._out_of_sight(self._lost)
        return missing[0] if len(missing) == 1 else None

    def of_appeared(self, appeared: Appeared, stamp: int) -> tuple[Admission, str] | None:
        """Return the only visit that somebody inside can belong to at a time, and the lost track they go on with."""
        waiting = [each for each in self._book.expecting(stamp) if self._may_be(appeared, each)]
        missing = self._out_of_sight([*self._lost, *appeared.unseen])
        if len(waiting) + len(missing) != 1:
            return None
        if waiting:
            return waiting[0], ""
        # Whoever is only hidden for a moment may come into sight again as themselves.
        return missing[0] if missing[0][1] in self._lost else None

    def _may_be(self, appeared: Appeared, admission: Admission) -> bool:
        gate = self._store.gate[admission.entry.gate]
        return self._appearances.may_have_entered(appeared, gate, admission.entry.stamp)

    def _overtaken(self, admission: Admission, waiting: list[Admission]) -> bool:
        """Tell whether a later code is meant: the shopper of this may be inside, or the group has come in before."""
        inside = any(self._may_be(appeared, admission) for appeared in self.unexplained.values())
        later = [each for each in waiting if each.entry.stamp > admission.entry.stamp and not each.tracks]
        if inside:
            return bool(later)
        return bool(admission.tracks) and any(each.entry.stamp > admission.joined for each in later)

    def _out_of_sight(self, tracks: Iterable[str]) -> list[tuple[Admission, str]]:
        """Return the members among these tracks who have not left, with their visits."""
        return [
            (admission, track)
            for track in sorted(set(tracks))
            if (admission := self._book.member(track)) is not None
            and track in admission.members
            and track not in admission.gone
        ]
