"""Settings of stages: frozen dataclasses whose fields carry description, unit and range.

ROS parameters and their descriptors are made from the same fields.
"""

from __future__ import annotations

import dataclasses
from typing import Any


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Describe one field of a settings dataclass.

    Args:
        default: value used when nothing else is said; its type is the parameter's type.
        description: one sentence.
        unit: SI unit, or empty.
        minimum: smallest allowed value, inclusive.
        maximum: largest allowed value, inclusive.
    """
    facts = {"description": description, "unit": unit, "minimum": minimum, "maximum": maximum}
    return dataclasses.field(default=default, metadata=facts)


def validate(settings: Any) -> None:
    """Check each field of a settings dataclass against its range.

    Raises:
        ValueError: names the field, its value and its range.
    """
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        low, high = item.metadata.get("minimum"), item.metadata.get("maximum")
        # asked this way round, NaN is outside every range
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            span = f"{'-inf' if low is None else low} .. {'inf' if high is None else high}"
            raise ValueError(f"{item.name}: {value} is outside {span} {item.metadata.get('unit', '')}".rstrip())
