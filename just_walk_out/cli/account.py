"""``jwo account``: print what accounts owe; block one, or limit what it may owe."""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from just_walk_out.checkout.accounts import Account
from just_walk_out.checkout.ledger import Ledger, open_ledger
from just_walk_out.checkout.money import format_money, parse_money
from just_walk_out.cli.refusal import refuse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("ledger", type=Path, help="the ledger file; the store may be running")
    parser.add_argument("account", nargs="?", help="only this account, and the one to change")
    block = parser.add_mutually_exclusive_group()
    block.add_argument("--block", action="store_true", help="decline whatever is to be charged from now on")
    block.add_argument("--unblock", action="store_true", help="charge it again")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--limit", metavar="AMOUNT", help="most that it may owe, e.g. 25.00 or '25.00 EUR'")
    limit.add_argument("--no-limit", action="store_true", help="let it owe any amount")


def run(args: argparse.Namespace) -> int:
    """Carry the command out and return its exit status; 1 when something is wrong, and nothing was changed."""
    try:
        ledger = open_ledger(args.ledger)
    except (OSError, sqlite3.DatabaseError) as error:
        refuse("account", error)
        return 1
    with contextlib.closing(ledger):
        try:
            return _answer(ledger, args)
        except ValueError as error:
            refuse("account", error)
        except sqlite3.DatabaseError as error:  # such as one that is locked for longer than its time-out
            print(f"jwo account: {args.ledger}: {error}", file=sys.stderr)
    return 1


def _answer(ledger: Ledger, args: argparse.Namespace) -> int:
    changes: dict[str, Any] = {}
    if args.block or args.unblock:
        changes["blocked"] = args.block
    if args.no_limit:
        changes["credit_limit"] = None
    elif args.limit is not None:
        changes["credit_limit"] = _limit(args.limit, ledger.currencies())
    accounts = ledger.accounts(args.account)
    if changes and not args.account:
        raise ValueError("expected the id of the account to change, got none")
    if not changes and args.account is not None and not accounts:
        raise ValueError(f"expected an account of {args.ledger}, got {args.account!r}")
    if changes:
        ledger.set_account(args.account, **changes)
        if not accounts:
            print(f"jwo account: nothing was known of {args.account!r} before", file=sys.stderr)
        accounts = ledger.accounts(args.account)
    _print_table(accounts, ledger.unpaid())
    return 0


def _limit(text: str, currencies: Sequence[str]) -> tuple[int, str]:
    """Read a limit: minor units, and the currency, which must be named if the ledger has not exactly one."""
    says_currency = text.rstrip()[-3:].isupper()
    amount, currency = parse_money(text, currencies[0] if len(currencies) == 1 and not says_currency else "")
    if amount < 0:
        raise ValueError(f"expected a limit of 0 or more, got {text!r}")
    if currencies and currency not in currencies:
        print(f"jwo account: the ledger had nothing in {currency} before", file=sys.stderr)
    return amount, currency


def _print_table(accounts: Sequence[Account], unpaid: Mapping[tuple[str, str], int]) -> None:
    """Print a line for each account and currency."""
    columns = "".join(f" {name:>14}" for name in ("charged", "paid back", "owes", "used", "limit", "declined"))
    print(f"{'account':<16}{columns}  state")
    for account in accounts:
        amounts = [account.charged, account.paid_back, account.owed, account.used, account.credit_limit]
        shown = [
            _money(amount, account.currency) for amount in (*amounts, unpaid.get((account.id, account.currency), 0))
        ]
        print(f"{account.id:<16}{''.join(f' {text:>14}' for text in shown)}  {_state(account)}")


def _state(account: Account) -> str:
    """Return what the payment gateway would say to the least amount."""
    if account.blocked:
        return "blocked"
    if account.limited_elsewhere:
        return f"limited in {' and '.join(account.limited_in)}"
    return "used up" if account.objection(1) else "open"


def _money(amount: int | None, currency: str) -> str:
    if amount is None:
        return "none"
    return format_money(amount, currency) if currency else str(amount)
