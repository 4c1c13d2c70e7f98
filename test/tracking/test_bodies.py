"""People are solid, and hide each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.tracking.association import choose
from just_walk_out.tracking.bodies import behind, keep_apart

PLACE = st.tuples(st.floats(0.0, 1.5), st.floats(0.0, 1.5))


@given(st.lists(st.tuples(PLACE, st.floats(0.01, 1.0)), min_size=1, max_size=6))
def test_nobody_is_moved_who_has_room_and_no_two_get_nearer_to_each_other_by_being_parted(people):
    mean = np.array([(x, y, 0.1, 0.0) for (x, y), _ in people])
    covariance = np.array([np.diag([s * s, s * s, 0.1, 0.1]) for _, s in people])
    moved = keep_apart(mean, covariance, np.arange(len(mean)), 0.35, 0.1)
    away = np.hypot(*(mean[:, None, :2] - mean[None, :, :2]).transpose(2, 0, 1))
    np.fill_diagonal(away, 9.0)
    if away.min() >= 0.35:
        assert np.array_equal(moved, mean)
    if len(mean) == 2 and away.min() > 1e-6:
        after = float(np.hypot(*(moved[0, :2] - moved[1, :2])))
        assert min(away.min(), 0.35) - 1e-9 <= after <= max(away.min(), 0.35) + 1e-9


def test_who_is_less_certain_gives_way():
    mean = np.array([[1.0, 1.0, 0.0, 0.0], [1.1, 1.0, 0.0, 0.0], [1.05, 1.0, 0.0, 0.0]])
    covariance = np.array([0.005 * np.eye(4), 0.5 * np.eye(4), np.eye(4)])
    moved = keep_apart(mean, covariance, np.array([0, 1]), 0.35, 0.1)
    assert np.hypot(*(moved[0] - mean[0])[:2]) < 0.01 and moved[1, 0] > 1.3
    assert np.array_equal(moved[2], mean[2])  # is not believed in


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([(2.0, 2.0), (2.4, 2.4)], [False, True]),  # in one line of sight
        ([(2.0, 2.0), (2.7, 2.0)], [False, False]),  # side by side
        ([(2.0, 2.0), (5.0, 5.0)], [False, False]),  # a camera above the heads sees who is far behind
        ([], []),
    ],
)
def test_who_stands_close_behind_somebody_is_hidden(places, expected):
    assert behind(np.array([0.0, 0.0, 3.0]), np.array(places).reshape(-1, 2)).tolist() == expected


def test_a_camera_at_the_height_of_heads_sees_nobody_behind_somebody():
    assert behind(np.array([0.0, 0.0, 1.6]), np.array([(2.0, 2.0), (5.0, 5.0)])).tolist() == [False, True]


def test_the_greatest_gain_counts_not_the_most_pairs():
    gain = np.array([[5.0, 1.0], [4.5, -3.0]])
    assert [side.tolist() for side in choose(gain, np.ones((2, 2), dtype=bool))] == [[0, 1], [1, 0]]
    gain[0, 1] = 0.2
    rows, columns = choose(gain, np.array([[True, False], [True, True]]))
    assert (rows.tolist(), columns.tolist()) == ([0], [0])
