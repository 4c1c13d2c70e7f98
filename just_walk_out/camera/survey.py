"""Marks and tags whose places in the store tell where cameras hang, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from just_walk_out.store.lens import Lens

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """A point whose place in the store is known, and where a camera sees it.

    Attributes:
        camera: id.
        name: how people call it.
        pixel: u, v.
        place: x, y, z in ``map``, metres.
    """

    camera: str
    name: str
    pixel: tuple[float, float]
    place: tuple[float, float, float]


@dataclass(frozen=True)
class Tag:
    """A tag that lies flat, seen from above.

    Attributes:
        id: its number.
        size: side of its black square, metres.
        place: x, y of its middle in ``map``, metres, and heading: radians from the x axis of the map to the tag's
            own, left to right as it is read; None where that has not been measured.
        z: height, metres.
    """

    id: int
    size: float
    place: tuple[float, float, float] | None
    z: float = 0.0

    def corners(self, place: Floats) -> Floats:
        """Return the corners (4, 3) in ``map`` for x, y, heading: from the top left clockwise."""
        half = 0.5 * self.size
        flat = np.array([[-half, half], [half, half], [half, -half], [-half, -half]])
        c, s = np.cos(place[2]), np.sin(place[2])
        turned = flat @ np.array([[c, s], [-s, c]]) + place[:2]
        return np.column_stack([turned, np.full(4, self.z)])


@dataclass(frozen=True)
class TagView:
    """A tag as a camera sees it: corners (4, 2), pixels, from the top left clockwise."""

    camera: str
    tag: int
    corners: Floats


@dataclass(frozen=True)
class CameraPose:
    """Where one camera hangs, and how well that is known.

    Attributes:
        extrinsic: 4x4 transform from ``map`` to the optical frame.
        covariance: (6, 6) of rotation vector (radians, optical frame) and translation (metres).
        names: of the points it saw, tags as ``tag 7 corner 1``.
        pixels: (N, 2) where it saw them.
        residuals: (N, 2) seen minus projected, pixels.
        places: (N, 3) the points in ``map``, metres.
        warnings: one line each.
    """

    extrinsic: Floats
    covariance: Floats
    names: tuple[str, ...]
    pixels: Floats
    residuals: Floats
    places: Floats
    warnings: tuple[str, ...] = ()

    @property
    def rms(self) -> float:
        """Root mean square of the distances between seen and projected, pixels."""
        return float(np.sqrt((self.residuals**2).sum(axis=1).mean()))

    def floor_deviation(self, lens: Lens, size: tuple[int, int], reach: float = 15.0) -> tuple[float, float]:
        """Return what the uncertainty of the pose comes to on the floor.

        Args:
            lens: of the camera.
            size: (width, height), pixels.
            reach: metres from the camera within which the floor counts.

        Returns:
            Median and largest one-sigma deviation of a floor point in view, metres; NaN where no floor is in view.
        """
        u, v = np.meshgrid(np.linspace(0, size[0] - 1, 14), np.linspace(0, size[1] - 1, 11))
        rays = lens.rays(np.column_stack([u.ravel(), v.ravel()]))
        rays = rays[np.isfinite(rays).all(axis=1)]
        centre = -self.extrinsic[:3, :3].T @ self.extrinsic[:3, 3]
        here = floor_of(rays, self.extrinsic)
        rays = rays[np.linalg.norm(here - centre[:2], axis=1) < reach]
        if not len(rays):
            return float("nan"), float("nan")
        here, slopes = floor_of(rays, self.extrinsic), []
        for number in range(6):
            step = np.zeros(6)
            step[number] = 1e-6
            slopes.append((floor_of(rays, moved(self.extrinsic, step)) - here) / 1e-6)
        slope = np.stack(slopes, axis=-1)
        spread = np.sqrt(np.trace(slope @ self.covariance @ np.swapaxes(slope, 1, 2), axis1=1, axis2=2))
        return float(np.median(spread)), float(spread.max())


@dataclass(frozen=True)
class Poses:
    """The result for all cameras.

    Attributes:
        cameras: by id.
        tags: x, y, heading of every tag seen, by number; measured ones as the pictures correct them.
        sigma: pixels, one coordinate of a mark.
        warnings: about tags, one line each.
    """

    cameras: Mapping[str, CameraPose]
    tags: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)
    sigma: float = 0.0
    warnings: tuple[str, ...] = ()


def floor_of(rays: Floats, extrinsic: Floats) -> Floats:
    """Where rays (N, 3) of the optical frame meet z = 0, (N, 2); far away where they do not."""
    rotation = extrinsic[:3, :3]
    centre = -rotation.T @ extrinsic[:3, 3]
    world = rays @ rotation
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = -centre[2] / world[:, 2]
    reach = np.where(np.isfinite(reach) & (reach > 0), reach, 1e9)
    return np.asarray(centre[:2] + reach[:, None] * world[:, :2])


def moved(extrinsic: Floats, step: Floats) -> Floats:
    """Return the transform turned by a rotation vector of the optical frame and shifted."""
    result: Floats = extrinsic.copy()
    result[:3, :3] = Rotation.from_rotvec(step[:3]).as_matrix() @ extrinsic[:3, :3]
    result[:3, 3] = extrinsic[:3, 3] + step[3:]
    return result
