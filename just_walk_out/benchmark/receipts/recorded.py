"""A folder with what was recorded in some store, and the receipts that should come of it.

    store.yaml, ...   the store, as in docs/configuration.md; gates, cameras, buses and entry may be left out
    weights.npz       times (samples,), and for each shelf an array (samples, plates) under its id, e.g. g1/s1,
                      columns in the order of its plates; or a file weights/g1/s1.csv a shelf: time,p1,p2,...
    people.csv        time,person,x,y[,sigma]: where each person was, any rate, sigma 0.1 unless given; x and y
                      empty or NaN: not seen
    receipts.csv      visit,sku,quantity: what each truly took along; a visit without a line took nothing
    visits.csv        [person,enter,exit[,visit][,staff]]: else each person is a visit from first to last position;
                      enter or exit empty: there from the start, or until the end
    handlings.csv     [time,visit,kind,sku,quantity]: true takes and returns, for delays and confidences

Seconds on one clock, metres in the frame of the floor plan, kilograms; an empty cell or NaN is a sample without
value, samples that are missing were lost, and a plate without any value is taken as not installed. Several persons
may be one visit. Weights should begin two seconds before the first item moves and go on for two seconds after the
last exit; who has not left by then leaves at the end.
"""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tables import one_of, read_table, to_count, to_number
from just_walk_out.records import Kind
from just_walk_out.store.load import SENSORS, load_store
from just_walk_out.store.model import Shelf, Store

Floats = NDArray[np.float64]

_SIGMA = 0.1
_TAIL = 1.0
# Between samples, seconds: what else is found was meant in other units.
_SHORTEST, _LONGEST = 0.001, 1.0
# Kilograms from one sample of a shelf to the next, as a rule: no plates are so noisy, grams are.
_NOISIEST = 0.1
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
    store, samples = _installed(store, _weights(folder, store))
    if not samples:
        raise ValueError(f"{folder}: expected weights of at least one plate, found no value")
    begin = min(float(each.times[0]) for each in samples.values())
    end = max(float(each.times[-1]) for each in samples.values())
    walks, named = _people(folder / "people.csv", begin, end)
    stays = _visits(folder / "visits.csv", walks, named, begin, end - _TAIL)
    known = {stay.id for stay in stays}
    receipts: dict[str, Counter[str]] = {stay.id: Counter() for stay in stays}
    path = folder / "receipts.csv"
    for line, row in read_table(path, ("visit", "sku", "quantity")):
        visit = one_of(path, line, row["visit"], known, "visit")
        if row["sku"] or row["quantity"] not in ("", "0"):
            sku = one_of(path, line, row["sku"], store.product, "sku")
            receipts[visit][sku] += to_count(path, line, row["quantity"], least=0)
    receipts = {visit: +units for visit, units in receipts.items()}
    handlings = []
    path = folder / "handlings.csv"
    if path.exists():
        for line, row in read_table(path, ("time", "visit", "kind", "sku", "quantity")):
            kind = _KINDS[one_of(path, line, row["kind"], _KINDS, "kind")]
            visit = one_of(path, line, row["visit"], known, "visit")
            sku = one_of(path, line, row["sku"], store.product, "sku")
            time = to_number(path, line, row["time"])
            handlings.append(Moved(time, visit, kind, sku, to_count(path, line, row["quantity"])))
    return Recording(store, samples, walks, stays, receipts, tuple(handlings))


def _weights(folder: Path, store: Store) -> dict[str, Samples]:
    shelves = store.shelf
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
        what = f"array {missing[0]!r} is missing (NaN where nothing was recorded)" if missing else ""
        if unknown:
            what = f"array {unknown[0]!r} is no shelf of the store"
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
        samples[id] = _samples(path, times, arrays[id])
    return samples


def _installed(store: Store, samples: dict[str, Samples]) -> tuple[Store, dict[str, Samples]]:
    """Take out of the store what never had a value: nobody can wait for it, and nothing is known of it."""
    there: dict[str, NDArray[np.bool_]] = {
        id: np.asarray(~np.isnan(each.weights).all(axis=0)) for id, each in samples.items()
    }
    shelves = {
        id: replace(shelf, plates=tuple(plate for plate, known in zip(shelf.plates, there[id], strict=True) if known))
        for id, shelf in store.shelf.items()
        if id in samples
    }
    plates = {plate.id for shelf in shelves.values() for plate in shelf.plates}
    gondolas = tuple(
        replace(each, shelves=tuple(shelves[shelf.id] for shelf in each.shelves if shelves[shelf.id].plates))
        for each in store.gondolas
    )
    facings = tuple(
        replace(each, plates=tuple(plate for plate in each.plates if plate in plates)) for each in store.planogram
    )
    found = replace(store, gondolas=gondolas, planogram=tuple(each for each in facings if each.plates))
    return found, {
        id: Samples(each.times, each.weights[:, there[id]]) for id, each in samples.items() if there[id].any()
    }


def _shelf_file(path: Path, shelf: Shelf) -> Samples:
    names = [plate.id.rsplit("/", 1)[-1] for plate in shelf.plates]
    rows = list(read_table(path, ("time", *names)))
    times = _ascending(path, np.array([to_number(path, line, row["time"]) for line, row in rows]))
    cells = [[to_number(path, line, row[name], empty=True) for name in names] for line, row in rows]
    return _samples(path, times, np.array(cells).reshape(len(rows), len(names)))


