"""What is valid in a store description and yet worth a second look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from just_walk_out.store.check_floor import main_region, sides
from just_walk_out.store.coverage import views
from just_walk_out.store.model import Store
from just_walk_out.store.walkable import walkable

DEMO_KEY = "taL5+aVWkVrNdFH0cjXH52IcxfJ8cJlj2u3QIHnZtLE="
"""Public half of the key that is published with the demo store."""
ALIKE = 0.005
"""Kilograms below which two products on one plate cannot be told apart; a quiet shelf wanders by a few grams."""


def concerns(store: Store) -> tuple[str, ...]:
    """Return one line for each concern."""
    return (*_entry(store), *_plates(store), *_products(store), *_cameras(store))


def _entry(store: Store) -> Iterator[str]:
    if DEMO_KEY in store.entry.public_keys:
        yield "entry: trusts the published demonstration key, so anyone can issue codes; use a key of your own"
    ground = walkable(store.floor, store.walls, store.gondolas, store.gates)
    inside = main_region(ground, store.gondolas)
    for gate in store.gates:
        if gate.admits and gate.reader is None:
            yield f"gate {gate.id}: has no reader, nobody can show a code there"
        if inside in sides(ground, gate)[1]:
            yield f"gate {gate.id}: people can walk around its line unseen"


def _plates(store: Store) -> Iterator[str]:
    weighed = {channel.plate for bus in store.buses for channel in bus.channels}
    for plate in store.plate:
        if plate not in weighed:
            yield f"plate {plate}: has no channel, nothing taken there is noticed by weight"
        if not store.skus_on[plate]:
            yield f"plate {plate}: has no product in the planogram"


def _products(store: Store) -> Iterator[str]:
    placed = {facing.sku for facing in store.planogram}
    for product in store.products:
        if product.sku not in placed:
            yield f"product {product.sku}: has no place in the planogram"
    for plate, skus in store.skus_on.items():
        for one, other in combinations(skus, 2):
            apart = abs(store.product[one].weight - store.product[other].weight)
            if apart < ALIKE:
                yield f"plate {plate}: {one} and {other} weigh the same within {apart * 1000:.0f} g"


def _cameras(store: Store) -> Iterator[str]:
    reading = {gate.reader.camera for gate in store.gates if gate.reader is not None}
    for camera in store.cameras:
        if camera.role == "reader" and camera.id not in reading:
            yield f"camera {camera.id}: is a reader, and no gate uses it"
    seen = views(store)
    if len(seen) and np.any(seen < 2):
        share = float(np.mean(seen < 2))
        yield f"cameras: {share:.0%} of the floor is in the picture of fewer than two overview cameras"
