"""How a person is dressed, as far as colours tell: one small histogram of the upper body and one of the legs.

Pixels are looked up on an upright plane through the place where the person stands, at the heights of chest and
thighs, so that a box that ends at a fixture or takes in a stretched arm changes nothing. What fixtures or nearer
people hide, and what the detector takes for background, is left out. The histogram (HSV, as in Perez et al. 2002,
colours apart from greys) says nothing about a face or a body; it goes with the detection and is kept for the visit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.visibility import Occluders

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

PARTS = 2
"""Upper body and legs."""
HUES, SHADES, GREYS = 12, 2, 4
COLOURS = HUES * SHADES + GREYS
"""Bins of one part: hues, each dark and light, then greys from black to white."""

# Heights of the looked-up pixels of both parts and their distances from the middle, metres; inside any adult's clothes.
_HEIGHTS: Floats = np.stack([np.linspace(1.28, 0.95, 10), np.linspace(0.68, 0.25, 10)])
_ACROSS: Floats = np.linspace(-0.1, 0.1, 7, dtype=np.float64)
# A part of which less than this share is seen is unknown.
_LEAST = 0.25
# Colours weaker than this saturation, or darker than this value, are greys.
_SATURATION, _DARK, _LIGHT = 50, 45, 140
# Nearer people hide what lies in the middle of their boxes, share of the width.
_SOLID = 0.8


def describe(pixels: Bytes, seen: Bools) -> Bytes:
    """Count the colours of each part.

    Args:
        pixels: (N, 2, P, 3) BGR of upper body and legs.
        seen: (N, 2, P) which of them show the person.

    Returns:
        (N, 2 * COLOURS): square roots of the shares of the colours, times 255; all 0 for a part of which too little
        is seen. The scalar product of two such parts, divided by 255^2, is their Bhattacharyya coefficient.
    """
    count, points = pixels.shape[0], pixels.shape[2]
    if not count:
        return np.zeros((0, PARTS * COLOURS), np.uint8)
    hsv = cv2.cvtColor(np.ascontiguousarray(pixels.reshape(1, -1, 3)), cv2.COLOR_BGR2HSV)[0].astype(np.int64)
    hue, saturation, value = hsv.T
    grey = (saturation < _SATURATION) | (value < _DARK)
    colour = (hue * HUES // 180) * SHADES + (value >= _LIGHT)
    bins = np.where(grey, HUES * SHADES + value * GREYS // 256, colour)
    which = np.repeat(np.arange(count * PARTS), points)
    weights = seen.reshape(-1).astype(np.float64)
    counts = np.bincount(which * COLOURS + bins, weights, count * PARTS * COLOURS).reshape(-1, COLOURS)
    # Light and sensor move a colour over the border of its bin: neighbours count as half the same.
    hues = counts[:, : HUES * SHADES].reshape(-1, HUES, SHADES)
    hues = 0.5 * hues + 0.25 * (np.roll(hues, 1, axis=1) + np.roll(hues, -1, axis=1))
    hues = 0.8 * hues + 0.2 * hues[:, :, ::-1]
    ends = np.pad(counts[:, HUES * SHADES :], ((0, 0), (1, 1)), mode="edge")
    greys = 0.5 * ends[:, 1:-1] + 0.25 * (ends[:, :-2] + ends[:, 2:])
    counts = np.concatenate([hues.reshape(len(counts), -1), greys], axis=1)
    total = counts.sum(axis=1, keepdims=True)
    enough = seen.reshape(-1, points).mean(axis=1)[:, None] >= _LEAST
    roots = np.where(enough, np.sqrt(counts / np.maximum(total, 1.0)), 0.0)
    return np.rint(255.0 * roots).astype(np.uint8).reshape(count, PARTS * COLOURS)


class AppearanceSampler:
    """Looks up the clothes of the people in pictures of one camera."""

    def __init__(self, projector: FloorProjector, occluders: Occluders) -> None:
        """Take the camera and what may stand before people."""
        self._projector = projector
        self._occluders = occluders

    def sample(self, image: Bytes, boxes: Floats, positions: Floats, mask: Bytes | None = None) -> Bytes:
        """Describe the people of one picture.

        Args:
            image: (height, width, 3) BGR.
            boxes: (N, 4) left, top, width, height, pixels.
            positions: (N, 2) metres, ``map``.
            mask: of any size over the whole picture, 0 where there is background; None where nobody knows.

        Returns:
            (N, 2 * COLOURS) as ``describe`` has it.
        """
        if not len(boxes):
            return np.zeros((0, PARTS * COLOURS), np.uint8)
        to_person = positions - self._projector.centre[:2]
        away = np.linalg.norm(to_person, axis=1)
        side = np.stack([-to_person[:, 1], to_person[:, 0]], axis=1) / np.maximum(away, 1e-6)[:, None]
        across = positions[:, None] + _ACROSS[:, None] * side[:, None]
        shape = (len(boxes), *_HEIGHTS.shape, len(_ACROSS))
        points = np.empty((*shape, 3))
        points[..., :2] = across[:, None, None]
        points[..., 2] = _HEIGHTS[None, :, :, None]
        pixels = self._projector.to_pixels(points).reshape(len(boxes), -1, 2)
        seen = self._projector.inside(pixels) & ~self._occluders.hidden(
            self._projector.centre, points.reshape(len(boxes), -1, 3)
        )
        seen &= _within(pixels, boxes, 1.0)
        for nearer in range(len(boxes)):
            behind = away > away[nearer] + 0.1
            if behind.any():
                seen[behind] &= ~_within(pixels[behind], boxes[nearer][None], _SOLID)
        columns, rows = np.rint(np.where(seen[..., None], pixels, 0.0)).astype(np.intp).transpose(2, 0, 1)
        if mask is not None:
            down, right = (mask.shape[k] / image.shape[k] for k in (0, 1))
            seen &= mask[(rows * down).astype(np.intp), (columns * right).astype(np.intp)] > 0
        parts = (len(boxes), PARTS, -1)
        return describe(image[rows, columns].reshape(*parts, 3), seen.reshape(parts))


def _within(pixels: Floats, boxes: Floats, width: float) -> Bools:
    """Whether pixels (N, P, 2) lie in the middle of boxes (N or 1, 4), ``width`` of theirs wide."""
    half = 0.5 * boxes[:, None, 2]
    with np.errstate(invalid="ignore"):
        level = np.abs(pixels[..., 0] - boxes[:, None, 0] - half) <= width * half
        down = pixels[..., 1] - boxes[:, None, 1]
        return np.asarray(level & (down >= 0.0) & (down <= boxes[:, None, 3]))
