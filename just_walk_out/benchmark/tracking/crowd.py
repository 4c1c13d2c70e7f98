"""A generated crowd in one picture: for the speed of trackers, with a truth of its own.

People walk on a floor in front of a camera at 3 m height, turn at its borders, hide each other (who is covered
by 70 % or more is not detected), and are found with the errors that detectors have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tracking.data import Sequence

Floats = NDArray[np.float64]

_RATE, _WIDTH, _HEIGHT = 30.0, 1920, 1080
_FOCAL, _CAMERA, _BODY = 1100.0, 3.0, 1.7  # pixels, metres, metres
_NEAR, _FAR = 5.0, 18.0  # metres from the camera
_HIDDEN = 0.7
_MISSED, _FALSE = 0.03, 0.2  # share of detections, boxes a frame


def crowd(people: int, seconds: float, seed: int) -> Sequence:
    """Generate a sequence; the same arguments give the same one."""
    rng = np.random.default_rng([seed, people])
    place = np.column_stack([rng.uniform(-0.7, 0.7, people), rng.uniform(_NEAR, _FAR, people)])
    place[:, 0] *= place[:, 1]
    heading, speed = rng.uniform(0.0, 2.0 * np.pi, people), rng.uniform(0.5, 1.6, people)
    body = rng.normal(_BODY, 0.08, people)
    frames, truth = [], []
    for frame in range(1, round(seconds * _RATE) + 1):
        heading += rng.normal(0.0, 0.5 / np.sqrt(_RATE), people)
        place += speed[:, None] * np.column_stack([np.cos(heading), np.sin(heading)]) / _RATE
        out = (np.abs(place[:, 0]) > 0.8 * place[:, 1]) | (place[:, 1] < _NEAR) | (place[:, 1] > _FAR)
        middle = np.array([0.0, 0.5 * (_NEAR + _FAR)]) - place
        heading = np.where(out, np.arctan2(middle[:, 1], middle[:, 0]), heading)
        scale = _FOCAL / place[:, 1]
        tall, wide = scale * body, 0.4 * scale * body
        boxes = np.column_stack(
            [0.5 * _WIDTH + scale * place[:, 0] - 0.5 * wide, 300.0 + scale * _CAMERA - tall, wide, tall]
        )
        truth.append(np.column_stack([np.full(people, frame), np.arange(1, people + 1), boxes, np.ones((people, 4))]))
        frames.append(_detected(boxes, place[:, 1], rng))
    return Sequence(f"crowd_{people}", _RATE, (_WIDTH, _HEIGHT), 1, tuple(frames), np.concatenate(truth), False)


def _detected(boxes: Floats, depth: Floats, rng: np.random.Generator) -> Floats:
    """Return what a detector finds of boxes (N, 4) at depths (N,): (M, 5) with scores."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, :2] + boxes[:, None, 2:], boxes[None, :, :2] + boxes[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(axis=2) / boxes[:, 2:].prod(axis=1)[:, None]
    covered = np.where(depth[None] < depth[:, None], shared, 0.0).max(axis=1)
    seen = (covered < _HIDDEN) & (rng.random(len(boxes)) > _MISSED)
    found = boxes + boxes[:, 3:] * rng.normal(0.0, (0.03, 0.04, 0.03, 0.06), boxes.shape)
    scores = np.clip(0.93 - 0.4 * covered + rng.normal(0.0, 0.03, len(boxes)), 0.05, 0.99)
    detected = np.column_stack([found, scores])[seen & (found[:, 2:] > 4.0).all(axis=1)]
    count = rng.poisson(_FALSE)
    tall = rng.uniform(80.0, 350.0, count)
    corner = rng.random((count, 2)) * (_WIDTH, _HEIGHT - 350.0)
    false = np.column_stack([corner, 0.4 * tall, tall, rng.uniform(0.1, 0.7, count)])
    return np.concatenate([detected, false])