def _samples(path: Path, times: Floats, weights: NDArray[np.generic]) -> Samples:
    kilograms = weights.astype(np.float32)
    kilograms[~np.isfinite(kilograms)] = np.nan
    steps = np.abs(np.diff(kilograms, axis=0))
    steps = steps[~np.isnan(steps)]
    if steps.size and (usual := float(np.median(steps))) > _NOISIEST:
        raise ValueError(f"{path}: expected kilograms; one sample and the next differ by {usual:g} as a rule")
    return Samples(times, kilograms)


def _ascending(path: Path, times: NDArray[np.generic]) -> Floats:
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{path}: expected times of at least two samples, all of them finite")
    steps = np.diff(values)
    if not (steps > 0.0).all():
        index = int(np.argmin(steps > 0.0)) + 1
        raise ValueError(f"{path}: sample {index}: expected a time later than that of the one before")
    if not _SHORTEST <= float(np.median(steps)) <= _LONGEST:
        raise ValueError(
            f"{path}: expected times in seconds, {_SHORTEST:g} to {_LONGEST:g} apart, found {float(np.median(steps)):g}"
        )
    return values


def _people(path: Path, begin: float, end: float) -> tuple[dict[str, Walk], dict[str, tuple[float, float]]]:
    """Return where people were, and when everyone who is named is spoken of first and last, seen or not."""
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    named: dict[str, tuple[float, float]] = {}
    for line, row in read_table(path, ("time", "person", "x", "y"), ("sigma",)):
        if not row["person"]:
            raise ValueError(f"{path}:{line}: expected a person")
        time = to_number(path, line, row["time"])
        first, last = named.get(row["person"], (time, time))
        named[row["person"]] = (min(first, time), max(last, time))
        x, y = (to_number(path, line, row[name], empty=True) for name in ("x", "y"))
        if math.isnan(x) and math.isnan(y):
            continue
        if math.isnan(x) or math.isnan(y):
            raise ValueError(f"{path}:{line}: expected both x and y, or neither where somebody is not seen")
        sigma = to_number(path, line, row["sigma"]) if row.get("sigma") else _SIGMA
        if not 0.0 < sigma <= 10.0:
            raise ValueError(f"{path}:{line}: sigma: expected metres above 0 and up to 10, found {sigma:g}")
        rows.setdefault(row["person"], []).append((time, x, y, sigma))
    if not rows:
        raise ValueError(f"{path}: expected positions of people")
    walks = {}
    for person, items in rows.items():
        table = np.array(sorted(items))
        table = table[np.concatenate(([True], np.diff(table[:, 0]) > 0.0))]
        walks[person] = Walk(table[:, 0], table[:, 1:3], table[:, 3])
    times = np.concatenate([walk.times for walk in walks.values()])
    while_weighed = int(((times >= begin) & (times <= end)).sum())
    if 2 * while_weighed < len(times):
        raise ValueError(
            f"{path}: expected times in seconds on the clock of the weights, {begin:.3f} to {end:.3f}; "
            f"{len(times) - while_weighed} of {len(times)} are outside, {times.min():.3f} to {times.max():.3f}"
        )
    return walks, named


def _visits(
    path: Path, walks: dict[str, Walk], named: dict[str, tuple[float, float]], earliest: float, latest: float
) -> tuple[Stay, ...]:
    rows: dict[str, list[tuple[str, float, float, bool]]] = {}
    if path.exists():
        seen: set[str] = set()
        for line, row in read_table(path, ("person", "enter", "exit"), ("visit", "staff")):
            person = one_of(path, line, row["person"], named, "person of people.csv")
            if person in seen:
                raise ValueError(f"{path}:{line}: person {person!r} is given twice")
            seen.add(person)
            enter, exit = (to_number(path, line, row[name], empty=True) for name in ("enter", "exit"))
            enter, exit = earliest if math.isnan(enter) else enter, latest if math.isnan(exit) else exit
            if not enter < exit:
                raise ValueError(f"{path}:{line}: expected an exit later than enter, found {enter:g} and {exit:g}")
            staff = _YES_NO[one_of(path, line, row.get("staff", "").lower(), _YES_NO, "staff")]
            rows.setdefault(row.get("visit") or person, []).append((person, enter, exit, staff))
    else:
        for person, (first, last) in named.items():
            if (walk := walks.get(person)) is not None:
                first, last = float(walk.times[0]), float(walk.times[-1])
            rows[person] = [(person, first, last, False)]
    stays = []
    for visit, people in rows.items():
        enter, exit = min(item[1] for item in people), min(max(item[2] for item in people), latest)
        if enter >= exit:
            raise ValueError(
                f"{path}: visit {visit!r}: expected that it begins at least {_TAIL:g} s before the weights end"
            )
        stays.append(Stay(visit, tuple(item[0] for item in people), enter, exit, any(item[3] for item in people)))
    return tuple(sorted(stays, key=lambda stay: (stay.enter, stay.id)))
