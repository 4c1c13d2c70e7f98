"""The published reference rule, as a baseline: who is nearest takes what fits place and weight best.

The system that won the AutoCheckout competition (CPS-IoT Week 2020) scores each product by 0.8 x its share
of the change by the planogram plus 0.2 x the likelihood of the weight with a deviation of 10 g, gives what
was taken to the person nearest to the plates at the event, and takes a put-back for the item in that
person's cart whose weight is nearest.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from just_walk_out.records import ShelfEvent, TrackArray
from just_walk_out.store.model import Store

_PLACE, _WEIGHT = 0.8, 0.2
_SIGMA = 0.010


class ReferenceRule:
    """Carts by the rule, from the same shelf events and tracks as ours."""

    def __init__(self, store: Store) -> None:
        """Take the planogram and the catalogue."""
        self._store = store
        self._plates = {
            sku: frozenset(plate for facing in store.planogram if facing.sku == sku for plate in facing.plates)
            for sku in store.product
        }

    def nearest(self, event: ShelfEvent, tracks: TrackArray) -> str:
        """Return the id of the track nearest to the plates of an event on the floor; empty when there is none."""
        if not tracks.tracks:
            return ""
        weights = np.abs(np.array(event.change)) + 1e-9
        places = np.array([self._store.plate_position[plate][:2] for plate in event.plates])
        x, y = weights @ places / weights.sum()
        return min(tracks.tracks, key=lambda track: (math.hypot(track.x - x, track.y - y), track.id)).id

    def apply(self, event: ShelfEvent, cart: Counter[str]) -> tuple[str, int]:
        """Change the cart of whoever did it.

        Args:
            event: what changed.
            cart: units by product; changed.

        Returns:
            The product and the units put into the cart (negative: taken out); nothing for a put-back into the blue.
        """
        total = float(sum(event.change))
        if total > 0.0:
            return self._put_back(total, cart)
        products = [product for product in self._store.product.values() if product.weight > 0.0]
        changed = sum(abs(change) for change in event.change)
        fits = {}
        for product in products:
            units = max(1, round(-total / product.weight))
            fits[product.sku] = (units, math.exp(-0.5 * ((-total - units * product.weight) / _SIGMA) ** 2))
        whole = sum(fit for _, fit in fits.values()) or 1.0
        scores = []
        for product in products:
            moved = [abs(c) for p, c in zip(event.plates, event.change, strict=True) if p in self._plates[product.sku]]
            place = sum(moved) / changed if changed else 0.0
            units, fit = fits[product.sku]
            scores.append((_PLACE * place + _WEIGHT * fit / whole, product.sku, units))
        _, sku, units = max(scores)
        cart[sku] += units
        return sku, units

    def _put_back(self, total: float, cart: Counter[str]) -> tuple[str, int]:
        options = [
            (abs(total - units * self._store.product[sku].weight), sku, units)
            for sku, held in sorted(cart.items())
            for units in range(1, held + 1)
        ]
        if not options:
            return "", 0
        _, sku, units = min(options)
        cart[sku] -= units
        return sku, -units
