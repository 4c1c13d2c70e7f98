"""Which pixels a standing person covers: the body as a few stacked rectangles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.visibility import Occluders

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Slices of the body from the soles up: share of the height at their ends, half width in metres.
_ENDS: Floats = np.array([0.0, 0.24, 0.48, 0.66, 0.84, 1.0])
_HALF_WIDTHS: Floats = np.array([0.15, 0.18, 0.21, 0.22, 0.11])
_LEGS = 0.45
_WORTHS = 4
SECOND = 2
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
# Points on the rim of a slice: direction, and whether they are at its lower or upper end.
_RIM: Floats = np.array([(np.cos(angle), np.sin(angle), end) for end in (0.0, 1.0) for angle in _ANGLES])


class Silhouettes:
    """Predicts the rectangles of bodies in the mask of one camera."""

    def __init__(self, projector: FloorProjector, scale: float, size: tuple[int, int]) -> None:
        """Take the camera.

        Args:
            projector: calibration.
            scale: pixels of the mask per pixel of the camera.
            size: (width, height) of the mask, pixels.
        """
        self._projector = projector
        self._scale = scale
        self._size = size

    def rectangles(self, positions: Floats, heights: Floats) -> Floats:
        """Return the (N, slices, 4) rectangles of bodies, pixels of the coarse mask, not clipped."""
        # Extremes are taken over the first axis, where numpy reduces whole rows at a time.
        points = np.empty((len(_RIM), len(positions), len(_HALF_WIDTHS), 3))
        points[..., :2] = positions[:, None] + _HALF_WIDTHS[:, None] * _RIM[:, None, None, :2]
        upper = _RIM[:, None, None, 2] > 0
        points[..., 2] = heights[:, None] * np.where(upper, _ENDS[1:], _ENDS[:-1])
        pixels = self._projector.to_pixels(points) * self._scale
        return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)], axis=-1)

    def visible(self, occluders: Occluders, positions: Floats, height: float) -> Bools:
        """Which slices (N, slices) the camera sees past the fixtures."""
        eye = self._projector.centre
        towards = eye[:2] - positions
        distance = np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-6)
        aside = np.column_stack([-towards[:, 1], towards[:, 0]]) / distance
        shares = np.array([-0.7, 0.0, 0.7])
        points = np.empty((len(positions), len(_HALF_WIDTHS), 3, 3))
        spread = _HALF_WIDTHS[:, None] * shares
        points[..., :2] = positions[:, None, None] + spread[..., None] * aside[:, None, None]
        points[..., 2] = (0.5 * height * (_ENDS[:-1] + _ENDS[1:]))[:, None]
        return np.asarray(occluders.hidden(eye, points).mean(axis=2) < 0.5)

    def clip(self, rectangles: Floats) -> Floats:
        """Cut rectangles (..., 4) at the border of the mask."""
        width, height = self._size
        return np.clip(np.nan_to_num(rectangles), 0.0, np.array([width, height, width, height], dtype=np.float64))

    def indices(self, rectangles: Floats) -> NDArray[np.int32]:
        """Corner indices into ``integrals``, of the worth for legs or for bodies by slice, (N, slices, 4)."""
        cut = np.rint(self.clip(rectangles)).astype(np.int32)
        left, top, right, bottom = (cut[..., k] for k in range(4))
        wide = self._size[0] + 1
        parts = [bottom * wide + right, top * wide + right, bottom * wide + left, top * wide + left]
        body = np.where(_ENDS[:-1] < _LEGS, 0, 1)
        return np.asarray(_WORTHS * np.stack(parts, axis=-1) + body[:, None], dtype=np.int32)


def sums(table: NDArray[np.float32], corners: NDArray[np.int32], shown: Bools) -> Floats:
    """Sum up the visible slices (N, slices) of bodies by their corners (N, slices, 4) in integral images."""
    values = table[corners]
    found = ((values[..., 0] - values[..., 1] - values[..., 2] + values[..., 3]) * shown).sum(axis=1)
    return np.asarray(found, dtype=np.float64)


def integrals(worths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the integral image of worths (height, width, 4), flat.

    A pixel has two pairs of them, each of legs and of the body above; ``sums`` sums up the first pair, and the
    second with ``SECOND`` added to the corners.
    """
    return np.asarray(cv2.integral(worths, sdepth=cv2.CV_32F), dtype=np.float32).reshape(-1)


def areas(rectangles: Floats) -> Floats:
    """Areas of rectangles (..., 4), pixels."""
    return np.asarray(
        np.maximum(rectangles[..., 2] - rectangles[..., 0], 0.0)
        * np.maximum(rectangles[..., 3] - rectangles[..., 1], 0.0)
    )
