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
_TINY = 1e-12


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
        given = np.asarray(distortion, dtype=np.float64).tolist()
        # Numbers of Python: boxes come a few at a time, and numpy's own cost more than what is done with them.
        self._d: list[float] = given + [0.0] * ((4 if self.fisheye else 8) - len(given))
        self._straight = not self.fisheye and not any(self._d)
        self._rational = any(self._d[5:])
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
        x, y, depth = points.T
        aside, angle, seen = self._aside(x, y, depth)
        if self.fisheye:
            scale = self._bent(angle) / aside
            u, v = x * scale, y * scale
        else:
            ahead = np.where(seen, depth, 1.0)
            u, v = x / ahead, y / ahead
            if not self._straight:
                (u, v), _, _ = self._distort(u, v)
        return np.asarray(np.where(seen, np.array([u, v]) * self.focal[:, None] + self.centre[:, None], np.nan).T)

    def slopes(self, points: Floats) -> Floats:
        """Return how pixels move with points (N, 3) of the optical frame.

        Args:
            points: (N, 3).

        Returns:
            (N, 2, 3): d(u, v) / d(x, y, z), pixels per unit of the points; NaN beyond the limit of the model.
        """
        x, y, depth = points.T
        aside, angle, seen = self._aside(x, y, depth)
        if self.fisheye:
            square = aside * aside
            far = np.maximum(square + depth * depth, _TINY)
            scale, bend = self._bent(angle) / aside, self._bend(angle)
            # On the axis the scale has no slope to the side.
            turn = np.where(aside > _TINY, (bend * depth / far - scale) / np.maximum(square, _TINY), 0.0)
            xx, xy, yy = scale + x * x * turn, x * y * turn, scale + y * y * turn
            xz, yz = -bend * x / far, -bend * y / far
        else:
            ahead = np.where(seen, depth, 1.0)
            a, b = x / ahead, y / ahead
            xx, xy, yy = self._turn(a, b, *self._radial(a * a + b * b)) / ahead
            xz, yz = -(xx * a + xy * b), -(xy * a + yy * b)
        rows = np.array([[xx, xy, xz], [xy, yy, yz]])
        return np.moveaxis(np.where(seen, rows * self.focal[:, None, None], np.nan), -1, 0)

    def _aside(self, x: Floats, y: Floats, depth: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return how far points are from the axis (never 0), at which angle, and whether the model holds there."""
        aside = np.maximum(np.hypot(x, y), _TINY)
        angle = np.arctan2(aside, depth)
        # What ``rays`` returns within the limit may come back a rounding beyond it.
        return aside, angle, angle < self.limit + 1e-9

    def rays(self, pixels: Floats) -> Floats:
        """Return unit vectors (N, 3) in the optical frame for pixels (N, 2); NaN where no ray has that pixel."""
        plane = (pixels.T - self.centre[:, None]) / self.focal[:, None]
        if not self._straight:
            radius = np.hypot(*plane)
            with np.errstate(invalid="ignore"):
                angle = np.interp(radius, self._radii, self._angles)
            if self.fisheye:
                return self._fisheye_rays(plane, radius, angle)
            plane = self._undistort(plane, plane * (np.tan(angle) / np.maximum(radius, _TINY)))
        local = np.concatenate([plane, np.ones((1, plane.shape[1]))])
        return np.asarray((local / np.sqrt((local * local).sum(axis=0))).T)

    def _bent(self, angle: Floats) -> Floats:
        """Distance from the centre of the picture, in focal lengths, of a ray at an angle from the axis."""
        if self.fisheye:
            square = angle * angle
            k1, k2, k3, k4 = self._d
            return np.asarray(angle * (1.0 + square * (k1 + square * (k2 + square * (k3 + square * k4)))))
        slope = np.tan(angle)
        factor, _ = self._radial(slope * slope)
        return np.asarray(slope * factor)

    def _bend(self, angle: Floats) -> Floats:
        """Return the derivative of ``_bent`` of a fisheye."""
        square = angle * angle
        k1, k2, k3, k4 = self._d
        return np.asarray(1.0 + square * (3.0 * k1 + square * (5.0 * k2 + square * (7.0 * k3 + square * 9.0 * k4))))

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

    def _distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Return where plumb_bob puts points (2, N), the radial factor and its slope there."""
        p1, p2 = self._d[2], self._d[3]
        square = x * x + y * y
        factor, slope = self._radial(square)
        if not (p1 or p2):
            return np.array([x * factor, y * factor]), factor, slope
        both = 2.0 * x * y
        across = x * factor + p1 * both + p2 * (square + 2.0 * x * x)
        return np.array([across, y * factor + p1 * (square + 2.0 * y * y) + p2 * both]), factor, slope

    def _turn(self, x: Floats, y: Floats, factor: Floats, slope: Floats) -> Floats:
        """Return the derivative of plumb_bob (3, N), which is symmetric: xx, xy, yy."""
        p1, p2 = self._d[2], self._d[3]
        steep = 2.0 * slope
        xx, xy, yy = factor + steep * x * x, steep * x * y, factor + steep * y * y
        if p1 or p2:
            xx, yy = xx + 2.0 * p1 * y + 6.0 * p2 * x, yy + 6.0 * p1 * y + 2.0 * p2 * x
            xy = xy + 2.0 * p1 * x + 2.0 * p2 * y
        return np.array([xx, xy, yy])

    def _undistort(self, wanted: Floats, start: Floats) -> Floats:
        """Newton's method on both coordinates, rows (2, N); NaN where it does not arrive."""
        x, y = start
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for left in range(_NEWTON, -1, -1):
                found, factor, slope = self._distort(x, y)
                off = found - wanted
                if not left or not (np.abs(off) > 1e-12).any():
                    break
                xx, xy, yy = self._turn(x, y, factor, slope)
                area = xx * yy - xy * xy
                x, y = x - (yy * off[0] - xy * off[1]) / area, y - (xx * off[1] - xy * off[0]) / area
            close = np.abs(off).max(axis=0) * self.focal.max() < _CLOSE
            good = close & (np.hypot(x, y) < np.tan(self.limit))
        return np.where(good, np.array([x, y]), np.nan)

    def _fisheye_rays(self, plane: Floats, radius: Floats, angle: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for _ in range(_NEWTON):
                step = (self._bent(angle) - radius) / self._bend(angle)
                angle = angle - step
                if not (np.abs(step) > 1e-14).any():
                    break
            close = np.abs(self._bent(angle) - radius) * self.focal.max() < _CLOSE
            good = close & (angle >= 0.0) & (angle < self.limit)
            aside = np.where(radius > _TINY, np.sin(angle) / np.maximum(radius, _TINY), 1.0)
        return np.asarray(np.where(good, np.concatenate([plane * aside, np.cos(angle)[None]]), np.nan).T)
