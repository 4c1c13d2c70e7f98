"""The noise of an image sensor."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.model import Camera

Image = NDArray[np.uint8]

_DEVIATION = 2.5
_SLACK = 64


class SensorNoise:
    """Adds noise cut from a larger sheet at a random place, which costs far less than fresh noise."""

    def __init__(self, camera: Camera, rng: np.random.Generator) -> None:
        """Draw the sheet.

        Args:
            camera: whose frame size it has to cover.
            rng: of the camera.
        """
        self._size = (camera.height, camera.width)
        self._rng = rng
        grain = np.round(rng.normal(0.0, _DEVIATION, (camera.height + _SLACK, camera.width + _SLACK, 3)))
        self._plus = np.clip(grain, 0, 255).astype(np.uint8)
        self._minus = np.clip(-grain, 0, 255).astype(np.uint8)

    def add(self, image: Image) -> Image:
        """Return the image with noise."""
        top, left = (int(n) for n in self._rng.integers(0, _SLACK, 2))
        window = (slice(top, top + self._size[0]), slice(left, left + self._size[1]))
        return np.asarray(cv2.subtract(cv2.add(image, self._plus[window]), self._minus[window]), np.uint8)
