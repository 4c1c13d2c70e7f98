"""From pixels to the floor and back, for one calibrated camera.

Frames: pixels (u right, v down, centre of the first pixel at 0, 0), the optical frame (x right,
y down, z forward), and ``map`` (z up, floor at z = 0). Distortion is OpenCV's ``plumb_bob`` (Brown)
or ``equidistant`` (Kannala-Brandt fisheye) as in ROS camera_info.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]


class FloorProjector:
    """Projects points and rays of one camera of the store."""

    def __init__(self, camera: Camera) -> None:
        """Take intrinsics, distortion and pose from the store description."""
        self.camera = camera
        self.width, self.height = camera.width, camera.height
        extrinsic = camera.extrinsic()
        self._rotation: Floats = extrinsic[:3, :3]
        self._translation: Floats = extrinsic[:3, 3]
        self._lens = Lens.of(camera)

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
        pixels = self._lens.project(local)
        return pixels.reshape(*given.shape[:-1], 2)

    def rays(self, pixels: ArrayLike) -> Floats:
        """Return the viewing rays of pixels: unit vectors in ``map``, (..., 3); NaN where no ray has that pixel."""
        given = np.asarray(pixels, dtype=np.float64)
        local = self._lens.rays(given.reshape(-1, 2))
        return np.asarray(local @ self._rotation).reshape(*given.shape[:-1], 3)

    def to_floor(self, pixels: ArrayLike, height: ArrayLike = 0.0) -> Floats:
        """Intersect viewing rays with a level plane.

        Args:
            pixels: (..., 2).
            height: z of the plane, metres; a number or one a pixel.

        Returns:
            (..., 2) x, y in ``map``, metres; NaN where the ray does not meet the plane before the camera, and where
            no ray has that pixel.
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
        slopes = self._lens.slopes(given.reshape(-1, 3) @ self._rotation.T + self._translation)
        return np.asarray(slopes @ self._rotation).reshape(*given.shape[:-1], 2, 3)

    def inside(self, pixels: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether pixels (..., 2) lie in the picture, at least ``margin`` pixels from its border."""
        given = np.asarray(pixels, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            across = (given[..., 0] >= margin) & (given[..., 0] <= self.width - 1 - margin)
            return np.asarray(across & (given[..., 1] >= margin) & (given[..., 1] <= self.height - 1 - margin))
