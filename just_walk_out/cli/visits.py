"""``jwo visits``: list who is in the store, and what each holds."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from just_walk_out.checkout.inside import Stay
from just_walk_out.checkout.money import format_money
from just_walk_out.checkout.receipt import iso_time, item_values
from just_walk_out.cli.asking import add_namespace, use_transports
from just_walk_out.cli.refusal import refuse
from just_walk_out.records import DecisionState, Interaction

Waiting = Mapping[str, Sequence[Interaction]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="one visit a line, as JSON")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when the store does not answer, or knows nothing of visits yet."""
    use_transports()
    from just_walk_out.ros.requests import RequestError, reviews, stays

    try:
        stamp, inside = stays(args.namespace, args.timeout)
        waiting: defaultdict[str, list[Interaction]] = defaultdict(list)
        for each in reviews("", args.namespace, args.timeout) if inside else []:
            waiting[each.visit].append(each)
    except RequestError as error:
        refuse("visits", error)
        return 1
    if args.json:
        for stay in inside:
            print(json.dumps(_values(stay, stamp, waiting), separators=(",", ":"), ensure_ascii=False))
        return 0
    print("\n".join([*(line for stay in inside for line in _block(stay, waiting)), _summary(stamp, len(inside))]))
    return 0


def _values(stay: Stay, stamp: int, waiting: Waiting) -> dict[str, Any]:
    """Return a visit as JSON values, keys in their fixed order; money in minor units."""
    return {
        "visit": stay.visit.id,
        "account": stay.visit.account,
        "entered": iso_time(stay.visit.entered),
        "gate": stay.visit.gate,
        "admits": stay.visit.admits,
        "staff": stay.visit.staff,
        "lines": item_values(stay.cart.lines),
        "waiting": [each.id for each in waiting.get(stay.visit.id, ())],
        "billed": stay.billed,
        "due": stay.due,
        "currency": stay.cart.currency,
        "doubt": stay.doubt,
        "as_of": iso_time(stamp),
    }


def _block(stay: Stay, waiting: Waiting) -> list[str]:
    """Return the lines about one visit."""
    visit, currency = stay.visit, stay.cart.currency
    marks = [f"group of {visit.admits}"] * (visit.admits > 1) + ["staff"] * visit.staff
    lines = ["  ".join([f"visit {visit.id}  {visit.account:<16} since {iso_time(visit.entered)}", *marks])]
    for line in stay.cart.lines:
        certain = line.state is DecisionState.COMMITTED
        price = format_money(line.amount, currency) if certain else f"{line.state.name.lower()}, not charged"
        lines.append(_row(f"{line.quantity} x {line.sku}", price))
    listed = {id for line in stay.cart.lines for id in line.evidence}
    for each in waiting.get(visit.id, ()):
        if each.id not in listed:  # no product could be named, or it was put back
            lines.append(
                _row(f"{each.kind.name.lower()} {each.quantity} x {each.sku or 'unknown'}", "review, not charged")
            )
    if stay.billed:
        lines.append(_row("charged in the store", format_money(stay.billed, currency)))
    why = "staff" if visit.staff else stay.doubt
    lines.append(_row("leaving now", format_money(stay.due, currency) + (f": {why}" if why else "")))
    return lines


def _row(what: str, amount: str) -> str:
    return f"    {what:<32} {amount}"


def _summary(stamp: int, count: int) -> str:
    who = "nobody is inside" if not count else "1 visit inside" if count == 1 else f"{count} visits inside"
    return f"{who}, as of {iso_time(stamp)}"
