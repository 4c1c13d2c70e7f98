from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from just_walk_out.simulation.scenario import load_scenario, parse_scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Gate, Store


def play(world: World, limit: float = 400.0) -> World:
    while not world.finished and world.now < limit:
        world.advance(world.now + 1.0)
    assert world.finished, f"still in the store after {limit} s: {[person.id for person in world.people]}"
    return world


def facts(world: World, kind: str) -> list[dict[str, Any]]:
    return [moment.facts for moment in world.moments if moment.kind == kind]


def test_the_day_follows_the_seed_and_not_the_calls(store: Store, scenarios: Path) -> None:
    scenario = load_scenario(scenarios / "demo.yaml", store)
    coarse, fine, other = World(store, scenario, 5), World(store, scenario, 5), World(store, scenario, 6)
    for second in range(0, 40, 10):
        coarse.advance(second)
    for tick in range(30 * 37):
        fine.advance(tick / 37)
    fine.advance(30.0)
    other.advance(30.0)
    assert coarse.moments == fine.moments
    assert coarse.figures(30.0) == fine.figures(30.0)
    assert coarse.moments != other.moments


@pytest.mark.parametrize("seed", [1, 2])
def test_goods_are_neither_made_nor_lost(store: Store, seed: int) -> None:
    raw = {"random": {"shoppers": 14, "arrivals_per_minute": 12, "put_back": 0.6, "put_back_wrong": 0.5}}
    world = World(store, parse_scenario(raw, store), seed)
    before = Counter(unit.sku for units in world.stock.units.values() for unit in units)
    play(world)
    after = Counter(unit.sku for units in world.stock.units.values() for unit in units)
    gone: Counter[str] = Counter()
    for left in facts(world, "left"):
        gone.update(left["units"])
    assert after + gone == before
    moved: Counter[str] = Counter()
    for kind, sign in (("take", 1), ("put_back", -1), ("put_back_wrong", -1)):
        for event in facts(world, kind):
            moved[event["sku"]] += sign * event["quantity"]
    assert +moved == gone
    for plate in store.plate:
        change = sum(handling.change for handling in world.handlings if handling.plate == plate)
        assert world.stock.weight(plate) == pytest.approx(world.initial_weight[plate] + change, abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_stands_on_a_plate_is_what_it_carries(store: Store, seed: int) -> None:
    """A thing stands there until it has been lifted, however long a hand reached or waited for it before."""
    raw = {"random": {"shoppers": 14, "arrivals_per_minute": 12, "put_back": 0.6, "put_back_wrong": 0.5}}
    world = World(store, parse_scenario(raw, store), seed)
    reached_for = 0
    while not world.finished:
        world.advance(world.now + 0.25)
        for plate, units in world.stock.standing.items():
            handlings = [handling for handling in world.handlings if handling.plate == plate]
            # people act before the step is counted
            if all(handling.moved <= world.now - 2 * world.step_seconds for handling in handlings):
                carried = world.initial_weight[plate] + sum(handling.change for handling in handlings)
                assert sum(unit.weight for unit in units) == pytest.approx(carried, abs=1e-9)
            reached_for += len(units) > len(world.stock.units[plate])
    assert reached_for
    assert all(Counter(world.stock.standing[plate]) == Counter(units) for plate, units in world.stock.units.items())


def test_the_demo_ends_with_what_its_script_says(store: Store, scenarios: Path) -> None:
    world = play(World(store, load_scenario(scenarios / "demo.yaml", store), 1), 90.0)
    bought = {line["party"]: line["units"] for line in facts(world, "party_left")}
    assert bought == {
        "ada": {"cola_can": 1},
        "ben": {"chocolate_dark": 1, "tortilla_chips": 2},
        "cleo": {"oats": 1},
        "dora": {},
        "emil": {"milk": 1, "spaghetti": 2},
        "finn": {"lemonade": 1},
        "gina": {"olive_oil": 1, "passata": 1},
        "hugo": {"energy_drink": 3},
        "ivan": {"coffee_beans": 1, "hazelnut_spread": 1},
    }
    (group,) = (line for line in facts(world, "party_left") if line["party"] == "emil")
    assert sorted(group["people"]) == ["emil", "emil.2"]
    assert [showing.shopper for showing in world.showings].count("emil") == 1


def test_people_walk_like_people(store: Store, scenarios: Path) -> None:
    world = World(store, load_scenario(scenarios / "crowd.yaml", store), 2)
    solid = [np.array(gondola.footprint(), np.float32) for gondola in store.gondolas]
    last: dict[str, tuple[float, float]] = {}
    while not world.finished and world.now < 90.0:
        world.advance(world.now + world.step_seconds)
        for figure in world.figures(world.now):
            here = (figure.x, figure.y)
            if figure.id in last:
                speed = float(np.hypot(here[0] - last[figure.id][0], here[1] - last[figure.id][1])) / world.step_seconds
                assert speed < 1.6
            last[figure.id] = here
            assert all(cv2.pointPolygonTest(outline, here, True) < 0.02 for outline in solid)


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_gets_through(store: Store, scenarios: Path, seed: int) -> None:
    world = play(World(store, load_scenario(scenarios / "crowd.yaml", store), seed))
    assert len(facts(world, "party_left")) == 30
    for line in facts(world, "left"):
        assert 0.0 < line["entered"] < line["exited"]


def test_one_gate_can_be_both_entry_and_exit(store: Store) -> None:
    gate = Gate("door", "both", (0.4, 0.6), (2.6, 0.6), store.gates[0].reader)
    raw = {"random": {"shoppers": 8, "arrivals_per_minute": 10}}
    store = replace(store, gates=(gate,))
    world = play(World(store, parse_scenario(raw, store), 1))
    assert len(facts(world, "party_left")) == 8


def test_hands_touch_a_plate_from_in_front_of_it(store: Store, scenarios: Path) -> None:
    world = World(store, load_scenario(scenarios / "demo.yaml", store), 3)
    seen = 0
    while not world.finished:
        world.advance(world.now + world.step_seconds)
        for handling in world.handlings[seen:]:
            person = next(person for person in world.people if person.id == handling.person)
            front = np.array(store.front_of(handling.plate))
            assert 0.2 < float(np.hypot(*(person.position - front))) < 1.0
            assert handling.start >= world.now
        seen = len(world.handlings)
    assert seen >= 15


def test_stock_and_weights_of_a_scenario_win_over_the_planogram(store: Store) -> None:
    raw = {
        "shoppers": [{"id": "a", "arrival": 0, "actions": [{"take": {"plate": "g1/s1/p1"}}, {"take": "wine_red"}]}],
        "stock": {"g1/s1/p1": {"milk": 2}, "g5/s1/p1": {}, "g5/s1/p2": {}},
        "weights": {"milk": 2.094},
    }
    world = World(store, parse_scenario(raw, store), 1)
    assert world.initial_weight["g1/s1/p1"] == pytest.approx(4.188, abs=0.02)
    play(world)
    (left,) = facts(world, "party_left")
    assert left["units"] == {"milk": 1}
    assert [line["sku"] for line in facts(world, "missed")] == ["wine_red"]


def test_staff_restock_and_lean(store: Store) -> None:
    actions = [{"restock": {"sku": "milk", "quantity": 4, "manner": "together"}}, {"lean": {"plate": "g4/s1/p1"}}]
    raw = {"shoppers": [{"id": "s", "arrival": 0, "staff": True, "actions": actions}]}
    world = World(store, parse_scenario(raw, store), 1)
    before = world.stock.weight("g4/s1/p2")
    play(world)
    assert world.stock.weight("g4/s1/p2") == pytest.approx(before + 4 * 1.047, abs=0.05)
    assert facts(world, "lean") and facts(world, "party_left")[0]["staff"] is True
    assert facts(world, "party_left")[0]["units"] == {}
