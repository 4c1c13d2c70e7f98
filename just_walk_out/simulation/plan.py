"""What people mean to do: actions, parties, and random traffic."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from just_walk_out.store.model import Point, Store

Kind = Literal["take", "put_back", "put_back_wrong", "restock", "touch", "lean", "wait", "walk", "hand_over", "drop"]
Manner = Literal["normal", "quick", "slow", "together"]
Noise = Literal["quiet", "normal", "rough"]


@dataclass(frozen=True)
class Action:
    """One thing a shopper does.

    Attributes:
        kind: what.
        sku: product, empty for whatever stands on the plate.
        plate: where; empty lets the shopper choose.
        quantity: units, >= 1.
        manner: one unit after another (normal, quick), or all at once (together, slow).
        seconds: how long to wait or lean.
        to: where to walk, metres, map.
        at: second of the scenario before which the hand does not move, so that two can reach at once.
        person: id of who gets what is handed over.
    """

    kind: Kind
    sku: str = ""
    plate: str = ""
    quantity: int = 1
    manner: Manner = "normal"
    seconds: float = 0.0
    to: Point | None = None
    at: float = 0.0
    person: str = ""


@dataclass(frozen=True)
class Party:
    """People who come in on one code.

    Attributes:
        id: of the payer, who shows the code; the others are ``<id>.2``, ``<id>.3`` ...
        account: who pays.
        arrival: seconds after the scenario's start.
        gate: id of the entry gate; empty for the first that admits.
        exit: id of the exit gate; empty for the first that releases.
        staff: works in the store.
        members: what each person does, the payer first.
    """

    id: str
    account: str
    arrival: float
    members: tuple[tuple[Action, ...], ...]
    gate: str = ""
    exit: str = ""
    staff: bool = False

    def person_ids(self) -> tuple[str, ...]:
        """Ids of the people, the payer first."""
        return (self.id, *(f"{self.id}.{number}" for number in range(2, len(self.members) + 1)))


@dataclass(frozen=True)
class Traffic:
    """Random shoppers: how many, how fast they come, how many units each takes, how often one is put back."""

    shoppers: int
    arrivals_per_minute: float
    units: tuple[int, int] = (0, 4)
    put_back: float = 0.25
    put_back_wrong: float = 0.2
    groups: float = 0.15


def draw_traffic(traffic: Traffic, store: Store, seed: int) -> tuple[Party, ...]:
    """Draw who comes when and buys what; gates are left open."""
    rng = np.random.default_rng([seed, zlib.crc32(b"traffic")])
    sold = sorted({facing.sku for facing in store.planogram})
    parties = []
    arrival = 0.0
    for number in range(1, traffic.shoppers + 1):
        size = 1 + int(rng.random() < traffic.groups)
        members = tuple(_draw_actions(traffic, store, sold, rng) for _ in range(size))
        parties.append(Party(f"r{number}", f"account-r{number}", round(arrival, 3), members))
        arrival += max(2.0, float(rng.exponential(60.0 / traffic.arrivals_per_minute)))
    return tuple(parties)


def _draw_actions(traffic: Traffic, store: Store, sold: list[str], rng: np.random.Generator) -> tuple[Action, ...]:
    actions: list[Action] = []
    left = int(rng.integers(traffic.units[0], traffic.units[1] + 1))
    while left > 0:
        sku = sold[int(rng.integers(len(sold)))]
        quantity = min(left, int(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07])))
        left -= quantity
        manner = cast(Manner, str(rng.choice(["normal", "quick", "slow", "together"], p=[0.6, 0.15, 0.15, 0.1])))
        actions.append(Action("take", sku, quantity=quantity, manner=manner))
        if rng.random() < 0.3:
            actions.append(Action("wait", seconds=float(rng.uniform(0.5, 3.0))))
        if rng.random() < traffic.put_back:
            wrong = [plate for plate in sorted(store.plate) if sku not in store.skus_on[plate]]
            if wrong and rng.random() < traffic.put_back_wrong:
                actions.append(Action("put_back_wrong", sku, wrong[int(rng.integers(len(wrong)))]))
            else:
                actions.append(Action("put_back", sku))
    if not actions:
        shelf = sorted(store.plate)[int(rng.integers(len(store.plate)))]
        actions = [Action("touch", plate=shelf), Action("wait", seconds=2.0)]
    return tuple(actions)
