"""Declare ROS parameters from settings dataclasses, with description, range and check at start."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from just_walk_out.settings import validate
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store

Settings = TypeVar("Settings")


class ParameterError(ValueError):
    """A parameter is missing or wrong; the text is one clear sentence for the operator."""


def declare(node: Node, settings: type[Settings], prefix: str = "") -> Settings:
    """Declare one read-only parameter per field of ``settings`` and return the values given.

    Args:
        node: the node.
        settings: a dataclass whose fields are made by ``setting``.
        prefix: put before the names, with a dot, where a node has several groups.

    Raises:
        ParameterError: a value has the wrong type or is out of its range; names the parameter.
    """
    values = {}
    for item in dataclasses.fields(settings):  # type: ignore[arg-type]
        values[item.name] = declare_one(
            node,
            f"{prefix}.{item.name}" if prefix else item.name,
            item.default,
            item.metadata.get("description", ""),
            unit=item.metadata.get("unit", ""),
            minimum=item.metadata.get("minimum"),
            maximum=item.metadata.get("maximum"),
        )
    chosen = settings(**values)
    try:
        validate(chosen)
    except ValueError as error:
        raise ParameterError(f"parameter {prefix}{'.' if prefix else ''}{error}") from None
    return chosen


def declare_one(
    node: Node,
    name: str,
    default: Any,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare one read-only parameter and return its value.

    Raises:
        ParameterError: the value has the wrong type or is out of its range; names the parameter.
    """
    descriptor = ParameterDescriptor(
        description=f"{description} [{unit}]" if unit else description, read_only=True, dynamic_typing=False
    )
    if isinstance(default, float) and (minimum is not None or maximum is not None):
        span = FloatingPointRange(from_value=_bound(minimum, -1e18), to_value=_bound(maximum, 1e18), step=0.0)
        descriptor.floating_point_range = [span]
    elif isinstance(default, int) and not isinstance(default, bool) and (minimum is not None or maximum is not None):
        low, high = int(_bound(minimum, -(2**62))), int(_bound(maximum, 2**62))
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
    try:
        return node.declare_parameter(name, default, descriptor).value
    except InvalidParameterTypeException:
        kind = type(default).__name__
        raise ParameterError(f"parameter {name}: expected a {kind} such as {default!r}, got another type") from None
    except InvalidParameterValueException:
        span_text = f"{'-inf' if minimum is None else minimum} .. {'inf' if maximum is None else maximum} {unit}"
        raise ParameterError(f"parameter {name}: expected a value of {span_text.rstrip()}") from None


def _bound(value: float | None, otherwise: float) -> float:
    return float(otherwise if value is None else value)


def declare_store(node: Node) -> Store:
    """Declare the parameter ``store`` and load the description it names.

    Raises:
        ParameterError: the parameter is empty.
        StoreError: the description is invalid; one line for each error.
    """
    path = declare_one(node, "store", "", "Store description: a folder with store.yaml, or the file itself")
    if not path:
        raise ParameterError("parameter store: the path of a store description is needed, e.g. -p store:=/etc/store")
    return load_store(Path(path))


def declare_state_dir(node: Node, store: Store) -> Path:
    """Declare the parameter ``state_dir`` and return the folder for journals and ledgers of this store."""
    given = declare_one(
        node, "state_dir", "", "Folder of journals and the ledger; empty: ~/.local/state/just_walk_out/<store id>"
    )
    return Path(given) if given else Path.home() / ".local" / "state" / "just_walk_out" / store.id
