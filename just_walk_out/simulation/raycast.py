"""The picture and the depth of a static scene, seen by a calibrated camera."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.scene import Quad
from just_walk_out.store.model import Camera

Array = NDArray[np.float64]

_NEAR = 0.05
_OVERSAMPLING = 2
_SHORT, _BULGE = 0.3, 8


class Canvas:
    """The picture and the depth of what has been painted so far, at sub-pixels."""

    def __init__(self, camera: Camera) -> None:
        """Begin with nothing in sight.

        Args:
            camera: pinhole or fisheye, with its pose.
        """
        self._camera = camera
        self._extrinsic = camera.extrinsic()
        pose = np.linalg.inv(self._extrinsic)
        self._centre = pose[:3, 3]
        self._rays = (pixel_rays(camera, _OVERSAMPLING) @ pose[:3, :3].T).astype(np.float32)
        shape = self._rays.shape[:2]
        self._depth = np.full(shape, np.inf, np.float32)
        self._picture = np.full((*shape, 3), 90, np.uint8)
        self._floor = np.zeros(shape, bool)

    def copy(self) -> Canvas:
        """Return another one to go on painting."""
        other = copy(self)
        other._depth, other._picture, other._floor = self._depth.copy(), self._picture.copy(), self._floor.copy()
        return other

    def paint(self, quads: Sequence[Quad]) -> None:
        """Add rectangles, by one ray a sub-pixel."""
        for quad in quads:
            self._paint(quad)

    def _paint(self, quad: Quad) -> None:
        normal = quad.normal
        centre = self._centre
        offset = float(np.dot(normal, quad.corner - centre))
        if abs(offset) < 1e-9 or (not quad.two_sided and offset > 0.0):
            return
        rows, columns = _extent(self._camera, self._extrinsic, quad, _OVERSAMPLING, self._depth.shape)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        across = quad.across / np.dot(quad.across, quad.across)
        along = quad.along / np.dot(quad.along, quad.along)
        slopes = self._rays[rows, columns] @ np.column_stack([normal, across, along]).astype(np.float32)
        behind = self._depth[rows, columns]
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.float32(offset) / slopes[..., 0]
            u = np.float32(np.dot(centre - quad.corner, across)) + distance * slopes[..., 1]
            v = np.float32(np.dot(centre - quad.corner, along)) + distance * slopes[..., 2]
            hit = (distance > _NEAR) & (distance < behind) & (u >= 0.0) & (u < 1.0) & (v >= 0.0) & (v < 1.0)
        if not hit.any():
            return
        high, wide = quad.texture.shape[:2]
        shaded = np.clip(quad.texture * quad.shade, 0, 255).astype(np.uint8)
        self._picture[rows, columns][hit] = shaded[(v[hit] * high).astype(int), (u[hit] * wide).astype(int)]
        behind[hit] = distance[hit]
        self._floor[rows, columns][hit] = quad.is_floor

    def view(self) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """Return what is seen.

        Returns:
            picture (height, width, 3) BGR; depth (height, width) along the optical axis in metres, infinite
            where there is nothing; and whether a pixel shows the floor.
        """
        size = (self._camera.width, self._camera.height)
        small = cv2.resize(self._picture, size, interpolation=cv2.INTER_AREA)
        fine = _OVERSAMPLING
        return (
            np.asarray(small, np.uint8),
            np.ascontiguousarray(self._depth[::fine, ::fine]),
            np.ascontiguousarray(self._floor[::fine, ::fine]),
        )


def cast(camera: Camera, quads: Sequence[Quad]) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
    """Render a scene; returns what ``Canvas.view`` does."""
    canvas = Canvas(camera)
    canvas.paint(quads)
    return canvas.view()


def pixel_rays(camera: Camera, fine: int) -> Array:
    """Return a ray of unit depth for each sub-pixel, in the optical frame: (fine h, fine w, 3)."""
    across = (np.arange(camera.width * fine) + 0.5) / fine - 0.5
    down = (np.arange(camera.height * fine) + 0.5) / fine - 0.5
    u, v = np.meshgrid(across, down)
    if not any(camera.distortion):
        flat = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy], axis=-1)
    else:
        pixels = np.stack([u, v], axis=-1).reshape(-1, 1, 2)
        lens = (camera.intrinsic, np.array(camera.distortion))
        if camera.distortion_model == "equidistant":
            flat = cv2.fisheye.undistortPoints(pixels, *lens).reshape(*u.shape, 2)
        else:
            # OpenCV's own five rounds leave a pixel in the corners of a wide lens
            rounds = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-9)
            straight = cv2.undistortImagePoints(pixels, *lens, None, rounds).reshape(*u.shape, 2)
            flat = (straight - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    return np.concatenate([flat, np.ones((*u.shape, 1))], axis=-1)


def project(camera: Camera, extrinsic: Array, points: Array) -> tuple[Array, Array]:
    """Project points.

    Args:
        camera: pinhole or fisheye.
        extrinsic: 4x4, map to optical frame.
        points: (n, 3) metres, map.

    Returns:
        pixels (n, 2), and depth (n,) along the optical axis in metres; pixels mean nothing where it is <= 0.
    """
    seen = points @ extrinsic[:3, :3].T + extrinsic[:3, 3]
    depth = seen[:, 2]
    safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
    if not any(camera.distortion):
        pixels = seen[:, :2] / safe[:, None] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
        return pixels, depth
    ahead = np.concatenate([seen[:, :2] / safe[:, None], np.ones((len(seen), 1))], axis=1)[:, None, :]
    still = np.zeros(3)
    if camera.distortion_model == "equidistant":
        found, _ = cv2.fisheye.projectPoints(ahead, still, still, camera.intrinsic, np.array(camera.distortion))
    else:
        found, _ = cv2.projectPoints(ahead, still, still, camera.intrinsic, np.array(camera.distortion))
    return found.reshape(-1, 2), depth


def _extent(camera: Camera, extrinsic: Array, quad: Quad, fine: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that can show the rectangle; everything where its corners do not tell."""
    corners = quad.corner + np.array([0 * quad.across, quad.across, quad.along, quad.across + quad.along])
    pixels, depth = project(camera, extrinsic, corners)
    # a lens bends long edges out of the box of their corners, short ones hardly
    bent = any(camera.distortion) and max(np.linalg.norm(quad.across), np.linalg.norm(quad.along)) > _SHORT
    if float(depth.min()) < _NEAR or bent:
        return slice(0, shape[0]), slice(0, shape[1])
    margin = _BULGE if any(camera.distortion) else 0
    low = np.floor(pixels.min(axis=0) * fine).astype(int) - 2 - margin
    high = np.ceil(pixels.max(axis=0) * fine).astype(int) + 4 + margin
    return (
        slice(max(0, int(low[1])), min(shape[0], int(high[1]))),
        slice(max(0, int(low[0])), min(shape[1], int(high[0]))),
    )
