"""From pixels to the floor and back, for one calibrated camera.

Frames: pixels (u right, v down, centre of the first pixel at 0, 0), the optical frame (x right,
y down, z forward), and ``map`` (z up, floor at z = 0). Distortion is OpenCV's ``plumb_bob`` (Brown)
or ``equidistant`` (Kannala-Brandt fisheye) as in ROS camera_info.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]

# Distorted models fold back far outside the picture: rays beyond this angle from the optical axis are not projected.
_WIDEST_PINHOLE = np.deg2rad(80.0)
_WIDEST_FISHEYE = np.deg2rad(100.0)


class FloorProjector:
    """Projects points and rays of one camera of the store."""

    def __init__(self, camera: Camera) -> None:
        """Take intrinsics, distortion and pose from the store description."""
        self.camera = camera
        self.width, self.height = camera.width, camera.height
        extrinsic = camera.extrinsic()
        self._rotation: Floats = extrinsic[:3, :3]
        self._translation: Floats = extrinsic[:3, 3]
        self._intrinsic: Floats = camera.intrinsic
        self._fisheye = camera.distortion_model == "equidistant"
        count = 4 if self._fisheye else max(4, len(camera.distortion))
        self._distortion: Floats = np.zeros(count)
        self._distortion[: len(camera.distortion)] = camera.distortion
        self._straight = not self._fisheye and not np.any(self._distortion)

    @cached_property
    def centre(self) -> Floats:
        """Optical centre in ``map``, metres, shape (3,)."""
        return np.asarray(-self._rotation.T @ self._translation)

    def to_pixels(self, points: ArrayLike) -> Floats:
        """Project points of ``map``.

        Args:
            points: (..., 3), metres.

        Returns:
            (..., 2) pixels, also outside the picture; NaN for points behind the camera or beyond the
            angle for which the distortion model holds.
        """
        given = np.asarray(points, dtype=np.float64)
        local = given.reshape(-1, 3) @ self._rotation.T + self._translation
        depth = local[:, 2]
        aside = np.hypot(local[:, 0], local[:, 1])
        angle = np.arctan2(aside, depth)
        seen = angle < (_WIDEST_FISHEYE if self._fisheye else _WIDEST_PINHOLE)
        if self._straight:
            with np.errstate(divide="ignore", invalid="ignore"):
                plane = local[:, :2] / depth[:, None]
            pixels = plane * (self.camera.fx, self.camera.fy) + (self.camera.cx, self.camera.cy)
        elif self._fisheye:
            # Kannala & Brandt 2006: the radius is an odd polynomial of the angle.
            square = angle * angle
            terms = 1.0 + square * (
                self._distortion[0]
                + square * (self._distortion[1] + square * (self._distortion[2] + square * self._distortion[3]))
            )
            scale = np.where(aside > 1e-12, angle * terms / np.maximum(aside, 1e-12), 0.0)
            pixels = local[:, :2] * scale[:, None] * (self.camera.fx, self.camera.fy) + (self.camera.cx, self.camera.cy)
        else:
            safe = np.where(seen[:, None], local, (0.0, 0.0, 1.0))
            found, _ = cv2.projectPoints(safe, np.zeros(3), np.zeros(3), self._intrinsic, self._distortion)
            pixels = np.asarray(found, dtype=np.float64).reshape(-1, 2)
        pixels = np.where(seen[:, None], pixels, np.nan)
        return pixels.reshape(*given.shape[:-1], 2)

    def rays(self, pixels: ArrayLike) -> Floats:
        """Return the viewing rays of pixels: unit vectors in ``map``, shape (..., 3)."""
        given = np.asarray(pixels, dtype=np.float64)
        flat = np.ascontiguousarray(given.reshape(-1, 1, 2))
        if not flat.size:
            return np.zeros((*given.shape[:-1], 3))
        if self._straight:
            plane = (flat[:, 0] - (self.camera.cx, self.camera.cy)) / (self.camera.fx, self.camera.fy)
        elif self._fisheye:
            plane = cv2.fisheye.undistortPoints(flat, self._intrinsic, self._distortion).reshape(-1, 2)
        else:
            criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-9)
            found = cv2.undistortImagePoints(flat, self._intrinsic, self._distortion, None, criteria)
            plane = np.asarray(found, dtype=np.float64).reshape(-1, 2)
            plane = (plane - (self.camera.cx, self.camera.cy)) / (self.camera.fx, self.camera.fy)
        local = np.column_stack([plane, np.ones(len(plane))])
        local /= np.linalg.norm(local, axis=1, keepdims=True)
        return np.asarray(local @ self._rotation).reshape(*given.shape[:-1], 3)

    def to_floor(self, pixels: ArrayLike, height: ArrayLike = 0.0) -> Floats:
        """Intersect viewing rays with a level plane.

        Args:
            pixels: (..., 2).
            height: z of the plane, metres; a number or one a pixel.

        Returns:
            (..., 2) x, y in ``map``, metres; NaN where the ray does not meet the plane before the camera.
        """
        directions = self.rays(pixels)
        rise = np.asarray(height, dtype=np.float64) - self.centre[2]
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = rise / directions[..., 2]
        reach = np.where(np.isfinite(reach) & (reach > 0), reach, np.nan)
        return np.asarray(self.centre[:2] + reach[..., None] * directions[..., :2])

    def floor_jacobian(self, points: ArrayLike) -> Floats:
        """Derivative of the pixel with respect to floor position and height.

        Args:
            points: (..., 3) in ``map``, metres.

        Returns:
            (..., 2, 3): d(u, v) / d(x, y, z), pixels per metre; NaN where the point is not seen.
        """
        given = np.asarray(points, dtype=np.float64)
        step = 1e-4
        shifted = given[..., None, :] + np.concatenate([np.eye(3), -np.eye(3)]) * step
        pixels = self.to_pixels(shifted)
        return np.asarray(np.swapaxes(pixels[..., :3, :] - pixels[..., 3:, :], -1, -2) / (2.0 * step))

    def inside(self, pixels: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether pixels (..., 2) lie in the picture, at least ``margin`` pixels from its border."""
        given = np.asarray(pixels, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            across = (given[..., 0] >= margin) & (given[..., 0] <= self.width - 1 - margin)
            return np.asarray(across & (given[..., 1] >= margin) & (given[..., 1] <= self.height - 1 - margin))
