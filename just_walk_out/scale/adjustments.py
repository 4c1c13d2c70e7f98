"""Zero and scale of plates as they were set at run time, kept in a file that outranks the store description.

One YAML file a bus, ``<state_dir>/calibration/<bus>.yaml``, written by its ``load_cells`` node and by
``jwo calibrate``, so that each file has one writer::

    bus: bus_a
    plates:
      g1/s1/p1: {zero: -29871.25, scale: 4.5791e-06, changed: "2026-11-25T15:04:05Z"}
      g1/s1/p2: {zero: 226401.5, changed: "2026-11-25T15:01:07Z"}

What is left out (here the scale of the second plate, which was only tared) is as in the description.
"""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from just_walk_out.store.bus import Bus
from just_walk_out.store.documents import read_yaml
from just_walk_out.store.place import Errors, Place, StoreError, shown

_HEAD = "# Zero and scale of plates set by load_cells and `jwo calibrate`; they outrank the store description.\n"
_NUMBERS = ("zero", "scale")


@dataclass(frozen=True)
class Adjustment:
    """What was set for one plate.

    Attributes:
        zero: counts of the empty plate; None: as the store description says.
        scale: kilograms per count; None: as the store description says.
        changed: when, UTC, ISO 8601.
    """

    zero: float | None = None
    scale: float | None = None
    changed: str = ""


def adjustments_path(state_dir: Path, bus: str) -> Path:
    """Return where the adjustments of a bus are kept."""
    return state_dir / "calibration" / f"{bus}.yaml"


def utc_text(stamp: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC, to the second."""
    moment = datetime.datetime.fromtimestamp(stamp // 1_000_000_000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def load_adjustments(path: Path, bus: Bus) -> dict[str, Adjustment]:
    """Read the adjustments of the plates of a bus; none where there is no file.

    Raises:
        StoreError: the file is wrong; one line for each mistake.
    """
    if not path.exists():
        return {}
    errors = Errors()
    root = Place(str(path))
    document = read_yaml(path, root, errors)
    found: dict[str, Adjustment] = {}
    if document is not None:
        for name in document.keys() - {"bus", "plates"}:
            errors.add(root.key(name), "unknown key; expected bus and plates")
        if document.get("bus") != bus.id:
            errors.add(root.key("bus"), f"expected {bus.id}, got {shown(document.get('bus'))}")
        plates = document.get("plates", {})
        if isinstance(plates, dict):
            known = {channel.plate for channel in bus.channels}
            for plate, values in plates.items():
                at = root.key("plates").key(plate)
                if plate in known:
                    found[plate] = _adjustment(values, at, errors)
                else:
                    errors.add(at, f"expected a plate of bus {bus.id}")
        else:
            errors.add(root.key("plates"), f"expected a mapping of plates, got {shown(plates)}")
    if errors.found:
        raise StoreError(errors.lines())
    return found


def _adjustment(values: Any, at: Place, errors: Errors) -> Adjustment:
    if not isinstance(values, dict):
        errors.add(at, f"expected a mapping with zero, scale and changed, got {shown(values)}")
        return Adjustment()
    for name in values.keys() - {*_NUMBERS, "changed"}:
        errors.add(at.key(name), "unknown key; expected zero, scale and changed")
    numbers: dict[str, float] = {}
    for name in _NUMBERS:
        value = values.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            errors.add(at.key(name), f"expected a number, got {shown(value)}")
        elif name == "scale" and value == 0:
            errors.add(at.key(name), "expected kilograms per count other than 0")
        else:
            numbers[name] = float(value)
    changed = values.get("changed", "")
    if not isinstance(changed, str):
        errors.add(at.key("changed"), f"expected a time in quotes, got {shown(changed)}")
        changed = ""
    return Adjustment(numbers.get("zero"), numbers.get("scale"), changed)


def save_adjustments(path: Path, bus: str, adjustments: Mapping[str, Adjustment]) -> None:
    """Write the file whole or not at all: it replaces the old one after it has reached the disk.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    plates = {
        plate: {name: value for name, value in vars(each).items() if value not in (None, "")}
        for plate, each in sorted(adjustments.items())
    }
    text = _HEAD + yaml.safe_dump({"bus": bus, "plates": plates}, sort_keys=False, default_flow_style=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
