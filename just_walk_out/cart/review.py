"""What may be decided about an interaction or a visit, and by whom."""

from __future__ import annotations

from collections.abc import Callable

from just_walk_out.cart.contents import Carts
from just_walk_out.records import Decision, DecisionKind, Interaction, Visit, VisitState
from just_walk_out.store.model import Store

Find = Callable[[str], Visit | None]
WHOLE = (DecisionKind.CONFIRM, DecisionKind.REMOVE)


def objection(decision: Decision, carts: Carts, find: Find, inside: str, store: Store) -> str:
    """Return why a decision cannot be; empty: it can.

    Args:
        decision: as it was asked for, its visit filled in.
        carts: what it is about.
        find: returns a visit by its id, None where it is not known.
        inside: who is in the store, in words.
        store: for its catalogue.
    """
    if decision.kind is DecisionKind.CORRECT:
        return "expected confirm, remove, move, change or contest; evidence alone corrects"
    if not decision.by.strip():
        return "expected the name of who decides, got none"
    if not decision.interaction:
        return _about_visit(decision, find, inside)
    interaction = carts.find(decision.interaction)
    if interaction is None:
        return f"expected the id of an interaction of the last days, there is no {decision.interaction!r}"
    if decision.visit != interaction.visit:
        return f"{interaction.id}: expected visit {interaction.visit or 'none'}, in which it is, got {decision.visit!r}"
    if decision.kind is DecisionKind.CONTEST:
        visit = find(decision.visit)
        if visit is None or visit.account != decision.by:
            return f"{interaction.id}: expected the account of the visit to contest it, got {decision.by!r}"
        return ""
    return "" if decision.kind is DecisionKind.REMOVE else _placed(decision, interaction, find, inside, store)


def unknown(visit: str, inside: str) -> str:
    """Return that there is no such visit, and who is in the store."""
    return f"expected the id of a visit of the last days, there is no {visit!r}; {inside}"


def _about_visit(decision: Decision, find: Find, inside: str) -> str:
    if decision.kind not in WHOLE:
        return f"expected an interaction to {decision.kind.name.lower()}, got a whole visit"
    if find(decision.visit) is None:
        return unknown(decision.visit, inside)
    return ""


def _placed(decision: Decision, interaction: Interaction, find: Find, inside: str, store: Store) -> str:
    """Return why an interaction would belong to nobody, or be about nothing, after a decision."""
    if (decision.kind is DecisionKind.MOVE) != bool(decision.to_visit):
        return "expected to_visit with a move, and with nothing else"
    if decision.kind is DecisionKind.CONFIRM and (decision.sku or decision.quantity):
        return "expected a change for another product or quantity, got a confirmation"
    if decision.kind is DecisionKind.CHANGE and not (decision.sku or decision.quantity):
        return "expected the product or the quantity that it was, got neither"
    if decision.quantity < 0:
        return f"expected a number of units from 1 on, got {decision.quantity}"
    owner = decision.to_visit or interaction.visit
    visit = find(owner)
    if owner and (visit is None or visit.state in (VisitState.EXPECTED, VisitState.ABANDONED)):
        return unknown(owner, inside)
    if not owner:
        return f"{interaction.id}: expected a visit to move it to: nobody could be named for it"
    sku = decision.sku or interaction.sku
    if sku not in store.product:
        return f"{interaction.id}: expected the SKU of a product, got {sku!r}"
    return ""
