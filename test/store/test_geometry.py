import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.store.geometry import (
    contains,
    convex_overlap,
    distance_outside,
    is_simple,
    polygon_area,
    segments_cross,
    steps_cross,
)

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
ELL = ((0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0))
small = st.floats(-5, 5).map(lambda value: round(value, 3))
points = st.tuples(small, small)


def box(x, y, angle, width=1.0, depth=0.5):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    corners = np.array([[0, 0], [width, 0], [width, depth], [0, depth]]) @ turn.T + [x, y]
    return tuple(map(tuple, corners))


def test_area_and_inside_of_a_polygon_with_a_notch():
    assert polygon_area(ELL) == 5
    assert contains(ELL, [[0.5, 2.0], [2.0, 2.0], [2.0, 0.5]]).tolist() == [True, False, True]


def test_distance_outside():
    assert distance_outside(ELL, (2.0, 2.0)) == pytest.approx(1.0)
    assert distance_outside(ELL, (-3.0, -4.0)) == pytest.approx(5.0)
    assert distance_outside(ELL, (0.5, 0.75)) == pytest.approx(-0.5)


def test_simple_polygons():
    assert is_simple(ELL)
    assert not is_simple(((0, 0), (2, 2), (2, 0), (0, 2)))
    assert not is_simple(((0, 0), (2, 0), (2, 0), (0, 2)))
    assert not is_simple(((0, 0), (4, 0), (4, 2), (2, 0), (0, 2)))


@given(points, points, points, points)
def test_crossing_does_not_depend_on_order(a, b, c, d):
    answer = segments_cross((a, b), (c, d))

    assert segments_cross((c, d), (a, b)) == answer
    assert segments_cross((b, a), (c, d)) == answer


@given(points, points, st.floats(0, 1))
def test_a_segment_crosses_what_starts_on_it(a, b, share):
    assert segments_cross((a, b), (b, (b[0] + 1, b[1] + 1)))
    assert segments_cross(((0.0, 0.0), (4.0, 0.0)), ((4.0 * share, 0.0), (1.0, 3.0)))


@given(small, small, st.floats(0, 6.3), small, small, st.floats(0, 6.3))
def test_overlap_agrees_with_points_inside_both(x, y, angle, u, v, other):
    one, two = box(x, y, angle), box(u, v, other)
    shares = np.stack(np.meshgrid(np.linspace(0.02, 0.98, 25), np.linspace(0.02, 0.98, 25)), -1).reshape(-1, 2)
    a = np.array(one)
    inside = a[0] + shares[:, :1] * (a[1] - a[0]) + shares[:, 1:] * (a[3] - a[0])

    if contains(two, inside).any():
        assert convex_overlap(one, two)
    assert convex_overlap(one, two) == convex_overlap(two, one)


@given(points, points, points, points)
def test_a_step_gets_across_a_segment_only_where_the_two_have_a_point_in_common(a, b, c, d):
    crosses = bool(steps_cross(a, b, (c, d)))
    assert not crosses or segments_cross((a, b), (c, d))
    assert bool(steps_cross(b, a, (d, c))) == crosses
    middle = (c[0] + d[0]) / 2, (c[1] + d[1]) / 2
    ahead = 2 * middle[0] - a[0], 2 * middle[1] - a[1]  # mirrored in the middle: always across, unless all are in line
    if abs((d[0] - c[0]) * (a[1] - c[1]) - (d[1] - c[1]) * (a[0] - c[0])) > 1e-6:
        assert steps_cross(a, ahead, (c, d))


def test_steps_are_broadcast():
    starts, ends = np.array([[0.0, -1.0], [5.0, -1.0]]), np.array([[0.0, 1.0], [0.0, -0.5], [5.0, 1.0]])
    across = steps_cross(starts[:, None], ends[None], ((-1.0, 0.0), (1.0, 0.0)))
    assert across.tolist() == [[True, False, False], [False, False, False]]


def test_touching_back_to_back_is_no_overlap():
    assert not convex_overlap(box(0, 0, 0), box(0, 0.5, 0), tolerance=0.001)
    assert convex_overlap(box(0, 0, 0), box(0, 0.49, 0), tolerance=0.001)
