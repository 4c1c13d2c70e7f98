import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.formats import read_tsai
from just_walk_out.camera.person import BoxPlacer, edges
from just_walk_out.camera.visibility import Occluders
from just_walk_out.store.model import Camera, Gondola, Pose

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared"))
PETS = DATA / "data" / "people" / "pets09_s2l1"


def camera(model="plumb_bob", distortion=(), **pose):
    place = {"x": 0.0, "y": 0.0, "z": 3.0, "pitch": 0.5, "yaw": 0.6, **pose}
    return Camera("c", "0", 640, 480, 10.0, 400.0, 405.0, 322.0, 238.0, Pose(**place), "overview", model, distortion)


LENSES = [
    ("plumb_bob", ()),
    ("plumb_bob", (-0.25, 0.08, 0.001, -0.0015, -0.01)),
    ("equidistant", (0.02, -0.01, 0.003, -0.001)),
]


@pytest.mark.parametrize(("model", "distortion"), LENSES)
@settings(max_examples=60, deadline=None)
@given(u=st.floats(0, 639), v=st.floats(0, 479), height=st.floats(0, 2))
def test_a_pixel_comes_back_from_any_level(model, distortion, u, v, height):
    projector = FloorProjector(camera(model, distortion))
    place = projector.to_floor([u, v], height)
    if np.isfinite(place).all() and np.linalg.norm(place) < 200:
        assert projector.to_pixels([*place, height]) == pytest.approx([u, v], abs=0.02)


def test_nothing_is_seen_behind_the_camera_or_above_the_horizon():
    projector = FloorProjector(camera(pitch=0.2))
    assert np.isnan(projector.to_pixels([-5.0, -3.0, 1.0])).all()
    assert np.isnan(projector.to_floor([320.0, 0.0])).all()


def test_shapes_are_kept():
    projector = FloorProjector(camera())
    assert projector.to_pixels(np.ones((4, 5, 3))).shape == (4, 5, 2)
    assert projector.to_floor(np.ones((4, 5, 2))).shape == (4, 5, 2)
    assert projector.to_floor(np.ones((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(("model", "distortion"), LENSES)
def test_the_jacobian_is_the_slope(model, distortion):
    projector = FloorProjector(camera(model, distortion))
    point = np.array([4.0, 2.5, 0.3])
    slope = projector.floor_jacobian(point)
    step = np.array([0.01, -0.02, 0.015])
    moved = projector.to_pixels(point + step) - projector.to_pixels(point)
    assert slope @ step == pytest.approx(moved, abs=0.05)


def box_of(projector, place, height=1.7):
    left, top, right, bottom = edges(projector, np.array([place]), np.array([height]))[0]
    return np.array([left, top, right - left, bottom - top])


@settings(max_examples=60, deadline=None)
@given(x=st.floats(2.5, 7.0), y=st.floats(1.0, 5.0), height=st.floats(1.55, 1.85))
def test_a_whole_box_is_placed_where_the_person_stands(x, y, height):
    projector = FloorProjector(camera())
    box = box_of(projector, (x, y), height)
    if not (projector.inside(box[:2], 5) and projector.inside(box[:2] + box[2:], 5)):
        return
    placed = BoxPlacer(projector).place([box])
    assert placed.positions[0] == pytest.approx([x, y], abs=0.15)
    error = placed.positions[0] - [x, y]
    assert error @ np.linalg.inv(placed.covariances[0]) @ error < 9.0


@pytest.mark.parametrize("tall", [1.6, 1.78, 1.95])
@pytest.mark.parametrize("x", [5.0, 9.0, 14.0])
def test_a_camera_at_the_height_of_heads_goes_by_the_feet(x, tall):
    projector = FloorProjector(camera(yaw=0.0, z=1.8, pitch=0.1))
    placed = BoxPlacer(projector).place([box_of(projector, (x, 0.5), tall)])
    assert placed.feet[0]
    assert placed.positions[0] == pytest.approx([x, 0.5], abs=0.4)


def test_uncertainty_grows_along_the_ray_with_distance():
    projector = FloorProjector(camera(yaw=0.0))
    near, far = (BoxPlacer(projector).place([box_of(projector, (x, 0.0))]).covariances[0] for x in (3.5, 9.0))
    assert far[0, 0] > 2 * near[0, 0]
    assert far[0, 0] > 2 * far[1, 1]


def test_hidden_feet_are_noticed_and_the_head_is_used():
    projector = FloorProjector(camera(yaw=0.0))
    whole = box_of(projector, (6.0, 0.3))
    short = whole * [1, 1, 1, 0.45]
    placed = BoxPlacer(projector).place([whole, short])
    assert list(placed.feet) == [True, False]
    assert placed.positions[1] == pytest.approx([6.0, 0.3], abs=0.3)
    assert placed.covariances[1, 0, 0] > 2 * placed.covariances[0, 0, 0]


def test_feet_behind_a_fixture_are_not_trusted():
    projector = FloorProjector(camera(yaw=0.0))
    shelf = Gondola("g", Pose(5.2, -1.0), 0.4, 2.0, 1.2, ())
    box = box_of(projector, (6.0, 0.3))
    assert BoxPlacer(projector, Occluders([shelf])).place([box]).feet[0] == np.False_


def test_a_box_cut_by_the_border_does_not_use_the_cut_edge():
    projector = FloorProjector(camera(yaw=0.0))
    left, top, width, height = box_of(projector, (1.9, 0.0))
    assert top + height > 479
    placed = BoxPlacer(projector).place([[left, top, width, 479 - top]])
    assert not placed.feet[0]
    assert placed.positions[0] == pytest.approx([1.9, 0.0], abs=0.3)


def test_nonsense_boxes_have_no_place():
    placed = BoxPlacer(FloorProjector(camera())).place(
        [[np.nan, 1, 2, 3], [5, 5, 0, 10], [5, 5, -1, 10], [np.inf, 0, 1, 1]]
    )
    assert np.isnan(placed.positions).all()
    assert len(BoxPlacer(FloorProjector(camera())).place(np.zeros((0, 4))).positions) == 0


@pytest.mark.skipif(not PETS.is_dir(), reason="the PETS sequence is not there (JWO_DATA)")
def test_real_people_are_placed_by_a_real_calibration():
    projector = FloorProjector(read_tsai(PETS / "calibration_tsai.xml").camera("pets"))
    truth = np.loadtxt(PETS / "gt.txt", delimiter=",")[::5]
    boxes, places = truth[:, 2:6] - [1.0, 1.0, 0.0, 0.0], truth[:, 7:9]  # pixels are counted from 1 there
    foot = projector.to_floor(boxes[:, :2] + boxes[:, 2:] * [0.5, 1.0])
    assert np.median(np.linalg.norm(foot - places, axis=1)) < 0.05
    placed = BoxPlacer(projector).place(boxes)
    errors = np.linalg.norm(placed.positions - places, axis=1)
    assert np.median(errors) < 0.12 and np.percentile(errors, 95) < 0.3
