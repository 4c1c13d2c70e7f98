"""``jwo ledger``: print the charges of a store."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections import Counter
from pathlib import Path

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.money import format_money
from just_walk_out.checkout.receipt import iso_time, receipt_line, receipt_text
from just_walk_out.records import Charge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("ledger", type=Path, help="the ledger file")
    parser.add_argument("--account", metavar="ID", help="only charges of this account")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one receipt a line, as JSON")
    form.add_argument("--receipts", action="store_true", help="receipts for people")


def run(args: argparse.Namespace) -> int:
    """Carry the command out and return its exit status."""
    if not args.ledger.is_file():
        print(f"jwo ledger: {args.ledger}: expected a ledger file, found none", file=sys.stderr)
        return 1
    try:
        ledger = Ledger(args.ledger)
        charges = [each for each in ledger.charges() if args.account in (None, each.account)]
        unfinished = len(ledger.unfinished())
        ledger.close()
    except sqlite3.DatabaseError as error:
        print(f"jwo ledger: {args.ledger}: not a ledger ({error})", file=sys.stderr)
        return 1
    if args.json or args.receipts:
        for charge in charges:
            print(receipt_line(charge) if args.json else receipt_text(charge, "RECEIPT") + "\n")
        return 0
    _print_table(charges)
    if unfinished:
        print(f"{unfinished} charges wait for the payment gateway")
    return 0


def _print_table(charges: list[Charge]) -> None:
    print(f"{'left':<28} {'account':<16} {'status':<9} {'lines':>5} {'total':>14} {'tax':>14}  charge")
    for charge in charges:
        total, tax = format_money(charge.total, charge.currency), format_money(charge.tax, charge.currency)
        print(
            f"{iso_time(charge.exited):<28} {charge.account:<16} {charge.state.name.lower():<9}"
            f" {len(charge.lines):>5} {total:>14} {tax:>14}  {charge.id}"
        )
    sums: Counter[tuple[str, str]] = Counter()
    for charge in charges:
        sums[charge.state.name.lower(), charge.currency] += charge.total
    for (state, currency), amount in sorted(sums.items()):
        print(f"{state:<9} {format_money(amount, currency)}")
