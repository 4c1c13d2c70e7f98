"""What stages keep: every container and array that hangs on an object, counted by walking over it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

_PLAIN = (str, bytes, int, float, bool, complex, type(None), type)


def reachable(roots: Iterable[Any]) -> set[int]:
    """Return the ids of everything that hangs on some objects, e.g. on a store description that stages only look at."""
    seen: set[int] = set()
    _walk(roots, seen)
    return seen


def kept(root: Any, besides: set[int]) -> int:
    """Count the values that an object keeps: items of containers, attributes, numbers of arrays.

    Args:
        root: e.g. a stage.
        besides: ids of objects that are not counted, as ``reachable`` gives them.
    """
    return _walk([root], set(besides))


def _walk(roots: Iterable[Any], seen: set[int]) -> int:
    """Walk over all that is reachable and not seen yet, which is then seen; returns the number of values."""
    waiting = list(roots)
    total = 0
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, _PLAIN) or callable(thing) or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            total += thing.size
            continue
        parts = _parts(thing)
        total += len(parts)
        waiting += parts
    return total


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, Mapping):
        return [*thing.keys(), *thing.values()]
    parts: list[Any] = []
    if isinstance(thing, list | tuple | set | frozenset | deque):
        parts += thing
    parts += getattr(thing, "__dict__", {}).values()
    for kind in type(thing).__mro__:
        names = kind.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if hasattr(thing, name):
                parts.append(getattr(thing, name))
    return parts
