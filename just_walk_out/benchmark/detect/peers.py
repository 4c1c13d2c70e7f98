"""What the detectors are measured against: background subtraction and pedestrian HOG as OpenCV has them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Detections

Image = NDArray[np.uint8]

# A blob of this share of the picture is somebody, taller than wide or not; what the usual recipe takes.
_LEAST_BLOB = 0.001


class Subtraction:
    """Mixture of Gaussians (MOG2) or nearest neighbours (KNN), then contours: the recipe of most tutorials.

    Shadows are found and dropped, the mask is opened and closed, each outer contour large enough is a
    person. The score is the share of the box that is foreground.
    """

    def __init__(self, kind: str) -> None:
        """Start without a background; ``kind`` is "mog2" or "knn"."""
        make = {"mog2": cv2.createBackgroundSubtractorMOG2, "knn": cv2.createBackgroundSubtractorKNN}[kind]
        self._model: Any = make(detectShadows=True)

    def detect(self, image: Image, stamp: int) -> Detections:
        """Find the people; see ``PersonDetector``."""
        mask = (self._model.apply(image) == 255).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes, scores = [], []
        for contour in contours:
            left, top, width, height = cv2.boundingRect(contour)
            if cv2.contourArea(contour) >= _LEAST_BLOB * mask.size:
                boxes.append((left, top, width, height))
                scores.append(float(mask[top : top + height, left : left + width].mean()))
        return Detections(np.asarray(boxes, dtype=np.float64).reshape(-1, 4), np.asarray(scores, dtype=np.float64))


class Hog:
    """Histograms of oriented gradients with the people detector that OpenCV ships (Dalal and Triggs 2005)."""

    def __init__(self) -> None:
        """Load the weights of OpenCV.

        Raises:
            ModuleNotFoundError: this OpenCV has none; version 5 left it to its extra modules.
        """
        if not hasattr(cv2, "HOGDescriptor"):
            raise ModuleNotFoundError("this OpenCV has no HOGDescriptor in its main modules; 4.x has")
        self._hog: Any = cv2.HOGDescriptor()
        self._hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())

    def detect(self, image: Image, stamp: int) -> Detections:
        """Find the people; see ``PersonDetector``. Its windows have a margin of an eighth around the person."""
        # its window is 128 pixels high and people far away are smaller
        large = cv2.resize(image, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_LINEAR)
        found, weights = self._hog.detectMultiScale(large, winStride=(8, 8), padding=(8, 8), scale=1.05)
        boxes = np.asarray(found, dtype=np.float64).reshape(-1, 4) / 2.0
        size = boxes[:, 2:] * (0.5, 0.75)
        boxes = np.column_stack([boxes[:, :2] + 0.5 * (boxes[:, 2:] - size), size])
        # margins of a linear classifier, unbounded: brought to 0..1, a margin of 0.5 at the working threshold
        margin = np.asarray(weights, dtype=np.float64).reshape(-1)
        return Detections(boxes, 1.0 / (1.0 + np.exp(-4.0 * (margin - 0.5))))
