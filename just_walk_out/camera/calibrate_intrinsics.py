"""Intrinsics and distortion of a camera from pictures of a board (Zhang 2000, all parameters at once).

Which views count is decided in ``views``, the least squares is in ``lens_fit``; a picture that fits much worse than
the others is left out and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.calibration import CameraInfo
from just_walk_out.camera.lens_fit import LensFit, LensKind
from just_walk_out.camera.views import View, choose_views, covered
from just_walk_out.store.lens import Lens

Floats = NDArray[np.float64]

LEAST_VIEWS = 4
_WORSE = 3.0
"""A picture is left out whose error is so many times that of the median one, and more than ``_FINE`` pixels."""
_FINE = 0.5


@dataclass(frozen=True)
class Intrinsics:
    """The result of a calibration.

    Attributes:
        size: (width, height), pixels.
        model: as in the store description.
        lens: fx, fy, cx, cy, pixels.
        distortion: coefficients in OpenCV's order.
        deviations: one sigma of fx, fy, cx, cy, pixels.
        views: the pictures used.
        residuals: for each of them (N, 2), seen minus projected, pixels.
        poses: for each of them, (6,) rotation vector and translation of the board, metres.
        left_out: name of each picture not used, and why.
        warnings: what makes the result doubtful, one line each.
    """

    size: tuple[int, int]
    model: Literal["plumb_bob", "equidistant"]
    lens: tuple[float, float, float, float]
    distortion: tuple[float, ...]
    deviations: tuple[float, float, float, float]
    views: tuple[View, ...]
    residuals: tuple[Floats, ...]
    poses: tuple[Floats, ...]
    left_out: dict[str, str]
    warnings: tuple[str, ...]

    @property
    def rms(self) -> float:
        """Root mean square of the distances between corners seen and projected, pixels."""
        return _rms(np.concatenate(self.residuals))

    @property
    def worst(self) -> float:
        """Largest of these distances, pixels."""
        return float(np.linalg.norm(np.concatenate(self.residuals), axis=1).max())

    @property
    def coverage(self) -> float:
        """Share of the picture in which corners were seen, in cells of a tenth by an eighth."""
        return float(covered(np.concatenate([view.pixels for view in self.views]), self.size).mean())

    def optics(self) -> Lens:
        """Return the lens."""
        return Lens(*self.lens, self.model, self.distortion)

    def camera_info(self) -> CameraInfo:
        """Return it as sensor_msgs/CameraInfo has it."""
        fx, fy, cx, cy = self.lens
        k = (fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0)
        p = (fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0)
        r = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        return CameraInfo(*self.size, self.model, self.distortion, k, r, p)


def calibrate_intrinsics(views: Sequence[View], size: tuple[int, int], kind: LensKind = "pinhole") -> Intrinsics:
    """Find lens and board poses that explain the corners.

    Args:
        views: the boards found.
        size: (width, height) of the pictures, pixels.
        kind: of lens. ``pinhole``: k1, k2, p1, p2, and k3 where the corners ask for it; ``rational``: eight
            coefficients; ``fisheye``: k1, k2, and k3, k4 where the corners ask for them.

    Raises:
        ValueError: too few usable views are left; says why the others are not.
    """
    chosen, left_out = choose_views(views, size)
    _require(chosen, left_out)
    fit = LensFit(chosen, size, kind)
    fit.run()
    while True:
        errors = np.array([_rms(residual) for residual in fit.residuals()])
        bad = errors > max(_WORSE * float(np.median(errors)), _FINE)
        if not bad.any():
            break
        for view, error in zip(np.array(chosen, object)[bad], errors[bad], strict=True):
            left_out[view.name] = f"error of {error:.2f} pixels, where {np.median(errors):.2f} is usual"
        chosen = [view for view, worse in zip(chosen, bad, strict=True) if not worse]
        _require(chosen, left_out)
        fit = LensFit(chosen, size, kind)
        fit.run()
    deviations = fit.deviations()
    model: Literal["plumb_bob", "equidistant"] = "equidistant" if kind == "fisheye" else "plumb_bob"
    count = {"pinhole": 5, "rational": 8, "fisheye": 4}[kind]
    fx, fy, cx, cy = (float(value) for value in fit.lens[:4])
    s = [float(value) for value in deviations]
    return Intrinsics(
        size,
        model,
        (fx, fy, cx, cy),
        tuple(float(value) for value in fit.lens[4 : 4 + count]),
        (s[0], s[1], s[2], s[3]),
        tuple(chosen),
        tuple(fit.residuals()),
        tuple(fit.poses),
        left_out,
        tuple(_doubts(chosen, size, fit, s)),
    )


def _require(chosen: Sequence[View], left_out: dict[str, str]) -> None:
    if len(chosen) >= LEAST_VIEWS:
        return
    reasons = "; ".join(f"{name}: {why}" for name, why in list(left_out.items())[:5])
    raise ValueError(
        f"expected at least {LEAST_VIEWS} different views of the board, {len(chosen)} are usable"
        + (f" ({reasons})" if reasons else "")
    )


def _rms(residual: Floats) -> float:
    return float(np.sqrt((residual**2).sum(axis=-1).mean()))


def _doubts(views: Sequence[View], size: tuple[int, int], fit: LensFit, deviations: Sequence[float]) -> list[str]:
    found = []
    cells = covered(np.concatenate([view.pixels for view in views]), size)
    sides = {"left": cells[:, :2], "right": cells[:, -2:], "top": cells[:2], "bottom": cells[-2:]}
    bare = [name for name, part in sides.items() if part.mean() < 0.4]
    if bare:
        found.append(f"hardly a corner was seen at the {', '.join(bare)} of the picture: take pictures with it there")
    if float(np.percentile(fit.tilts(), 80)) < np.deg2rad(12.0):
        found.append("the board was always held flat to the camera: tilt it by 20 to 45 degrees in both directions")
    if len(views) < 10:
        found.append(f"only {len(views)} views: take 15 or more")
    if max(deviations[:2]) > 0.01 * fit.lens[0]:
        found.append(f"the focal length is uncertain by {100 * max(deviations[:2]) / fit.lens[0]:.1f} %")
    corners = np.array([[0, 0], [size[0] - 1, 0], [0, size[1] - 1], [size[0] - 1, size[1] - 1]], float)
    if not np.isfinite(fit.optics(fit.lens).rays(corners)).all():
        found.append(
            "the distortion does not reach the corners of the picture: another lens model, or more views there"
        )
    return found
