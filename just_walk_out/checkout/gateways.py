"""Payment gateways: authorise, capture, release, refund, each repeatable under an idempotency key."""

from __future__ import annotations

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
    gets the first answer again; one in another currency than the first is declined. A gateway that
    cannot be reached raises ``ConnectionError``; the payment then stays unfinished and is tried again.
    """

    def authorise(self, key: str, account: str, amount: int, currency: str) -> Verdict:
        """Reserve an amount in minor units."""
        ...

    def capture(self, key: str, amount: int | None = None) -> Verdict:
        """Collect what was reserved, or a part of it (minor units), which frees the rest."""
        ...

    def release(self, key: str) -> Verdict:
        """Give back what was reserved and not collected; nothing reserved is fine too."""
        ...

    def refund(self, key: str, payment: str, amount: int) -> Verdict:
        """Pay back, under a key of its own, an amount in minor units of what was collected under ``payment``."""
        ...


class LedgerGateway:
    """Keeps what accounts owe in the ledger's own file; no card network is involved.

    It declines accounts that are blocked and amounts beyond an account's credit limit, each currency by itself.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Use the tables ``accounts`` and ``payments`` of this ledger."""
        self._ledger = ledger

    def authorise(self, key: str, account: str, amount: int, currency: str) -> Verdict:
        """Reserve the amount on the account."""
        with self._ledger.transaction() as connection:
            known = connection.execute("SELECT state, reason, currency FROM payments WHERE key = ?", (key,)).fetchone()
            if known is not None:
                state, reason, first = known
                if currency != first:
                    return Verdict(False, f"payment {key} was asked for in {first}, now in {currency}")
                return Verdict(state != "declined", reason)
            reason = self._ledger.account(account, currency).objection(amount)
            connection.execute(
                "INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?)",
                (key, account, amount, currency, "declined" if reason else "authorised", reason),
            )
        return Verdict(not reason, reason)

    def capture(self, key: str, amount: int | None = None) -> Verdict:
        """Add the reserved amount, or a part of it, to what the account owes."""
        if amount is None:
            return self._move(key, "captured")
        with self._ledger.transaction() as connection:
            row = connection.execute("SELECT amount, state FROM payments WHERE key = ?", (key,)).fetchone()
            if row is not None and row[1] == "authorised" and amount > row[0]:
                return Verdict(False, f"payment {key}: expected at most {row[0]} to be captured, got {amount}")
            query = "UPDATE payments SET amount = ? WHERE key = ? AND state = 'authorised'"
            connection.execute(query, (amount, key))
        return self._move(key, "captured")

    def release(self, key: str) -> Verdict:
        """Free the reserved amount."""
        return self._move(key, "released")

    def refund(self, key: str, payment: str, amount: int) -> Verdict:
        """Take an amount off what the account owes."""
        with self._ledger.transaction() as connection:
            if connection.execute("SELECT 1 FROM payments WHERE key = ?", (key,)).fetchone() is not None:
                return Verdict(True)
            row = connection.execute(
                "SELECT account, amount, currency FROM payments WHERE key = ? AND state = 'captured'", (payment,)
            ).fetchone()
            if row is None:
                return Verdict(False, f"payment {payment} was never captured")
            account, captured, currency = row
            query = "SELECT COALESCE(SUM(amount), 0) FROM payments WHERE state = 'refunded' AND reason = ?"
            left = captured + int(connection.execute(query, (payment,)).fetchone()[0])
            if not 0 < amount <= left:
                return Verdict(False, f"payment {payment}: expected 1 to {left} to be refunded, got {amount}")
            connection.execute(
                "INSERT INTO payments VALUES (?, ?, ?, ?, 'refunded', ?)", (key, account, -amount, currency, payment)
            )
        return Verdict(True)

    def owed(self, account: str, currency: str) -> int:
        """Return what was captured from an account in a currency and not refunded, minor units."""
        return self._ledger.account(account, currency).owed

    def _move(self, key: str, state: str) -> Verdict:
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE payments SET state = ? WHERE key = ? AND state = 'authorised'", (state, key))
            row = connection.execute("SELECT state, reason FROM payments WHERE key = ?", (key,)).fetchone()
        if state == "released":
            return Verdict(True)
        if row is None:
            return Verdict(False, f"payment {key} was never authorised")
        return Verdict(row[0] == state, row[1] or ("" if row[0] == state else f"payment {key} was {row[0]}"))


def open_gateway(store: Store, ledger: Ledger) -> PaymentGateway:
    """Return the payment gateway that the store description names.

    Raises:
        ValueError: there is no gateway of that name.
    """
    if store.payment.gateway == "ledger":
        return LedgerGateway(ledger)
    raise ValueError(f"payment.gateway: expected ledger, found {store.payment.gateway!r}")
