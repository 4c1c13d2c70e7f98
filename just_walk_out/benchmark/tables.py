"""Tables that others have written: CSV files, read with errors that name file and line."""

from __future__ import annotations

import csv
import math
from collections.abc import Container, Sequence
from pathlib import Path


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header of a CSV file, and its rows with their line numbers; cells without the space around them.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        # what spreadsheets write begins with a byte order mark
        with path.open(newline="", encoding="utf-8-sig") as file:
            cells = ([cell.strip() for cell in row] for row in csv.reader(file))
            lines = [(line, row) for line, row in enumerate(cells, start=1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    return (lines[0][1], lines[1:]) if lines else ([], [])


def check_rows(path: Path, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Check that each row has a value for each column.

    Raises:
        ValueError: names the first that has not.
    """
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}:{line}: expected {len(header)} values, found {len(row)}")


def read_table(path: Path, needed: Sequence[str], allowed: Sequence[str] = ()) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file by column, with their line numbers.

    Args:
        path: of the file.
        needed: columns that it must have.
        allowed: columns that it may have.

    Raises:
        ValueError: it is missing, cannot be read, or has other columns.
    """
    if not path.exists():
        raise ValueError(f"{path}: missing; expected a file with the header {','.join(needed)}")
    header, rows = read_rows(path)
    missing = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in (*needed, *allowed)]
    if missing or unknown or len(set(header)) != len(header):
        optional = "".join(f"[,{name}]" for name in allowed)
        found = ",".join(header) or "nothing"
        raise ValueError(f"{path}: expected the header {','.join(needed)}{optional}, found {found}")
    check_rows(path, header, rows)
    return [(line, dict(zip(header, row, strict=True))) for line, row in rows]


def to_number(path: Path, line: int, cell: str, empty: bool = False) -> float:
    """Return a finite number; NaN where a cell is empty or NaN, if ``empty`` allows that.

    Raises:
        ValueError: it is none.
    """
    try:
        value = float(cell) if cell or not empty else math.nan
    except ValueError:
        value = math.inf
    if math.isinf(value) or (math.isnan(value) and not empty):
        raise ValueError(f"{path}:{line}: expected a number, found {cell!r}")
    return value


def to_count(path: Path, line: int, cell: str, least: int = 1) -> int:
    """Return a number of units.

    Raises:
        ValueError: it is none, or not from ``least`` to ten thousand.
    """
    # spreadsheets write whole numbers as 1.0 where some cells of a column are empty
    whole = cell.removesuffix(".0")
    if not whole.isdecimal() or not least <= int(whole) <= 10_000:
        raise ValueError(f"{path}:{line}: expected a quantity of at least {least}, found {cell!r}")
    return int(whole)


def one_of(path: Path, line: int, cell: str, names: Container[str], what: str) -> str:
    """Return a name.

    Raises:
        ValueError: it is none of ``names``; says ``what`` they are.
    """
    if cell not in names:
        raise ValueError(f"{path}:{line}: {cell!r} is no {what}")
    return cell
