"""The non-linear least squares behind a lens: intrinsics, distortion and board poses at once (Zhang 2000).

Pinhole and fisheye are fitted in the same way over the project's own ``Lens``, with a loss that lets single bad
corners go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from just_walk_out.camera.views import View
from just_walk_out.store.lens import Lens

Floats = NDArray[np.float64]
LensKind = Literal["pinhole", "rational", "fisheye"]

_FOCALS = np.geomspace(0.25, 3.0, 12)
"""Focal lengths tried first, in widths of the picture."""
_LOST = 100.0
"""Pixels that a corner counts as off where the lens cannot see it."""
_STEP = 1e-6


class LensFit:
    """The least squares: fx, fy, cx, cy, eight coefficients, then six numbers a view.

    Attributes:
        lens: (12,) fx, fy, cx, cy in pixels, then the coefficients; zeros behind those that are used.
        poses: (views, 6) rotation vector and translation of each board, radians and metres.
    """

    def __init__(self, views: Sequence[View], size: tuple[int, int], kind: LensKind) -> None:
        """Take the views; ``run`` fits.

        Args:
            views: the boards found.
            size: (width, height) of the pictures, pixels.
            kind: of lens.
        """
        self._views = list(views)
        self._model: Literal["plumb_bob", "equidistant"] = "equidistant" if kind == "fisheye" else "plumb_bob"
        self._kind = kind
        self._size = size
        self._points = np.concatenate([view.points for view in views])
        self._pixels = np.concatenate([view.pixels for view in views])
        self._of = np.repeat(np.arange(len(views)), [len(view.points) for view in views])
        self._ends = np.cumsum([len(view.points) for view in views])[:-1]
        self.lens: Floats = np.zeros(12)
        self.poses: Floats = np.zeros((len(views), 6))
        self._jacobian: Floats = np.zeros((0, 0))
        self._scale = 1.0

    def run(self) -> None:
        """Find a beginning, then free the parameters one group after the other."""
        self._begin()
        self._solve([0], tied=True)
        self._solve([0, 1, 2, 3])
        first, extra = {"fisheye": (6, (7, 8)), "pinhole": (8, (9,)), "rational": (8, ())}[self._kind]
        self._solve(list(range(first)))
        if self._kind == "rational":
            self._solve(list(range(12)))
        for count in extra:
            kept, jacobian, before = (self.lens, self.poses), self._jacobian, self._squares()
            self._solve(list(range(count)))
            # Schwarz 1978: one more coefficient must earn its keep, or it bends the corners nobody has looked at
            numbers = 2 * len(self._pixels)
            if numbers * np.log(max(self._squares(), 1e-12) / max(before, 1e-12)) + np.log(numbers) > 0.0:
                (self.lens, self.poses), self._jacobian = kept, jacobian
                break
            first = count
        # now that the noise is known, corners that are off by much more count for little
        noise = 1.4826 * float(np.median(np.abs(np.concatenate(self.residuals()))))
        self._scale = float(np.clip(2.0 * noise, 0.05, 1.0))
        self._solve(list(range(12 if self._kind == "rational" else first)))

    def _squares(self) -> float:
        return float((np.concatenate(self.residuals()) ** 2).sum())

    def residuals(self) -> list[Floats]:
        """Return seen minus projected, (N, 2) a view, pixels."""
        off = self._pixels - self._project(self.lens, self.poses)
        return list(np.split(np.where(np.isfinite(off), off, _LOST), self._ends))

    def deviations(self) -> Floats:
        """One sigma of fx, fy, cx, cy, pixels, from the curvature of the least squares."""
        freedom = max(1, 2 * len(self._pixels) - self._jacobian.shape[1])
        variance = self._squares() / freedom
        covariance = np.linalg.pinv(self._jacobian.T @ self._jacobian) * variance
        return np.sqrt(np.diag(covariance)[:4])

    def tilts(self) -> Floats:
        """Angle between each board and the picture, radians."""
        normals = Rotation.from_rotvec(self.poses[:, :3]).as_matrix()[:, :, 2]
        return np.asarray(np.arccos(np.clip(np.abs(normals[:, 2]), 0.0, 1.0)))

    def optics(self, lens: Floats) -> Lens:
        """Return the lens that twelve numbers stand for."""
        fx, fy, cx, cy = (float(value) for value in lens[:4])
        return Lens(fx, fy, cx, cy, self._model, lens[4:8] if self._model == "equidistant" else lens[4:12])

    def _project(self, lens: Floats, poses: Floats) -> Floats:
        turned = Rotation.from_rotvec(poses[:, :3]).as_matrix()[self._of]
        local = np.einsum("nij,nj->ni", turned, self._points) + poses[self._of, 3:]
        return self.optics(lens).project(local)

    def _begin(self) -> None:
        """Take the focal length under which flat boards explain the pictures best, without distortion."""
        width, height = self._size
        best = np.inf
        for focal in _FOCALS * width:
            lens = np.array([focal, focal, (width - 1) / 2, (height - 1) / 2, *[0.0] * 8])
            optics = self.optics(lens)
            poses = np.array([pose_of_points(view.points, view.pixels, optics) for view in self._views])
            off = np.linalg.norm(self._pixels - self._project(lens, poses), axis=1)
            # the median bears the distortion that is still missing
            score = float(np.median(np.where(np.isfinite(off), off, _LOST)))
            if score < best:
                best, self.lens, self.poses = score, lens, poses

    def _solve(self, free: list[int], tied: bool = False) -> None:
        """Solve for some of the lens's numbers and all poses; ``tied``: one focal length for both axes."""
        start = np.concatenate([self.lens[free], self.poses.ravel()])

        def unpack(state: Floats) -> tuple[Floats, Floats]:
            lens = self.lens.copy()
            lens[free] = state[: len(free)]
            if tied:
                lens[1] = lens[0]
            return lens, state[len(free) :].reshape(-1, 6)

        def residual(state: Floats) -> Floats:
            off = (self._pixels - self._project(*unpack(state))).ravel()
            return np.where(np.isfinite(off), off, _LOST)

        def jacobian(state: Floats) -> Floats:
            # a pose moves the corners of its own view alone: all views are moved at once
            slopes = np.zeros((2 * len(self._pixels), len(state)))
            rows, owner = np.arange(2 * len(self._pixels)), np.repeat(self._of, 2)
            for number in range(len(free) + 6):
                column = np.full(len(rows), number) if number < len(free) else number + 6 * owner
                step = np.zeros(len(state))
                step[np.unique(column)] = _STEP * (max(1.0, abs(state[number])) if number < len(free) else 1.0)
                slopes[rows, column] = (residual(state + step) - residual(state - step)) / (2.0 * step[column])
            return slopes

        found = least_squares(
            residual, start, jacobian, x_scale="jac", loss="soft_l1", f_scale=self._scale, max_nfev=60
        )
        self.lens, self.poses = unpack(found.x)
        self._jacobian = np.asarray(found.jac)


def pose_of_points(points: Floats, pixels: Floats, lens: Lens) -> Floats:
    """Return the pose (6,), rotation vector and metres, that takes points (N, 3) to where pixels (N, 2) see them.

    Source: SQPnP (Terzakis and Lourakis 2020), over rays of the lens, so that any distortion will do. All NaN where
    fewer than three points have a ray ahead.
    """
    rays = lens.rays(pixels)
    ahead = np.isfinite(rays).all(axis=1) & (rays[:, 2] > 0.05)
    if ahead.sum() < 3:
        return np.full(6, np.nan)
    plane = rays[ahead, :2] / rays[ahead, 2:]
    try:
        good, turn, shift = cv2.solvePnP(
            np.ascontiguousarray(points[ahead]), plane, np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP
        )
    except cv2.error:
        good = False
    return np.concatenate([turn.ravel(), shift.ravel()]) if good else np.full(6, np.nan)
