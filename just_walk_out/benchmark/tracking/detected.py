"""A sequence's own video through a detector of the project, in place of the boxes that came with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from just_walk_out.benchmark.tracking.data import Sequence
from just_walk_out.camera.detectors.choice import make_detector
from just_walk_out.store.model import Camera, Detector, Pose

_LEAST = 0.1  # score from which trackers get a box, doubtful ones too
_SECOND = 1_000_000_000


def detected(sequence: Sequence, model: Path) -> Sequence:
    """Find the people of a sequence's video.

    Args:
        sequence: what the boxes are to be replaced of.
        model: ONNX file with a NanoDet head.

    Returns:
        The same with boxes of the detector, as ``<name>_<model>``.

    Raises:
        ValueError: the sequence has no video, or it ends early; the file is no such network, or needs an extra.
    """
    if sequence.video is None:
        raise ValueError(f"{sequence.name}: expected video.avi in its folder, to find people in")
    width, height = sequence.size
    camera = Camera(
        sequence.name, "", width, height, sequence.rate, 1.0, 1.0, 0.0, 0.0, Pose(0.0, 0.0, 3.0, 0.0, 0.0, 0.0),
        detector=Detector("onnx", str(model), score=_LEAST),
    )  # fmt: skip
    try:
        detector = make_detector(camera, None)
    except (ImportError, OSError) as error:
        raise ValueError(f"{model}: cannot be used as a detector: {error}") from error
    assert detector is not None
    capture, frames = cv2.VideoCapture(str(sequence.video)), []
    try:
        for number in range(1, sequence.first + len(sequence.frames)):
            good, image = capture.read()
            if not good:
                raise ValueError(
                    f"{sequence.video}: expected {sequence.first + len(sequence.frames) - 1} pictures, got {number - 1}"
                )
            if number < sequence.first:
                continue
            found = detector.detect(np.asarray(image, dtype=np.uint8), round(number * _SECOND / sequence.rate))
            # Files of MOTChallenge count pixels from 1.
            frames.append(np.column_stack([found.boxes + np.array([1.0, 1.0, 0.0, 0.0]), found.scores]))
    finally:
        capture.release()
    return replace(sequence, name=f"{sequence.name}_{model.stem}", frames=tuple(frames))
