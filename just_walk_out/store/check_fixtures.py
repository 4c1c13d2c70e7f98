"""Checks of gondolas, shelves and plates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from just_walk_out.store import schema
from just_walk_out.store.build import build_gondolas
from just_walk_out.store.checks import check_one_of, check_unique
from just_walk_out.store.geometry import contains, convex_overlap, edges, segment_enters, shrunk
from just_walk_out.store.model import Gondola, Plate, Point, Pose, Shelf
from just_walk_out.store.place import Errors, Place

TOLERANCE = 0.001
"""Metres by which measured sizes may disagree."""
LEVEL = math.radians(1.0)
"""Radians by which a plate, shelf or gondola may lean."""
CLEARANCE = 0.02
"""Metres of height below which two shelves over each other are the same board described twice."""


def check_names(docs: tuple[schema.GondolaDoc, ...], errors: Errors) -> None:
    """Report ids used twice, shelves without plates or with plates in two ways, and what leans."""
    check_unique([(doc.id, doc.at.key("id")) for doc in docs], "gondola id", errors)
    for doc in docs:
        check_unique([(shelf.id, shelf.at.key("id")) for shelf in doc.shelves], "shelf id", errors)
        _check_pose(doc.pose, errors)
        for shelf in doc.shelves:
            check_one_of({"plate_row": shelf.plate_row, "plates": shelf.plates}, shelf.at, errors)
            check_unique([(plate.id, plate.at.key("id")) for plate in shelf.plates or ()], "plate id", errors)
            for pose in (shelf.pose, *(plate.pose for plate in shelf.plates or ())):
                _check_pose(pose, errors)


def check_sizes(docs: tuple[schema.GondolaDoc, ...], errors: Errors) -> None:
    """Report shelves and plates that overlap or do not fit into what holds them."""
    built = build_gondolas(docs)
    for gondola in built.gondolas:
        _check_shelves(gondola, built.place, errors)
        for shelf in gondola.shelves:
            _check_plates(shelf, built.place, errors)


def _check_pose(doc: schema.PoseDoc, errors: Errors) -> None:
    if not check_one_of({"rpy": doc.rpy, "rpy_deg": doc.rpy_deg}, doc.at, errors, required=False):
        return
    roll, pitch, _ = doc.rpy or tuple(math.radians(angle) for angle in doc.rpy_deg or (0.0, 0.0, 0.0))
    if abs(roll) > LEVEL or abs(pitch) > LEVEL:
        errors.add(doc.at, "expected something level: roll and pitch 0")


def rectangle(pose: Pose, low: Point, high: Point) -> tuple[Point, ...]:
    """Return the corners of a level rectangle in the parent's plane."""
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    matrix = pose.matrix()
    placed = corners @ matrix[:2, :2].T + matrix[:2, 3]
    return tuple((float(x), float(y)) for x, y in placed)


def _outline(shelf: Shelf) -> tuple[Point, ...]:
    return rectangle(shelf.pose, (0.0, 0.0), (shelf.width, shelf.depth))


def _area(plate: Plate) -> tuple[Point, ...]:
    return rectangle(plate.pose, (-plate.width / 2, -plate.depth / 2), (plate.width / 2, plate.depth / 2))


def _within(corners: Iterable[Point], width: float, depth: float) -> bool:
    low, high = -TOLERANCE, TOLERANCE
    return all(low <= x <= width + high and low <= y <= depth + high for x, y in corners)


def _check_shelves(gondola: Gondola, place: dict[str, Place], errors: Errors) -> None:
    for shelf in gondola.shelves:
        if not _within(_outline(shelf), gondola.width, gondola.depth):
            size = f"{gondola.width:g} x {gondola.depth:g} m"
            errors.add(place[shelf.id], f"expected a shelf inside its gondola of {size}, it sticks out")
        if not 0 <= shelf.pose.z <= gondola.height:
            errors.add(place[shelf.id], f"expected a height of 0 to {gondola.height:g} m in its gondola")
    for one, other in combinations(gondola.shelves, 2):
        if abs(one.pose.z - other.pose.z) < CLEARANCE and convex_overlap(_outline(one), _outline(other), TOLERANCE):
            errors.add(place[other.id], f"expected a shelf apart from {one.id}, they overlap")


def _check_plates(shelf: Shelf, place: dict[str, Place], errors: Errors) -> None:
    reported: set[Place] = set()

    def report(plate: Plate, message: str) -> None:
        # a row is one line in the file, so it gets one error
        if place[plate.id] not in reported:
            reported.add(place[plate.id])
            errors.add(place[plate.id], message)

    for plate in shelf.plates:
        if not _within(_area(plate), shelf.width, shelf.depth):
            report(plate, f"expected plates inside the shelf of {shelf.width:g} x {shelf.depth:g} m, {plate.id} is not")
    for one, other in combinations(shelf.plates, 2):
        if convex_overlap(_area(one), _area(other), TOLERANCE):
            report(other, f"expected plates that do not overlap, {one.id} and {other.id} do")


def check_placement(
    floor: Sequence[Point],
    walls: tuple[schema.WallDoc, ...],
    docs: tuple[schema.GondolaDoc, ...],
    errors: Errors,
) -> None:
    """Report gondolas that stand off the floor, in each other or in walls."""
    gondolas = build_gondolas(docs).gondolas
    # gondolas stand back to back and against walls, so only what reaches inside counts
    inner = [shrunk(gondola.footprint(), 2 * TOLERANCE / min(gondola.width, gondola.depth)) for gondola in gondolas]
    for index, (doc, footprint) in enumerate(zip(docs, inner, strict=True)):
        inside = bool(np.all(contains(floor, footprint)))
        if not inside or any(segment_enters(edge, footprint) for edge in edges(floor)):
            errors.add(doc.at, "expected a gondola that stands on the floor polygon, it reaches outside")
            continue
        for wall in walls:
            if segment_enters((wall.start, wall.end), footprint):
                errors.add(doc.at, f"expected a gondola clear of walls, it overlaps {wall.at}")
        for other in range(index):
            if convex_overlap(footprint, inner[other]):
                errors.add(doc.at, f"expected a gondola apart from others, it overlaps {gondolas[other].id}")
