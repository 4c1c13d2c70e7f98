"""The demo's operator: looks through what waits for a person and decides by the services ``jwo review`` uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from just_walk_out.records import DecisionKind, Interaction, Kind
from just_walk_out.store.model import Store

NAME = "demo operator"


def look_through(
    store: Store, accounts: Mapping[str, str], namespace: str, say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """List what waits for a person and decide what a look at the shelf settles.

    That is something of no known weight, taken by a known visit from plates that carry one product: the operator sees
    that its package has changed. Whose hand it was no look at a shelf can tell; such lines go on waiting.

    Args:
        store: whose planogram says what the operator finds on the plates.
        accounts: account by visit id.
        namespace: that the store runs in.
        say: prints one line for people.

    Returns:
        How many units waited of unknown products, which are on no receipt, and the visits that were decided about.
    """
    from just_walk_out.ros.requests import RequestError, ask, reviews

    try:
        waiting = reviews("", namespace)
    except RequestError as error:
        say(f"review    {error}")
        return 0, []
    decided = []
    for item in waiting:
        who = accounts.get(item.visit, "somebody")
        verb = "takes" if item.kind is Kind.TAKE else "puts back"
        what = f"{who} {verb} {item.quantity} x {item.sku or 'something'} at {item.shelf}"
        found = _on_the_shelf(store, item)
        if not found:
            say(f"review    {what}: {item.reason}; goes on waiting")
            continue
        values = {"kind": int(DecisionKind.CHANGE), "interaction": item.id, "by": NAME, "sku": found}
        values |= {"quantity": item.quantity, "note": "the package has another weight than the catalogue says"}
        try:
            ask("cart_aggregator/decide", "Decide", values, namespace)
        except RequestError as error:
            say(f"review    {what}: {error}")
            continue
        say(f"review    {what}: {item.reason}; {item.quantity} x {found}, confirmed by {NAME}")
        decided.append(item.visit)
    return sum(item.quantity for item in waiting if not item.sku), decided


def _on_the_shelf(store: Store, item: Interaction) -> str:
    """Return the one product that lies where something unknown was taken; empty where a look does not help."""
    found = {sku for plate in item.plates for sku in store.skus_on[plate]}
    if item.kind is not Kind.TAKE or item.sku or not item.visit or len(found) != 1:
        return ""
    return found.pop()
