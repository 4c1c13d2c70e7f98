"""Reads plain YAML values into dataclasses by their type hints, collecting every error with its place.

Understood: ``str``, ``int``, ``float``, ``bool``, ``Literal``, ``tuple[T, ...]``, ``tuple[T, U]``,
``dict[str, T]``, ``T | None`` and dataclasses. A dataclass may have a field ``at`` of type
:class:`Place`, which receives where it was read. Limits of a field are given with :func:`key`.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from just_walk_out.store.place import Errors, Place, shown


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a field's value, or each item of its list, has to obey; ``expected`` says it in words."""

    expected: str = ""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    pattern: str = ""
    at_least: int = 0


_ANY: Final = Limits()


class Invalid:
    """What the reader returns for a value that it has reported."""


INVALID: Final = Invalid()
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def key(default: Any = dataclasses.MISSING, expected: str = "", **limits: Any) -> Any:
    """Describe one key of a document dataclass.

    Args:
        default: value used when the key is absent; without one the key is required.
        expected: what the value has to be, in words with the unit.
        limits: further fields of :class:`Limits`.
    """
    return dataclasses.field(default=default, metadata={"limits": Limits(expected, **limits)})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def limits_of(item: dataclasses.Field[Any]) -> Limits:
    """Return the limits given with :func:`key`."""
    found = item.metadata.get("limits", Limits())
    assert isinstance(found, Limits)
    return found


def describe(kind: Any, limits: Limits) -> str:
    """Return what is expected of a value, in words."""
    if limits.expected:
        return limits.expected
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(part, limits) for part in arguments if part is not type(None))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return "a list"
        return f"a list of {len(arguments)} numbers"
    if origin is dict or dataclasses.is_dataclass(kind):
        return "a mapping"
    return _NAMES.get(kind, "a value")


class Reader:
    """Reads values by type and reports to ``errors``."""

    def __init__(self, errors: Errors) -> None:
        """Report to ``errors``."""
        self._errors = errors

    def read(self, kind: Any, value: Any, at: Place, limits: Limits = _ANY) -> Any:
        """Return the value as ``kind``, or ``INVALID`` after reporting why not."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return self._read_union(kind, value, at, limits)
        if origin is Literal:
            return value if isinstance(value, str) and value in arguments else self._refuse(kind, value, at, limits)
        if origin is tuple:
            return self._read_list(kind, value, at, limits)
        if origin is dict:
            return self._read_dict(kind, value, at, limits)
        if dataclasses.is_dataclass(kind):
            assert isinstance(kind, type)
            return self._read_dataclass(kind, value, at)
        return self._read_scalar(kind, value, at, limits)

    def _refuse(self, kind: Any, value: Any, at: Place, limits: Limits) -> Invalid:
        quote = ""
        if kind is str and isinstance(value, (int, float)):
            quote = " (put it in quotes)"
        self._errors.add(at, f"expected {describe(kind, limits)}, got {shown(value)}{quote}")
        return INVALID

    def _read_union(self, kind: Any, value: Any, at: Place, limits: Limits) -> Any:
        parts = get_args(kind)
        if value is None and type(None) in parts:
            return None
        parts = tuple(part for part in parts if part is not type(None))
        if len(parts) == 1:
            return self.read(parts[0], value, at, limits)
        for part in parts:
            if type(value) is part:
                return self.read(part, value, at, limits)
        return self._refuse(kind, value, at, limits)

    def _read_list(self, kind: Any, value: Any, at: Place, limits: Limits) -> Any:
        arguments = get_args(kind)
        many = len(arguments) == 2 and arguments[1] is Ellipsis
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            return self._refuse(kind, value, at, limits)
        if not many and len(value) != len(arguments):
            self._errors.add(at, f"expected {describe(kind, limits)}, got {len(value)} items")
            return INVALID
        if many and len(value) < limits.at_least:
            self._errors.add(at, f"expected at least {limits.at_least} items, got {len(value)}")
            return INVALID
        kinds = [arguments[0]] * len(value) if many else arguments
        each = dataclasses.replace(limits, expected="", at_least=0)
        items = [
            self.read(part, item, at.item(i), each) for i, (part, item) in enumerate(zip(kinds, value, strict=True))
        ]
        return INVALID if any(item is INVALID for item in items) else tuple(items)

    def _read_dict(self, kind: Any, value: Any, at: Place, limits: Limits) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(kind, value, at, limits)
        found = {}
        each = dataclasses.replace(limits, expected="")
        for name, item in value.items():
            if not isinstance(name, str):
                self._errors.add(at.key(name), "expected a key that is text")
                found[repr(name)] = INVALID
                continue
            found[name] = self.read(get_args(kind)[1], item, at.key(name), each)
        return INVALID if any(item is INVALID for item in found.values()) else found

    def _read_dataclass(self, kind: type, value: Any, at: Place) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(kind, value, at, _ANY)
        hints = _hints(kind)
        items = {item.name: item for item in dataclasses.fields(kind) if item.name != "at"}
        excused = self._report_unknown(value, items, at)
        values: dict[str, Any] = {"at": at} if "at" in hints else {}
        invalid = bool(excused)
        for name, item in items.items():
            if name in value:
                values[name] = self.read(hints[name], value[name], at.key(name), limits_of(item))
                invalid = invalid or values[name] is INVALID
            elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                invalid = True
                if name not in excused:
                    self._errors.add(at.key(name), f"missing; expected {describe(hints[name], limits_of(item))}")
        return INVALID if invalid else kind(**values)

    def _report_unknown(self, value: Mapping[Any, Any], items: Mapping[str, Any], at: Place) -> set[str]:
        """Report keys nobody knows; return the known names they were probably meant to be."""
        meant: set[str] = set()
        for name in value:
            if not isinstance(name, str) or name not in items:
                meant |= self.report_unknown(name, at.key(name), [known for known in items if known not in value])
        return meant

    def report_unknown(self, name: Any, at: Place, free: list[str]) -> set[str]:
        """Report a key nobody knows; return the free name it was probably meant to be, if any."""
        near = difflib.get_close_matches(name, free, n=1) if isinstance(name, str) else []
        hint = f"did you mean {near[0]}?" if near else "expected " + (", ".join(free) or "no further key")
        self._errors.add(at, f"unknown key; {hint}")
        return set(near)

    def _read_scalar(self, kind: Any, value: Any, at: Place, limits: Limits) -> Any:
        if kind is float and type(value) is int and abs(value) < 10**18:
            value = float(value)
        if type(value) is not kind or (kind is float and not math.isfinite(value)):
            return self._refuse(kind, value, at, limits)
        if kind is str:
            fits = re.fullmatch(limits.pattern, value) if limits.pattern else value.strip()
            return value if fits else self._refuse(kind, value, at, limits)
        if kind is not bool and not self._within(value, limits):
            bounds = _bounds(limits)
            self._errors.add(at, f"expected {describe(kind, limits)} ({bounds}), got {shown(value)}")
            return INVALID
        return value

    @staticmethod
    def _within(value: float, limits: Limits) -> bool:
        return (
            (limits.minimum is None or value >= limits.minimum)
            and (limits.above is None or value > limits.above)
            and (limits.maximum is None or value <= limits.maximum)
        )


def _bounds(limits: Limits) -> str:
    parts = []
    if limits.minimum is not None:
        parts.append(f"at least {limits.minimum:g}")
    if limits.above is not None:
        parts.append(f"more than {limits.above:g}")
    if limits.maximum is not None:
        parts.append(f"at most {limits.maximum:g}")
    return ", ".join(parts)
