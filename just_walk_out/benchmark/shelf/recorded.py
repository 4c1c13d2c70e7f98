"""Recorded samples of plates with known events, as files.

A folder holds two CSV files a recording. ``NAME.csv`` has the header ``time,PLATE,PLATE,…`` and a row a
sample: seconds, then kilograms, one column a plate in their order on the shelf, empty where there is no
value. ``NAME.events.csv`` has the header ``event,start,end,free,plate,change`` and a row for each plate that
an event changed: a name or number of the event, when the load began to move, when all of it had moved,
when the last hand was off the plates (empty: ``end``), the plate, and kilograms, negative for taken.

``NAME.planogram.csv``, which may be missing, has the header ``sku,weight,spread,plate`` and a row for each plate
that a product stands on: kilograms of a piece, and their standard deviation from piece to piece.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.shelf.signals import Truth
from just_walk_out.benchmark.shelf.stock import Good, Stock
from just_walk_out.benchmark.tables import check_rows, read_rows, to_number

_EVENT_FIELDS = ["event", "start", "end", "free", "plate", "change"]
_PLANOGRAM_FIELDS = ["sku", "weight", "spread", "plate"]


@dataclass(frozen=True)
class Recording:
    """Samples of one shelf.

    Attributes:
        name: of its files.
        times: (samples,) seconds from the first.
        period: between samples, seconds.
        weights: (samples, plates) kilograms, NaN where there is no value.
        truths: what happened.
        stock: what stands on the shelf; nothing where that is not known.
    """

    name: str
    times: NDArray[np.float64]
    period: float
    weights: NDArray[np.float32]
    truths: tuple[Truth, ...]
    stock: Stock


def read_folder(folder: Path) -> list[Recording]:
    """Read all recordings of a folder.

    Raises:
        ValueError: a file is missing or wrong; names it and, where there is one, its line.
    """
    beside = (".events.csv", ".planogram.csv")
    files = sorted(path for path in folder.glob("*.csv") if not path.name.endswith(beside))
    if not files:
        raise ValueError(f"{folder}: expected recordings NAME.csv with NAME.events.csv beside them")
    return [_read(path) for path in files]


def _read(path: Path) -> Recording:
    header, rows = _table(path)
    if len(header) < 2 or header[0] != "time":
        raise ValueError(f"{path}: expected the header time,PLATE,…")
    if len(rows) < 2:
        raise ValueError(f"{path}: expected at least two samples")
    table = np.array([[to_number(path, line, cell, empty=True) for cell in row] for line, row in rows])
    times = table[:, 0] - table[0, 0]
    if not np.all(np.diff(times) > 0.0):
        line = rows[int(np.argmin(np.diff(times) > 0.0)) + 1][0]
        raise ValueError(f"{path}:{line}: expected a time later than that of the line before")
    truths = _events(path.with_suffix(".events.csv"), header[1:], float(table[0, 0]))
    period = float(np.median(np.diff(times)))
    stock = _planogram(path.with_suffix(".planogram.csv"), header[1:])
    return Recording(path.stem, times, period, table[:, 1:].astype(np.float32), truths, stock)


def _events(path: Path, plates: list[str], begin: float) -> tuple[Truth, ...]:
    header, rows = _table(path)
    if header != _EVENT_FIELDS:
        raise ValueError(f"{path}: expected the header {','.join(_EVENT_FIELDS)}")
    spans: dict[str, tuple[float, float, float]] = {}
    changes: dict[str, dict[int, float]] = {}
    for line, (event, *cells, plate, change) in rows:
        if plate not in plates:
            raise ValueError(f"{path}:{line}: plate {plate!r} is none of {', '.join(plates)}")
        start, end, free = (to_number(path, line, cell, empty=True) - begin for cell in cells)
        kilograms = to_number(path, line, change, empty=True)
        if not (start <= end and math.isfinite(kilograms)):
            raise ValueError(f"{path}:{line}: expected start, an end that is not earlier, and a change")
        spans[event] = (start, end, end if math.isnan(free) else free)
        changes.setdefault(event, {})[plates.index(plate)] = kilograms
    return tuple(Truth(*spans[event], changes[event]) for event in spans)


def _planogram(path: Path, plates: list[str]) -> Stock:
    if not path.exists():
        return Stock(())
    header, rows = _table(path)
    if header != _PLANOGRAM_FIELDS:
        raise ValueError(f"{path}: expected the header {','.join(_PLANOGRAM_FIELDS)}")
    weights: dict[str, tuple[float, float]] = {}
    places: dict[str, list[int]] = {}
    for line, (sku, *cells, plate) in rows:
        if plate not in plates:
            raise ValueError(f"{path}:{line}: plate {plate!r} is none of {', '.join(plates)}")
        weight, spread = (to_number(path, line, cell, empty=True) for cell in cells)
        if not (0.0 < weight < math.inf and 0.0 <= spread < math.inf):
            raise ValueError(f"{path}:{line}: expected a weight above 0 kg and a spread of at least 0 kg")
        weights[sku] = (weight, spread)
        places.setdefault(sku, []).append(plates.index(plate))
    return Stock(tuple(Good(weight, spread, weight, tuple(places[sku])) for sku, (weight, spread) in weights.items()))


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    header, rows = read_rows(path)
    if not header:
        raise ValueError(f"{path}: is empty")
    check_rows(path, header, rows)
    return header, rows
