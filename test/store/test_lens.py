"""Both ways through a lens, against OpenCV as an independent reference and against each other."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from just_walk_out.store.coverage import in_picture
from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Pose

SHAPES = {
    "plain": ("plumb_bob", ()),
    "barrel": ("plumb_bob", (-0.2, 0.05, 0.0012, -0.0015, -0.004)),
    "cushion": ("plumb_bob", (0.21, -0.12, -0.002, 0.001)),
    "rational": ("plumb_bob", (1.4, 0.31, 0.0002, -0.0004, 0.012, 1.75, 0.62, 0.06)),
    "fisheye": ("equidistant", (0.04, -0.011, 0.004, -0.0012)),
    "plain fisheye": ("equidistant", ()),
}
FX, FY, CX, CY = 611.0, 604.5, 655.2, 347.9
K = np.array([[FX, 0, CX], [0, FY, CY], [0, 0, 1]])
WIDE = st.floats(-1.0, 1.0)
COEFFICIENT = st.floats(-0.4, 0.4)


def lens(name):
    return Lens(FX, FY, CX, CY, *SHAPES[name])


def reference(name, points):
    model, distortion = SHAPES[name]
    count = 4 if model == "equidistant" else max(4, len(distortion))
    d = np.array([*distortion, *[0.0] * (count - len(distortion))])
    project = cv2.fisheye.projectPoints if model == "equidistant" else cv2.projectPoints
    return project(np.asarray(points, float).reshape(-1, 1, 3), np.zeros(3), np.zeros(3), K, d)[0].reshape(-1, 2)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None)
@given(x=WIDE, y=WIDE, z=st.floats(0.5, 20.0))
def test_points_are_projected_as_opencv_does_and_come_back(name, x, y, z):
    seen = lens(name)
    point = np.array([[x * z, y * z, z]])
    pixel = seen.project(point)
    if np.arctan(np.hypot(x, y)) >= seen.limit:
        assert np.isnan(pixel).all()
        return
    assert pixel == pytest.approx(reference(name, point), abs=1e-6)
    assert seen.rays(pixel)[0] == pytest.approx(point[0] / np.linalg.norm(point), abs=1e-7)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None)
@given(x=WIDE, y=WIDE, z=st.floats(0.5, 20.0))
@example(x=0.0, y=0.0, z=2.0)
def test_pixels_move_with_points_as_opencv_says(name, x, y, z):
    seen = lens(name)
    point = np.array([[x * z, y * z, z]])
    slopes = seen.slopes(point)
    if np.arctan(np.hypot(x, y)) >= seen.limit:
        assert np.isnan(slopes).all()
        return
    # A camera that moves aside by t sees what it would see if the point did.
    model, distortion = SHAPES[name]
    d = np.array([*distortion, *[0.0] * (4 - len(distortion))])
    if model == "equidistant":
        expected = cv2.fisheye.projectPoints(point[:, None], np.zeros(3), np.zeros(3), K, d)[1][:, 11:14]
    else:
        expected = cv2.projectPoints(point[:, None], np.zeros(3), np.zeros(3), K, d)[1][:, 3:6]
    assert slopes.shape == (1, 2, 3)
    assert slopes[0] == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None)
@given(u=st.floats(0, 1279), v=st.floats(0, 719))
def test_a_pixel_comes_back_from_its_ray(name, u, v):
    ray = lens(name).rays(np.array([[u, v]]))
    assert np.isfinite(ray).all() and np.linalg.norm(ray) == pytest.approx(1.0)
    assert lens(name).project(7.0 * ray)[0] == pytest.approx([u, v], abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["plumb_bob", "equidistant"]), st.lists(COEFFICIENT, min_size=4, max_size=4),
    st.floats(0, 1279), st.floats(0, 719),
)  # fmt: skip
@example("plumb_bob", [-0.4, 0.0, 0.0, 0.0], 1279.0, 719.0)
def test_whatever_the_coefficients_a_ray_has_the_pixel_it_was_asked_for_or_there_is_none(model, d, u, v):
    if model == "plumb_bob":
        d = [d[0], d[1], 0.01 * d[2], 0.01 * d[3]]
    seen = Lens(FX, FY, CX, CY, model, d)
    ray = seen.rays(np.array([[u, v]]))
    assume(np.isfinite(ray).all())
    assert seen.project(ray)[0] == pytest.approx([u, v], abs=1e-3)


def test_a_point_out_of_view_does_not_fold_back_into_the_picture():
    bent = Lens(400.0, 400.0, 320.0, 240.0, "plumb_bob", (-0.3,))
    aside = np.array([[np.tan(np.deg2rad(60)), 0.0, 1.0]])
    folded = cv2.projectPoints(aside, np.zeros(3), np.zeros(3), np.diag([400.0, 400.0, 1.0]), np.array([-0.3, 0, 0, 0]))
    assert -320 < folded[0].ravel()[0] < 320, "OpenCV puts it into the picture"
    assert np.isnan(bent.project(aside)).all()
    camera = Camera("c", "0", 640, 480, 10.0, 400.0, 400.0, 320.0, 240.0, Pose(), distortion=(-0.3, 0.0, 0.0, 0.0))
    ahead, out = np.array([3.0, 0.1, 0.1]), np.array([1.0, -aside[0, 0], 0.0])
    assert in_picture(camera, np.array([ahead, out])).tolist() == [True, False]


def test_a_corner_that_no_ray_reaches_has_none():
    bent = Lens(400.0, 400.0, 320.0, 240.0, "plumb_bob", (-0.5,))
    rays = bent.rays(np.array([[320.0, 240.0], [0.0, 0.0]]))
    assert rays[0].tolist() == [0.0, 0.0, 1.0] and np.isnan(rays[1]).all()


def test_a_fisheye_sees_beside_and_behind_itself():
    wide = Lens(300.0, 300.0, 500.0, 500.0, "equidistant")
    ray = np.array([[np.sin(1.65), 0.0, np.cos(1.65)]])
    pixel = wide.project(5.0 * ray)
    assert pixel[0, 0] == pytest.approx(500 + 300 * 1.65)
    assert wide.rays(pixel) == pytest.approx(ray, abs=1e-9)
    assert np.isnan(wide.project(np.array([[0.0, 0.0, -1.0]]))).all()


@pytest.mark.parametrize("name", SHAPES)
def test_no_pixels_and_nonsense_pixels_are_borne(name):
    assert lens(name).rays(np.zeros((0, 2))).shape == (0, 3)
    assert lens(name).project(np.zeros((0, 3))).shape == (0, 2)
    assert lens(name).slopes(np.zeros((0, 3))).shape == (0, 2, 3)
    assert np.isnan(lens(name).rays(np.array([[np.nan, 1.0]]))).all()
