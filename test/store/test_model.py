import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.store.load import load_store
from just_walk_out.store.model import Pose

DEMO = Path(__file__).parents[2] / "config" / "demo_store"
angles = st.floats(-math.pi, math.pi)


@pytest.fixture(scope="module")
def store():
    return load_store(DEMO)


@given(angles, angles, angles)
def test_a_pose_turns_about_fixed_axes_and_keeps_lengths(roll, pitch, yaw):
    turn = Pose(1.0, 2.0, 3.0, roll, pitch, yaw).matrix()[:3, :3]
    about_x, about_y = Pose(roll=roll).matrix()[:3, :3], Pose(pitch=pitch).matrix()[:3, :3]

    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.allclose(turn, Pose(yaw=yaw).matrix()[:3, :3] @ about_y @ about_x)


@pytest.mark.parametrize(
    ("plate", "expected"),
    [
        # gondola corner + shelf offset + row centred on 0.91 m: p1 at 0.455 - 2.5 x 0.15 = 0.08
        ("g2/s1/p1", (3.7 + 0.02 + 0.08, 6.0 + 0.01 + 0.21, 0.30)),
        ("g2/s3/p6", (3.7 + 0.02 + 0.83, 6.22, 1.10)),
        # front to the east: x of the gondola runs north, into it is west
        ("g1/s1/p1", (0.5 - 0.22, 2.6 + 0.10, 0.30)),
        # front to the west: x runs south, into it is east
        ("g3/s1/p1", (8.0 + 0.22, 4.1 - 0.10, 0.30)),
        # front to the north: x runs west, into it is south
        ("g5/s2/p1", (4.7 - 0.02 - 0.10, 3.9 - 0.22, 0.70)),
    ],
)
def test_plates_lie_where_pose_upon_pose_puts_them(store, plate, expected):
    assert store.plate_position[plate] == pytest.approx(expected, abs=1e-9)


def test_the_front_of_a_plate_is_on_the_aisle_side(store):
    assert store.front_of("g1/s1/p1") == pytest.approx((0.5, 2.7))
    assert store.front_of("g5/s2/p1") == pytest.approx((4.58, 3.9))


def test_a_camera_that_looks_at_a_point_sees_it_in_the_middle_and_upright(store):
    camera = store.camera["cam_ne"]
    x, y, z, _ = camera.extrinsic() @ np.array([4.9, 3.1, 0.6, 1.0])
    above = camera.extrinsic() @ np.array([4.9, 3.1, 0.9, 1.0])

    assert (x, y) == pytest.approx((0, 0), abs=1e-9)
    assert z == pytest.approx(math.dist((8.35, 6.35, 3.0), (4.9, 3.1, 0.6)))
    assert above[1] < -0.1, "y of the picture points down"
    assert above[0] == pytest.approx(0, abs=1e-9)


def test_entering_is_walking_from_the_right_of_a_gate_to_its_left(store):
    for gate in store.gates:
        assert gate.inward == pytest.approx((0.0, 1.0))
