"""What every person detector looks like, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Detections:
    """People found in one picture.

    Attributes:
        boxes: (N, 4) left, top, width, height, pixels.
        scores: (N,) confidence, 0..1.
        positions: (N, 2) metres on the floor, where the detector itself knows them, else None.
        covariances: (N, 2, 2) m^2, with ``positions``.
        hands: (N, 2, 3) u, v in pixels and confidence 0..1 of left and right wrist, NaN where one is not
            seen; None from detectors that find none.
        mask: of any size over the whole picture, 0 where there is background; None from detectors that cannot tell.
    """

    boxes: Floats
    scores: Floats
    positions: Floats | None = None
    covariances: Floats | None = None
    hands: Floats | None = None
    mask: Image | None = None

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.boxes)

    @staticmethod
    def none() -> Detections:
        """Nobody."""
        return Detections(np.zeros((0, 4)), np.zeros(0))


class PersonDetector(Protocol):
    """Finds people in pictures of one camera (or of any, for detectors without memory)."""

    def detect(self, image: Image, stamp: int) -> Detections:
        """Find the people.

        Args:
            image: (height, width, 3) uint8, BGR.
            stamp: acquisition, nanoseconds; must not decrease from call to call.
        """
        ...

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Find the people of several pictures at once, in order; only for detectors without memory."""
        ...
