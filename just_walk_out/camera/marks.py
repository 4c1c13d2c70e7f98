"""Marked floor points and tags in CSV files, as a person with a tape measure writes them."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from just_walk_out.camera.survey import Mark, Tag


def read_marks(path: Path) -> list[Mark]:
    """Read ``camera,u,v,x,y[,z][,name]``: pixels, and metres in ``map``.

    Raises:
        ValueError: names the file and the line, and what was expected there.
    """
    found = []
    for line, row in _rows(path, {"camera", "u", "v", "x", "y"}, {"z", "name"}):
        u, v, x, y = (_number(path, line, row, key) for key in ("u", "v", "x", "y"))
        z = _number(path, line, row, "z", 0.0)
        found.append(Mark(row["camera"], row.get("name") or f"line {line}", (u, v), (x, y, z)))
    return found


def read_tags(path: Path) -> list[Tag]:
    """Read ``id,size[,x,y,heading_deg][,z]``: metres, and degrees from the x axis; empty where nobody has measured.

    Raises:
        ValueError: names the file and the line, and what was expected there.
    """
    found: list[Tag] = []
    for line, row in _rows(path, {"id", "size"}, {"x", "y", "heading_deg", "z"}):
        number, size = _number(path, line, row, "id"), _number(path, line, row, "size")
        if number < 0 or number != int(number) or int(number) in [tag.id for tag in found]:
            raise ValueError(f"{path}: line {line}: id: expected a number of its own, got {row['id']}")
        if not 0.0 < size < 5.0:
            raise ValueError(f"{path}: line {line}: size: expected metres, got {row['size']}")
        given = [key for key in ("x", "y", "heading_deg") if row.get(key)]
        place = None
        if given:
            if len(given) < 3:
                raise ValueError(f"{path}: line {line}: expected x, y and heading_deg, or none of them")
            x, y, heading = (_number(path, line, row, key) for key in given)
            place = (x, y, math.radians(heading))
        found.append(Tag(int(number), size, place, _number(path, line, row, "z", 0.0)))
    return found


def _rows(path: Path, needed: set[str], possible: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            names = {(name or "").strip() for name in reader.fieldnames or ()}
            if not needed <= names or not names <= needed | possible:
                expected = ",".join(sorted(needed)) + "".join(f"[,{name}]" for name in sorted(possible))
                raise ValueError(f"{path}: line 1: expected the columns {expected}, got {','.join(sorted(names))}")
            for row in reader:
                if None in row or None in row.values():
                    raise ValueError(f"{path}: line {reader.line_num}: expected {len(names)} values")
                yield reader.line_num, {key.strip(): value.strip() for key, value in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as CSV: {error}") from error


def _number(path: Path, line: int, row: dict[str, str], key: str, default: float | None = None) -> float:
    text = row.get(key, "")
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}: line {line}: {key}: expected a number, got {text!r}")
    return value
