"""What walls and fixtures hide from cameras."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.camera.visibility import Coverage, Occluders
from just_walk_out.store.model import Gondola, Pose, Wall

EYE = (0.0, 0.0, 3.0)
WALL = Wall((4.0, -1.0), (4.0, 1.0))
LOW = Wall((4.0, -1.0), (4.0, 1.0), 1.0)


def test_a_wall_hides_what_is_behind_it_and_nothing_beside_or_before_it():
    behind, beside, before, near_its_top = (8.0, 0.0, 1.4), (8.0, 3.0, 1.4), (3.0, 0.0, 1.4), (4.5, 0.0, 2.9)
    seen = Occluders((), [WALL]).hidden(EYE, [behind, beside, before, near_its_top])
    assert seen.tolist() == [True, False, False, True]
    assert not Occluders((), [WALL]).hidden((8.0, 0.2, 2.0), [behind]).any()


def test_a_wall_with_a_height_is_looked_over():
    # the sight line to a point 8 m away passes the wall half way: there it is at (3 + z) / 2 metres
    assert Occluders((), [LOW]).hidden(EYE, [(8.0, 0.0, 1.4), (4.2, 0.0, 0.2), (4.2, 0.0, 0.95)]).tolist() == [
        False,
        True,
        False,
    ]


def test_a_camera_hangs_on_a_wall_and_looks():
    assert not Occluders((), [WALL]).hidden((4.02, 0.0, 2.5), [(8.0, 0.0, 1.0), (1.0, 0.0, 1.0)]).any()


@given(st.floats(-3, 3), st.floats(0.3, 7.0), st.floats(0.05, 1.9), st.floats(0.2, 2.5))
def test_a_wall_hides_what_a_thin_fixture_in_its_place_hides(y, x, z, height):
    """The shelf's back panel: the same rectangle, 4 mm thick."""
    wall = Wall((4.0, -1.0), (4.0, 1.0), height)
    panel = Gondola("g", Pose(3.998, -1.0), 0.004, 2.0, height, ())
    edge = np.array([x, y, z]) - EYE
    if x > 4.05:  # away from the rectangle's rim, where 4 mm make a difference
        hit = EYE + edge * (4.0 - EYE[0]) / edge[0]
        if abs(abs(hit[1]) - 1.0) < 0.02 or abs(hit[2] - height) < 0.02:
            return
    elif x > 3.95:
        return
    point = [(x, y, z)]
    assert Occluders((), [wall]).hidden(EYE, point)[0] == Occluders([panel], shrink=0.0).hidden(EYE, point)[0]


@pytest.mark.parametrize(("height", "sees"), [(None, False), (1.1, True)])
def test_a_camera_covers_nobody_behind_a_wall(demo_store, height, sees):
    camera = demo_store.camera["cam_sw"]
    person = np.array([3.2, 1.5])
    towards = np.array([camera.pose.x, camera.pose.y]) - person
    middle, aside = person + 0.3 * towards, 0.5 * np.array([-towards[1], towards[0]]) / np.hypot(*towards)
    wall = Wall(tuple(middle - aside), tuple(middle + aside), height)
    open_store = dataclasses.replace(demo_store, walls=())
    walled = dataclasses.replace(demo_store, walls=(wall,))
    assert Coverage(open_store, [camera]).sees(person).all()
    assert Coverage(walled, [camera]).sees(person).all() == sees
