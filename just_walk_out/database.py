"""How the store's SQLite files are opened: what is committed survives a killed process and a lost power supply."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open or create a database in WAL mode with full synchronisation, every statement its own transaction.

    Args:
        path: the file; its folder is created. None keeps everything in memory.

    Raises:
        sqlite3.DatabaseError: the file is not a database or cannot be written; names it.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=5000")
    except sqlite3.DatabaseError as error:
        raise type(error)(f"{path}: {error}") from None
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all statements within take effect together, or none of them: an end in between leaves no half of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
