"""Where boxes are tracked: on the floor where the camera is calibrated, else in the picture.

A plane turns boxes into points with covariances and a length (how long a body is in the plane's unit), and
tracks back into boxes. That is all in which tracking on the floor and in a picture differ.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.tracking.box_settings import BoxTrackerSettings

Floats = NDArray[np.float64]

# Pixels^2 a square metre: less than this is so near the horizon that a pixel is a kilometre.
_STEEPEST = 1e-6


class Sights(NamedTuple):
    """Boxes as measurements.

    Attributes:
        points: (2, M) in the unit of the plane; NaN where a box is nowhere in it.
        noises: (3, M) their covariances: xx, xy, yy.
        lengths: (M,) of a body there.
    """

    points: Floats
    noises: Floats
    lengths: Floats


class Plane(Protocol):
    """What the tracker asks of a plane; one column a box, as all is worked out row by row."""

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes (4, M): left, top, right, bottom, pixels."""

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return the boxes (4, N) of people at points (2, N) with sizes (2, N): logarithms of width and height."""

    def lengths(self, sizes: Floats) -> Floats:
        """Return the length (N,) of bodies of these sizes (2, N) in the plane's unit."""

    def moved(self, points: Floats, step: Floats) -> Floats:
        """Return where points (2, N) are when the picture has moved by a step (2,), pixels."""


class ImagePlane:
    """The picture: a point on the middle line of a box, in pixels."""

    def __init__(self, settings: BoxTrackerSettings) -> None:
        """Take how well boxes lie."""
        self._noise = np.array([settings.across**2, 0.0, settings.upright**2])[:, None]
        self._above = np.array([0.5, settings.reference])[:, None]

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes."""
        size = corners[2:] - corners[:2]
        return Sights(corners[:2] + self._above * size, self._noise * (size[1] * size[1]), size[1])

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return boxes around points."""
        size = np.exp(sizes)
        low = points - self._above * size
        return np.concatenate([low, low + size])

    def lengths(self, sizes: Floats) -> Floats:
        """Bodies are as long as their boxes."""
        return np.asarray(np.exp(sizes[1]))

    def moved(self, points: Floats, step: Floats) -> Floats:
        """Move points with the picture."""
        return points + step[:, None]


class FloorPlane:
    """The floor under a calibrated camera: the feet of a box, in metres, uncertain along the view ray."""

    def __init__(self, projector: FloorProjector, settings: BoxTrackerSettings) -> None:
        """Take the camera and how well boxes lie."""
        self._projector = projector
        self._share = (settings.across, settings.upright)
        self._body = settings.body

    def sights(self, corners: Floats) -> Sights:
        """Measure boxes; NaN where the feet are above the horizon."""
        tall = corners[3] - corners[1]
        points = self._projector.to_floor(np.array([0.5 * (corners[0] + corners[2]), corners[3]]).T)
        slope = self._projector.floor_jacobian(np.concatenate([points, np.zeros((len(points), 1))], axis=1))
        (ux, uy), (vx, vy) = slope[:, 0, :2].T, slope[:, 1, :2].T
        area = ux * vy - uy * vx
        area = np.where(np.abs(area) > _STEEPEST, area, np.nan)
        # What a pixel across and one up and down are on the floor, times how many pixels boxes are off.
        across, upright = (self._share[0] / area) * tall, (self._share[1] / area) * tall
        xu, yu, xv, yv = vy * across, -vx * across, -uy * upright, ux * upright
        noises = np.array([xu * xu + xv * xv, xu * yu + xv * yv, yu * yu + yv * yv])
        return Sights(points.T, noises, np.full(len(points), self._body))

    def corners(self, points: Floats, sizes: Floats) -> Floats:
        """Return boxes that stand on points."""
        level = np.concatenate([points, np.zeros((1, points.shape[1]))]).T
        u, v = self._projector.to_pixels(level).T
        wide, tall = np.exp(sizes)
        return np.array([u - 0.5 * wide, v - tall, u + 0.5 * wide, v])

    def lengths(self, sizes: Floats) -> Floats:
        """All bodies are taken to be equally long."""
        return np.full(sizes.shape[1], self._body)

    def moved(self, points: Floats, step: Floats) -> Floats:
        """Move points with the picture; those that would be above the horizon stay."""
        level = np.concatenate([points, np.zeros((1, points.shape[1]))]).T
        result = self._projector.to_floor(self._projector.to_pixels(level) + step).T
        return np.where(np.isfinite(result).all(axis=0), result, points)
