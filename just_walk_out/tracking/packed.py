"""The filters of ``kalman`` for hot paths: one column a track, covariances without what symmetry says twice.

State (x, y, vx, vy) as there. A covariance is ten rows, in the order of ``PAIRS``, its upper left corner (that of the
place) the first three. To predict is then one product with a matrix that depends on the elapsed time alone,
and to correct is element by element: no small matrix a track is ever built, multiplied or inverted.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PAIRS = ((0, 0), (0, 1), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3))
"""Row and column of each of the ten rows of a covariance."""
_FIRST, _SECOND = (np.array(each) for each in zip(*PAIRS, strict=True))
_TO_X, _TO_Y = np.array([0, 1, 3, 4]), np.array([1, 2, 5, 6])
_LEAST = 1e-12


@lru_cache(maxsize=64)
def _motion(elapsed: float, memory: float) -> tuple[Floats, Floats, Floats]:
    """Return how means (4, 4) and covariances (10, 10) move, and what unit noise adds to the latter (10, 1)."""
    fade = float(np.exp(-elapsed / memory))
    move = np.diag([1.0, 1.0, fade, fade])
    move[0, 2] = move[1, 3] = memory * (1.0 - fade)
    place = {pair: row for row, pair in enumerate(PAIRS)}
    spread = np.zeros((10, 10))
    for row, (i, j) in enumerate(PAIRS):
        for k in range(4):
            for m in range(4):
                spread[row, place[min(k, m), max(k, m)]] += move[i, k] * move[j, m]
    cube, square = elapsed**3 / 3.0, elapsed**2 / 2.0
    noise = np.array([cube, 0.0, cube, square, 0.0, 0.0, square, elapsed, 0.0, elapsed])
    return move, spread, noise[:, None]


def predict(
    means: Floats, covariances: Floats, elapsed: float, acceleration: Floats, memory: float
) -> tuple[Floats, Floats]:
    """Move all filters forward.

    Args:
        means: (4, N).
        covariances: (10, N).
        elapsed: seconds, >= 0.
        acceleration: (N,) spectral densities, unit^2/s^3.
        memory: time constant of the velocity, seconds.

    Returns:
        New means and covariances.
    """
    move, spread, noise = _motion(elapsed, memory)
    return move @ means, spread @ covariances + noise * acceleration


def update(means: Floats, covariances: Floats, points: Floats, noises: Floats) -> tuple[Floats, Floats]:
    """Correct each filter with its own measurement.

    Args:
        means: (4, N).
        covariances: (10, N).
        points: (2, N).
        noises: (3, N) covariances of the points: xx, xy, yy.

    Returns:
        New means and covariances.
    """
    total = covariances[:3] + noises
    total /= np.maximum(total[0] * total[2] - total[1] * total[1], _LEAST)
    to_x, to_y = covariances.take(_TO_X, axis=0), covariances.take(_TO_Y, axis=0)
    gain_x, gain_y = to_x * total[2] - to_y * total[1], to_y * total[0] - to_x * total[1]
    away = points - means[:2]
    kept = covariances - gain_x.take(_FIRST, axis=0) * to_x.take(_SECOND, axis=0)
    kept -= gain_y.take(_FIRST, axis=0) * to_y.take(_SECOND, axis=0)
    for variances in (kept[0:3:2], kept[7:10:2]):
        np.maximum(variances, _LEAST, out=variances)
    return means + gain_x * away[0] + gain_y * away[1], kept
