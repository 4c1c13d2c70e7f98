"""Receipts of charges: one line of JSON for programs, a small page of text for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from textwrap import wrap
from typing import Any

from just_walk_out.checkout.money import format_money
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    TaxAmount,
)

WIDTH = 48
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HEADINGS = {
    ChargeState.CHARGED: "Charged",
    ChargeState.EMPTY: "Nothing taken, nothing charged",
    ChargeState.REVIEW: "In review, not charged yet",
    ChargeState.STAFF: "Staff visit, not charged",
    ChargeState.DECLINED: "Declined, amount owed",
}
CORRECTIONS = {
    AdjustmentState.CHARGED: "Charged in addition",
    AdjustmentState.REFUNDED: "Paid back",
    AdjustmentState.WAIVED: "Owed no more",
    AdjustmentState.DECLINED: "Declined, not settled",
    AdjustmentState.UNCHANGED: "Nothing to pay",
}


def receipt(charge: Charge, adjustments: Sequence[Adjustment] = ()) -> dict[str, Any]:
    """Return the receipt of a charge as JSON values, keys in their fixed order.

    Args:
        charge: as it was made.
        adjustments: of it, in order; with any, they and what is due in the end (``net``) are keys, too.
    """
    values = {
        "visit": charge.visit,
        "account": charge.account,
        "entered": iso_time(charge.entered),
        "exited": iso_time(charge.exited),
        "lines": item_values(charge.lines),
        "total": charge.total,
        "currency": charge.currency,
        "status": charge.state.name.lower(),
    }
    if adjustments:
        values["adjustments"] = [
            {
                "id": each.id,
                "lines": item_values(each.lines),
                "amount": each.amount,
                "moved": each.moved,
                "status": each.state.name.lower(),
                "reason": each.reason,
            }
            for each in adjustments
        ]
        values["net"] = adjustments[-1].total
    return values


def item_values(lines: Sequence[CartLine]) -> list[dict[str, Any]]:
    """Return lines of a receipt or a cart as JSON values; money in minor units."""
    shown = []
    for line in lines:
        values: dict[str, Any] = {"sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price}
        if line.discount:
            values |= {"discount": line.discount, "promotions": list(line.promotions)}
        shown.append({**values, "state": line.state.name.lower()})
    return shown


def receipt_line(charge: Charge, adjustments: Sequence[Adjustment] = ()) -> str:
    """Return the receipt as one line of JSON, the same bytes for the same charge and adjustments."""
    return json.dumps(receipt(charge, adjustments), separators=(",", ":"), ensure_ascii=False)


def receipt_text(charge: Charge, store_name: str, adjustments: Sequence[Adjustment] = ()) -> str:
    """Return the receipt as a page for people; times are UTC."""
    rule = "-" * WIDTH
    page = [store_name.center(WIDTH).rstrip(), rule, f"Visit    {charge.visit}", f"Account  {charge.account}"]
    page += [f"Entered  {_clock(charge.entered)}", f"Left     {_clock(charge.exited)}", rule]
    if charge.kiosk:
        page[-2] = f"Paid     {_clock(charge.exited)} in the store"
    page += _items(charge.lines, charge.currency)
    page += [rule, _columns("Total", format_money(charge.total, charge.currency))]
    page += _tax_table(charge.taxes, charge.currency)
    reason = f": {charge.reason}" if charge.reason else ""
    page += wrap(f"{HEADINGS[charge.state]}{reason}", WIDTH)
    for each in adjustments:
        page += [rule, f"Correction {each.id}", *wrap(each.reason, WIDTH)]
        page += ["Right is:", *_items(each.lines, each.currency)]
        page.append(_columns(CORRECTIONS[each.state], format_money(each.amount, each.currency)))
        page.append(_columns("Total now", format_money(each.total, each.currency)))
        page += _tax_table(each.taxes, each.currency)
    return "\n".join(text[:WIDTH] for text in page)


def _items(lines: Sequence[CartLine], currency: str) -> list[str]:
    page = []
    for line in lines:
        if line.state is DecisionState.COMMITTED:
            full = line.quantity * line.unit_price
            page.append(_columns(f"{line.quantity} x {line.name}", format_money(full, currency)))
            if line.discount:
                page.append(_columns(f"    {', '.join(line.promotions)}", format_money(-line.discount, currency)))
    doubtful = [line for line in lines if line.state is not DecisionState.COMMITTED]
    if doubtful:
        page.append("Not charged, a person will look:")
        page += [_columns(f"  {line.quantity} x {line.name}", line.state.name.lower()) for line in doubtful]
    return page


def _tax_table(taxes: Sequence[TaxAmount], currency: str) -> list[str]:
    return [
        _columns(
            f"  of {format_money(each.amount, currency)} tax at {each.basis_points / 100:g} %",
            format_money(each.tax, currency),
        )
        for each in taxes
        if each.tax
    ]


def iso_time(stamp: int) -> str:
    """Write a stamp as ISO 8601 UTC with microseconds (rounded down)."""
    return (EPOCH + timedelta(microseconds=stamp // 1000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _clock(stamp: int) -> str:
    return (EPOCH + timedelta(microseconds=stamp // 1000)).strftime("%Y-%m-%d %H:%M:%S UTC")


def _columns(left: str, right: str) -> str:
    room = WIDTH - len(right) - 1
    return f"{left[:room]:<{room}} {right}"
