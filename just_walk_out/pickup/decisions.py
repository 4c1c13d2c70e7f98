"""What has been decided so far, asked as of any moment: who holds what, and what lies where by mistake."""

from __future__ import annotations

from collections import Counter

from just_walk_out.journal import RECENT
from just_walk_out.records import DecisionState, Interaction, Kind
from just_walk_out.store.model import Store


def first_id(event: str) -> str:
    """Return the id of the first interaction of a shelf event, which is written last and stands for them all."""
    return f"{event}#0"


class Decisions:
    """Decided interactions with their times, so that answers do not depend on the order of deciding."""

    def __init__(self, store: Store) -> None:
        """Start with nothing decided."""
        self._store = store
        self._by_visit: dict[str, list[Interaction]] = {}
        self._by_plate: dict[str, list[Interaction]] = {}
        self._ids: set[str] = set()

    def add(self, interaction: Interaction) -> None:
        """Note a decision; known ids are ignored."""
        if interaction.id in self._ids:
            return
        self._ids.add(interaction.id)
        if interaction.visit:
            self._by_visit.setdefault(interaction.visit, []).append(interaction)
        if interaction.sku and not self._at_home(interaction):
            for plate in interaction.plates:
                self._by_plate.setdefault(plate, []).append(interaction)

    def has(self, event_id: str) -> bool:
        """Tell whether a shelf event has been decided."""
        return first_id(event_id) in self._ids

    def held(self, visit: str, at: int, event_id: str = "") -> Counter[str]:
        """Return the units of each product a visit holds at a moment.

        Args:
            visit: who.
            at: nanoseconds; only what began before counts.
            event_id: shelf event whose own decisions count too, since a thing moved along a shelf is
                taken and put back in one event.
        """
        units: Counter[str] = Counter()
        for item in self._by_visit.get(visit, ()):
            earlier = item.start < at or (event_id and item.id.startswith(f"{event_id}#"))
            if earlier and item.sku and item.state is not DecisionState.WAITING:
                units[item.sku] += item.quantity if item.kind is Kind.TAKE else -item.quantity
        return +units

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
        return any(interaction.sku in self._store.skus_on[plate] for plate in interaction.plates)
