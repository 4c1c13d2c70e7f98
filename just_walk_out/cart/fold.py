"""One visit's cart as a fold of its interactions: the same set of interactions gives the same cart.

Rules: a take adds units to the line of its product and state. A return removes units, certain ones
first. A return that is itself uncertain does not remove units; it makes them as uncertain as it is,
so that they are not charged until a person has looked. What cannot be returned changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from just_walk_out.records import CartLine, DecisionState, Interaction, Kind
from just_walk_out.store.model import Product

CERTAIN_FIRST = (DecisionState.COMMITTED, DecisionState.WAITING, DecisionState.REVIEW)


@dataclass
class _Line:
    quantity: int = 0
    confidence: float = 1.0
    evidence: list[str] = field(default_factory=list)

    def add(self, quantity: int, interaction: Interaction) -> None:
        self.quantity += quantity
        self.confidence = min(self.confidence, interaction.confidence)
        for id in (interaction.id, *interaction.evidence):
            if id not in self.evidence:
                self.evidence.append(id)


@dataclass(frozen=True, slots=True)
class Contents:
    """Lines by SKU, then state; the total of committed ones; ids of returns of what was not there."""

    lines: tuple[CartLine, ...]
    total: int
    unmatched: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        """Whether nothing in it waits for evidence or for a person."""
        return all(line.state is DecisionState.COMMITTED for line in self.lines)


def event_order(interaction: Interaction) -> tuple[int, int, str]:
    """Sort key of interactions: event time; takes first within one stamp, then id."""
    return (interaction.end, int(interaction.kind), interaction.id)


def fold(interactions: Iterable[Interaction], product: Mapping[str, Product]) -> Contents:
    """Return what is in the cart after these interactions of one visit, given in any order.

    Args:
        interactions: takes and returns of catalogue products, each id once; their evidence is the decisions of
            people about them, which becomes that of the lines.
        product: the catalogue by SKU.
    """
    lines: dict[tuple[str, DecisionState], _Line] = {}
    unmatched = []
    for interaction in sorted(interactions, key=event_order):
        if interaction.kind is Kind.TAKE:
            key = (interaction.sku, interaction.state)
            lines.setdefault(key, _Line()).add(interaction.quantity, interaction)
        elif _give_back(lines, interaction) > 0:
            unmatched.append(interaction.id)
    shown = []
    for (sku, state), line in sorted(lines.items()):
        price = product[sku].price
        shown.append(
            CartLine(
                sku=sku,
                name=product[sku].name,
                quantity=line.quantity,
                unit_price=price,
                amount=line.quantity * price,
                state=state,
                confidence=line.confidence,
                evidence=tuple(line.evidence),
            )
        )
    total = sum(line.amount for line in shown if line.state is DecisionState.COMMITTED)
    return Contents(tuple(shown), total, tuple(unmatched))


def _give_back(lines: dict[tuple[str, DecisionState], _Line], interaction: Interaction) -> int:
    """Apply a return; gives the number of units that were not there."""
    left = interaction.quantity
    certain = interaction.state is DecisionState.COMMITTED
    held = {state: line.quantity for (sku, state), line in lines.items() if sku == interaction.sku}
    for state in CERTAIN_FIRST:
        line = lines.get((interaction.sku, state))
        if line is None or left == 0:
            continue
        units = min(left, held.get(state, 0))
        left -= units
        if state >= interaction.state and not certain:
            # Already no surer than the return: the doubt is recorded, nothing moves.
            line.add(0, interaction)
            continue
        line.quantity -= units
        if not certain:
            doubtful = lines.setdefault((interaction.sku, interaction.state), _Line())
            doubtful.add(units, interaction)
            doubtful.evidence = [*line.evidence, *(id for id in doubtful.evidence if id not in line.evidence)]
        elif line.quantity:
            line.add(0, interaction)
        if line.quantity == 0:
            del lines[(interaction.sku, state)]
    return left
