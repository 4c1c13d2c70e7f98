"""Scenarios of the shelf view benchmark: where weight cannot tell products, and position cannot tell people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np

from just_walk_out.simulation.plan import Action, Manner, Party
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.watched import SIDES, shelf_camera
from just_walk_out.store.model import Facing, Store

Rng = np.random.Generator

_GAP = 6.5
_AT = 32.0
_BROWSERS, _PUTS_BACK = 4, 0.35


def dresses_of(store: Store, seed: int, alike: bool) -> dict[str, str]:
    """Return what packs look like, by SKU: drawn anew for each seed.

    Args:
        store: whose catalogue.
        seed: of the looks.
        alike: products that stand next to each other in the catalogue are two kinds of one brand; else each is its own.
    """
    skus = [product.sku for product in store.products]
    if not alike:
        return {sku: f"{seed} {sku}" for sku in skus}
    return {sku: f"{seed} {skus[index - index % 2]}/{index % 2 + 1}" for index, sku in enumerate(skus)}


def watched_store(store: Store, photos: Path) -> Store:
    """Return a store with three shelf cameras at its first gondola, and photos of its products.

    Args:
        store: without shelf cameras.
        photos: folder with a folder of photos a product, named after its SKU.
    """
    gondola = store.gondolas[0]
    cameras = (*store.cameras, *(shelf_camera(gondola, side) for side in SIDES))
    products = tuple(replace(product, photos=str(photos / product.sku)) for product in store.products)
    return replace(store, cameras=cameras, products=products)


def _plates(store: Store) -> list[str]:
    return [plate.id for shelf in store.gondolas[0].shelves for plate in shelf.plates]


def _draw(items: list[str], count: int, rng: Rng) -> list[str]:
    return [items[index] for index in rng.choice(len(items), count, replace=False)]


def _parties(*people: tuple[Action, ...]) -> tuple[Party, ...]:
    return tuple(Party(f"s{n}", f"account-s{n}", n * _GAP, (acts,)) for n, acts in enumerate(people, start=1))


def _alike(store: Store, rng: Rng) -> tuple[Store, Scenario]:
    """Two products that weigh the same stand side by side on one plate; each of three people takes one."""
    plates = _draw(_plates(store), 3, rng)
    home = {sku for plate in plates for sku in store.skus_on[plate]}
    away = [product.sku for product in store.products if product.sku not in home]
    facings = [facing for facing in store.planogram if not set(facing.plates) & set(plates)]
    products = {product.sku: product for product in store.products}
    people = []
    for plate, other in zip(plates, _draw(away, 3, rng), strict=True):
        one = store.skus_on[plate][0]
        products[other] = replace(
            products[other], weight=products[one].weight, weight_spread=products[one].weight_spread
        )
        facings = [facing for facing in facings if facing.sku not in (one, other)]
        facings += [Facing(one, (plate,)), Facing(other, (plate,))]
        wanted = one if rng.random() < 0.5 else other
        people.append((Action("take", wanted, plate),))
    changed = replace(store, products=tuple(products.values()), planogram=tuple(facings))
    return changed, Scenario("alike", "normal", _parties(*people))


def _wrong_place(store: Store, rng: Rng) -> tuple[Store, Scenario]:
    """Somebody puts a thing back where another of equal weight belongs, and somebody else takes from there."""
    plates = _plates(store)
    target = _draw([plate for plate in plates if len(store.skus_on[plate]) == 1], 1, rng)[0]
    there = store.skus_on[target][0]
    sold = [sku for plate in plates if plate != target for sku in store.skus_on[plate] if sku != there]
    moved = _draw(sorted(set(sold)), 1, rng)[0]
    weight = store.product[there].weight
    products = tuple(replace(each, weight=weight) if each.sku == moved else each for each in store.products)
    wanted = moved if rng.random() < 0.5 else there
    first = (Action("take", moved), Action("put_back_wrong", moved, target))
    second = (Action("take", wanted, target, at=50.0),)
    return replace(store, products=products), Scenario("wrong place", "normal", _parties(first, second))


def _two_people(store: Store, rng: Rng) -> tuple[Store, Scenario]:
    """Two people stand side by side and take from neighbouring plates within seconds, or from the same one."""
    shelf = store.gondolas[0].shelves[int(rng.integers(len(store.gondolas[0].shelves)))]
    ordered = sorted(shelf.plates, key=lambda plate: plate.pose.x)
    pairs = [(a.id, b.id) for a, b in pairwise(ordered)] + [(a.id, a.id) for a in ordered]
    one, other = pairs[int(rng.integers(len(pairs)))]
    if rng.random() < 0.5:
        one, other = other, one

    def take(plate: str, late: float) -> tuple[Action, ...]:
        return (Action("take", str(rng.choice(store.skus_on[plate])), plate, at=_AT + late),)

    late = float(rng.uniform(0.8, 3.0)) if one == other else float(rng.uniform(0.0, 1.0))
    scenario = Scenario("two people", "normal", _parties(take(one, 0.0), take(other, late)))
    return store, scenario


def _browsing(store: Store, rng: Rng) -> tuple[Store, Scenario]:
    """Four people at one gondola at a time take from it at will, in all manners, and put some of it back."""
    plates = _plates(store)
    people = []
    for _ in range(_BROWSERS):
        acts: list[Action] = []
        held: list[str] = []
        for _ in range(int(rng.integers(3, 6))):
            manner = cast(Manner, str(rng.choice(["normal", "quick", "slow"], p=[0.6, 0.2, 0.2])))
            if held and rng.random() < _PUTS_BACK:
                sku = held.pop()
                if rng.random() < 0.5:
                    wrong = _draw([plate for plate in plates if sku not in store.skus_on[plate]], 1, rng)[0]
                    acts.append(Action("put_back_wrong", sku, wrong, manner=manner))
                else:
                    acts.append(Action("put_back", sku, manner=manner))
                continue
            plate = plates[int(rng.integers(len(plates)))]
            sku = str(rng.choice(store.skus_on[plate]))
            acts.append(Action("take", sku, plate, manner=manner))
            held.append(sku)
        people.append(tuple(acts))
    return store, Scenario("browsing", "normal", _parties(*people))


CASES: dict[str, Callable[[Store, Rng], tuple[Store, Scenario]]] = {
    "same weight on one plate": _alike,
    "same weight, wrong place": _wrong_place,
    "two people at one shelf": _two_people,
    "four people browsing": _browsing,
}
"""Each draws a store and a scenario from a store with shelf cameras."""
