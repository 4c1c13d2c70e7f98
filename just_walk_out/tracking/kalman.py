"""Kalman filters in a plane, vectorised over tracks: on the floor (metres), or in a picture (pixels).

State (x, y, vx, vy) in the plane's unit and that unit per second. Constant velocity driven by white acceleration
(Bar-Shalom, Li, Kirubarajan 2001, 6.2), with a velocity that fades over ``memory`` seconds, so that
somebody nobody sees comes to rest instead of walking through the wall.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# How boxes lie about where the right person is expected: the likeliest Student's t of 180,000 of them in the simulated
# store has 5.2 degrees of freedom and a fifth of the claimed variance, which allows for cameras that disagree.
_TAILS, _NARROW = 5.0, 0.2


def predict(
    means: Floats, covariances: Floats, elapsed: float, acceleration: float | Floats, memory: float
) -> tuple[Floats, Floats]:
    """Move all filters forward.

    Args:
        means: (N, 4).
        covariances: (N, 4, 4).
        elapsed: seconds, >= 0.
        acceleration: spectral density, m^2/s^3; one for all, or (N,).
        memory: time constant of the velocity, seconds.

    Returns:
        New means and covariances.
    """
    if elapsed <= 0.0 or not len(means):
        return means, covariances
    fade = np.exp(-elapsed / memory)
    move = np.eye(4)
    move[0, 2] = move[1, 3] = memory * (1.0 - fade)
    move[2, 2] = move[3, 3] = fade
    noise = np.zeros((4, 4))
    for axis in (0, 1):
        noise[axis, axis] = elapsed**3 / 3.0
        noise[axis, axis + 2] = noise[axis + 2, axis] = elapsed**2 / 2.0
        noise[axis + 2, axis + 2] = elapsed
    scale = np.asarray(acceleration, dtype=np.float64)[..., None, None]
    return means @ move.T, move @ covariances @ move.T + scale * noise


def distances(means: Floats, covariances: Floats, points: Floats, noises: Floats) -> tuple[Floats, Floats]:
    """Compare predictions with measured positions.

    Args:
        means: (N, 4).
        covariances: (N, 4, 4).
        points: (M, 2) metres.
        noises: (M, 2, 2) m^2.

    Returns:
        (N, M) squared Mahalanobis distances and (N, M) log determinants of the innovation covariance.
    """
    a, b, c = (covariances[:, None, i, j] + noises[None, :, i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
    determinant = np.maximum(a * c - b * b, 1e-12)
    dx, dy = (points[None, :, k] - means[:, None, k] for k in (0, 1))
    squared = (c * dx * dx - 2.0 * b * dx * dy + a * dy * dy) / determinant
    return np.asarray(squared), np.asarray(np.log(determinant))


def robust(means: Floats, covariances: Floats, points: Floats, noises: Floats) -> Floats:
    """Widen the noise of measurements that lie far off, as more often they lie than somebody has jumped.

    Errors of boxes have heavier tails than a normal distribution. By Student's t with n degrees of freedom and v times
    the claimed variance, the expected precision of a measurement at squared Mahalanobis distance s is
    (n + 2) / (n + s / v) of the usual one (Lange, Little, Taylor 1989; in a filter Agamennoni, Nieto, Nebot 2012).
    None counts for more than it claims.

    Args:
        means: (N, 4).
        covariances: (N, 4, 4).
        points: (N, 2) metres.
        noises: (N, 2, 2) m^2.

    Returns:
        (N, 2, 2) m^2.
    """
    a, b, c = (covariances[:, i, j] + noises[:, i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
    dx, dy = (points - means[:, :2]).T
    squared = (c * dx * dx - 2.0 * b * dx * dy + a * dy * dy) / np.maximum(a * c - b * b, 1e-12)
    return np.asarray(noises * np.maximum(1.0, (_TAILS + squared / _NARROW) / (_TAILS + 2.0))[:, None, None])


def update(means: Floats, covariances: Floats, points: Floats, noises: Floats) -> tuple[Floats, Floats]:
    """Correct each filter with its own measurement (Joseph form).

    Args:
        means: (N, 4).
        covariances: (N, 4, 4).
        points: (N, 2) metres.
        noises: (N, 2, 2) m^2.

    Returns:
        New means and covariances.
    """
    total = covariances[:, :2, :2] + noises
    gain = np.swapaxes(np.linalg.solve(total, covariances[:, :2, :]), 1, 2)
    moved = means + (gain @ (points - means[:, :2])[:, :, None])[:, :, 0]
    keep = np.broadcast_to(np.eye(4), covariances.shape).copy()
    keep[:, :, :2] -= gain
    kept = keep @ covariances @ np.swapaxes(keep, 1, 2) + gain @ noises @ np.swapaxes(gain, 1, 2)
    return moved, 0.5 * (kept + np.swapaxes(kept, 1, 2))
