"""Who is in the store: for those who need the id of a visit, and for those who gave a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from just_walk_out.records import Cart, Visit, VisitState

UNHEARD = "nothing is known of visits yet: is entry up, do cameras deliver?"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit that is in the store, and what it comes to; money in minor units.

    Attributes:
        visit: somebody of it is inside.
        cart: what it holds, paid in the store or not; without lines while that is not known.
        billed: what it was charged in the store already, paid or owed.
        due: what would be charged beside that if it left now, with tax.
        doubt: why nothing would be charged until a person has looked; empty: it would.
    """

    visit: Visit
    cart: Cart
    billed: int
    due: int
    doubt: str


def inside(visits: Iterable[Visit]) -> list[Visit]:
    """Return the visits of which somebody is in the store, in the order in which they came in."""
    there = [visit for visit in visits if visit.state is VisitState.OPEN]
    return sorted(there, key=lambda visit: (visit.entered, visit.id))


def told(visits: Iterable[Visit], *, heard: bool) -> str:
    """Return in a few words who is in the store, to end a refusal with; of many, who came in last.

    Args:
        visits: those there are.
        heard: whether anything has been heard of visits: not knowing is not nobody.
    """
    if not heard:
        return UNHEARD
    there = inside(visits)
    if not there:
        return "nobody is inside"
    names = ", ".join(f"{visit.id} ({visit.account})" for visit in there[-_NAMED:])
    others = len(there) - _NAMED
    return f"inside: {names}" + (f" and {others} more" if others > 0 else "")
