"""Shoppers who stay: they browse, cross each other's way and queue for shelves, so that a store is as full as wanted.

How many are in a store at a time is how many come in times how long they stay (Little 1961). Two doors let in no more
than about sixteen a minute, so a store is full of people who stay for two minutes, not of people who come faster.
In each other's way, and at shelves others stand at, they stay longer than they mean to.
"""

from __future__ import annotations

import numpy as np

from just_walk_out.simulation.floor import Floor
from just_walk_out.simulation.plan import Action, Party
from just_walk_out.store.model import Point, Store

MOST = 34.0
"""Shoppers that can be asked for; from about 26 on two doors do not let in as many as leave."""

_MEANT = 115.0  # seconds from door to door, on average, if nobody were in the way
_STAY = 132.0  # that they take in fact, with 15 to 25 people inside
_SPREAD = 0.4  # of that, share by which a visit is shorter or longer at most
_FILLING = 15.0  # come in a minute until as many are inside as are wanted
_APART = 2.0  # seconds from one to the next, at least
_DOORS = 12.0  # seconds of a visit that go into coming in and leaving
_TAKING, _WALKING = 8.0, 4.0  # seconds that taking a thing and walking to a place cost
_TAKES = 0.4  # share of stops at which something is taken
_LOOKING = (2.0, 10.0)  # seconds for which somebody stands and looks


def filling(present: float) -> float:
    """Return after how many seconds as many are inside as are wanted."""
    return 60.0 * present / _FILLING + _DOORS - _APART


def visits(store: Store, seed: int, seconds: float, present: float) -> tuple[Party, ...]:
    """Draw who comes when, and what they do.

    Args:
        store: where they go.
        seed: of everything that is drawn.
        seconds: until which people come.
        present: how many are to be inside at a time, on average.
    """
    rng = np.random.default_rng([seed, 5])
    floor = Floor(store)
    sold = sorted({facing.sku for facing in store.planogram})
    parties: list[Party] = []
    arrival = 0.0
    while arrival < seconds:
        name = f"v{len(parties) + 1}"
        actions = _browse(store, floor, sold, rng)
        parties.append(Party(name, f"account-{name}", round(arrival, 3), (actions,)))
        gap = max(_APART, 60.0 / _FILLING if len(parties) < present else _STAY / present)
        # By no rhythm, but so evenly that ten minutes of any seed are about as full as was asked for.
        arrival += float(rng.uniform(_APART, 2.0 * gap - _APART))
    return tuple(parties)


def _browse(store: Store, floor: Floor, sold: list[str], rng: np.random.Generator) -> tuple[Action, ...]:
    actions: list[Action] = []
    left = _MEANT * float(rng.uniform(1.0 - _SPREAD, 1.0 + _SPREAD)) - _DOORS
    while left > 0.0:
        if rng.random() < _TAKES:
            actions.append(Action("take", sold[int(rng.integers(len(sold)))]))
            left -= _TAKING
        else:
            looking = float(rng.uniform(*_LOOKING))
            actions += [Action("walk", to=_spot(store, floor, rng)), Action("wait", seconds=looking)]
            left -= _WALKING + looking
    return tuple(actions)


def _spot(store: Store, floor: Floor, rng: np.random.Generator) -> Point:
    corners = np.array(store.floor)
    while True:
        x, y = rng.uniform(corners.min(axis=0), corners.max(axis=0))
        if floor.is_free((float(x), float(y))):
            return (float(x), float(y))
