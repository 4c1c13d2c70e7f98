"""What every person detector looks like, and how one is made from the store description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.model import Camera, Store

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


def _motion(camera: Camera, store: Store | None) -> PersonDetector:
    from just_walk_out.camera.detectors.motion import MotionDetector

    return MotionDetector(camera, store)


def _onnx(camera: Camera, store: Store | None) -> PersonDetector:
    from just_walk_out.camera.detectors.onnx import OnnxDetector

    wanted = camera.detector
    return OnnxDetector(wanted.model, head=wanted.head, score=wanted.score, device=wanted.device)


def _torchvision(camera: Camera, store: Store | None) -> PersonDetector:
    from just_walk_out.camera.detectors.torchvision import TorchvisionDetector

    wanted = camera.detector
    return TorchvisionDetector(wanted.model, score=wanted.score, device=wanted.device, precision=wanted.precision)


DETECTORS: dict[str, Callable[[Camera, Store | None], PersonDetector]] = {
    "motion": _motion,
    "onnx": _onnx,
    "torchvision": _torchvision,
}


def make_detector(camera: Camera, store: Store | None = None) -> PersonDetector | None:
    """Make the detector a camera asks for; None for the kind ``none``.

    Args:
        camera: its ``detector`` says kind, model, head, score and device; its calibration serves ``motion``.
        store: floor plan and fixtures, for detectors that know about them.

    Raises:
        ValueError: no such kind.
        ModuleNotFoundError: the kind needs an extra that is not installed.
        FileNotFoundError: the model file is missing.
    """
    kind = camera.detector.kind
    if kind == "none":
        return None
    if kind not in DETECTORS:
        raise ValueError(f"camera {camera.id}: detector {kind!r} is none of {', '.join(DETECTORS)}")
    return DETECTORS[kind](camera, store)
