"""Scenarios of the receipts benchmark: plain shopping, the ten ways in which known systems fail, and traffic.

Each makes one episode from a store and a random generator: who comes, what they do, and where the goods
differ from the planogram. Products, places and times are drawn, so that no episode is like another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Literal, cast

import numpy as np

from just_walk_out.simulation.plan import Action, Manner, Party
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.store.model import Store

Rng = np.random.Generator
_ALIKE = 0.003
_VISIT = 75.0
_GATE_GAP = 6.5


class Shop:
    """What of a store the scenarios draw from."""

    def __init__(self, store: Store, rng: Rng) -> None:
        """Look the store over."""
        self.store = store
        self.rng = rng
        self.sold = sorted({facing.sku for facing in store.planogram})
        self.plates = sorted(plate for plate, skus in store.skus_on.items() if skus)
        self.neighbours = [
            (first.id, second.id)
            for shelf in store.shelf.values()
            for first, second in pairwise(sorted(shelf.plates, key=lambda plate: plate.pose.x))
            if store.skus_on[first.id] and store.skus_on[second.id]
            and set(store.skus_on[first.id]).isdisjoint(store.skus_on[second.id])
        ]  # fmt: skip
        self.alike = [
            (one, other)
            for one, other in combinations(self.sold, 2)
            if abs(store.product[one].weight - store.product[other].weight) <= _ALIKE
            and self.home(one).rsplit("/", 1)[0] != self.home(other).rsplit("/", 1)[0]
        ]

    def home(self, sku: str) -> str:
        """Return the first plate of a product."""
        return next(plate for plate in self.plates if sku in self.store.skus_on[plate])

    def sku(self) -> str:
        """Draw a product."""
        return self.sold[int(self.rng.integers(len(self.sold)))]

    def skus(self, count: int) -> list[str]:
        """Draw products that differ."""
        return [self.sold[index] for index in self.rng.choice(len(self.sold), count, replace=False)]

    def on(self, plate: str) -> str:
        """Draw a product of a plate."""
        return str(self.rng.choice(self.store.skus_on[plate]))

    def pair(self, pairs: list[tuple[str, str]]) -> tuple[str, str]:
        """Draw a pair, in either order."""
        one, other = pairs[int(self.rng.integers(len(pairs)))]
        return (one, other) if self.rng.random() < 0.5 else (other, one)

    def foreign_plate(self, sku: str) -> str:
        """Draw a plate where a product does not belong, of another shelf."""
        home = {plate.rsplit("/", 1)[0] for plate in self.plates if sku in self.store.skus_on[plate]}
        free = [plate for plate in self.plates if plate.rsplit("/", 1)[0] not in home]
        return free[int(self.rng.integers(len(free)))]

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return float(self.rng.uniform(low, high))


@dataclass(frozen=True)
class Case:
    """A kind of episode.

    Attributes:
        name: as printed.
        kind: plain, one of the failures, or traffic.
        make: draws an episode.
        shoppers: people in the store at once on average, of traffic.
    """

    name: str
    kind: Literal["plain", "failure", "traffic"]
    make: Callable[[Shop], Scenario]
    shoppers: int = 0


def _take(sku: str, plate: str = "", quantity: int = 1, manner: Manner = "normal", at: float = 0.0) -> Action:
    return Action("take", sku, plate, quantity, manner, at=at)


def _wait(seconds: float) -> Action:
    return Action("wait", seconds=seconds)


def _scenario(
    name: str,
    *people: tuple[Action, ...],
    gap: float = _GATE_GAP,
    stock: dict[str, dict[str, int]] | None = None,
    weights: dict[str, float] | None = None,
) -> Scenario:
    parties = tuple(Party(f"s{n}", f"account-s{n}", n * gap, (actions,)) for n, actions in enumerate(people, start=1))
    return Scenario(name, "normal", parties, stock=stock or {}, weights=weights or {})


def _plain_single(shop: Shop) -> Scenario:
    actions = [_take(sku, quantity=int(shop.rng.choice([1, 2], p=[0.8, 0.2]))) for sku in shop.skus(3)]
    return _scenario("single", tuple(actions))


def _plain_put_back(shop: Shop) -> Scenario:
    keep, back = shop.skus(2)
    return _scenario("put back", (_take(back), _wait(shop.between(0.5, 4.0)), Action("put_back", back), _take(keep)))


def _plain_several(shop: Shop) -> Scenario:
    return _scenario("several", *(tuple(_take(sku) for sku in shop.skus(2)) for _ in range(3)))


def _same_weight(shop: Shop) -> Scenario:
    moved, there = shop.pair(shop.alike)
    plate = shop.home(there)
    first = (_take(moved), Action("put_back_wrong", moved, plate), _take(shop.sku()))
    takes = _take(moved, plate, at=60.0) if shop.rng.random() < 0.5 else _take(there, plate, at=60.0)
    return _scenario("same weight, wrong place, taken again", first, (takes,))


def _side_by_side(shop: Shop) -> Scenario:
    one, other = shop.pair(shop.neighbours)
    at = 35.0
    return _scenario(
        "side by side, at once",
        (_take(shop.on(one), one, at=at + shop.between(0.0, 1.0)),),
        (_take(shop.on(other), other, at=at + shop.between(0.0, 1.0)),),
    )


def _same_shelf(shop: Shop) -> Scenario:
    """Two at one product, within seconds of each other, so that arms cross."""
    plate = shop.plates[int(shop.rng.integers(len(shop.plates)))]
    sku, at = shop.on(plate), 35.0
    return _scenario(
        "same product, two people",
        (_take(sku, plate, at=at), _take(shop.sku())),
        (_take(sku, plate, at=at + shop.between(0.8, 3.0)),),
    )


def _hand_over(shop: Shop) -> Scenario:
    given, swapped, kept = shop.skus(3)
    first = (_take(given), Action("hand_over", given, person="s2", at=50.0), _wait(2.0))
    second: tuple[Action, ...] = (_take(swapped), Action("hand_over", swapped, person="s1", at=50.0), _wait(1.0))
    if shop.rng.random() < 0.5:  # what was received goes back to its shelf: nobody pays
        second = (*second, Action("put_back", given, shop.home(given)))
    return _scenario("exchange and hand-over", first, (*second, _take(kept)))


def _put_backs(shop: Shop) -> Scenario:
    plate = shop.plates[int(shop.rng.integers(len(shop.plates)))]
    shelf = plate.rsplit("/", 1)[0]
    near = sorted({sku for item in shop.plates if item.startswith(shelf + "/") for sku in shop.store.skus_on[item]})
    people = []
    for number in range(3):
        one, two = (near[index] for index in shop.rng.choice(len(near), 2, replace=len(near) < 2))
        back = Action("put_back", one)
        people.append((_take(one), _take(two), _wait(shop.between(0.5, 3.0)), back, _wait(1.0 + number)))
    return _scenario("many put-backs of three", *people)


def _slow(shop: Shop) -> Scenario:
    one, two = shop.skus(2)
    plate = shop.plates[int(shop.rng.integers(len(shop.plates)))]
    actions = [
        _take(one, manner="slow"),
        Action("touch", plate=plate),
        Action("lean", plate=shop.home(two), seconds=shop.between(1.0, 4.0)),
        _take(two, manner="slow"),
    ]
    return _scenario("slow, leaning, touching", tuple(actions))


def _units(shop: Shop) -> Scenario:
    one, two = shop.pair(shop.neighbours)
    manner = cast(Manner, str(shop.rng.choice(["together", "quick"])))
    first = (
        _take(shop.on(one), one, int(shop.rng.integers(2, 4)), manner),
        _take(shop.on(two), two, 1, "quick"),
    )
    return _scenario("several at once, quick picks", first)


def _misplaced(shop: Shop) -> Scenario:
    """A plate is filled with something else, or a product weighs twice what the catalogue says."""
    plate = shop.plates[int(shop.rng.integers(len(shop.plates)))]
    if shop.rng.random() < 0.5:
        stranger = shop.sku()
        while stranger in shop.store.skus_on[plate]:
            stranger = shop.sku()
        people = [(_take(stranger, plate), _take(shop.sku())) for _ in range(3)]
        return _scenario("misplaced", *people, stock={plate: {stranger: 6}})
    sku = shop.on(plate)
    people = [(_take(sku, plate), _take(shop.sku())) for _ in range(3)]
    return _scenario("wrong weight", *people, weights={sku: 2.0 * shop.store.product[sku].weight})


def _left_behind(shop: Shop) -> Scenario:
    one, two, three = shop.skus(3)
    first = (_take(one), Action("drop", one), _take(two), Action("put_back_wrong", two, shop.foreign_plate(two)))
    return _scenario("left on floor, other fixture", (*first, _take(three)), (_take(shop.sku()),))


def _group(shop: Shop) -> Scenario:
    one, two, three, four = shop.skus(4)
    payer = (_take(one), _wait(shop.between(0.0, 4.0)))
    second = (_take(two), Action("hand_over", two, person="family", at=45.0), _take(three))
    third: tuple[Action, ...] = (_wait(2.0), _take(four), Action("put_back", four))
    members = (payer, second, third) if shop.rng.random() < 0.5 else (payer, second)
    family = Party("family", "account-family", 1.0, members)
    single = _scenario("group", (_take(shop.sku()),)).parties
    return Scenario("groups, one leaves early", "normal", (family, *(replace(p, arrival=16.0) for p in single)))


def _staff(shop: Shop) -> Scenario:
    plate = shop.plates[int(shop.rng.integers(len(shop.plates)))]
    sku = shop.on(plate)
    gates = [gate for gate in shop.store.gates if gate.releases]
    gate = gates[0]
    middle = np.add(gate.start, gate.end) / 2.0 + np.array(gate.inward) * 1.1
    stand = Action("walk", to=(float(middle[0]), float(middle[1])))
    filling = (Action("restock", sku, plate, 3), stand, _wait(12.0))
    staff = Party("clerk", "account-clerk", 1.0, (filling,), staff=True)
    others = _scenario("staff", (_take(sku, plate), _take(shop.sku())), (_take(shop.sku()),)).parties
    return Scenario("staff restocks, stands at gates", "normal", (staff, *others))


def _traffic(shop: Shop, shoppers: int) -> Scenario:
    """Visits of about 75 s each, so many at a time on average."""
    rng = shop.rng
    parties, arrival = [], 0.0
    for number in range(1, max(24, round(2.5 * shoppers)) + 1):
        size = 1 + int(rng.random() < 0.15)
        members = tuple(_basket(shop) for _ in range(size))
        parties.append(Party(f"r{number}", f"account-r{number}", round(arrival, 3), members))
        arrival += max(1.0, float(rng.exponential(_VISIT / shoppers)))
    return Scenario(f"{shoppers} shoppers", "normal", tuple(parties))


def _basket(shop: Shop) -> tuple[Action, ...]:
    rng, actions = shop.rng, [_wait(shop.between(0.0, 6.0))]
    for sku in shop.skus(int(rng.integers(1, 6))):
        quantity = int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05]))
        manner = cast(Manner, str(rng.choice(["normal", "quick", "slow", "together"], p=[0.65, 0.15, 0.1, 0.1])))
        actions.append(_take(sku, quantity=quantity, manner=manner))
        actions.append(_wait(shop.between(1.0, 9.0)))
        chance = rng.random()
        if chance < 0.12:
            actions.append(Action("put_back", sku))
        elif chance < 0.15:
            actions.append(Action("put_back_wrong", sku, shop.foreign_plate(sku)))
    return tuple(actions)


def _of(shoppers: int) -> Callable[[Shop], Scenario]:
    return lambda shop: _traffic(shop, shoppers)


CASES = (
    Case("single", "plain", _plain_single),
    Case("put back", "plain", _plain_put_back),
    Case("three apart", "plain", _plain_several),
    Case("same weight, wrong place, retaken", "failure", _same_weight),
    Case("side by side, at once", "failure", _side_by_side),
    Case("same product, two people", "failure", _same_shelf),
    Case("exchange, hand-over", "failure", _hand_over),
    Case("many put-backs of three", "failure", _put_backs),
    Case("slow, leaning, touching", "failure", _slow),
    Case("several at once, quick", "failure", _units),
    Case("misplaced, wrong weight", "failure", _misplaced),
    Case("left on floor, elsewhere", "failure", _left_behind),
    Case("groups", "failure", _group),
    Case("staff", "failure", _staff),
    *(
        Case(f"{count} shopper{'s' if count > 1 else ''}", "traffic", _of(count), count)
        for count in (1, 2, 5, 10, 20, 30)
    ),
)
