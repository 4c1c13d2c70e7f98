"""What has been decided so far, asked as of any moment: who holds what, and what lies where by mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from just_walk_out.journal import RECENT
from just_walk_out.records import Decision, DecisionState, Interaction, Kind
from just_walk_out.store.model import Store

_HOUR = 3600 * 1_000_000_000
_LATELY = 300 * 1_000_000_000
"""Nanoseconds for which what was done at a fixture may bear on who does what there now."""


def first_id(event: str) -> str:
    """Return the id of the first interaction of a shelf event, which stands for them all."""
    return f"{event}#0"


def event_of(interaction: Interaction) -> str:
    """Return the id of the shelf event that an interaction is of."""
    return interaction.id.rpartition("#")[0]


class Decisions:
    """Decided interactions with their times, so that answers do not depend on the order of deciding."""

    def __init__(self, store: Store) -> None:
        """Start with nothing decided."""
        self._store = store
        self._by_visit: dict[str, list[Interaction]] = {}
        self._by_plate: dict[str, list[Interaction]] = {}
        self._by_place: dict[str, list[Interaction]] = {}
        self._of_event: dict[str, dict[str, Interaction]] = {}
        self._corrected: dict[str, list[tuple[int, int]]] = {}
        self._newest = self._tidied = 0

    def add(self, interaction: Interaction) -> None:
        """Note a decision; known ids are ignored.

        A journal may tell of shelves and plates that the store does not have any more: who holds what was taken there
        counts, and no more than that.

        Args:
            interaction: what is decided.
        """
        of_event = self._of_event.setdefault(event_of(interaction), {})
        if interaction.id in of_event:
            return
        of_event[interaction.id] = interaction
        self._tidy(interaction.end)
        if all(place in self._store.gondola_of for place in (interaction.shelf, *interaction.plates)):
            lately = self._by_place.setdefault(self._store.gondola_of[interaction.shelf].id, [])
            lately.append(interaction)
            while lately[0].end < interaction.end - _LATELY:
                del lately[0]
        if interaction.visit:
            self._by_visit.setdefault(interaction.visit, []).append(interaction)
        if interaction.sku and not self._at_home(interaction):
            for plate in interaction.plates:
                self._by_plate.setdefault(plate, []).append(interaction)

    def withdraw(self, event_id: str) -> None:
        """Take back what was noted of a shelf event that is looked at again."""
        mine = self._of_event.pop(event_id, {})
        for item in mine.values():
            for index, keys in ((self._by_visit, (item.visit,)), (self._by_plate, item.plates)):
                for key in keys:
                    if key in index:
                        index[key] = [each for each in index[key] if each.id not in mine]
            place = self._store.gondola_of[item.shelf].id
            self._by_place[place] = [each for each in self._by_place[place] if each.id not in mine]

    def correct(self, decision: Decision) -> None:
        """Let an interaction count as fewer units, as of moments after a decision about it."""
        self._corrected.setdefault(decision.interaction, []).append((decision.stamp, decision.quantity))

    def _quantity(self, item: Interaction, at: int) -> int:
        fewer = [quantity for stamp, quantity in self._corrected.get(item.id, ()) if stamp < at]
        return min([item.quantity, *fewer])

    def _tidy(self, stamp: int) -> None:
        """Drop once an hour what is older than a journal is read back: it bears on nothing any more."""
        self._newest = max(self._newest, stamp)
        if self._newest - self._tidied < _HOUR:
            return
        self._tidied, oldest = self._newest, self._newest - RECENT
        old = [event for event, items in self._of_event.items() if all(each.end < oldest for each in items.values())]
        for event in old:
            for id in self._of_event.pop(event):
                self._corrected.pop(id, None)
        for index in (self._by_plate, self._by_visit):
            for key, items in list(index.items()):
                index[key] = [each for each in items if each.start >= oldest]
                if not index[key]:
                    del index[key]

    def has(self, event_id: str) -> bool:
        """Tell whether a shelf event has been decided."""
        return first_id(event_id) in self._of_event.get(event_id, {})

    def held(self, visit: str, at: int, event_id: str = "") -> Counter[str]:
        """Return the units of each product a visit holds at a moment.

        Args:
            visit: who.
            at: nanoseconds; only what began before counts.
            event_id: shelf event whose own decisions count too, since a thing moved along a shelf is
                taken and put back in one event.
        """
        units: Counter[str] = Counter()
        for item in sorted(self._by_visit.get(visit, ()), key=lambda each: (each.end, int(each.kind), each.id)):
            earlier = item.start < at or (event_id and item.id.startswith(f"{event_id}#"))
            if earlier and item.sku and item.state is not DecisionState.WAITING:
                change = self._quantity(item, at) if item.kind is Kind.TAKE else -item.quantity
                # as in carts: what came back without having been there is nobody's debt
                units[item.sku] = max(0, units[item.sku] + change)
        return +units

    def held_by_all(self, visits: Iterable[str], at: int) -> Counter[str]:
        """Return the units of each product that visits together hold at a moment, nanoseconds."""
        return sum((self.held(visit, at) for visit in visits), Counter())

    def holders(self, visits: Iterable[str], at: int) -> set[str]:
        """Return of some visits those that hold anything at a moment, nanoseconds."""
        return {visit for visit in visits if self.held(visit, at)}

    def lately(self, gondola: str, until: int, event_id: str) -> list[Interaction]:
        """Return what was done at a fixture of late and had been decided as of a moment, one a step.

        Args:
            gondola: its id.
            until: nanoseconds; later decisions do not count, whether they are made already or not.
            event_id: shelf event whose own decisions do not count.
        """
        known = self._by_place.get(gondola, ())
        return self._steps((each for each in known if _moment(each) < until), event_id)

    def later(self, gondola: str, until: int, begun: int, event_id: str) -> list[Interaction]:
        """Return what was done at a fixture of late and had not been decided as of a moment, though it is by now.

        Args:
            gondola: its id.
            until: the moment, nanoseconds.
            begun: only what began before counts, nanoseconds.
            event_id: shelf event whose own decisions do not count.
        """
        known = self._by_place.get(gondola, ())
        return self._steps((each for each in known if _moment(each) >= until and each.start < begun), event_id)

    @staticmethod
    def _steps(items: Iterable[Interaction], event_id: str) -> list[Interaction]:
        """Return the first interaction of each step, but for those of an event."""
        found: dict[tuple[int, int, tuple[str, ...]], Interaction] = {}
        for item in items:
            if not item.id.startswith(f"{event_id}#"):
                found.setdefault((item.start, item.end, item.plates), item)
        return [found[key] for key in sorted(found)]

    def foreign(self, plates: tuple[str, ...], at: int) -> Counter[str]:
        """Return the units of products that lay on the plates before a moment though they belong elsewhere.

        What was put there longer ago than a journal is read back has been tidied up, or sold.
        """
        units: Counter[str] = Counter()
        seen: set[str] = set()
        for plate in plates:
            for item in self._by_plate.get(plate, ()):
                if at - RECENT <= item.start < at and item.id not in seen:
                    seen.add(item.id)
                    units[item.sku] += item.quantity if item.kind is Kind.RETURN else -item.quantity
        return +units

    def forget(self, visit: str) -> None:
        """Drop what is kept of a visit that is over."""
        self._by_visit.pop(visit, None)

    def _at_home(self, interaction: Interaction) -> bool:
        return any(interaction.sku in self._store.skus_on.get(plate, ()) for plate in interaction.plates)


def _moment(interaction: Interaction) -> int:
    """Return as of when an interaction was decided, nanoseconds; older journals do not say."""
    return interaction.decided or interaction.end
