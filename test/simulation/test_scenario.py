from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from just_walk_out.simulation.scenario import ScenarioError, load_scenario, parse_scenario
from just_walk_out.store.model import Store


def one(**party: Any) -> dict[str, Any]:
    return {"shoppers": [{"id": "a", "arrival": 0.0, **party}]}


@pytest.mark.parametrize("name", ["demo", "plain", "crowd", "packs"])
def test_scenarios_that_come_with_the_store_load(store: Store, scenarios: Path, name: str) -> None:
    scenario = load_scenario(scenarios / f"{name}.yaml", store)
    plan = scenario.plan(store, 1)
    assert scenario.name == name
    assert [party.arrival for party in plan] == sorted(party.arrival for party in plan)
    assert all(store.gate[party.gate].admits and store.gate[party.exit].releases for party in plan)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "expected shoppers or random traffic"),
        ([], "scenario: expected a mapping"),
        ({"colour": 1, **one()}, "scenario: unknown key 'colour'"),
        ({"noise": "loud", **one()}, "noise: expected one of"),
        (one(gate="backdoor"), "shoppers[0].gate: the store has no gate 'backdoor'"),
        (one(actions=[{"take": "moon_rock"}]), "take.sku: the store has no product 'moon_rock'"),
        (one(actions=[{"take": {"plate": "g9/s1/p1"}}]), "take.plate: the store has no plate"),
        (one(actions=[{"take": {"sku": "milk", "quantity": 0}}]), "quantity: expected at least 1"),
        (one(actions=[{"take": {"sku": "milk", "manner": "wild"}}]), "manner: expected one of"),
        (one(actions=[{"juggle": "milk"}]), "expected one of take, put_back"),
        (one(actions=[{"put_back_wrong": "milk"}]), "expected a plate or a shelf"),
        (one(actions=["take"]), "expected one action such as"),
        ({"random": {"shoppers": 3}}, "random: expected shoppers and arrivals_per_minute"),
        ({"stock": {"g1/s1/p1": {"x": 1}}, **one()}, "stock.g1/s1/p1.x: the store has no product"),
        ({"shoppers": [{"id": "a", "arrival": 0}, {"id": "a", "arrival": 1}]}, "ids must differ"),
    ],
)
def test_a_wrong_scenario_is_refused_in_one_line(store: Store, raw: Any, complaint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw, store)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_file_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("shoppers: [", encoding="utf-8")
    for name in ("broken.yaml", "missing.yaml"):
        with pytest.raises(ScenarioError, match=name):
            load_scenario(tmp_path / name, store)


def test_companions_make_a_party_on_one_code(store: Store) -> None:
    scenario = parse_scenario(one(actions=[{"take": "milk"}], companions=[[{"wait": 1}], []]), store)
    (party,) = scenario.plan(store, 1)
    assert party.person_ids() == ("a", "a.2", "a.3")


def test_random_traffic_follows_the_seed(store: Store) -> None:
    scenario = parse_scenario({"random": {"shoppers": 12, "arrivals_per_minute": 10}}, store)
    assert scenario.plan(store, 3) == scenario.plan(store, 3)
    assert scenario.plan(store, 3) != scenario.plan(store, 4)
    assert {party.gate for party in scenario.plan(store, 3)} == {gate.id for gate in store.gates if gate.admits}
