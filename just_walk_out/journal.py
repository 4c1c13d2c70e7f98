"""A durable, append-only log of what has been decided, keyed by deterministic ids.

A stage appends a decision before it publishes it; an id that is already there is refused, so that a
repeated or replayed message cannot decide twice. SQLite in WAL mode with full synchronisation: a
decision survives a killed process and a lost power supply.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from just_walk_out.database import open_database
from just_walk_out.records import Record, from_dict, to_dict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    stamp INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""


class Journal:
    """Append-only records in an SQLite file, or in memory when no path is given."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the journal.

        Args:
            path: the database file; its folder is created. None keeps everything in memory.

        Raises:
            sqlite3.DatabaseError: the file is not a database or cannot be written.
        """
        self._connection = open_database(path)
        self._connection.execute(_SCHEMA)

    def append(self, record: Any, id: str, stamp: int) -> bool:
        """Write one record; returns False, and writes nothing, if its class and id are known."""
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO journal (kind, id, stamp, body) VALUES (?, ?, ?, ?)",
            (type(record).__name__, id, stamp, json.dumps(to_dict(record), separators=(",", ":"))),
        )
        return cursor.rowcount == 1

    def has(self, kind: type, id: str) -> bool:
        """Tell whether a record of this class and id has been written."""
        query = "SELECT 1 FROM journal WHERE kind = ? AND id = ?"
        return self._connection.execute(query, (kind.__name__, id)).fetchone() is not None

    def read(self, kind: type[Record]) -> Iterator[Record]:
        """Yield the records of one class in the order they were written."""
        rows = self._connection.execute("SELECT body FROM journal WHERE kind = ? ORDER BY sequence", (kind.__name__,))
        for (body,) in rows.fetchall():
            yield from_dict(kind, json.loads(body))

    def close(self) -> None:
        """Close the database; nothing more can be written."""
        self._connection.close()
