"""What is in each cart: interactions, decisions of people and restock modes, folded by visit."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable

from just_walk_out.cart.decided import DecisionBook
from just_walk_out.cart.fold import Contents, fold
from just_walk_out.cart.restocking import Restocking
from just_walk_out.records import Decision, DecisionState, Interaction, Kind, RestockMode
from just_walk_out.store.model import Store


class Carts:
    """All interactions by id, and the carts they make after what people have decided about them."""

    def __init__(self, store: Store) -> None:
        """Start with nothing taken."""
        self._store = store
        self.decisions = DecisionBook()
        self._restocking = Restocking(store)
        self._interactions: dict[str, Interaction] = {}
        self._of_visit: defaultdict[str, list[str]] = defaultdict(list)
        self._contents: dict[str, Contents] = {}
        self._ended: dict[str, int] = {}

    def end(self, visit: str, stamp: int) -> None:
        """Note when a visit has ended, nanoseconds."""
        self._ended[visit] = stamp
        self._contents.pop(visit, None)

    def add(self, interaction: Interaction) -> None:
        """Take an interaction in; each id once."""
        self._interactions[interaction.id] = interaction
        self._of_visit[interaction.visit].append(interaction.id)
        self._contents.pop(interaction.visit, None)

    def decide(self, decision: Decision) -> None:
        """Let a decision take effect."""
        for visit in self.decisions.add(decision):
            self._contents.pop(visit, None)

    def is_open(self, interaction: str) -> bool:
        """Tell whether later evidence may correct an interaction: not where a person has decided about it."""
        seen = self._interactions.get(interaction)
        return not (self.decisions.has(interaction) if seen is None else self.decisions.is_judged(seen))

    def restock(self, mode: RestockMode) -> bool:
        """Let restocking begin or end; returns False if that was known."""
        if not self._restocking.add(mode):
            return False
        self._contents.clear()
        return True

    def is_restocking(self, interaction: Interaction) -> bool:
        """Tell whether an interaction is about a gondola while it is restocked, and nobody decided otherwise."""
        covered = self._restocking.covers(interaction.shelf, interaction.start, interaction.end)
        return covered and not self.decisions.has(interaction.id)

    def is_late(self, interaction: Interaction) -> bool:
        """Tell whether something was taken after its visit had ended, and nobody decided that it belongs there.

        Somebody of a group may stay when it is settled, or come back. Whether that is known by then must not matter.
        """
        ended = self._ended.get(interaction.visit, interaction.start)
        return interaction.kind is Kind.TAKE and interaction.start > ended and not self.decisions.is_judged(interaction)

    def late(self, visit: str) -> list[Interaction]:
        """Return what is known to have been taken after a visit had ended, in the order in which it was told."""
        return [self._interactions[id] for id in self._of_visit.get(visit, ()) if self.is_late(self._interactions[id])]

    def find(self, id: str) -> Interaction | None:
        """Return an interaction as it stands now, or as it was seen if it was removed; None: unknown."""
        seen = self._interactions.get(id)
        return None if seen is None else self.decisions.apply(seen)[0] or seen

    def forget(self, before: int, keep: Iterable[str]) -> None:
        """Drop what is over: nothing of it can be asked any more, and no cart that is shown changes.

        Args:
            before: what ended earlier may go, nanoseconds.
            keep: visits of which all stays; those about which was decided since stay as well.
        """
        kept = {*keep, *self.decisions.visits(before)}
        gone = [
            id
            for id, each in self._interactions.items()
            if each.end < before and kept.isdisjoint({each.visit, *self.decisions.owners(id)} - {""})
        ]
        for id in gone:
            visit = self._interactions.pop(id).visit
            self._of_visit[visit].remove(id)
        self._of_visit = defaultdict(list, {visit: ids for visit, ids in self._of_visit.items() if ids})
        self._contents = {visit: each for visit, each in self._contents.items() if visit in kept}
        self._ended = {visit: stamp for visit, stamp in self._ended.items() if visit in kept}
        self.decisions.forget(gone, kept)

    def completed(self, draft: Decision) -> Decision:
        """Return a decision with the visit that its interaction is in, where it names none."""
        found = self.find(draft.interaction)
        return draft if found is None or draft.visit else dataclasses.replace(draft, visit=found.visit)

    def contents(self, visit: str) -> Contents:
        """Return what a visit holds."""
        if visit not in self._contents:
            self._contents[visit] = fold(self._standing(visit), self._store.product)
        return self._contents[visit]

    def revision(self, visit: str) -> int:
        """Return how much bears on the cart of a visit: never less than before."""
        own = self._of_visit.get(visit, ())
        shelves = {self._interactions[id].shelf for id in own}
        return len(own) + len(self.decisions.bearing(visit)) + sum(self._restocking.changes(each) for each in shelves)

    def updated(self, visit: str, default: int) -> int:
        """Return when the last interaction of a visit ended, nanoseconds."""
        return max((self._interactions[id].end for id in self._of_visit.get(visit, ())), default=default)

    def reviews(self, visit: str = "") -> list[Interaction]:
        """Return the interactions that wait for a person, oldest first: of one visit, or of all."""
        waiting = []
        for id, seen in self._interactions.items():
            current, _ = self.decisions.apply(seen)
            if current is None or self.is_restocking(seen) or (visit and current.visit != visit):
                continue
            if self.is_late(seen):
                current = dataclasses.replace(current, state=DecisionState.REVIEW, reason="the visit was over")
            placed = current.visit and current.sku in self._store.product
            if not placed or current.state is not DecisionState.COMMITTED:
                waiting.append((current.end, id, current))
        return [current for _, _, current in sorted(waiting, key=lambda each: each[:2])]

    def _standing(self, visit: str) -> list[Interaction]:
        """Return the interactions that belong into the cart of a visit; their evidence is the decisions about them."""
        ids = dict.fromkeys([*self._of_visit.get(visit, ()), *self.decisions.moved_to(visit)])
        found = []
        for id in ids:
            seen = self._interactions.get(id)
            if seen is None or self.is_restocking(seen) or self.is_late(seen):
                continue
            current, decisions = self.decisions.apply(seen)
            if current is not None and current.visit == visit and current.sku in self._store.product:
                found.append(dataclasses.replace(current, evidence=decisions))
        return found
