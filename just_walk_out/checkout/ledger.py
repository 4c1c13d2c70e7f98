"""The ledger of charges: an SQLite file that accountants can read, written before anything is published.

A charge is begun (its lines and amounts are fixed), settled with the payment gateway under its own id,
and finished with the outcome. Whatever is killed in between is found again as unfinished and settled
under the same id, so that nothing is charged twice or lost.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from just_walk_out.database import open_database
from just_walk_out.records import CartLine, Charge, from_dict, to_dict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    id TEXT PRIMARY KEY,
    visit TEXT NOT NULL,
    account TEXT NOT NULL,
    stamp INTEGER NOT NULL,          -- settlement, nanoseconds since 1970
    entered INTEGER NOT NULL,        -- nanoseconds since 1970
    exited INTEGER NOT NULL,         -- nanoseconds since 1970
    state TEXT NOT NULL,             -- charged, empty, review, staff, declined
    total INTEGER NOT NULL,          -- minor units
    tax INTEGER NOT NULL,            -- minor units, part of the total
    currency TEXT NOT NULL,          -- ISO 4217
    reason TEXT NOT NULL,
    finished INTEGER NOT NULL,       -- 0: the payment gateway has not answered yet
    body TEXT NOT NULL               -- the whole charge with its evidence, JSON
);
CREATE TABLE IF NOT EXISTS lines (
    charge TEXT NOT NULL REFERENCES charges (id),
    number INTEGER NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price INTEGER NOT NULL,     -- minor units
    amount INTEGER NOT NULL,         -- minor units
    state TEXT NOT NULL,             -- committed: charged; waiting, review: not charged
    PRIMARY KEY (charge, number)
);
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    blocked INTEGER NOT NULL DEFAULT 0,
    credit_limit INTEGER             -- most that may be owed, minor units; NULL: no limit
);
CREATE TABLE IF NOT EXISTS payments (
    key TEXT PRIMARY KEY,            -- idempotency key: the id of the charge
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,         -- minor units
    currency TEXT NOT NULL,
    state TEXT NOT NULL,             -- authorised, captured, released, declined
    reason TEXT NOT NULL
);
"""


class Ledger:
    """Charges, their lines, accounts and payments in one SQLite file, or in memory when no path is given."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the ledger.

        Raises:
            sqlite3.DatabaseError: the file is not a database or cannot be written.
        """
        self._connection = open_database(path)
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.executescript(_SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that take effect together or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def begin(self, charge: Charge) -> bool:
        """Write a charge as unfinished; returns False, and writes nothing, if its id is known."""
        values = {
            "id": charge.id,
            "visit": charge.visit,
            "account": charge.account,
            "stamp": charge.stamp,
            "entered": charge.entered,
            "exited": charge.exited,
            "finished": 0,
            **_outcome(charge),
        }
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        with self.transaction() as connection:
            cursor = connection.execute(f"INSERT OR IGNORE INTO charges ({columns}) VALUES ({marks})", values)
            if cursor.rowcount != 1:
                return False
            connection.executemany(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(charge.id, number, *_line(line)) for number, line in enumerate(charge.lines, start=1)],
            )
        return True

    def finish(self, charge: Charge) -> Charge:
        """Write the outcome of an unfinished charge; returns what stands in the ledger, which comes first."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE charges SET finished = 1, state = :state, total = :total, tax = :tax, currency = :currency,"
                " reason = :reason, body = :body WHERE id = :id AND finished = 0",
                {"id": charge.id, **_outcome(charge)},
            )
        found = self.find(charge.id)
        if found is None:
            raise KeyError(f"charge {charge.id}: finished without having been begun")
        return found

    def find(self, id: str) -> Charge | None:
        """Return a charge by its id, finished or not."""
        row = self._connection.execute("SELECT body FROM charges WHERE id = ?", (id,)).fetchone()
        return None if row is None else from_dict(Charge, json.loads(row[0]))

    def unfinished(self) -> list[Charge]:
        """Return the charges that the payment gateway has not answered, oldest first."""
        return self._read("WHERE finished = 0 ORDER BY stamp, id")

    def charges(self) -> list[Charge]:
        """Return all finished charges, oldest first."""
        return self._read("WHERE finished = 1 ORDER BY stamp, id")

    def recent(self, count: int) -> list[Charge]:
        """Return the last finished charges, oldest first."""
        return self._read("WHERE finished = 1 ORDER BY stamp DESC, id DESC LIMIT ?", count)[::-1]

    def set_account(self, account: str, *, blocked: bool = False, credit_limit: int | None = None) -> None:
        """Block an account, or limit what it may owe (minor units)."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", (account, blocked, credit_limit))

    def close(self) -> None:
        """Close the database; nothing more can be written."""
        self._connection.close()

    def _read(self, condition: str, *values: int) -> list[Charge]:
        rows = self._connection.execute(f"SELECT body FROM charges {condition}", values).fetchall()
        return [from_dict(Charge, json.loads(body)) for (body,) in rows]


def _outcome(charge: Charge) -> dict[str, str | int]:
    return {
        "state": charge.state.name.lower(),
        "total": charge.total,
        "tax": charge.tax,
        "currency": charge.currency,
        "reason": charge.reason,
        "body": json.dumps(to_dict(charge), separators=(",", ":")),
    }


def _line(line: CartLine) -> tuple[str | int, ...]:
    return line.sku, line.name, line.quantity, line.unit_price, line.amount, line.state.name.lower()
