"""What people have decided about interactions, folded over them: the same decisions in order, the same carts."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from just_walk_out.records import Decision, DecisionKind, DecisionState, Interaction

_CONTENT = ("kind", "interaction", "by", "to_visit", "sku", "quantity", "note")


class DecisionBook:
    """Decisions in the order in which they were made, and what each makes of an interaction.

    A decision about one interaction counts for it alone; one about a whole visit for all that is in the
    visit then and had happened by then. Of several the last counts, so that a decision can be taken back
    by another, never by editing. Corrections by later evidence only make units fewer, and leave the rest open.
    """

    def __init__(self) -> None:
        """Start with nothing decided."""
        self._number = 0
        self._by_interaction: defaultdict[str, list[tuple[int, Decision]]] = defaultdict(list)
        self._whole: defaultdict[str, list[tuple[int, Decision]]] = defaultdict(list)
        self._bearing: defaultdict[str, list[Decision]] = defaultdict(list)
        self._moved: defaultdict[str, list[str]] = defaultdict(list)

    def repeated(self, draft: Decision) -> Decision | None:
        """Return the last decision about the same, if a draft only repeats it; it may leave out the visit."""
        for _, last in self._about(draft)[-1:]:
            same = all(getattr(last, name) == getattr(draft, name) for name in _CONTENT)
            return last if same and draft.visit in ("", last.visit) else None
        return None

    def numbered(self, draft: Decision) -> Decision:
        """Return a decision with its id, no earlier than the last about the same."""
        before = [each for _, each in self._about(draft)]
        stamp = max([draft.stamp, *(each.stamp for each in before[-1:])])
        return dataclasses.replace(draft, id=f"{draft.interaction or draft.visit}!{len(before) + 1}", stamp=stamp)

    def add(self, decision: Decision) -> set[str]:
        """Let the next decision count from now on; returns the visits that it bears on."""
        self._number += 1
        self._about(decision).append((self._number, decision))
        visits = {decision.visit, decision.to_visit} - {""}
        for visit in visits:
            self._bearing[visit].append(decision)
        if decision.to_visit and decision.interaction not in self._moved[decision.to_visit]:
            self._moved[decision.to_visit].append(decision.interaction)
        return visits

    def bearing(self, visit: str) -> tuple[Decision, ...]:
        """Return the decisions that bear on a visit, in order."""
        return tuple(self._bearing.get(visit, ()))

    def moved_to(self, visit: str) -> tuple[str, ...]:
        """Return the interactions that were moved to a visit, wherever they are now."""
        return tuple(self._moved.get(visit, ()))

    def visits(self, since: int = 0) -> tuple[str, ...]:
        """Return the visits that decisions bear on which were made at a moment (nanoseconds) or later."""
        return tuple(visit for visit, made in self._bearing.items() if made and made[-1].stamp >= since)

    def owners(self, interaction: str) -> set[str]:
        """Return the visits that decisions about an interaction name."""
        made = self._by_interaction.get(interaction, ())
        return {visit for _, each in made for visit in (each.visit, each.to_visit)} - {""}

    def forget(self, interactions: Iterable[str], kept: Container[str]) -> None:
        """Drop what was decided about these interactions, and about visits that are not kept."""
        for interaction in interactions:
            self._by_interaction.pop(interaction, None)
        for index in (self._whole, self._bearing, self._moved):
            for visit in [each for each in index if each not in kept]:
                del index[visit]

    def has(self, interaction: str) -> bool:
        """Tell whether a person has decided anything about this interaction in particular."""
        return any(each.kind is not DecisionKind.CORRECT for _, each in self._by_interaction.get(interaction, ()))

    def apply(self, interaction: Interaction) -> tuple[Interaction | None, tuple[str, ...]]:
        """Return an interaction as it is now, None if it was not so, and the ids of the decisions about it."""
        current, removed, made = self._applied(interaction)
        return None if removed else current, tuple(each.id for each in made)

    def is_judged(self, interaction: Interaction) -> bool:
        """Tell whether a person has decided about an interaction, or about all of its visit since."""
        return any(each.kind is not DecisionKind.CORRECT for each in self._applied(interaction)[2])

    def _applied(self, interaction: Interaction) -> tuple[Interaction, bool, list[Decision]]:
        current, removed, made = interaction, False, []
        for decision in self._in_order(interaction):
            if not decision.interaction and (decision.visit != current.visit or interaction.end > decision.stamp):
                continue
            made.append(decision)
            if decision.kind is not DecisionKind.CORRECT:
                removed = decision.kind is DecisionKind.REMOVE
            current = _apply(decision, current)
        return current, removed, made

    def _in_order(self, interaction: Interaction) -> Iterator[Decision]:
        own = self._by_interaction.get(interaction.id, [])
        visits = {interaction.visit, *(decision.to_visit for _, decision in own)} - {""}
        whole = [each for visit in visits for each in self._whole.get(visit, ())]
        return (decision for _, decision in sorted([*own, *whole], key=lambda each: each[0]))

    def _about(self, decision: Decision) -> list[tuple[int, Decision]]:
        if decision.interaction:
            return self._by_interaction[decision.interaction]
        return self._whole[decision.visit]


def _apply(decision: Decision, interaction: Interaction) -> Interaction:
    if decision.kind is DecisionKind.REMOVE:
        return interaction
    if decision.kind is DecisionKind.CORRECT:
        return dataclasses.replace(interaction, quantity=min(interaction.quantity, decision.quantity))
    if decision.kind is DecisionKind.CONTEST:
        return dataclasses.replace(interaction, state=DecisionState.REVIEW, reason=f"contested by {decision.by}")
    return dataclasses.replace(
        interaction,
        state=DecisionState.COMMITTED,
        visit=decision.to_visit or interaction.visit,
        sku=decision.sku or interaction.sku,
        quantity=decision.quantity or interaction.quantity,
        reason="",
    )
