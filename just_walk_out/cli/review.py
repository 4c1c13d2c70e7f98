"""``jwo review``: list what waits for a person, and decide about it."""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path
from typing import Any

from just_walk_out.checkout.bills import Book
from just_walk_out.checkout.ledger import open_ledger
from just_walk_out.checkout.receipt import iso_time
from just_walk_out.cli.asking import add_namespace, use_transports
from just_walk_out.cli.refusal import refuse
from just_walk_out.records import ChargeState, DecisionKind, Interaction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    kinds = [kind for kind in DecisionKind if kind is not DecisionKind.CORRECT]
    actions = ("list", *(kind.name.lower() for kind in kinds))
    parser.add_argument(
        "action",
        choices=actions,
        help="list what waits; confirm: it was so; remove: it was not so; move: another visit did it; change: it was "
        "another product or quantity; contest: the shopper says it was not so",
    )
    parser.add_argument("interaction", nargs="?", default="", help="id, as listed; without it, all of --visit")
    parser.add_argument("--visit", metavar="ID", default="", help="the visit to list, or to decide about as a whole")
    parser.add_argument("--by", metavar="NAME", default="", help="who decides; the account, to contest")
    parser.add_argument(
        "--to", metavar="VISIT", default="", help="with move: the visit that did it, as jwo visits lists it"
    )
    parser.add_argument("--sku", metavar="SKU", default="", help="with change or move: the product that it was")
    parser.add_argument("--quantity", type=int, default=0, metavar="N", help="with change or move: how many it were")
    parser.add_argument("--note", metavar="TEXT", default="", help="why")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="with list: its visits in review as well")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when nothing was changed because something is wrong."""
    use_transports()
    from just_walk_out.ros.requests import RequestError, ask, reviews

    try:
        if args.action == "list":
            held = [] if args.ledger is None else _held(args.ledger)
            waiting = reviews(args.visit, args.namespace, args.timeout)
            _print(waiting, held)
            return 0
        kind = DecisionKind[args.action.upper()]
        values: dict[str, Any] = {
            "visit": args.visit,
            "interaction": args.interaction,
            "by": args.by,
            "to_visit": args.to,
        }
        values |= {"sku": args.sku, "note": args.note, "quantity": args.quantity, "kind": int(kind)}
        answer = ask("cart_aggregator/decide", "Decide", values, args.namespace, args.timeout)
    except (RequestError, OSError, sqlite3.DatabaseError) as error:
        refuse("review", error)
        return 1
    print(answer.message)
    return 0


def _held(path: Path) -> list[str]:
    """Return a line for each visit that is not charged until a person has looked."""
    ledger = open_ledger(path)
    lines = []
    for charge in ledger.charges():
        if charge.state is ChargeState.REVIEW and Book(*ledger.of_visit(charge.visit)).of(charge.id).is_held:
            lines.append(f"visit {charge.visit}  {charge.account:<16} {iso_time(charge.exited)}  {charge.reason}")
    ledger.close()
    return lines


def _print(waiting: list[Interaction], held: list[str]) -> None:
    for each in waiting:
        what = f"{each.kind.name.lower()} {each.quantity} x {each.sku or 'unknown'}"
        who = f"visit {each.visit}" if each.visit else "nobody"
        print(f"{each.id}  {iso_time(each.end)}  {what}  by {who}  p {each.confidence:.2f}  {each.reason}")
        for other in each.candidates:
            by = other.visit or "nobody"
            kind = other.kind.name.lower()
            print(f"    {other.probability:.3f}  {kind} {other.quantity} x {other.sku or 'unknown'} by {by}")
    print("\n".join([*held, f"{len(waiting)} interactions wait" + (f", {len(held)} visits" if held else "")]))
