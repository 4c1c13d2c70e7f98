"""Where boxes are tracked: on the floor where the camera is calibrated, else in the picture.

A plane turns boxes into points with covariances and a length (how long a body is in the plane's unit), and
tracks back into boxes. That is all in which tracking on the floor and in a picture differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.tracking.box_settings import BoxTrackerSettings

Floats = NDArray[np.float64]

# Pixels^2 a square metre: less than this is so near the horizon that a pixel is a kilometre.
_STEEPEST = 1e-6


@dataclass(frozen=True)
class Sights:
    """Boxes as measurements.

    Attributes:
        points: (M, 2) in the unit of the plane.
        noises: (M, 2, 2) their covariances.
        lengths: (M,) of a body there.
    """

    points: Floats
    noises: Floats
    lengths: Floats


class Plane(Protocol):
    """What the tracker asks of a plane."""

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes (M, 4): left, top, right, bottom, pixels."""

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return the boxes (N, 4) of people at points (N, 2) with sizes (N, 2): logarithms of width and height."""

    def lengths(self, sizes: Floats) -> Floats:
        """Return the length (N,) of bodies of these sizes (N, 2) in the plane's unit."""


class ImagePlane:
    """The picture: a point on the middle line of a box, in pixels."""

    def __init__(self, settings: BoxTrackerSettings) -> None:
        """Take how well boxes lie."""
        self._share = np.array([settings.across, settings.upright])
        self._above = np.array([0.5, settings.reference])

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes."""
        tall = corners[:, 3] - corners[:, 1]
        noises = np.zeros((len(corners), 2, 2))
        noises[:, (0, 1), (0, 1)] = (tall[:, None] * self._share) ** 2
        size = corners[:, 2:] - corners[:, :2]
        return Sights(corners[:, :2] + self._above * size, noises, size[:, 1])

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return boxes around points."""
        size = np.exp(sizes)
        low = points - self._above * size
        return np.concatenate([low, low + size], axis=1)

    def lengths(self, sizes: Floats) -> Floats:
        """Bodies are as long as their boxes."""
        return np.exp(sizes[:, 1])


class FloorPlane:
    """The floor under a calibrated camera: the feet of a box, in metres, uncertain along the view ray."""

    def __init__(self, projector: FloorProjector, settings: BoxTrackerSettings) -> None:
        """Take the camera and how well boxes lie."""
        self._projector = projector
        self._share = np.array([settings.across, settings.upright])
        self._body = settings.body

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes; NaN where the feet are above the horizon."""
        tall = corners[:, 3] - corners[:, 1]
        feet = np.column_stack([0.5 * (corners[:, 0] + corners[:, 2]), corners[:, 3]])
        points = self._projector.to_floor(feet)
        slope = self._projector.floor_jacobian(np.column_stack([points, np.zeros(len(points))]))[..., :2]
        good = np.asarray(np.isfinite(slope).all(axis=(1, 2)))
        slope = np.where(good[:, None, None], slope, np.eye(2))
        good &= np.abs(np.linalg.det(slope)) > _STEEPEST
        back = np.linalg.inv(np.where(good[:, None, None], slope, np.eye(2)))
        spread = back * (tall[:, None] * self._share)[:, None, :]
        noises = spread @ np.swapaxes(spread, 1, 2)
        noises[~good] = np.nan
        return Sights(points, noises, np.full(len(points), self._body))

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return boxes that stand on points."""
        feet = self._projector.to_pixels(np.column_stack([points, np.zeros(len(points))]))
        size = np.exp(sizes)
        left, top = feet[:, 0] - 0.5 * size[:, 0], feet[:, 1] - size[:, 1]
        return np.column_stack([left, top, left + size[:, 0], feet[:, 1]])

    def lengths(self, sizes: Floats) -> Floats:
        """All bodies are taken to be equally long."""
        return np.full(len(sizes), self._body)
