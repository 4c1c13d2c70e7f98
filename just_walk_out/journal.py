"""A durable, append-only log of what has been decided, keyed by deterministic ids.

A stage appends a decision before it publishes it; an id that is already there is refused, so that a
repeated or replayed message cannot decide twice. SQLite in WAL mode with full synchronisation: a
decision survives a killed process and a lost power supply.

Journals grow for ever, restarts must not: a stage reads what is recent, and asks for older ids one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from just_walk_out.database import open_database, transaction
from just_walk_out.records import Record, from_dict, to_dict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    stamp INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS journal_stamp ON journal (kind, stamp);
"""

RECENT = 7 * 24 * 3600 * 1_000_000_000
"""Nanoseconds of event time after which nothing that was decided bears on what is still to be decided."""

_MARGIN = 3600 * 1_000_000_000
"""How much older what is decided next may be than what was written last: fixtures and visits have their own pace."""


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
        self._connection.executescript(_SCHEMA)

    def append(self, record: Any, id: str, stamp: int) -> bool:
        """Write one record; returns False, and writes nothing, if its class and id are known."""
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO journal (kind, id, stamp, body) VALUES (?, ?, ?, ?)",
            (type(record).__name__, id, stamp, json.dumps(to_dict(record), separators=(",", ":"))),
        )
        return cursor.rowcount == 1

    def transaction(self) -> AbstractContextManager[None]:
        """Write all that is appended within, or nothing of it: an end in between leaves no half of a decision."""
        return transaction(self._connection)

    def has(self, kind: type, id: str) -> bool:
        """Tell whether a record of this class and id has been written."""
        query = "SELECT 1 FROM journal WHERE kind = ? AND id = ?"
        return self._connection.execute(query, (kind.__name__, id)).fetchone() is not None

    def read(self, kind: type[Record]) -> Iterator[Record]:
        """Yield the records of one class in the order they were written."""
        rows = self._connection.execute("SELECT body FROM journal WHERE kind = ? ORDER BY sequence", (kind.__name__,))
        for (body,) in rows.fetchall():
            yield from_dict(kind, json.loads(body))

    def recent(self, kind: type[Record]) -> Iterator[Record]:
        """Yield the records of one class of the last ``RECENT`` before what was written last, in that order.

        An hour more is read: what is decided next may be somewhat older than what was written last.
        """
        last = self._connection.execute("SELECT stamp FROM journal ORDER BY sequence DESC LIMIT 1").fetchone()
        if last is None:
            return
        query = "SELECT body FROM journal WHERE kind = ? AND stamp >= ? ORDER BY sequence"
        for (body,) in self._connection.execute(query, (kind.__name__, last[0] - RECENT - _MARGIN)).fetchall():
            yield from_dict(kind, json.loads(body))

    def last(self, kind: type[Record], count: int) -> list[Record]:
        """Return the ``count`` records of one class that were written last, in the order they were written."""
        query = "SELECT body FROM journal WHERE kind = ? ORDER BY sequence DESC LIMIT ?"
        rows = self._connection.execute(query, (kind.__name__, count)).fetchall()
        return [from_dict(kind, json.loads(body)) for (body,) in reversed(rows)]

    def close(self) -> None:
        """Close the database; nothing more can be written."""
        self._connection.close()
