"""``jwo ledger``: print the charges of a store."""

from __future__ import annotations

import argparse
import sqlite3
from collections import Counter
from pathlib import Path

from just_walk_out.checkout.ledger import open_ledger
from just_walk_out.checkout.money import format_money
from just_walk_out.checkout.receipt import iso_time, receipt_line, receipt_text
from just_walk_out.cli.refusal import refuse
from just_walk_out.records import Adjustment, Charge, ChargeState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("ledger", type=Path, help="the ledger file")
    parser.add_argument("--account", metavar="ID", help="only charges of this account")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one receipt a line, as JSON")
    form.add_argument("--receipts", action="store_true", help="receipts for people")


def run(args: argparse.Namespace) -> int:
    """Carry the command out and return its exit status."""
    try:
        ledger = open_ledger(args.ledger)
        charges = [each for each in ledger.charges() if args.account in (None, each.account)]
        adjustments: dict[str, list[Adjustment]] = {}
        for adjustment in ledger.adjustments():
            adjustments.setdefault(adjustment.charge, []).append(adjustment)
        unfinished = {"charges": len(ledger.unfinished()), "corrections": len(ledger.unfinished_adjustments())}
        ledger.close()
    except (OSError, sqlite3.DatabaseError) as error:
        refuse("ledger", error)
        return 1
    if args.json or args.receipts:
        for charge in charges:
            corrections = adjustments.get(charge.id, [])
            text = receipt_line(charge, corrections) if args.json else receipt_text(charge, "RECEIPT", corrections)
            print(text if args.json else f"{text}\n")
        return 0
    _print_table(charges, adjustments)
    for what, count in unfinished.items():
        if count:
            print(f"{count} {what} wait for the payment gateway")
    return 0


def _print_table(charges: list[Charge], adjustments: dict[str, list[Adjustment]]) -> None:
    """Print charges, each followed by its adjustments, and sums: charged, adjusted by outcome, net paid."""
    print(f"{'left':<28} {'account':<16} {'status':<9} {'lines':>5} {'total':>14} {'tax':>14}  charge")
    sums: Counter[tuple[str, str]] = Counter()
    net: Counter[str] = Counter()
    for charge in charges:
        total, tax = format_money(charge.total, charge.currency), format_money(charge.tax, charge.currency)
        print(
            f"{iso_time(charge.exited):<28} {charge.account:<16} {charge.state.name.lower():<9}"
            f" {len(charge.lines):>5} {total:>14} {tax:>14}  {charge.id}"
        )
        sums[charge.state.name.lower(), charge.currency] += charge.total
        net[charge.currency] += charge.total if charge.state is ChargeState.CHARGED else 0
        for each in adjustments.get(charge.id, ()):
            state, change = f"+ {each.state.name.lower()}", format_money(each.amount, each.currency)
            print(f"{'':<28} {'':<16} {state:<15} {change:>14} {'':>14}  {each.id}")
            sums[state, each.currency] += each.amount
            net[each.currency] += each.moved
    for (state, currency), summed in sorted(sums.items()):
        print(f"{state:<12} {format_money(summed, currency)}")
    for currency, paid in sorted(net.items()):
        print(f"{'net paid':<12} {format_money(paid, currency)}")
