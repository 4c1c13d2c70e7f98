"""Calibrations that others publish: Tsai XML (PETS), OpenCV XML (WILDTRACK) and the camera files of MOT17.

Each reader returns a ``Calibrated``; ``Calibrated.camera(name)`` makes a camera of it, and
``FloorProjector`` of that takes pixels to the floor and back, with Jacobian. All poses come out in
metres, in a world frame whose z points up and whose floor is z = 0. Pixels count from 0, as everywhere
here; the boxes of MOTChallenge files count from 1 (on PETS that pixel is 9 cm on the floor).
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.calibration import CameraInfo, make_camera
from just_walk_out.store.model import Camera, Pose

Floats = NDArray[np.float64]

_SKEWED = 0.01
"""How far a matrix may be from a rotation (largest entry of R R' - 1) before it is taken for something else."""


@dataclass(frozen=True)
class Calibrated:
    """A camera that somebody has calibrated.

    Attributes:
        info: size, intrinsics and distortion.
        extrinsic: 4x4 transform from the world (metres, z up) to the optical frame.
        deviation: pixels by which ``info`` is off at worst, over the picture, from the model of the file.
    """

    info: CameraInfo
    extrinsic: Floats
    deviation: float = 0.0

    def camera(self, name: str, *, source: str = "", rate: float = 10.0) -> Camera:
        """Return it as a camera of the store.

        Args:
            name: id.
            source: what to open.
            rate: frames a second.
        """
        return make_camera(name, self.info, self.extrinsic, source=source, rate=rate)


def read_tsai(path: Path) -> Calibrated:
    """Read a Tsai calibration as PETS publishes it (Tsai 1987; millimetres).

    Tsai's distortion runs from the distorted to the ideal point; k1, k2 and k3 of plumb_bob are fitted to its
    inverse by least squares over the picture, and ``deviation`` says how well that goes.

    Raises:
        ValueError: names the file and what is missing.
    """
    try:
        root = ElementTree.parse(path).getroot()
        parts = {item.tag: {key: float(value) for key, value in item.attrib.items()} for item in root}
        geometry, inner, outer = parts["Geometry"], parts["Intrinsic"], parts["Extrinsic"]
        focal, kappa = inner["focal"], inner["kappa1"]
        fx, fy = focal * inner["sx"] / geometry["dpx"], focal / geometry["dpy"]
        centre = (inner["cx"], inner["cy"])
        width, height = int(geometry["width"]), int(geometry["height"])
        angles = (outer["rx"], outer["ry"], outer["rz"])
        translation = np.array([outer["tx"], outer["ty"], outer["tz"]]) / 1000.0
        _require_finite(fx, fy, kappa, *centre, *angles, *translation)
    except (OSError, ElementTree.ParseError, KeyError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{path}: expected a Tsai calibration (Geometry, Intrinsic, Extrinsic): {error}") from error
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=np.float64)
    reach = np.linalg.norm((corners - centre) / (fx, fy), axis=1).max()
    bent = np.linspace(0.0, reach, 200)[1:]
    ideal = bent * (1.0 + kappa * (focal * bent) ** 2)
    powers = np.stack([ideal**3, ideal**5, ideal**7], axis=1)
    terms, *_ = np.linalg.lstsq(powers, bent - ideal, rcond=None)
    deviation = float(np.abs(ideal + powers @ terms - bent).max() * max(fx, fy))
    # The model's rotation about fixed x, y, z is the same product as that of a pose.
    rotation = Pose(roll=angles[0], pitch=angles[1], yaw=angles[2]).matrix()[:3, :3]
    k1, k2, k3 = (float(value) for value in terms)
    info = _info((width, height), (fx, fy, *centre), (k1, k2, 0.0, 0.0, k3))
    return Calibrated(info, _extrinsic(rotation, translation), deviation)


def read_wildtrack(extrinsic: Path, intrinsic: Path, size: tuple[int, int] = (1920, 1080)) -> Calibrated:
    """Read a camera of WILDTRACK: OpenCV XML of its pose (rvec, tvec in centimetres) and of its intrinsics.

    Args:
        extrinsic: file with ``rvec`` and ``tvec``.
        intrinsic: file with ``camera_matrix`` and ``distortion_coefficients``.
        size: (width, height) of the pictures, which no file tells.

    Raises:
        ValueError: names the file and what is missing.
    """
    outer, inner = _opencv_xml(extrinsic), _opencv_xml(intrinsic)
    rvec, tvec = (_numbers(extrinsic, outer, key, 3) for key in ("rvec", "tvec"))
    k = _numbers(intrinsic, inner, "camera_matrix/data", 9)
    d = _numbers(intrinsic, inner, "distortion_coefficients/data", 5)
    rotation = np.asarray(cv2.Rodrigues(rvec)[0], dtype=np.float64)
    info = _info(size, (k[0], k[4], k[2], k[5]), tuple(float(value) for value in d))
    return Calibrated(info, _extrinsic(rotation, tvec / 100.0))


def read_cam_para(path: Path, size: tuple[int, int] | None = None) -> Calibrated:
    """Read the ``cam_para.txt`` of a MOT17 sequence: rotation, translation in millimetres, camera matrix.

    Args:
        path: the file; three blocks, each after its title.
        size: (width, height) of the pictures, as ``seqinfo.ini`` has it; without it, twice the principal point.

    Raises:
        ValueError: names the file and what is missing.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    blocks: dict[str, list[float]] = {}
    block: list[float] = []
    for line in lines:
        try:
            block.extend(float(word) for word in line.split())
        except ValueError:
            block = blocks.setdefault(line, [])
    found = []
    for title, count in (("RotationMatrices", 9), ("TranslationVectors", 3), ("IntrinsicMatrix", 9)):
        values = blocks.get(title, [])
        if len(values) != count or not all(math.isfinite(value) for value in values):
            raise ValueError(f"{path}: expected {count} numbers after {title}, got {len(values)}")
        found.append(np.array(values))
    rotation, translation, k = found[0].reshape(3, 3), found[1] / 1000.0, found[2]
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _SKEWED or np.linalg.det(rotation) < 0:
        raise ValueError(f"{path}: RotationMatrices: expected a rotation")
    if k[0] <= 0 or k[4] <= 0:
        raise ValueError(f"{path}: IntrinsicMatrix: expected focal lengths above 0")
    size = size or (round(2 * k[2]), round(2 * k[5]))
    return Calibrated(_info(size, (k[0], k[4], k[2], k[5]), ()), _extrinsic(rotation, translation))


def _info(size: tuple[int, int], lens: tuple[float, float, float, float], d: tuple[float, ...]) -> CameraInfo:
    fx, fy, cx, cy = (float(value) for value in lens)
    k = (fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0)
    p = (fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0)
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    return CameraInfo(*size, "plumb_bob", d or (0.0,) * 5, k, identity, p)


def _extrinsic(rotation: Floats, translation: Floats) -> Floats:
    """Return the 4x4 transform with the rotation nearest to a matrix that was written with a few digits."""
    u, _, vt = np.linalg.svd(rotation)
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = u @ vt
    extrinsic[:3, 3] = translation
    return extrinsic


def _opencv_xml(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f"{path}: expected an XML file of OpenCV: {error}") from error


def _numbers(path: Path, root: ElementTree.Element, key: str, count: int) -> Floats:
    text = root.findtext(key)
    try:
        values = [float(word) for word in (text or "").split()]
        _require_finite(*values)
    except ValueError as error:
        raise ValueError(f"{path}: {key}: expected finite numbers: {error}") from error
    if len(values) != count:
        raise ValueError(f"{path}: {key}: expected {count} numbers, got {len(values)}")
    return np.array(values)


def _require_finite(*values: float) -> None:
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a number is not finite")
