"""What accounts have paid and owe, and whether more may be charged: what the ledger's own gateway decides by.

Each currency counts by itself: a ledger whose store has changed its currency never adds euros to dollars.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum, auto

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    blocked INTEGER NOT NULL DEFAULT 0,
    credit_limit INTEGER             -- of a ledger without the table limits: one for each currency, minor units
);
CREATE TABLE IF NOT EXISTS limits (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,          -- ISO 4217
    most INTEGER NOT NULL,           -- that may be owed in this currency, minor units
    PRIMARY KEY (account, currency)
);
"""
_PAIRS = """
WITH pairs AS (
    SELECT account, currency FROM charges UNION SELECT account, currency FROM payments
    UNION SELECT account, currency FROM limits
)
"""
_CURRENCIES = f"{_PAIRS} SELECT DISTINCT currency FROM pairs ORDER BY currency"
_QUERY = """
SELECT known.account, known.currency, COALESCE(accounts.blocked, 0), COALESCE(limits.most, accounts.credit_limit),
    COALESCE(SUM(payments.amount) FILTER (WHERE payments.state = 'captured'), 0),
    COALESCE(-SUM(payments.amount) FILTER (WHERE payments.state = 'refunded'), 0),
    COALESCE(SUM(payments.amount) FILTER (WHERE payments.state = 'authorised'), 0),
    (SELECT GROUP_CONCAT(currency) FROM limits WHERE account = known.account)
FROM ({known}) AS known
LEFT JOIN accounts ON accounts.account = known.account
LEFT JOIN limits ON limits.account = known.account AND limits.currency = known.currency
LEFT JOIN payments ON payments.account = known.account AND payments.currency = known.currency
WHERE :id IS NULL OR known.account = :id
GROUP BY known.account, known.currency ORDER BY known.account, known.currency
"""
_ONE = _QUERY.format(known="SELECT :id AS account, :currency AS currency")
# who is blocked and was never charged is shown in the currency of the ledger, where that is one
_KNOWN = _PAIRS + _QUERY.format(
    known="""
    SELECT account, currency FROM pairs UNION
    SELECT account, (SELECT CASE COUNT(DISTINCT currency) WHEN 1 THEN MIN(currency) ELSE '' END FROM pairs)
    FROM accounts WHERE account NOT IN (SELECT account FROM pairs)
    """
)


class Keep(Enum):
    """Stands for a property of an account that stays as it is."""

    KEEP = auto()


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands in one currency; amounts in minor units of that.

    Attributes:
        id: as entry codes name it.
        currency: ISO 4217; empty where nothing says it.
        blocked: nothing more may be charged, in no currency.
        credit_limit: most that may be owed and reserved together; None: no limit.
        charged: what was ever collected.
        paid_back: what of it was paid back.
        reserved: what is held for visits that have not been charged yet.
        limited_in: the currencies in which it has a limit.
    """

    id: str
    currency: str
    blocked: bool
    credit_limit: int | None
    charged: int
    paid_back: int
    reserved: int
    limited_in: tuple[str, ...] = ()

    @property
    def owed(self) -> int:
        """What was collected and not paid back."""
        return self.charged - self.paid_back

    @property
    def used(self) -> int:
        """What counts against the credit limit."""
        return self.owed + self.reserved

    @property
    def limited_elsewhere(self) -> bool:
        """Whether it has a limit in other currencies and none in this: nobody has said what it may owe here."""
        return self.credit_limit is None and bool(self.limited_in)

    def objection(self, amount: int) -> str:
        """Return why so much more, minor units, may not be reserved or charged; empty: it may."""
        if self.blocked:
            return f"account {self.id} is blocked"
        if self.limited_elsewhere:
            there = " and ".join(self.limited_in)
            return f"account {self.id} has a credit limit in {there} and none in {self.currency}"
        if self.credit_limit is not None and self.used + amount > self.credit_limit:
            return f"account {self.id} is over its credit limit"
        return ""


def read_account(connection: sqlite3.Connection, id: str, currency: str) -> Account:
    """Return an account of a ledger's database; one that it knows nothing of has no limit and owes nothing."""
    return _account(connection.execute(_ONE, {"id": id, "currency": currency}).fetchone())


def read_accounts(connection: sqlite3.Connection, id: str | None) -> list[Account]:
    """Return all accounts with a charge, a payment, a block or a limit, in each of its currencies; or that one's."""
    return [_account(row) for row in connection.execute(_KNOWN, {"id": id}).fetchall()]


def read_currencies(connection: sqlite3.Connection) -> list[str]:
    """Return the currencies of all charges, payments and limits, ISO 4217, sorted."""
    return [currency for (currency,) in connection.execute(_CURRENCIES).fetchall()]


def write_account(
    connection: sqlite3.Connection, account: str, blocked: bool | Keep, credit_limit: tuple[int, str] | Keep | None
) -> None:
    """Change a block and a limit, see ``Ledger.set_account``."""
    connection.execute("INSERT OR IGNORE INTO accounts (account) VALUES (?)", (account,))
    if blocked is not Keep.KEEP:
        connection.execute("UPDATE accounts SET blocked = ? WHERE account = ?", (blocked, account))
    if credit_limit is None:
        connection.execute("DELETE FROM limits WHERE account = ?", (account,))
        connection.execute("UPDATE accounts SET credit_limit = NULL WHERE account = ?", (account,))
    elif not isinstance(credit_limit, Keep):
        most, currency = credit_limit
        connection.execute("INSERT OR REPLACE INTO limits VALUES (?, ?, ?)", (account, currency, most))


def _account(row: tuple[str, str, int, int | None, int, int, int, str | None]) -> Account:
    id, currency, blocked, credit_limit, charged, paid_back, reserved, limited_in = row
    where = tuple(sorted(limited_in.split(","))) if limited_in else ()
    return Account(id, currency, bool(blocked), credit_limit, charged, paid_back, reserved, where)
