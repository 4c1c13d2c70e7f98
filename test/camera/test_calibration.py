import math

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.camera.calibration import camera_info, pose_of, read_camera_info, scaled, write_camera_info
from just_walk_out.camera.camera_node import to_camera_info
from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Pose

LENSES = [
    ("plumb_bob", (0.1, -0.02), "plumb_bob", 5),
    ("plumb_bob", tuple(0.01 * k for k in range(8)), "rational_polynomial", 8),
    ("equidistant", (0.1, -0.02), "equidistant", 4),
]


@pytest.mark.parametrize(("model", "distortion", "standard", "count"), LENSES)
def test_camera_info_comes_back_under_its_standard_name(tmp_path, model, distortion, standard, count):
    camera = Camera("c", "0", 640, 480, 10.0, 400.0, 405.0, 322.0, 238.0, Pose(), "overview", model, distortion)
    path = tmp_path / "c.yaml"
    write_camera_info(path, "c", camera_info(camera))
    assert read_camera_info(path) == ("c", camera_info(camera))
    assert yaml.safe_load(path.read_text())["distortion_model"] == standard
    message = to_camera_info(camera_info(camera))
    assert (message.distortion_model, len(message.d)) == (standard, count)
    assert np.array_equal(message.k.reshape(3, 3), camera.intrinsic)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "cannot be read"),
        ("[]", "expected a mapping"),
        ("image_width: 640", "camera_matrix"),
        ("{image_width: a, image_height: 1, camera_matrix: {data: [1,0,0,0,1,0,0,0,1]}, "
         "distortion_coefficients: {data: []}}", "image_width"),
        ("{distortion_model: magic}", "magic"),
        ("{camera_matrix: {data: [1, 2]}}", "9 numbers"),
        ("{camera_matrix: {data: [1,0,0,0,1,0,0,0,x]}}", "numbers only"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_is_wrong_in_one_line(tmp_path, text, part):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=part) as error:
        read_camera_info(path)
    assert "bad.yaml" in str(error.value) and "\n" not in str(error.value)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LENSES), st.integers(2, 9), st.floats(-0.5, 0.5), st.floats(-0.4, 0.4))
def test_a_scaled_calibration_sees_the_scaled_picture(lens, times, x, y):
    model, distortion, _, _ = lens
    camera = Camera("c", "0", 640, 480, 10.0, 400.0, 405.0, 322.0, 238.0, Pose(), "overview", model, distortion)
    info = scaled(camera_info(camera), (160 * times, 120 * times))
    large = Lens(info.k[0], info.k[4], info.k[2], info.k[5], model, distortion)
    point = np.array([[x, y, 1.0]])
    assert large.project(point) == pytest.approx((Lens.of(camera).project(point) + 0.5) * times / 4 - 0.5)
    assert info.p[:3] == info.k[:3] and info.d == camera_info(camera).d
    with pytest.raises(ValueError, match="of the shape 640x400"):
        scaled(info, (640, 400))


ANGLE = st.floats(-1.4, 1.4)


@settings(max_examples=50)
@given(ANGLE, ANGLE, st.floats(-math.pi, math.pi), st.floats(-9, 9))
def test_the_pose_comes_back_from_the_extrinsic(roll, pitch, yaw, x):
    camera = Camera("c", "0", 640, 480, 10.0, 400.0, 405.0, 322.0, 238.0, Pose(x, 1.0, 2.0, roll, pitch, yaw))
    extrinsic = camera.extrinsic()
    assert np.allclose(pose_of(extrinsic).matrix(), camera.pose.matrix(), atol=1e-9)
