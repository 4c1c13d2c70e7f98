"""Shelf events that wait to be decided, and what is known of their shelves meanwhile."""

from __future__ import annotations

from collections.abc import Collection

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import ShelfEvent, Watermark
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000


class EventQueue:
    """Events in the order in which they are looked at: those of one fixture one after another."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Wait for nothing yet.

        Args:
            store: its fixtures and shelves.
            settings: how often an event in doubt is looked at again.
        """
        self._store = store
        self._step = round(settings.doubt_step * _SECOND)
        self._events: dict[str, ShelfEvent] = {}
        self._looks: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._decided: dict[str, int] = {}

    def add(self, event: ShelfEvent) -> None:
        """Let an event wait; the same again changes nothing."""
        self._events[event.id] = event

    def remove(self, event: ShelfEvent) -> None:
        """Take out an event that is decided."""
        del self._events[event.id]
        self._looks.pop(event.id, None)

    def look_again(self, event: ShelfEvent) -> None:
        """Put an event off until more is known of what people do at its fixture."""
        self._looks[event.id] = self.look(event) + 1

    def mark(self, mark: Watermark) -> None:
        """Take how far a shelf has been seen."""
        self._seen[mark.source] = max(mark.stamp, self._seen.get(mark.source, 0))
        self._since[mark.source] = max(mark.since, self._since.get(mark.source, 0))

    def first(self, stuck: Collection[str]) -> ShelfEvent | None:
        """Return the event that is next, of the fixtures at which it is not known yet that none can be decided."""
        waiting = [event for event in self._events.values() if self.fixture(event) not in stuck]
        return min(waiting, key=lambda item: (self.due(item), item.start, item.id), default=None)

    def fixture(self, event: ShelfEvent) -> str:
        """Return the id of the gondola of an event."""
        return self._store.gondola_of[event.shelf].id

    def look(self, event: ShelfEvent) -> int:
        """Return how often an event has been put off."""
        return self._looks.get(event.id, 0)

    def due(self, event: ShelfEvent) -> int:
        """Return the moment as of which an event is looked at next, nanoseconds."""
        return event.end + self.look(event) * self._step

    def known(self, event: ShelfEvent) -> int:
        """Return up to when its fixture bears on an event: looked at again, it takes in what has happened since."""
        due = self.due(event)
        return due if due > event.end else event.start

    def shelves_of(self, event: ShelfEvent) -> set[str]:
        """Return the shelves of the fixture of an event that say anything."""
        shelves = {shelf.id for shelf in self._store.gondola_of[event.shelf].shelves if shelf.id in self._seen}
        return {event.shelf, *shelves}

    def seen(self, shelf: str) -> int:
        """Return the moment up to which a shelf has been seen, nanoseconds; 0 for one that has said nothing."""
        return self._seen.get(shelf, 0)

    def newest(self) -> int:
        """Return the latest moment of any shelf, nanoseconds."""
        return max(self._seen.values(), default=0)

    def is_earliest(self, event: ShelfEvent) -> bool:
        """Tell whether no event of the whole store that began before waits still."""
        return all(other.start >= event.start for other in self._events.values())

    def beside(self, event: ShelfEvent) -> list[ShelfEvent]:
        """Return other events of the same fixture that began before an event, or up to now where it is put off."""
        due = self.due(event)
        until = due if due > event.end else event.start
        return [
            other
            for other in self._events.values()
            if other.id != event.id and other.start < until and self.fixture(other) == self.fixture(event)
        ]

    def watermarks(self) -> list[Watermark]:
        """Return the shelves that are decided further than was said before."""
        earliest: dict[str, int] = {}
        for event in self._events.values():
            earliest[event.shelf] = min(event.start, earliest.get(event.shelf, event.start))
        marks = []
        for shelf, seen in sorted(self._seen.items()):
            stamp = min(seen, earliest[shelf] - 1) if shelf in earliest else seen
            if stamp > self._decided.get(shelf, 0):
                self._decided[shelf] = stamp
                marks.append(Watermark(shelf, stamp, self._since[shelf]))
        return marks
