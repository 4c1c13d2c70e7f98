"""Detections as measurements: points with covariances, whatever the cameras sent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import PersonDetection, PersonDetectionArray
from just_walk_out.tracking.looks import looks

Floats = NDArray[np.float64]

# Further from the origin than this, metres, nothing is a person in a store.
_FARTHEST = 1e4


def measurements(frame: PersonDetectionArray, least_score: float, bias: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Take the sound detections of a frame, in an order of their own.

    Args:
        frame: detections in any order; what is not finite or has no proper covariance is left out.
        least_score: weakest detection that is used.
        bias: standard deviation of the systematic part of the error, metres; added to each covariance.

    Returns:
        Points (M, 2) metres, covariances (M, 2, 2) m^2, scores (M,), and looks (M, 2, COLOURS).
    """
    found = [(each.x, each.y, each.covariance, each.score, each.appearance) for each in sound(frame, least_score)]
    points = np.array([(x, y) for x, y, *_ in found], dtype=np.float64).reshape(-1, 2)
    flat = np.array([(c[0], c[1], c[1], c[2]) for _, _, c, *_ in found], dtype=np.float64)
    noises = flat.reshape(-1, 2, 2) + bias**2 * np.eye(2)
    scores = np.array([score for _, _, _, score, _ in found], dtype=np.float64)
    return points, noises, scores, looks([look for *_, look in found])


def sound(frame: PersonDetectionArray, least_score: float) -> list[PersonDetection]:
    """Return the detections that are used, in the order of ``measurements``."""
    used = [each for each in frame.detections if each.score >= least_score]
    used = [each for each in used if _sound(each.x, each.y, each.covariance)]
    return sorted(used, key=lambda each: (each.x, each.y, each.covariance, each.score, each.appearance))


def _sound(x: float, y: float, covariance: tuple[float, ...]) -> bool:
    """Whether a detection is finite and its covariance positive definite."""
    if len(covariance) != 3 or not np.isfinite((x, y, *covariance)).all():
        return False
    xx, xy, yy = covariance
    return abs(x) < _FARTHEST and abs(y) < _FARTHEST and xx > 0.0 and yy > 0.0 and xx * yy > xy * xy
