"""Pictures brought to the input size of a network, and boxes brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Image

Floats = NDArray[np.float64]
Placing = Literal["stretch", "corner", "centre"]

_PAD = 114  # grey, with which YOLO networks are trained


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies in the input of a network.

    Attributes:
        zoom: (2,) input pixels a pixel of the picture, across and down.
        offset: (2,) of the picture in the input, pixels.
        shape: (height, width) of the picture.
    """

    zoom: tuple[float, float]
    offset: tuple[float, float]
    shape: tuple[int, int]

    def points_back(self, points: Floats) -> Floats:
        """Return points (..., 2) of the input as points of the picture, pixels."""
        return np.asarray((points - self.offset) / self.zoom)

    def boxes_back(self, corners: Floats) -> Floats:
        """Return boxes (N, 4) left, top, right, bottom of the input in the picture, cut at its border."""
        moved = self.points_back(corners.reshape(-1, 2, 2))
        limit = np.array([self.shape[1], self.shape[0]], dtype=np.float64)
        return np.asarray(np.clip(moved, 0.0, limit).reshape(-1, 4))


def letterbox(image: Image, size: tuple[int, int], placing: Placing) -> tuple[Image, Letterbox]:
    """Scale a picture to an input.

    Args:
        image: (height, width, 3) uint8.
        size: (width, height) of the input, pixels.
        placing: "stretch" fills the input, "corner" keeps the shape and puts it to the upper left,
            "centre" to the middle, with grey around.

    Returns:
        (height, width, 3) uint8, and where the picture lies in it.
    """
    height, width = image.shape[:2]
    if placing == "stretch":
        scaled = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        return scaled, Letterbox((size[0] / width, size[1] / height), (0.0, 0.0), (height, width))
    zoom = min(size[0] / width, size[1] / height)
    if placing == "corner":  # YOLOX cuts the fractions off, Ultralytics rounds
        inner, left, top = (int(width * zoom), int(height * zoom)), 0, 0
    else:
        inner = (round(width * zoom), round(height * zoom))
        left, top = (round((size[k] - inner[k]) / 2 - 0.1) for k in range(2))
    inner = (max(1, inner[0]), max(1, inner[1]))
    canvas: Image = np.full((size[1], size[0], 3), _PAD, dtype=np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    return canvas, Letterbox((zoom, zoom), (float(left), float(top)), (height, width))
