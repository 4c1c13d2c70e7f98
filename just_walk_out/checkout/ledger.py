"""The ledger of charges and their adjustments: an SQLite file that accountants can read.

Everything is written here before it is published.

A charge is begun (its lines and amounts are fixed), settled with the payment gateway under its own id,
and finished with the outcome. Whatever is killed in between is found again as unfinished and settled
under the same id, so that nothing is charged twice or lost. A finished charge is never written again: what is
corrected later is an adjustment, which goes the same way.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from just_walk_out.checkout.accounts import (
    SCHEMA,
    Account,
    Keep,
    read_account,
    read_accounts,
    read_currencies,
    write_account,
)
from just_walk_out.checkout.bills import Book
from just_walk_out.database import open_database, transaction
from just_walk_out.records import Adjustment, CartLine, Charge, from_dict, to_dict

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
CREATE TABLE IF NOT EXISTS payments (
    key TEXT PRIMARY KEY,            -- idempotency key: what the payment is for
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,         -- minor units; negative: refunded
    currency TEXT NOT NULL,
    state TEXT NOT NULL,             -- authorised, captured, released, declined, refunded
    reason TEXT NOT NULL             -- why it was declined; of a refund, the key of the payment
);
CREATE TABLE IF NOT EXISTS adjustments (
    id TEXT PRIMARY KEY,
    charge TEXT NOT NULL REFERENCES charges (id),
    visit TEXT NOT NULL,
    account TEXT NOT NULL,
    stamp INTEGER NOT NULL,          -- of the cart it follows from, nanoseconds since 1970
    state TEXT NOT NULL,             -- charged, refunded, waived, declined, unchanged
    amount INTEGER NOT NULL,         -- change of what is due, minor units
    moved INTEGER NOT NULL,          -- paid, or paid back (negative), minor units
    total INTEGER NOT NULL,          -- due from then on, minor units
    tax INTEGER NOT NULL,            -- minor units, part of the total
    currency TEXT NOT NULL,          -- ISO 4217
    reason TEXT NOT NULL,
    finished INTEGER NOT NULL,       -- 0: the payment gateway has not answered yet
    body TEXT NOT NULL               -- the whole adjustment with its lines, JSON
);
CREATE INDEX IF NOT EXISTS adjustments_visit ON adjustments (visit);
CREATE INDEX IF NOT EXISTS charges_visit ON charges (visit);
CREATE INDEX IF NOT EXISTS payments_account ON payments (account);
CREATE TABLE IF NOT EXISTS requests (
    charge TEXT PRIMARY KEY,         -- id of the charge that will come of it
    visit TEXT NOT NULL,
    stamp INTEGER NOT NULL           -- when somebody asked to pay in the store, nanoseconds since 1970
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
        self._connection.executescript(_SCHEMA + SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that take effect together or not at all."""
        with transaction(self._connection):
            yield self._connection

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

    def of_visit(self, visit: str) -> tuple[list[Charge], list[Adjustment]]:
        """Return the charges of a visit and their adjustments, finished or not, each in the order they were begun."""
        charges = self._connection.execute("SELECT body FROM charges WHERE visit = ? ORDER BY rowid", (visit,))
        adjustments = self._connection.execute("SELECT body FROM adjustments WHERE visit = ? ORDER BY rowid", (visit,))
        return (
            [from_dict(Charge, json.loads(body)) for (body,) in charges.fetchall()],
            [from_dict(Adjustment, json.loads(body)) for (body,) in adjustments.fetchall()],
        )

    def begin_adjustment(self, adjustment: Adjustment) -> bool:
        """Write an adjustment as unfinished; returns False, and writes nothing, if its id is known."""
        values = {name: getattr(adjustment, name) for name in ("id", "charge", "visit", "account", "stamp")}
        values |= {"finished": 0, **_adjusted(adjustment)}
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.transaction() as connection:
            cursor = connection.execute(f"INSERT OR IGNORE INTO adjustments ({columns}) VALUES ({marks})", values)
        return cursor.rowcount == 1

    def finish_adjustment(self, adjustment: Adjustment) -> Adjustment:
        """Write the outcome of an unfinished adjustment; returns what stands in the ledger, which comes first."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE adjustments SET finished = 1, state = :state, amount = :amount, moved = :moved, total = :total,"
                " tax = :tax, currency = :currency, reason = :reason, body = :body WHERE id = :id AND finished = 0",
                {"id": adjustment.id, **_adjusted(adjustment)},
            )
        (found,) = self._read_adjustments("WHERE id = ?", adjustment.id)
        return found

    def unfinished_adjustments(self) -> list[Adjustment]:
        """Return the adjustments that the payment gateway has not answered, in the order they were begun."""
        return self._read_adjustments("WHERE finished = 0 ORDER BY rowid")

    def adjustments(self) -> list[Adjustment]:
        """Return all finished adjustments, in the order they were begun."""
        return self._read_adjustments("WHERE finished = 1 ORDER BY rowid")

    def recent_adjustments(self, count: int) -> list[Adjustment]:
        """Return the last finished adjustments, in the order they were begun."""
        return self._read_adjustments("WHERE finished = 1 ORDER BY rowid DESC LIMIT ?", count)[::-1]

    def ask(self, charge: str, visit: str, stamp: int) -> None:
        """Note that somebody asked to pay for a visit in the store; one that is known changes nothing."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", (charge, visit, stamp))

    def asked(self) -> dict[str, tuple[str, int]]:
        """Return charge and stamp of each request to pay in the store that has not been answered, by visit."""
        rows = self._connection.execute("SELECT visit, charge, stamp FROM requests ORDER BY rowid").fetchall()
        return {visit: (charge, stamp) for visit, charge, stamp in rows}

    def answer(self, charge: str) -> None:
        """Forget a request to pay in the store."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM requests WHERE charge = ?", (charge,))

    def set_account(
        self, account: str, *, blocked: bool | Keep = Keep.KEEP, credit_limit: tuple[int, str] | Keep | None = Keep.KEEP
    ) -> None:
        """Change what an account may be charged, from the next payment on; what is not given stays as it is.

        Args:
            account: its id; the ledger need not have heard of it.
            blocked: nothing more may be charged.
            credit_limit: most that may be owed and reserved, minor units, and in which currency, ISO 4217; None: no
                limit in any.
        """
        with self.transaction() as connection:
            write_account(connection, account, blocked, credit_limit)

    def account(self, id: str, currency: str) -> Account:
        """Return an account as the next payment in a currency finds it; also one that the ledger knows nothing of."""
        return read_account(self._connection, id, currency)

    def accounts(self, id: str | None = None) -> list[Account]:
        """Return all accounts with a charge, a payment, a block or a limit, or that one, in each of its currencies."""
        return read_accounts(self._connection, id)

    def unpaid(self) -> dict[tuple[str, str], int]:
        """Return what is still due of declined charges, minor units, by account and currency, where there is any."""
        visits = self._connection.execute(
            "SELECT visit FROM charges WHERE state = 'declined'"
            " UNION SELECT visit FROM adjustments WHERE state = 'declined'"
        )
        found: Counter[tuple[str, str]] = Counter()
        for (visit,) in visits.fetchall():
            for bill in Book(*self.of_visit(visit)).bills:
                found[bill.charge.account, bill.charge.currency] += max(0, bill.due - bill.paid)
        return dict(+found)

    def currencies(self) -> list[str]:
        """Return the currencies of all charges, payments and limits, ISO 4217, sorted."""
        return read_currencies(self._connection)

    def close(self) -> None:
        """Close the database; nothing more can be written."""
        self._connection.close()

    def _read_adjustments(self, condition: str, *values: int | str) -> list[Adjustment]:
        rows = self._connection.execute(f"SELECT body FROM adjustments {condition}", values).fetchall()
        return [from_dict(Adjustment, json.loads(body)) for (body,) in rows]

    def _read(self, condition: str, *values: int) -> list[Charge]:
        rows = self._connection.execute(f"SELECT body FROM charges {condition}", values).fetchall()
        return [from_dict(Charge, json.loads(body)) for (body,) in rows]


def open_ledger(path: Path) -> Ledger:
    """Open a ledger that is there, which its store may be writing to.

    Raises:
        FileNotFoundError: there is no such file.
        sqlite3.DatabaseError: it is not a ledger, or cannot be read; names it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a ledger file, found none")
    try:
        # looked at before a ledger is opened: that would make tables in whatever database it is
        with contextlib.closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if not {("charges",), ("payments",)} <= set(rows):
            raise sqlite3.DatabaseError("it has no charges and payments")
        return Ledger(path)
    except sqlite3.OperationalError as error:  # such as one that is locked
        raise sqlite3.OperationalError(f"{path}: cannot be opened ({error})") from None
    except sqlite3.DatabaseError as error:
        raise sqlite3.DatabaseError(f"{path}: not a ledger ({error})") from None


def _outcome(charge: Charge) -> dict[str, str | int]:
    return {
        "state": charge.state.name.lower(),
        "total": charge.total,
        "tax": charge.tax,
        "currency": charge.currency,
        "reason": charge.reason,
        "body": json.dumps(to_dict(charge), separators=(",", ":")),
    }


def _adjusted(adjustment: Adjustment) -> dict[str, str | int]:
    values = {name: getattr(adjustment, name) for name in ("amount", "moved", "total", "tax", "currency", "reason")}
    body = json.dumps(to_dict(adjustment), separators=(",", ":"))
    return {"state": adjustment.state.name.lower(), **values, "body": body}


def _line(line: CartLine) -> tuple[str | int, ...]:
    return line.sku, line.name, line.quantity, line.unit_price, line.amount, line.state.name.lower()
