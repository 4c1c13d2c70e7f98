"""People are solid: nobody walks through anybody, and everybody still gets through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store


def nearest(world: World) -> NDArray[np.float64]:
    """Distance of each person inside to the next, metres."""
    places = np.array([(each.x, each.y) for each in world.figures(world.now) if each.y > 0.8]).reshape(-1, 2)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return apart.min(axis=1, initial=np.inf)


def test_bodies_of_a_crowd_do_not_overlap_and_who_stands_at_a_shelf_is_not_pushed_away(
    store: Store, scenarios: Path
) -> None:
    world = World(store, load_scenario(scenarios / "crowd.yaml", store), 4)
    near = []
    stood: dict[tuple[str, object], list[float]] = {}
    while not world.finished and world.now < 90.0:
        world.advance(world.now + 0.25)
        near.append(nearest(world))
        # A new stance is another one: between two actions somebody may take a step.
        stands = {(each.id, each.stance): each.position.tolist() for each in world.people if each.anchored}
        assert all(stood.get(who, place) == place for who, place in stands.items())
        stood = stands
    apart = np.concatenate(near)
    assert len(apart) > 1000 and (apart < 0.8).mean() > 0.1
    # Only between fixtures and several others can somebody be squeezed.
    assert (apart < 0.38).mean() < 0.02 and apart.min() > 0.15
