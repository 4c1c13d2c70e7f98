"""Intrinsics and distortion of a camera from pictures of a board (Zhang 2000, all parameters at once).

Pinhole and fisheye are fitted by the same non-linear least squares over the project's own ``Lens``, with a loss that
lets single bad corners go; a picture that fits much worse than the others is left out and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from just_walk_out.camera.calibration import CameraInfo
from just_walk_out.store.lens import Lens

Floats = NDArray[np.float64]
LensKind = Literal["pinhole", "rational", "fisheye"]

LEAST_VIEWS = 4
LEAST_POINTS = 6
_MOST_VIEWS = 50
_CELLS = (10, 8)
_FOCALS = np.geomspace(0.25, 3.0, 12)
"""Focal lengths tried first, in widths of the picture."""
_LOST = 100.0
"""Pixels that a corner counts as off where the lens cannot see it."""
_STEP = 1e-6
_WORSE = 3.0
"""A picture is left out whose error is so many times that of the median one, and more than ``_FINE`` pixels."""
_FINE = 0.5
_SAME = 0.01
"""Two pictures whose corners differ by less than this share of the picture's diagonal show the same view."""


@dataclass(frozen=True)
class View:
    """A board in one picture.

    Attributes:
        name: of the picture.
        points: (N, 3) corners in the board's frame, metres.
        pixels: (N, 2) where they were found.
    """

    name: str
    points: Floats
    pixels: Floats


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


def covered(pixels: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which cells (rows, columns) of the picture hold one of the pixels (N, 2)."""
    columns, rows = _CELLS
    found = np.zeros((rows, columns), bool)
    cell = np.floor((pixels + 0.5) / size * _CELLS).astype(int)
    inside = (cell >= 0).all(axis=1) & (cell < _CELLS).all(axis=1)
    found[cell[inside, 1], cell[inside, 0]] = True
    return found


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
    chosen, left_out = _choose(views, size)
    _require(chosen, left_out)
    fit = _Fit(chosen, size, kind)
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
        fit = _Fit(chosen, size, kind)
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


def _choose(views: Sequence[View], size: tuple[int, int]) -> tuple[list[View], dict[str, str]]:
    """Leave out what says nothing new, and of many views keep those that cover the picture best."""
    left_out: dict[str, str] = {}
    kept: list[View] = []
    near = _SAME * float(np.hypot(*size))
    for view in views:
        spread = np.linalg.svd(view.points[:, :2] - view.points[:, :2].mean(axis=0), compute_uv=False)
        if len(view.points) < LEAST_POINTS or spread[1] < 0.05 * spread[0]:
            left_out[view.name] = f"{len(view.points)} corners are too few, or all on one line"
            continue
        twin = next((other for other in kept if _distance(view, other) < near), None)
        if twin is not None:
            left_out[view.name] = f"the same view as {twin.name}"
            continue
        kept.append(view)
    while len(kept) > _MOST_VIEWS:
        # the view whose nearest neighbour is nearest is missed least
        gaps = [min(_distance(a, b) for j, b in enumerate(kept) if j != i) for i, a in enumerate(kept)]
        left_out[kept[int(np.argmin(gaps))].name] = f"there are {_MOST_VIEWS} that cover the picture better"
        del kept[int(np.argmin(gaps))]
    return kept, left_out


def _distance(one: View, other: View) -> float:
    """Mean distance of the corners that both views have, pixels."""
    a = {tuple(point): pixel for point, pixel in zip(one.points.round(6).tolist(), one.pixels, strict=True)}
    b = {tuple(point): pixel for point, pixel in zip(other.points.round(6).tolist(), other.pixels, strict=True)}
    common = a.keys() & b.keys()
    if len(common) < 4:
        return float(np.linalg.norm(one.pixels.mean(axis=0) - other.pixels.mean(axis=0)))
    return float(np.mean([np.linalg.norm(a[key] - b[key]) for key in common]))


def _rms(residual: Floats) -> float:
    return float(np.sqrt((residual**2).sum(axis=-1).mean()))


class _Fit:
    """The least squares: fx, fy, cx, cy, eight coefficients, then six numbers a view."""

    def __init__(self, views: Sequence[View], size: tuple[int, int], kind: LensKind) -> None:
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


def _doubts(views: Sequence[View], size: tuple[int, int], fit: _Fit, deviations: Sequence[float]) -> list[str]:
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
