"""A folder with what was recorded in some store, and the receipts that should come of it.

    store.yaml, ...   the store, as in docs/configuration.md; gates, cameras, buses and entry may be left out
    weights.npz       times (samples,), and for each shelf an array (samples, plates) under its id, e.g. g1/s1,
                      columns in the order of its plates; or a file weights/g1/s1.csv a shelf: time,p1,p2,...
    people.csv        time,person,x,y[,sigma]: where each person was, any rate, sigma 0.1 unless given
    receipts.csv      visit,sku,quantity: what each truly took along; a visit without a line took nothing
    visits.csv        [person,enter,exit[,visit][,staff]]: else each person is a visit from first to last position
    handlings.csv     [time,visit,kind,sku,quantity]: true takes and returns, for delays and confidences

Seconds, metres in the frame of the floor plan, kilograms; an empty cell or NaN is a sample without value, and
samples that are missing were lost. Several persons may be one visit. Weights should begin two seconds before
the first item moves and go on for two seconds after the last exit; who has not left by then leaves at the end.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import Kind
from just_walk_out.store.load import SENSORS, load_store
from just_walk_out.store.model import Shelf, Store

Floats = NDArray[np.float64]

_SIGMA = 0.1
_TAIL = 1.0
_KINDS = {"take": Kind.TAKE, "return": Kind.RETURN}
_YES_NO = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


@dataclass(frozen=True)
class Samples:
    """Weights of one shelf: (samples,) seconds, and (samples, plates) kilograms, NaN where there is no value."""

    times: Floats
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Walk:
    """Where one person was: (positions,) seconds, (positions, 2) metres, (positions,) metres of uncertainty."""

    times: Floats
    places: Floats
    sigmas: Floats


@dataclass(frozen=True)
class Stay:
    """One visit: its people, when the first came and the last left, seconds, and whether they work there."""

    id: str
    people: tuple[str, ...]
    enter: float
    exit: float
    staff: bool = False


@dataclass(frozen=True)
class Moved:
    """A true take or return, seconds."""

    time: float
    visit: str
    kind: Kind
    sku: str
    quantity: int


@dataclass(frozen=True)
class Recording:
    """All of a folder."""

    store: Store
    samples: dict[str, Samples]
    walks: dict[str, Walk]
    stays: tuple[Stay, ...]
    receipts: dict[str, Counter[str]]
    handlings: tuple[Moved, ...]

    @property
    def end(self) -> float:
        """Time of the last sample, seconds."""
        return max(float(each.times[-1]) for each in self.samples.values())


def read_recording(folder: Path) -> Recording:
    """Read and check a recording.

    Raises:
        StoreError: the store description is wrong.
        ValueError: a file is missing or wrong; names it, its line and what was expected.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder with a recording")
    store = load_store(folder, without=SENSORS)
    samples = _weights(folder, store)
    walks = _people(folder / "people.csv")
    end = max(float(each.times[-1]) for each in samples.values())
    stays = _visits(folder / "visits.csv", walks, end - _TAIL)
    known = {stay.id for stay in stays}
    receipts: dict[str, Counter[str]] = {stay.id: Counter() for stay in stays}
    path = folder / "receipts.csv"
    for line, row in _table(path, ("visit", "sku", "quantity")):
        visit, sku = (
            _known(path, line, row["visit"], known, "visit"),
            _known(path, line, row["sku"], store.product, "sku"),
        )
        receipts[visit][sku] += _count(path, line, row["quantity"])
    handlings = []
    path = folder / "handlings.csv"
    if path.exists():
        for line, row in _table(path, ("time", "visit", "kind", "sku", "quantity")):
            kind = _KINDS[_known(path, line, row["kind"], _KINDS, "kind")]
            visit = _known(path, line, row["visit"], known, "visit")
            sku = _known(path, line, row["sku"], store.product, "sku")
            time = _number(path, line, row["time"])
            handlings.append(Moved(time, visit, kind, sku, _count(path, line, row["quantity"])))
    return Recording(store, samples, walks, stays, receipts, tuple(handlings))


def _weights(folder: Path, store: Store) -> dict[str, Samples]:
    shelves = {id: shelf for id, shelf in store.shelf.items() if shelf.plates}
    path = folder / "weights.npz"
    if not path.exists():
        if not (folder / "weights").is_dir():
            raise ValueError(f"{path}: missing; expected it, or a file weights/SHELF.csv a shelf")
        return {id: _shelf_file(folder / "weights" / f"{id}.csv", shelf) for id, shelf in shelves.items()}
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as arrays: {error}") from error
    missing = sorted({"times", *shelves} - set(arrays))
    unknown = sorted(set(arrays) - {"times", *shelves})
    if missing or unknown:
        what = f"array {missing[0]!r} is missing" if missing else f"array {unknown[0]!r} is no shelf of the store"
        raise ValueError(f"{path}: expected times and an array a shelf; {what}")
    if not all(np.issubdtype(array.dtype, np.number) and not np.iscomplexobj(array) for array in arrays.values()):
        raise ValueError(f"{path}: expected numbers in all arrays")
    times = _ascending(path, arrays["times"])
    samples = {}
    for id, shelf in shelves.items():
        shape = (len(times), len(shelf.plates))
        if arrays[id].shape != shape:
            raise ValueError(
                f"{path}: array {id!r}: expected shape {shape}, samples and plates, found {arrays[id].shape}"
            )
        samples[id] = Samples(times, arrays[id].astype(np.float32))
    return samples


