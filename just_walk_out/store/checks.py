"""What several checks of a store description need."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from just_walk_out.store.place import Errors, Place, shown


def check_unique(named: Iterable[tuple[str, Place]], what: str, errors: Errors) -> None:
    """Report every name that was given before."""
    first: dict[str, Place] = {}
    for name, at in named:
        if name in first:
            errors.add(at, f"expected a {what} of its own, {shown(name)} is taken by {first[name]}")
        else:
            first[name] = at


def check_known(name: str, known: Collection[str], what: str, at: Place, errors: Errors) -> bool:
    """Report a name that nothing has; return whether it is known."""
    if name in known:
        return True
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    errors.add(at, f"expected the {what} of something described, there is no {shown(name)}{hint}")
    return False


def check_one_of(given: dict[str, object], at: Place, errors: Errors, required: bool = True) -> bool:
    """Report unless exactly one (or at most one, where not required) of some keys is given."""
    present = [name for name, value in given.items() if value is not None]
    if len(present) == 1 or (not present and not required):
        return True
    got = " and ".join(present) if present else "none"
    errors.add(at, f"expected {'exactly' if required else 'at most'} one of {', '.join(given)}, got {got}")
    return False
