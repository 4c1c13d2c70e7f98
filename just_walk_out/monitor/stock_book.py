"""Stock levels in an SQLite file: each change once, and the sum of them beside it in the same transaction."""

from __future__ import annotations

from pathlib import Path

from just_walk_out.database import open_database, transaction
from just_walk_out.records import RestockMode, StockLevel

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    id TEXT PRIMARY KEY,             -- of the interaction, shelf event or count
    stamp INTEGER NOT NULL,          -- nanoseconds since 1970
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL,       -- units added; of a count, units there were
    cause TEXT NOT NULL,             -- take, return, restock, count
    by TEXT NOT NULL                 -- who counted
);
CREATE TABLE IF NOT EXISTS levels (
    sku TEXT PRIMARY KEY,
    quantity INTEGER NOT NULL,
    counted INTEGER NOT NULL,        -- nanoseconds since 1970; 0: never
    changed INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS modes (
    id TEXT PRIMARY KEY,
    stamp INTEGER NOT NULL,          -- nanoseconds since 1970
    gondola TEXT NOT NULL,
    active INTEGER NOT NULL,
    by TEXT NOT NULL
);
"""


class StockBook:
    """How much there is of each product, in a file, or in memory when no path is given."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the book.

        Raises:
            sqlite3.DatabaseError: the file is not a database or cannot be written.
        """
        self._connection = open_database(path)
        self._connection.executescript(_SCHEMA)

    def change(self, id: str, stamp: int, sku: str, quantity: int, cause: str) -> bool:
        """Add units (negative: remove); returns False, and changes nothing, if the id is known.

        What happened before a product was last counted is noted and changes no level: the count has seen it.
        """
        with transaction(self._connection):
            if not self._note(id, stamp, sku, quantity, cause, ""):
                return False
            self._connection.execute("INSERT OR IGNORE INTO levels VALUES (?, 0, 0, 0)", (sku,))
            self._connection.execute(
                "UPDATE levels SET quantity = quantity + ?, changed = max(changed, ?) WHERE sku = ? AND counted < ?",
                (quantity, stamp, sku, stamp),
            )
        return True

    def count(self, stamp: int, sku: str, quantity: int, by: str) -> bool:
        """Set the level of a product to what somebody has counted; returns False if it was counted later already."""
        with transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO levels VALUES (?, 0, 0, 0)", (sku,))
            cursor = self._connection.execute(
                "UPDATE levels SET quantity = ?, counted = ?, changed = max(changed, ?) WHERE sku = ? AND counted < ?",
                (quantity, stamp, stamp, sku, stamp),
            )
            if cursor.rowcount == 1:
                self._note(f"count/{sku}/{stamp}", stamp, sku, quantity, "count", by)
        return cursor.rowcount == 1

    def set_mode(self, mode: RestockMode) -> None:
        """Note that restocking of a gondola begins or ends."""
        values = (mode.id, mode.stamp, mode.gondola, mode.active, mode.by)
        self._connection.execute("INSERT OR IGNORE INTO modes VALUES (?, ?, ?, ?, ?)", values)

    def modes(self) -> list[RestockMode]:
        """Return all restock modes in the order they were set."""
        rows = self._connection.execute("SELECT stamp, id, gondola, active, by FROM modes ORDER BY rowid").fetchall()
        return [RestockMode(stamp, id, gondola, bool(active), by) for stamp, id, gondola, active, by in rows]

    def levels(self) -> tuple[StockLevel, ...]:
        """Return the level of each product that was ever counted or changed, by SKU."""
        rows = self._connection.execute("SELECT sku, quantity, counted, changed FROM levels ORDER BY sku").fetchall()
        return tuple(StockLevel(*row) for row in rows)

    def close(self) -> None:
        """Close the file; nothing more can be written."""
        self._connection.close()

    def _note(self, id: str, stamp: int, sku: str, quantity: int, cause: str, by: str) -> bool:
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?, ?, ?)", (id, stamp, sku, quantity, cause, by)
        )
        return cursor.rowcount == 1
