"""Checks of floor, walls and gates, and of the ways people walk between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from just_walk_out.store import schema
from just_walk_out.store.build import build_gate, build_gondolas, build_wall
from just_walk_out.store.checks import check_unique
from just_walk_out.store.geometry import distance_outside, is_simple, polygon_area
from just_walk_out.store.model import Gate, Gondola, Point
from just_walk_out.store.place import Errors, Place
from just_walk_out.store.walkable import BODY_RADIUS, Walkable, walkable

TOLERANCE = 0.01
"""Metres by which measured points may disagree."""
SMALLEST_FLOOR = 1.0
"""Square metres."""
NARROWEST_GATE = 0.4
"""Metres; nobody fits through less."""
STEP = BODY_RADIUS + 0.15
"""Metres from a gate's line or a gondola's front to where a person stands before it."""

CLEAR_OF_FRONT = 0.02
"""Metres before a gondola from where its own front is no obstacle."""


def check_floor(floor: Sequence[Point], at: Place, errors: Errors) -> None:
    """Report a floor that is no simple polygon."""
    if polygon_area(floor) < SMALLEST_FLOOR:
        errors.add(at, f"expected corners of a floor of at least {SMALLEST_FLOOR:g} square metres")
    elif not is_simple(floor):
        errors.add(at, "expected corners in order around the floor, its edges cross or touch")


def check_walls(walls: tuple[schema.WallDoc, ...], errors: Errors) -> None:
    """Report walls without length."""
    for wall in walls:
        if math.dist(wall.start, wall.end) < TOLERANCE:
            errors.add(wall.at, f"expected a wall of at least {TOLERANCE:g} m from start to end")


def check_gates(floor: Sequence[Point], gates: tuple[schema.GateDoc, ...], errors: Errors) -> None:
    """Report gates that are too narrow or off the floor, and a store without a way in or out."""
    check_unique([(gate.id, gate.at.key("id")) for gate in gates], "gate id", errors)
    for gate in gates:
        if math.dist(gate.start, gate.end) < NARROWEST_GATE:
            errors.add(gate.at, f"expected a line of at least {NARROWEST_GATE:g} m from start to end")
        for name, point in (("start", gate.start), ("end", gate.end)):
            off = float(distance_outside(floor, point))
            if off > TOLERANCE:
                errors.add(gate.at.key(name), f"expected a point on the floor polygon, it is {off:.2f} m outside")
    for kind in ("entry", "exit"):
        if gates and not any(gate.kind in (kind, "both") for gate in gates):
            errors.add(Place(gates[0].at.file, "gates"), f"expected at least one gate of kind {kind} or both")


def check_ways(
    floor: Sequence[Point],
    walls: tuple[schema.WallDoc, ...],
    gates: tuple[schema.GateDoc, ...],
    gondolas: tuple[schema.GondolaDoc, ...],
    errors: Errors,
) -> None:
    """Report gates and gondolas that people inside cannot walk to."""
    fixtures = build_gondolas(gondolas).gondolas
    lines = [build_gate(gate) for gate in gates]
    ground = walkable(floor, [build_wall(wall) for wall in walls], fixtures, lines)
    inside = main_region(ground, fixtures)
    for fixture, gondola in zip(fixtures, gondolas, strict=True):
        if inside not in fronts(ground, fixture):
            errors.add(gondola.at, f"expected a front that people can walk to, {2 * BODY_RADIUS:g} m wide")
    for line, gate in zip(lines, gates, strict=True):
        inner, outer = sides(ground, line)
        if inside in inner:
            continue
        hint = "; swap start and end" if inside in outer else ""
        errors.add(
            gate.at, f"expected the store, reachable on foot, to the left of the line seen from start to end{hint}"
        )


def fronts(ground: Walkable, gondola: Gondola) -> tuple[int, ...]:
    """Return the regions before a gondola, left to right."""
    matrix = gondola.pose.matrix()
    found = []
    for share in (0.25, 0.5, 0.75):
        placed = matrix @ np.array([[gondola.width * share, y, 0.0, 1.0] for y in (-CLEAR_OF_FRONT, -STEP)]).T
        edge, stand = ((float(x), float(y)) for x, y in placed[:2].T)
        found.append(0 if ground.obstructed(edge, stand) else ground.region_at(stand, within=0.1))
    return tuple(found)


def main_region(ground: Walkable, gondolas: Sequence[Gondola]) -> int:
    """Return the region that most gondolas face, the largest of several; -1 if nobody can walk anywhere."""
    count = Counter(region for gondola in gondolas for region in set(fronts(ground, gondola)) if region)
    regions = range(1, int(ground.region.max(initial=0)) + 1)
    return max(regions, key=lambda region: (count[region], ground.area(region)), default=-1)


def sides(ground: Walkable, gate: Gate) -> tuple[set[int], set[int]]:
    """Return the regions that people step into from a gate's line, on its inner and on its outer side."""
    dx, dy = gate.inward
    found: tuple[set[int], set[int]] = (set(), set())
    for share in (0.3, 0.5, 0.7):
        x, y = (low + share * (high - low) for low, high in zip(gate.start, gate.end, strict=True))
        for regions, sign in zip(found, (1, -1), strict=True):
            stand = (x + sign * STEP * dx, y + sign * STEP * dy)
            if not ground.obstructed((x, y), stand):
                regions.add(ground.region_at(stand, within=0.15))
    return found
