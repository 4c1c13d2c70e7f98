"""What accounts have paid and owe, and whether more may be charged: what the ledger's own gateway decides by."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

_QUERY = """
SELECT known.account, COALESCE(accounts.blocked, 0), accounts.credit_limit,
    COALESCE(SUM(payments.amount) FILTER (WHERE payments.state = 'captured'), 0),
    COALESCE(-SUM(payments.amount) FILTER (WHERE payments.state = 'refunded'), 0),
    COALESCE(SUM(payments.amount) FILTER (WHERE payments.state = 'authorised'), 0)
FROM ({known}) AS known
LEFT JOIN accounts ON accounts.account = known.account
LEFT JOIN payments ON payments.account = known.account
WHERE :id IS NULL OR known.account = :id
GROUP BY known.account ORDER BY known.account
"""
_ONE = _QUERY.format(known="SELECT :id AS account")
_KNOWN = _QUERY.format(
    known="SELECT account FROM charges UNION SELECT account FROM payments UNION SELECT account FROM accounts"
)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands; amounts in minor units.

    Attributes:
        id: as entry codes name it.
        blocked: nothing more may be charged.
        credit_limit: most that may be owed and reserved together; None: no limit.
        charged: what was ever collected.
        paid_back: what of it was paid back.
        reserved: what is held for visits that have not been charged yet.
    """

    id: str
    blocked: bool
    credit_limit: int | None
    charged: int
    paid_back: int
    reserved: int

    @property
    def owed(self) -> int:
        """What was collected and not paid back."""
        return self.charged - self.paid_back

    @property
    def used(self) -> int:
        """What counts against the credit limit."""
        return self.owed + self.reserved

    def objection(self, amount: int) -> str:
        """Return why so much more, minor units, may not be reserved or charged; empty: it may."""
        if self.blocked:
            return f"account {self.id} is blocked"
        if self.credit_limit is not None and self.used + amount > self.credit_limit:
            return f"account {self.id} is over its credit limit"
        return ""


def read_account(connection: sqlite3.Connection, id: str) -> Account:
    """Return an account of a ledger's database; one that it knows nothing of has no limit and owes nothing."""
    return _account(connection.execute(_ONE, {"id": id}).fetchone())


def read_accounts(connection: sqlite3.Connection, id: str | None) -> list[Account]:
    """Return all accounts with a charge, a payment, a block or a limit, by id; or that one, if it has."""
    return [_account(row) for row in connection.execute(_KNOWN, {"id": id}).fetchall()]


def _account(row: tuple[str, int, int | None, int, int, int]) -> Account:
    id, blocked, credit_limit, charged, paid_back, reserved = row
    return Account(id, bool(blocked), credit_limit, charged, paid_back, reserved)
