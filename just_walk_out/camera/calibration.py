"""A camera's calibration as ROS knows it: camera_info, its YAML file, and the way to the store's cameras and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from just_walk_out.store.model import Camera, Pose

Floats = NDArray[np.float64]
Model = Literal["plumb_bob", "equidistant"]

_BODY_FROM_OPTICAL: Floats = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True)
class CameraInfo:
    """The calibration part of sensor_msgs/CameraInfo.

    Attributes:
        width: pixels.
        height: pixels.
        distortion_model: ``plumb_bob`` or ``equidistant``.
        d: distortion coefficients; 5 for plumb_bob (k1, k2, p1, p2, k3) or 8 (and k4, k5, k6), 4 for equidistant.
        k: 3x3 camera matrix, row-major.
        r: 3x3 rectification, row-major.
        p: 3x4 projection, row-major.
    """

    width: int
    height: int
    distortion_model: Model
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]

    @property
    def standard_model(self) -> str:
        """The name in sensor_msgs/distortion_models, which calls plumb_bob with eight coefficients otherwise."""
        return "rational_polynomial" if len(self.d) == 8 else self.distortion_model


def camera_info(camera: Camera) -> CameraInfo:
    """Return the calibration of a camera of the store."""
    size = 4 if camera.distortion_model == "equidistant" else max(5, len(camera.distortion))
    distortion = (*camera.distortion, *([0.0] * (size - len(camera.distortion))))
    k = (camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0)
    p = (camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0)
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    return CameraInfo(camera.width, camera.height, camera.distortion_model, distortion, k, identity, p)


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether pictures of two sizes (width, height) can be the same picture scaled.

    A side that is off by more than a rounded pixel comes of another crop or of padding, not of scaling.
    """
    return abs(one[0] * other[1] - one[1] * other[0]) <= max(*one, *other)


def scaled(info: CameraInfo, size: tuple[int, int]) -> CameraInfo:
    """Return the calibration for pictures scaled to another size, as a capture scales them.

    Args:
        info: calibration.
        size: (width, height), pixels, of the same shape.

    Raises:
        ValueError: the shape differs, so that they cannot be the same pictures scaled.
    """
    if not same_shape((info.width, info.height), size):
        raise ValueError(
            f"expected pictures of the shape {size[0]}x{size[1]} of the description, got {info.width}x{info.height}"
        )
    across, down = size[0] / info.width, size[1] / info.height

    def scale(rows: tuple[float, ...], columns: int) -> tuple[float, ...]:
        grown = np.array(rows).reshape(3, columns)
        # the middle of the first pixel is at 0, its corner at -0.5
        grown[:2, 2] += 0.5
        grown[:2] *= np.array([[across], [down]])
        grown[:2, 2] -= 0.5
        return tuple(float(value) for value in grown.ravel())

    return replace(info, width=size[0], height=size[1], k=scale(info.k, 3), p=scale(info.p, 4))


def write_camera_info(path: Path, name: str, info: CameraInfo) -> None:
    """Write the YAML that camera_calibration_parsers reads."""
    document = {
        "image_width": info.width,
        "image_height": info.height,
        "camera_name": name,
        "camera_matrix": {"rows": 3, "cols": 3, "data": list(info.k)},
        "distortion_model": info.standard_model,
        "distortion_coefficients": {"rows": 1, "cols": len(info.d), "data": list(info.d)},
        "rectification_matrix": {"rows": 3, "cols": 3, "data": list(info.r)},
        "projection_matrix": {"rows": 3, "cols": 4, "data": list(info.p)},
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False, default_flow_style=None), encoding="utf-8")


def read_camera_info(path: Path) -> tuple[str, CameraInfo]:
    """Read a camera_info YAML.

    Returns:
        The camera's name and its calibration.

    Raises:
        ValueError: names the file and the key that is missing or wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path}: expected a mapping of camera_info keys")
    model = document.get("distortion_model", "plumb_bob")
    model = {"fisheye": "equidistant", "rational_polynomial": "plumb_bob"}.get(model, model)
    if model not in ("plumb_bob", "equidistant"):
        raise ValueError(f"{path}: distortion_model: {model!r} is neither plumb_bob nor equidistant")
    k = _matrix(path, document, "camera_matrix", 9)
    d = _matrix(path, document, "distortion_coefficients", None)
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    r = _matrix(path, document, "rectification_matrix", 9) if "rectification_matrix" in document else identity
    plain = (*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0)
    p = _matrix(path, document, "projection_matrix", 12) if "projection_matrix" in document else plain
    width, height = (_positive(path, document, key) for key in ("image_width", "image_height"))
    return str(document.get("camera_name", "")), CameraInfo(width, height, cast(Model, model), d, k, r, p)


def make_camera(name: str, info: CameraInfo, extrinsic: Floats, *, source: str = "", rate: float = 10.0) -> Camera:
    """Build a camera of the store from a calibration and its pose.

    Args:
        name: id.
        info: intrinsics.
        extrinsic: 4x4 transform from ``map`` to the optical frame.
        source: what to open.
        rate: frames a second.
    """
    return Camera(
        id=name,
        source=source,
        width=info.width,
        height=info.height,
        rate=rate,
        fx=info.k[0],
        fy=info.k[4],
        cx=info.k[2],
        cy=info.k[5],
        pose=pose_of(extrinsic),
        distortion_model=info.distortion_model,
        distortion=info.d,
    )


def pose_of(extrinsic: Floats) -> Pose:
    """Return the pose of the camera body for a 4x4 transform from ``map`` to the optical frame."""
    rotation = extrinsic[:3, :3].T @ _BODY_FROM_OPTICAL.T
    x, y, z = (float(value) for value in -extrinsic[:3, :3].T @ extrinsic[:3, 3])
    roll = math.atan2(rotation[2, 1], rotation[2, 2])
    pitch = math.asin(max(-1.0, min(1.0, -rotation[2, 0])))
    yaw = math.atan2(rotation[1, 0], rotation[0, 0])
    return Pose(x, y, z, roll, pitch, yaw)


def _matrix(path: Path, document: dict[str, Any], key: str, size: int | None) -> tuple[float, ...]:
    value = document.get(key)
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, list) or (size is not None and len(data) != size):
        expected = "numbers" if size is None else f"{size} numbers"
        raise ValueError(f"{path}: {key}.data: expected a list of {expected}")
    try:
        numbers = tuple(float(item) for item in data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {key}.data: expected numbers only") from error
    if not all(math.isfinite(item) for item in numbers):
        raise ValueError(f"{path}: {key}.data: expected finite numbers")
    return numbers


def _positive(path: Path, document: dict[str, Any], key: str) -> int:
    value = document.get(key)
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"{path}: {key}: expected a positive integer, not {value!r}")
    return value
