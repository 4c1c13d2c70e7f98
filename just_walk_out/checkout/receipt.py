"""Receipts of charges: one line of JSON for programs, a small page of text for people."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from just_walk_out.checkout.money import format_money
from just_walk_out.records import Charge, ChargeState, DecisionState

WIDTH = 48
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HEADINGS = {
    ChargeState.CHARGED: "Charged",
    ChargeState.EMPTY: "Nothing taken, nothing charged",
    ChargeState.REVIEW: "In review, not charged yet",
    ChargeState.STAFF: "Staff visit, not charged",
    ChargeState.DECLINED: "Declined, amount owed",
}


def receipt(charge: Charge) -> dict[str, Any]:
    """Return the receipt of a charge as JSON values, keys in their fixed order."""
    return {
        "visit": charge.visit,
        "account": charge.account,
        "entered": iso_time(charge.entered),
        "exited": iso_time(charge.exited),
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "state": line.state.name.lower(),
            }
            for line in charge.lines
        ],
        "total": charge.total,
        "currency": charge.currency,
        "status": charge.state.name.lower(),
    }


def receipt_line(charge: Charge) -> str:
    """Return the receipt as one line of JSON, the same bytes for the same charge."""
    return json.dumps(receipt(charge), separators=(",", ":"), ensure_ascii=False)


def receipt_text(charge: Charge, store_name: str) -> str:
    """Return the receipt as a page for people; times are UTC."""
    rule = "-" * WIDTH
    page = [store_name.center(WIDTH).rstrip(), rule, f"Visit    {charge.visit}", f"Account  {charge.account}"]
    page += [f"Entered  {_clock(charge.entered)}", f"Left     {_clock(charge.exited)}", rule]
    committed = [line for line in charge.lines if line.state is DecisionState.COMMITTED]
    for line in committed:
        page.append(_columns(f"{line.quantity} x {line.name}", format_money(line.amount, charge.currency)))
    doubtful = [line for line in charge.lines if line.state is not DecisionState.COMMITTED]
    if doubtful:
        page.append("Not charged, a person will look:")
        page += [_columns(f"  {line.quantity} x {line.name}", line.state.name.lower()) for line in doubtful]
    page += [rule, _columns("Total", format_money(charge.total, charge.currency))]
    if charge.tax:
        page.append(_columns("of which tax", format_money(charge.tax, charge.currency)))
    reason = f": {charge.reason}" if charge.reason else ""
    return "\n".join([*page, f"{HEADINGS[charge.state]}{reason}"])


def iso_time(stamp: int) -> str:
    """Write a stamp as ISO 8601 UTC with microseconds (rounded down)."""
    return (EPOCH + timedelta(microseconds=stamp // 1000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _clock(stamp: int) -> str:
    return (EPOCH + timedelta(microseconds=stamp // 1000)).strftime("%Y-%m-%d %H:%M:%S UTC")


def _columns(left: str, right: str) -> str:
    room = WIDTH - len(right) - 1
    return f"{left[:room]:<{room}} {right}"
