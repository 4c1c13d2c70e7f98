"""Scenarios: who comes when, and what they do; read from YAML or drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml

from just_walk_out.simulation.plan import Action, Kind, Noise, Party, Traffic, draw_traffic
from just_walk_out.store.model import Store

__all__ = ["Party", "Scenario", "ScenarioError", "load_scenario", "parse_scenario"]

_MANNERS = ("normal", "quick", "slow", "together")
_NOISES = ("quiet", "normal", "rough")
_ALLOWED: dict[str, set[str]] = {
    "take": {"sku", "plate", "quantity", "manner", "at"},
    "put_back": {"sku", "plate", "quantity", "manner", "at"},
    "put_back_wrong": {"sku", "plate", "shelf", "quantity", "manner", "at"},
    "restock": {"sku", "plate", "quantity", "manner", "at"},
    "touch": {"plate", "at"},
    "lean": {"plate", "shelf", "seconds", "at"},
    "hand_over": {"sku", "quantity", "person", "at"},
    "drop": {"sku", "quantity", "at"},
}


class ScenarioError(ValueError):
    """A scenario that cannot be played; the message names file, place and what was expected."""


@dataclass(frozen=True)
class Scenario:
    """What happens in the store.

    Attributes:
        name: of the scenario.
        noise: how much the load cells are disturbed.
        parties: scripted shoppers.
        traffic: random ones.
        stock: units that stand on a plate instead of what the planogram says: plate -> sku -> units.
        weights: true weight of a product where the catalogue is wrong, kilograms.
    """

    name: str
    noise: Noise = "normal"
    parties: tuple[Party, ...] = ()
    traffic: Traffic | None = None
    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    def plan(self, store: Store, seed: int) -> tuple[Party, ...]:
        """Return every party that will come, random ones included, by arrival."""
        drawn = draw_traffic(self.traffic, store, seed) if self.traffic else ()
        ways_in = [gate.id for gate in store.gates if gate.admits]
        ways_out = [gate.id for gate in store.gates if gate.releases]
        if not ways_in or not ways_out:
            raise ScenarioError(f"store {store.id}: expected a gate that admits and a gate that releases people")
        parties = [
            replace(party, gate=party.gate or ways_in[0], exit=party.exit or ways_out[0]) for party in self.parties
        ]
        parties += [
            replace(party, gate=ways_in[index % len(ways_in)], exit=ways_out[index % len(ways_out)])
            for index, party in enumerate(drawn)
        ]
        return tuple(sorted(parties, key=lambda party: (party.arrival, party.id)))


def load_scenario(path: Path, store: Store) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: the file is missing or wrong; one line.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    try:
        return parse_scenario(raw, store, path.stem)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def parse_scenario(raw: Any, store: Store, name: str = "scenario") -> Scenario:
    """Check what a YAML file holds against the store and make a scenario of it.

    Raises:
        ScenarioError: names the place and what was expected.
    """
    keys = {"name", "description", "noise", "shoppers", "random", "stock", "weights"}
    top = _mapping(raw, "scenario", keys)
    noise = top.get("noise", "normal")
    if noise not in _NOISES:
        raise ScenarioError(f"noise: expected one of {', '.join(_NOISES)}, found {noise!r}")
    listed = top.get("shoppers") or []
    if not isinstance(listed, list):
        raise ScenarioError("shoppers: expected a list")
    parties = tuple(_party(item, store, f"shoppers[{index}]") for index, item in enumerate(listed))
    ids = [party.id for party in parties]
    if len(set(ids)) != len(ids):
        raise ScenarioError(f"shoppers: ids must differ, found {sorted(ids)}")
    stock = top.get("stock") or {}
    for plate, units in stock.items():
        _known(plate, store.plate, f"stock.{plate}", "plate")
        for sku in units:
            _known(sku, store.product, f"stock.{plate}.{sku}", "product")
    weights = top.get("weights") or {}
    for sku in weights:
        _known(sku, store.product, f"weights.{sku}", "product")
    random = top.get("random")
    traffic = None
    if random is not None:
        values = _mapping(random, "random", set(Traffic.__dataclass_fields__))
        if "shoppers" not in values or "arrivals_per_minute" not in values:
            raise ScenarioError("random: expected shoppers and arrivals_per_minute")
        if "units" in values:
            values = {**values, "units": tuple(values["units"])}
        traffic = Traffic(**values)
    if not parties and traffic is None:
        raise ScenarioError("expected shoppers or random traffic")
    return Scenario(top.get("name", name), noise, parties, traffic, stock, weights)


def _party(raw: Any, store: Store, where: str) -> Party:
    keys = {"id", "account", "arrival", "gate", "exit", "staff", "actions", "companions"}
    values = _mapping(raw, where, keys)
    for key in ("id", "arrival"):
        if key not in values:
            raise ScenarioError(f"{where}: expected {key}")
    for key in ("gate", "exit"):
        if key in values:
            _known(values[key], store.gate, f"{where}.{key}", "gate")
    scripts = [values.get("actions") or [], *(values.get("companions") or [])]
    members = tuple(
        tuple(_action(item, store, f"{where}.{member}.actions[{index}]") for index, item in enumerate(script or []))
        for member, script in enumerate(scripts)
    )
    name = str(values["id"])
    return Party(
        name,
        str(values.get("account", name)),
        float(values["arrival"]),
        members,
        values.get("gate", ""),
        values.get("exit", ""),
        bool(values.get("staff", False)),
    )


def _action(raw: Any, store: Store, where: str) -> Action:
    if not isinstance(raw, dict) or len(raw) != 1:
        raise ScenarioError(f"{where}: expected one action such as 'take: {{sku: ..}}'")
    kind, body = next(iter(raw.items()))
    if kind == "wait":
        return Action("wait", seconds=float(body))
    if kind == "walk":
        if not isinstance(body, list) or len(body) != 2:
            raise ScenarioError(f"{where}.walk: expected [x, y]")
        return Action("walk", to=(float(body[0]), float(body[1])))
    if kind not in _ALLOWED:
        raise ScenarioError(f"{where}: expected one of {', '.join([*_ALLOWED, 'wait', 'walk'])}, found {kind!r}")
    values = _mapping({"sku": body} if isinstance(body, str) else body, f"{where}.{kind}", _ALLOWED[kind])
    plate = values.get("plate", "")
    sku = values.get("sku", "")
    if sku:
        _known(sku, store.product, f"{where}.{kind}.sku", "product")
    if "shelf" in values:
        _known(values["shelf"], store.shelf, f"{where}.{kind}.shelf", "shelf")
        plates = [item.id for item in store.shelf[values["shelf"]].plates]
        free = [item for item in plates if sku not in store.skus_on[item]]
        if not plates or not free:
            raise ScenarioError(f"{where}.{kind}.shelf: {values['shelf']} has no fitting plate")
        plate = plate or free[len(free) // 2]
    if plate:
        _known(plate, store.plate, f"{where}.{kind}.plate", "plate")
    if not sku and not plate:
        raise ScenarioError(f"{where}.{kind}: expected a sku or a plate")
    if kind in ("put_back_wrong", "put_back", "restock", "hand_over", "drop") and not sku:
        raise ScenarioError(f"{where}.{kind}: expected a sku")
    if kind == "hand_over" and not values.get("person"):
        raise ScenarioError(f"{where}.{kind}: expected the person who gets it")
    if kind == "put_back_wrong" and not plate:
        raise ScenarioError(f"{where}.{kind}: expected a plate or a shelf")
    manner = values.get("manner", "normal")
    if manner not in _MANNERS:
        raise ScenarioError(f"{where}.{kind}.manner: expected one of {', '.join(_MANNERS)}, found {manner!r}")
    quantity = int(values.get("quantity", 1))
    if quantity < 1:
        raise ScenarioError(f"{where}.{kind}.quantity: expected at least 1, found {quantity}")
    return Action(
        cast(Kind, kind), sku, plate, quantity, manner, float(values.get("seconds", 2.0)),
        at=float(values.get("at", 0.0)), person=str(values.get("person", "")),
    )  # fmt: skip


def _mapping(raw: Any, where: str, keys: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{where}: expected a mapping")
    unknown = sorted(str(key) for key in set(raw) - keys)
    if unknown:
        raise ScenarioError(f"{where}: unknown key {unknown[0]!r}, expected {', '.join(sorted(keys))}")
    return raw


def _known(value: Any, known: Any, where: str, what: str) -> None:
    if value not in known:
        raise ScenarioError(f"{where}: the store has no {what} {value!r}")
