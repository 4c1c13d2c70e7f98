"""Where cameras hang: from marked points and tags on the floor, all cameras of a store at once.

Unknown are the pose of each camera, and place and heading of each tag on the floor: those that somebody has measured
are believed to a centimetre and two degrees, the others lie anywhere; tags that several cameras see tie these together.
All are found by one least-squares fit of pixels (bundle adjustment, Triggs et al. 2000) with a loss that lets single
blunders go.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from just_walk_out.camera.lens_fit import pose_of_points
from just_walk_out.camera.survey import CameraPose, Mark, Poses, Tag, TagView, floor_of, moved
from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]

LEAST_POINTS = 4
_SIGMA_FLOOR = 0.3
"""Pixels that no mark in a picture is believed to be better than."""
_MEASURED = np.array([0.01, 0.01, np.deg2rad(2.0)])
"""One sigma of the place of a tag that was measured by hand: metres, metres, radians."""
_LOST = 200.0
_TRIALS = 400


def calibrate_poses(
    cameras: Sequence[Camera], marks: Sequence[Mark], tags: Sequence[Tag] = (), views: Sequence[TagView] = ()
) -> Poses:
    """Find the poses of the cameras.

    Args:
        cameras: with intrinsics; their own poses are not looked at.
        marks: points of known place.
        tags: what lies on the floor.
        views: what the cameras see of it; tags that are not in ``tags`` are left aside.

    Raises:
        ValueError: a camera sees too little, or nothing that leads to a known place.
    """
    bundle = _Bundle(cameras, marks, {tag.id: tag for tag in tags}, views)
    bundle.begin()
    return bundle.solve()


class _Bundle:
    """All that is seen, in one row a point; the unknowns: six numbers a camera, three a tag."""

    def __init__(
        self, cameras: Sequence[Camera], marks: Sequence[Mark], tags: Mapping[int, Tag], views: Sequence[TagView]
    ) -> None:
        self._ids = [camera.id for camera in cameras]
        self._lenses = {camera.id: Lens.of(camera) for camera in cameras}
        self._sizes = {camera.id: (camera.width, camera.height) for camera in cameras}
        self._marks = {name: [mark for mark in marks if mark.camera == name] for name in self._ids}
        self._tags = tags
        self._views = {name: [view for view in views if view.camera == name and view.tag in tags] for name in self._ids}
        self.extrinsics: dict[str, Floats] = {}
        self.places = {tag.id: np.array(tag.place) for tag in tags.values() if tag.place is not None}
        self._given = {tag: place.copy() for tag, place in self.places.items()}

    def begin(self) -> None:
        """Go from what is known to the cameras that see it, from these to the tags they see, and so on."""
        waiting = list(self._ids)
        while waiting:
            reached = [name for name in waiting if self._known(name)[0].shape[0] >= LEAST_POINTS]
            if not reached:
                raise ValueError(self._stranded(waiting))
            # the camera that sees most of what is known is the surest
            name = max(reached, key=lambda one: (self._known(one)[0].shape[0], one))
            points, pixels = self._known(name)
            spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
            if spread[1] < 0.01 * spread[0]:
                raise ValueError(f"camera {name}: its {len(points)} points lie on one line, which fits many poses")
            pose = _robust_pose(points, pixels, self._lenses[name])
            if pose is None:
                raise ValueError(f"camera {name}: its {len(points)} points fit no pose at all")
            self.extrinsics[name] = pose
            waiting.remove(name)
            for view in self._views[name]:
                if view.tag not in self.places:
                    found = self._lay(view)
                    if found is not None:
                        self.places[view.tag] = found

    def solve(self) -> Poses:
        """Fit everything at once."""
        seen = {view.tag for views in self._views.values() for view in views}
        free = sorted(tag for tag in self.places if tag in seen)
        begun = dict(self.extrinsics), {tag: self.places[tag].copy() for tag in free}
        count = 6 * len(self._ids)

        def unpack(state: Floats) -> tuple[dict[str, Floats], dict[int, Floats]]:
            steps = state[:count].reshape(-1, 6)
            extrinsics = {name: moved(begun[0][name], step) for name, step in zip(self._ids, steps, strict=True)}
            shifts = state[count:].reshape(-1, 3)
            return extrinsics, {tag: begun[1][tag] + shifts[k] for k, tag in enumerate(free)}

        def residual(state: Floats) -> Floats:
            extrinsics, places = unpack(state)
            off: list[Floats] = [off.ravel() for off in self._residuals(extrinsics, places).values()]
            # what was measured counts as a pixel does: in sigmas of a mark
            off += [self._strayed(tag, places[tag]) * _SIGMA_FLOOR for tag in free if tag in self._given]
            return np.concatenate(off)

        found = least_squares(residual, np.zeros(count + 3 * len(free)), x_scale="jac", loss="soft_l1", max_nfev=100)
        self.extrinsics, self.places = unpack(found.x)
        residuals = self._residuals(self.extrinsics, self.places)
        every = np.concatenate(list(residuals.values())).ravel()
        freedom = max(1, len(every) - len(found.x))
        # a scale that blunders do not raise: 1.4826 times the median makes a sigma of normal residuals
        robust = 1.4826 * float(np.median(np.abs(every))) * float(np.sqrt(len(every) / freedom))
        sigma = max(_SIGMA_FLOOR, robust)
        covariance = np.linalg.pinv(found.jac.T @ found.jac) * sigma**2
        cameras = {}
        for number, name in enumerate(self._ids):
            block = slice(6 * number, 6 * number + 6)
            names, points, pixels = self._seen(name, self.places)
            pose = CameraPose(self.extrinsics[name], covariance[block, block], names, pixels, residuals[name], points)
            warnings = tuple(self._doubts(name, pose, sigma))
            cameras[name] = CameraPose(
                pose.extrinsic, pose.covariance, names, pixels, residuals[name], points, warnings
            )
        tags = {tag: (float(x), float(y), float(turn)) for tag, (x, y, turn) in sorted(self.places.items())}
        astray = []
        for tag in free:
            if tag in self._given and np.abs(self._strayed(tag, self.places[tag])).max() > 5.0:
                off = float(np.linalg.norm((self.places[tag] - self._given[tag])[:2]))
                turn = float(np.rad2deg(self._strayed(tag, self.places[tag])[2] * _MEASURED[2]))
                astray.append(f"tag {tag} lies {100 * off:.0f} cm and {turn:.0f} degrees from where it was measured")
        return Poses(cameras, tags, sigma, tuple(astray))

    def _strayed(self, tag: int, place: Floats) -> Floats:
        """Return how far a measured tag is from where it was measured, in sigmas of x, y, heading."""
        off = place - self._given[tag]
        off[2] = np.arctan2(np.sin(off[2]), np.cos(off[2]))
        return np.asarray(off / _MEASURED)

    def _seen(self, name: str, places: Mapping[int, Floats]) -> tuple[tuple[str, ...], Floats, Floats]:
        """Names, places (N, 3) and pixels (N, 2) of what a camera sees of what has a place."""
        names = [mark.name for mark in self._marks[name]]
        points = [np.array([mark.place]) for mark in self._marks[name]]
        pixels = [np.array([mark.pixel]) for mark in self._marks[name]]
        for view in self._views[name]:
            if view.tag in places:
                names += [f"tag {view.tag} corner {corner}" for corner in range(1, 5)]
                points.append(self._tags[view.tag].corners(places[view.tag]))
                pixels.append(view.corners)
        return (
            tuple(names),
            np.concatenate([np.zeros((0, 3)), *points]),
            np.concatenate([np.zeros((0, 2)), *pixels]),
        )

    def _known(self, name: str) -> tuple[Floats, Floats]:
        _, points, pixels = self._seen(name, self.places)
        return points, pixels

    def _residuals(self, extrinsics: Mapping[str, Floats], places: Mapping[int, Floats]) -> dict[str, Floats]:
        found = {}
        for name in self._ids:
            _, points, pixels = self._seen(name, places)
            extrinsic = extrinsics[name]
            off = pixels - self._lenses[name].project(points @ extrinsic[:3, :3].T + extrinsic[:3, 3])
            found[name] = np.where(np.isfinite(off), off, _LOST)
        return found

    def _lay(self, view: TagView) -> Floats | None:
        """Place a tag by the first camera that sees it: its corners on the level where it lies."""
        extrinsic = self.extrinsics[view.camera].copy()
        tag = self._tags[view.tag]
        extrinsic[:3, 3] += extrinsic[:3, :3] @ np.array([0.0, 0.0, tag.z])
        corners = floor_of(self._lenses[view.camera].rays(view.corners), extrinsic)
        if not np.isfinite(corners).all() or float(np.abs(corners).max()) > 1e4:
            return None
        along = (corners[1] - corners[0]) + (corners[2] - corners[3])
        return np.array([*corners.mean(axis=0), float(np.arctan2(along[1], along[0]))])

    def _stranded(self, waiting: Sequence[str]) -> str:
        parts = []
        for name in waiting:
            seen = sorted(view.tag for view in self._views[name])
            what = f"{len(self._marks[name])} points" + (f", tags {', '.join(map(str, seen))}" if seen else "")
            parts.append(f"camera {name} sees {what}")
        return (
            f"expected {LEAST_POINTS} points of known place a camera, or a tag that one of the others sees, too: "
            + "; ".join(parts)
        )

    def _doubts(self, name: str, pose: CameraPose, sigma: float) -> list[str]:
        found = []
        points, off = pose.places, np.linalg.norm(pose.residuals, axis=1)
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if spread[1] < 0.15 * spread[0]:
            found.append("its points lie nearly on one line: mark some beside it")
        extent = np.ptp(pose.pixels, axis=0) / self._sizes[name]
        if extent.max() < 0.4 or extent.min() < 0.2:
            share = 100 * float(np.prod(extent))
            found.append(f"its points fill only {share:.0f} % of the picture: mark some in the far corners")
        if len(points) < 6:
            found.append(f"{len(points)} points hardly show whether one of them is wrong: mark 6 or more")
        # in a picture of few points a blunder drags the pose along; those that are off most come first
        for worst in np.argsort(-off)[:3]:
            if off[worst] > max(5.0 * sigma * np.sqrt(2.0), 3.0):
                found.append(f"{pose.names[worst]} is {off[worst]:.1f} pixels off: mistyped, moved, or swapped?")
        typical, _ = pose.floor_deviation(self._lenses[name], self._sizes[name])
        if not typical < 0.05:
            found.append(f"floor points are uncertain by {100 * typical:.0f} cm: mark more points, further apart")
        if -(pose.extrinsic[:3, :3].T @ pose.extrinsic[:3, 3])[2] < 0.0:
            found.append("it would hang below the floor: are x and y of the points swapped, or the map mirrored?")
        return found


def _robust_pose(points: Floats, pixels: Floats, lens: Lens) -> Floats | None:
    """Return the extrinsic (4, 4) of least median error over fours of points (Rousseeuw 1984), and over all."""
    fours: list[tuple[int, ...]] = [tuple(range(len(points)))]
    every = itertools.combinations(range(len(points)), LEAST_POINTS)
    if len(points) <= 12:
        fours += every
    else:
        rng = np.random.default_rng(0)
        fours += [tuple(rng.choice(len(points), LEAST_POINTS, replace=False)) for _ in range(_TRIALS)]
    best, chosen = np.inf, None
    for four in fours:
        chosen_points = points[list(four)]
        spread = np.linalg.svd(chosen_points - chosen_points.mean(axis=0), compute_uv=False)
        if spread[1] < 1e-3 * max(spread[0], 1e-9):
            continue
        pose = pose_of_points(chosen_points, pixels[list(four)], lens)
        if not np.isfinite(pose).all():
            continue
        extrinsic = np.eye(4)
        extrinsic[:3, :3] = Rotation.from_rotvec(pose[:3]).as_matrix()
        extrinsic[:3, 3] = pose[3:]
        off = np.linalg.norm(pixels - lens.project(points @ extrinsic[:3, :3].T + pose[3:]), axis=1)
        score = float(np.median(np.where(np.isfinite(off), off, _LOST)))
        # all points first: a four must be clearly better to be trusted above them
        if score < 0.9 * best:
            best, chosen = score, extrinsic
    return chosen
