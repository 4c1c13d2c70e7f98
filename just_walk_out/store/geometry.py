"""Plane geometry on the floor: points, segments and polygons in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.store.model import Point

Floats = NDArray[np.float64]


def edges(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Return the polygon's edges, the closing one included."""
    return list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def polygon_area(polygon: Sequence[Point]) -> float:
    """Return the area of a simple polygon, square metres."""
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in edges(polygon))) / 2


def contains(polygon: Sequence[Point], points: ArrayLike) -> NDArray[np.bool_]:
    """Whether points, shape (..., 2), are inside a simple polygon (even-odd rule)."""
    given = np.asarray(points, float)
    x, y = given[..., 0], given[..., 1]
    inside = np.zeros(x.shape, bool)
    # an edge that is level but for rounding overflows to infinity, which compares as it should
    with np.errstate(over="ignore"):
        for (ax, ay), (bx, by) in edges(polygon):
            if ay != by:
                inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return inside


def distance_to_segment(points: ArrayLike, start: Point, end: Point) -> Floats:
    """Return the distance of points, shape (..., 2), to a segment, metres."""
    given = np.asarray(points, float)
    origin, along = np.asarray(start, float), np.subtract(end, start).astype(float)
    share = np.clip((given - origin) @ along / max(float(along @ along), 1e-18), 0.0, 1.0)
    return np.asarray(np.linalg.norm(given - origin - share[..., None] * along, axis=-1))


def distance_outside(polygon: Sequence[Point], points: ArrayLike) -> Floats:
    """Return the distance of points, shape (..., 2), from the polygon's border, metres; negative inside."""
    nearest: Floats = np.min([distance_to_segment(points, start, end) for start, end in edges(polygon)], axis=0)
    return np.where(contains(polygon, points), -nearest, nearest)


def segments_cross(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Whether two segments have a point in common."""

    def side(a: Point, b: Point, c: Point) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    def between(a: Point, b: Point, c: Point) -> bool:
        return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])

    (a, b), (c, d) = first, second
    one, two, three, four = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    if ((one > 0) != (two > 0)) and ((three > 0) != (four > 0)) and 0 not in (one, two, three, four):
        return True
    touching = ((one, a, b, c), (two, a, b, d), (three, c, d, a), (four, c, d, b))
    return any(turn == 0 and between(p, q, r) for turn, p, q, r in touching)


def steps_cross(starts: ArrayLike, ends: ArrayLike, segment: tuple[Point, Point]) -> NDArray[np.bool_]:
    """Whether straight steps from points (..., 2) to points (..., 2) get to the other side of a segment.

    A step that ends on the segment does not, nor does one that begins on it.
    """
    first, second = np.asarray(starts, float), np.asarray(ends, float)
    (ax, ay), (bx, by) = segment
    before = (bx - ax) * (first[..., 1] - ay) - (by - ay) * (first[..., 0] - ax)
    after = (bx - ax) * (second[..., 1] - ay) - (by - ay) * (second[..., 0] - ax)
    dx, dy = np.moveaxis(second - first, -1, 0)
    one = dx * (ay - first[..., 1]) - dy * (ax - first[..., 0])
    other = dx * (by - first[..., 1]) - dy * (bx - first[..., 0])
    return np.asarray((before * after < 0.0) & (one * other <= 0.0))


def is_simple(polygon: Sequence[Point]) -> bool:
    """Whether no two edges of the polygon cross or touch, except neighbours in their common corner."""
    sides = edges(polygon)
    count = len(sides)
    for i in range(count):
        if sides[i][0] == sides[i][1]:
            return False
        for j in range(i + 2, count):
            if (i, j) != (0, count - 1) and segments_cross(sides[i], sides[j]):
                return False
    return True


def convex_overlap(first: Sequence[Point], second: Sequence[Point], tolerance: float = 0.0) -> bool:
    """Whether two convex polygons overlap by more than ``tolerance`` metres (separating axes).

    Source: the separating axis theorem, see Ericson, Real-Time Collision Detection, chapter 5.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    for polygon in (a, b):
        along = np.roll(polygon, -1, axis=0) - polygon
        normals = np.stack([-along[:, 1], along[:, 0]], axis=1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        of_a, of_b = a @ normals.T, b @ normals.T
        depth = np.minimum(of_a.max(0), of_b.max(0)) - np.maximum(of_a.min(0), of_b.min(0))
        if np.any(depth <= tolerance):
            return False
    return True


def shrunk(polygon: Sequence[Point], share: float) -> tuple[Point, ...]:
    """Return a convex polygon drawn towards its middle by a share of its size, 0..1."""
    middle = np.mean(np.asarray(polygon, float), axis=0)
    drawn = middle + (np.asarray(polygon, float) - middle) * (1.0 - share)
    return tuple((float(x), float(y)) for x, y in drawn)


def segment_enters(segment: tuple[Point, Point], polygon: Sequence[Point]) -> bool:
    """Whether a segment has a point in common with a polygon's border or inside."""
    return bool(contains(polygon, segment[0])) or any(segments_cross(segment, edge) for edge in edges(polygon))
