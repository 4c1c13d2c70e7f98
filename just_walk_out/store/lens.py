"""A camera's lens: from rays of the optical frame to pixels and back, distortion included.

Models as in ROS camera_info and OpenCV: ``plumb_bob`` (Brown 1966: k1, k2, p1, p2[, k3[, k4, k5, k6]]; with
eight coefficients ROS calls it ``rational_polynomial``) and ``equidistant`` (Kannala and Brandt 2006: k1 .. k4).
The optical frame: x right, y down, z forward. Pixels: u right, v down, the middle of the first one at (0, 0).

Such polynomials fold back: beyond some angle the picture of a point moves inwards again, and a point far out of
view would seem to be in the middle of the picture. Neither way goes beyond that angle here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]

_WIDEST = {"plumb_bob": np.deg2rad(80.0), "equidistant": np.deg2rad(100.0)}
"""Widest angle from the optical axis that is looked at, radians."""
_TABLE = 800
_NEWTON = 12
_CLOSE = 1e-5
"""Pixels that a ray's own pixel may be off from the one it was asked for."""


class Lens:
    """Intrinsics and distortion of one camera."""

    def __init__(
        self,
        fx: float,
        fy: float,
        cx: float,
        cy: float,
        model: Literal["plumb_bob", "equidistant"] = "plumb_bob",
        distortion: ArrayLike = (),
    ) -> None:
        """Prepare both ways.

        Args:
            fx: focal length along u, pixels.
            fy: focal length along v, pixels.
            cx: u of the optical axis, pixels.
            cy: v of the optical axis, pixels.
            model: of the distortion.
            distortion: up to 8 coefficients of plumb_bob, up to 4 of equidistant; what is left out is 0.
        """
        self.focal: Floats = np.array([fx, fy])
        self.centre: Floats = np.array([cx, cy])
        self.fisheye = model == "equidistant"
        given = np.asarray(distortion, dtype=np.float64)
        self._d: Floats = np.zeros(4 if self.fisheye else 8)
        self._d[: len(given)] = given
        self._straight = not self.fisheye and not self._d.any()
        self._rational = bool(self._d[5:].any())
        angles = np.linspace(0.0, _WIDEST[model], _TABLE)
        bent = self._bent(angles)
        falling = np.flatnonzero(~(np.diff(bent) > 0.0))
        count = len(angles) if not len(falling) else max(int(falling[0]) + 1, 2)
        self._angles, self._radii = angles[:count], bent[:count]
        self.limit = float(self._angles[-1])
        """Angle from the optical axis, radians, up to which the model holds."""

    @classmethod
    def of(cls, camera: Camera) -> Lens:
        """Return the lens of a camera of the store."""
        return cls(camera.fx, camera.fy, camera.cx, camera.cy, camera.distortion_model, camera.distortion)

    def project(self, points: Floats) -> Floats:
        """Return the pixels (N, 2) of points (N, 3) of the optical frame; NaN beyond the limit of the model."""
        depth = points[:, 2]
        aside = np.hypot(points[:, 0], points[:, 1])
        angle = np.arctan2(aside, depth)
        # What ``rays`` returns within the limit may come back a rounding beyond it.
        seen = angle < self.limit + 1e-9
        if self.fisheye:
            scale = np.where(aside > 1e-12, self._bent(angle) / np.maximum(aside, 1e-12), 0.0)
            plane = points[:, :2] * scale[:, None]
        else:
            plane = points[:, :2] / np.where(seen, depth, 1.0)[:, None]
            if not self._straight:
                plane = self._distort(plane)
        return np.where(seen[:, None], plane * self.focal + self.centre, np.nan)

    def rays(self, pixels: Floats) -> Floats:
        """Return unit vectors (N, 3) in the optical frame for pixels (N, 2); NaN where no ray has that pixel."""
        plane = (pixels - self.centre) / self.focal
        if self._straight:
            local = np.column_stack([plane, np.ones(len(plane))])
            return np.asarray(local / np.linalg.norm(local, axis=1, keepdims=True))
        radius = np.hypot(plane[:, 0], plane[:, 1])
        with np.errstate(invalid="ignore"):
            angle = np.interp(radius, self._radii, self._angles)
        if self.fisheye:
            return self._fisheye_rays(plane, radius, angle)
        start = plane * (np.tan(angle) / np.maximum(radius, 1e-12))[:, None]
        found = self._undistort(plane, start)
        local = np.column_stack([found, np.ones(len(found))])
        return np.asarray(local / np.linalg.norm(local, axis=1, keepdims=True))

    def _bent(self, angle: Floats) -> Floats:
        """Distance from the centre of the picture, in focal lengths, of a ray at an angle from the axis."""
        if self.fisheye:
            square = angle * angle
            k1, k2, k3, k4 = self._d
            return np.asarray(angle * (1.0 + square * (k1 + square * (k2 + square * (k3 + square * k4)))))
        slope = np.tan(angle)
        factor, _ = self._radial(slope * slope)
        return np.asarray(slope * factor)

    def _radial(self, square: Floats) -> tuple[Floats, Floats]:
        """Radial factor of plumb_bob and its derivative with respect to the squared radius."""
        k1, k2, _, _, k3, k4, k5, k6 = self._d
        over = 1.0 + square * (k1 + square * (k2 + square * k3))
        over_slope = k1 + square * (2.0 * k2 + square * 3.0 * k3)
        if not self._rational:
            return np.asarray(over), np.asarray(over_slope)
        under = 1.0 + square * (k4 + square * (k5 + square * k6))
        under_slope = k4 + square * (2.0 * k5 + square * 3.0 * k6)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor: Floats = over / under
            return factor, np.asarray((over_slope - factor * under_slope) / under)

    def _distort(self, plane: Floats) -> Floats:
        x, y = plane[:, 0], plane[:, 1]
        p1, p2 = self._d[2], self._d[3]
        square = x * x + y * y
        factor, _ = self._radial(square)
        return np.column_stack(
            [
                x * factor + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x),
                y * factor + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y,
            ]
        )

    def _undistort(self, wanted: Floats, start: Floats) -> Floats:
        """Newton's method on both coordinates; NaN where it does not arrive."""
        plane = start
        p1, p2 = self._d[2], self._d[3]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for _ in range(_NEWTON):
                off = self._distort(plane) - wanted
                if not (np.abs(off) > 1e-12).any():
                    break
                x, y = plane[:, 0], plane[:, 1]
                factor, slope = self._radial(x * x + y * y)
                xx = factor + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x
                xy = 2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y
                yy = factor + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x
                area = xx * yy - xy * xy
                step = np.column_stack([yy * off[:, 0] - xy * off[:, 1], xx * off[:, 1] - xy * off[:, 0]])
                plane = plane - step / area[:, None]
            left = np.abs(self._distort(plane) - wanted).max(axis=1) * self.focal.max()
            good = (left < _CLOSE) & (np.hypot(plane[:, 0], plane[:, 1]) < np.tan(self.limit))
        return np.where(good[:, None], plane, np.nan)

    def _fisheye_rays(self, plane: Floats, radius: Floats, angle: Floats) -> Floats:
        k1, k2, k3, k4 = self._d
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for _ in range(_NEWTON):
                square = angle * angle
                slope = 1.0 + square * (3.0 * k1 + square * (5.0 * k2 + square * (7.0 * k3 + square * 9.0 * k4)))
                step = (self._bent(angle) - radius) / slope
                angle = angle - step
                if not (np.abs(step) > 1e-14).any():
                    break
            close = np.abs(self._bent(angle) - radius) * self.focal.max() < _CLOSE
            good = close & (angle >= 0.0) & (angle < self.limit)
            aside = np.where(radius > 1e-12, np.sin(angle) / np.maximum(radius, 1e-12), 1.0)
        local = np.column_stack([plane * aside[:, None], np.cos(angle)])
        return np.where(good[:, None], local, np.nan)