def _shelf_file(path: Path, shelf: Shelf) -> Samples:
    names = [plate.id.rsplit("/", 1)[-1] for plate in shelf.plates]
    rows = list(_table(path, ("time", *names)))
    times = _ascending(path, np.array([_number(path, line, row["time"]) for line, row in rows]))
    cells = [[_number(path, line, row[name], empty=True) for name in names] for line, row in rows]
    return Samples(times, np.array(cells, dtype=np.float32).reshape(len(rows), len(names)))


def _ascending(path: Path, times: NDArray[np.generic]) -> Floats:
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{path}: expected times of at least two samples, all of them finite")
    if not (np.diff(values) > 0.0).all():
        index = int(np.argmin(np.diff(values) > 0.0)) + 1
        raise ValueError(f"{path}: sample {index}: expected a time later than that of the one before")
    return values


def _people(path: Path) -> dict[str, Walk]:
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for line, row in _table(path, ("time", "person", "x", "y"), ("sigma",)):
        if not row["person"]:
            raise ValueError(f"{path}:{line}: expected a person")
        sigma = _number(path, line, row["sigma"]) if row.get("sigma") else _SIGMA
        if not 0.0 < sigma <= 10.0:
            raise ValueError(f"{path}:{line}: sigma: expected metres above 0 and up to 10, found {sigma:g}")
        place = (_number(path, line, row["time"]), _number(path, line, row["x"]), _number(path, line, row["y"]))
        rows.setdefault(row["person"], []).append((*place, sigma))
    if not rows:
        raise ValueError(f"{path}: expected positions of people")
    walks = {}
    for person, items in rows.items():
        table = np.array(sorted(items))
        table = table[np.concatenate(([True], np.diff(table[:, 0]) > 0.0))]
        walks[person] = Walk(table[:, 0], table[:, 1:3], table[:, 3])
    return walks


def _visits(path: Path, walks: dict[str, Walk], latest: float) -> tuple[Stay, ...]:
    rows: dict[str, list[tuple[str, float, float, bool]]] = {}
    if path.exists():
        seen: set[str] = set()
        for line, row in _table(path, ("person", "enter", "exit"), ("visit", "staff")):
            person = _known(path, line, row["person"], walks, "person of people.csv")
            if person in seen:
                raise ValueError(f"{path}:{line}: person {person!r} is given twice")
            seen.add(person)
            enter, exit = _number(path, line, row["enter"]), _number(path, line, row["exit"])
            if not enter < exit:
                raise ValueError(f"{path}:{line}: expected an exit later than enter, found {enter:g} and {exit:g}")
            staff = _YES_NO[_known(path, line, row.get("staff", "").lower(), _YES_NO, "staff")]
            rows.setdefault(row.get("visit") or person, []).append((person, enter, exit, staff))
    else:
        for person, walk in walks.items():
            rows[person] = [(person, float(walk.times[0]), float(walk.times[-1]), False)]
    stays = []
    for visit, people in rows.items():
        enter, exit = min(item[1] for item in people), min(max(item[2] for item in people), latest)
        if enter >= exit:
            raise ValueError(
                f"{path}: visit {visit!r}: expected that it begins at least {_TAIL:g} s before the weights end"
            )
        stays.append(Stay(visit, tuple(item[0] for item in people), enter, exit, any(item[3] for item in people)))
    return tuple(sorted(stays, key=lambda stay: (stay.enter, stay.id)))


def _table(path: Path, needed: Sequence[str], allowed: Sequence[str] = ()) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file by column, with their line numbers."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(line, row) for line, row in enumerate(csv.reader(file), start=1) if row]
    except FileNotFoundError:
        raise ValueError(f"{path}: missing; expected a file with the header {','.join(needed)}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    header = [cell.strip() for cell in lines[0][1]] if lines else []
    missing = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in (*needed, *allowed)]
    if missing or unknown or len(set(header)) != len(header):
        optional = "".join(f"[,{name}]" for name in allowed)
        raise ValueError(
            f"{path}: expected the header {','.join(needed)}{optional}, found {','.join(header) or 'nothing'}"
        )
    rows = []
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise ValueError(f"{path}:{line}: expected {len(header)} values, found {len(row)}")
        rows.append((line, dict(zip(header, (cell.strip() for cell in row), strict=True))))
    return rows


def _number(path: Path, line: int, cell: str, empty: bool = False) -> float:
    try:
        value = float(cell) if cell or not empty else math.nan
    except ValueError:
        value = math.inf
    if math.isinf(value) or (math.isnan(value) and not empty):
        raise ValueError(f"{path}:{line}: expected a number, found {cell!r}")
    return value


def _count(path: Path, line: int, cell: str) -> int:
    if not cell.isdecimal() or not 0 < int(cell) <= 10_000:
        raise ValueError(f"{path}:{line}: expected a quantity of at least 1, found {cell!r}")
    return int(cell)


def _known(path: Path, line: int, cell: str, known: Container[str], what: str) -> str:
    if cell not in known:
        raise ValueError(f"{path}:{line}: {cell!r} is no {what}")
    return cell
