"""Payment gateways: authorise, capture, release, each repeatable under an idempotency key."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.store.model import Store


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a payment gateway agreed, and why not."""

    approved: bool
    reason: str = ""


class PaymentGateway(Protocol):
    """What checkout needs from whoever moves the money.

    A key names one payment for ever: a call repeated under the same key has no further effect and
    gets the first answer again. A gateway that cannot be reached raises ``ConnectionError``; the
    payment then stays unfinished and is tried again.
    """

    def authorise(self, key: str, account: str, amount: int, currency: str) -> Verdict:
        """Reserve an amount in minor units."""
        ...

    def capture(self, key: str) -> Verdict:
        """Collect what was reserved."""
        ...

    def release(self, key: str) -> Verdict:
        """Give back what was reserved and not collected; nothing reserved is fine too."""
        ...


class LedgerGateway:
    """Keeps what accounts owe in the ledger's own file; no card network is involved.

    It declines accounts that are blocked and amounts beyond an account's credit limit.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Use the tables ``accounts`` and ``payments`` of this ledger."""
        self._ledger = ledger

    def authorise(self, key: str, account: str, amount: int, currency: str) -> Verdict:
        """Reserve the amount on the account."""
        with self._ledger.transaction() as connection:
            known = _payment(connection, key)
            if known is not None:
                return known
            reason = _objection(connection, account, amount)
            connection.execute(
                "INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?)",
                (key, account, amount, currency, "declined" if reason else "authorised", reason),
            )
        return Verdict(not reason, reason)

    def capture(self, key: str) -> Verdict:
        """Add the reserved amount to what the account owes."""
        return self._move(key, "captured")

    def release(self, key: str) -> Verdict:
        """Free the reserved amount."""
        return self._move(key, "released")

    def owed(self, account: str) -> int:
        """Return what was captured from an account, minor units."""
        with self._ledger.transaction() as connection:
            return _sum(connection, account, ("captured",))

    def _move(self, key: str, state: str) -> Verdict:
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE payments SET state = ? WHERE key = ? AND state = 'authorised'", (state, key))
            known = _payment(connection, key)
        if known is None:
            return Verdict(state == "released", f"payment {key} was never authorised")
        return known


def open_gateway(store: Store, ledger: Ledger) -> PaymentGateway:
    """Return the payment gateway that the store description names.

    Raises:
        ValueError: there is no gateway of that name.
    """
    if store.payment.gateway == "ledger":
        return LedgerGateway(ledger)
    raise ValueError(f"payment.gateway: expected ledger, found {store.payment.gateway!r}")


def _payment(connection: sqlite3.Connection, key: str) -> Verdict | None:
    row = connection.execute("SELECT state, reason FROM payments WHERE key = ?", (key,)).fetchone()
    return None if row is None else Verdict(row[0] != "declined", row[1])


def _objection(connection: sqlite3.Connection, account: str, amount: int) -> str:
    row = connection.execute("SELECT blocked, credit_limit FROM accounts WHERE account = ?", (account,)).fetchone()
    if row is None:
        return ""
    blocked, limit = row
    if blocked:
        return f"account {account} is blocked"
    if limit is not None and _sum(connection, account, ("authorised", "captured")) + amount > limit:
        return f"account {account} is over its credit limit"
    return ""


def _sum(connection: sqlite3.Connection, account: str, states: tuple[str, ...]) -> int:
    marks = ", ".join("?" for _ in states)
    query = f"SELECT COALESCE(SUM(amount), 0) FROM payments WHERE account = ? AND state IN ({marks})"
    return int(connection.execute(query, (account, *states)).fetchone()[0])
