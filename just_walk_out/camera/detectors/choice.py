"""Which detector a camera gets, by the kind that its description names.

Each kind is imported where it is made: ``onnx`` and ``torchvision`` need extras that may not be installed.
"""

from __future__ import annotations

from collections.abc import Callable

from just_walk_out.camera.detectors.base import PersonDetector
from just_walk_out.store.model import Camera, Store


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
