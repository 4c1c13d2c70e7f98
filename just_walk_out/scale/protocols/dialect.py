"""What scales that speak in lines of text have in common, and what each of their languages has to say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Literal

OK, NO_VALUE, SATURATED, FAULT = 0, 1, 2, 3
"""Status codes of channels, as in the board protocol."""

Command = Literal["zero", "tare"]

KILOGRAMS: Mapping[str, float] = MappingProxyType(
    {
        "kg": 1.0,
        "g": 1e-3,
        "mg": 1e-6,
        "t": 1e3,
        "lb": 0.45359237,
        "oz": 0.028349523125,
        "ozt": 0.0311034768,
        "ct": 2e-4,
    }
)
"""Kilograms in a unit of weight, by its name on the line in small letters; exact by definition."""


class Kind(Enum):
    """What a line of a scale is."""

    READING = "reading"
    ADJUSTED = "adjusted"
    REFUSED = "refused"
    STARTED = "started"


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says.

    Attributes:
        kind: a reading, that the scale has been zeroed or tared or would not be, or has just been switched on.
        status: of the reading.
        value: number as sent, NaN where there is none.
        unit: as sent.
        net: how the scale calls the kind of weight, such as gross or net; empty where it does not say.
    """

    kind: Kind
    status: int = OK
    value: float = math.nan
    unit: str = ""
    net: str = ""


@dataclass(frozen=True)
class Dialect:
    """A language of scales.

    Attributes:
        read: the meaning of a line without its end; None where it makes no sense. Never raises.
        ask: request for one reading.
        start: request to send without end; empty where that is set on the scale itself.
        commands: requests that change the scale.
    """

    read: Callable[[str], Line | None]
    ask: bytes
    start: bytes = b""
    commands: Mapping[Command, bytes] = field(default_factory=dict)
