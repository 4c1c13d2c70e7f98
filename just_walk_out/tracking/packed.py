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
# Rows of what x and y of the place share with each of the state, and the least that each row may be.
_TO = np.array([[0, 1, 3, 4], [1, 2, 5, 6]])
_LEAST = 1e-12
_LEASTS = np.array([[_LEAST if i == j else -np.inf] for i, j in PAIRS])


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
    # Both coordinates at once, as the number of steps is what costs.
    shared = covariances.take(_TO, axis=0)
    gain = shared * total[::-2, None] - shared[::-1] * total[1]
    away = gain * (points - means[:2])[:, None]
    less = gain.take(_FIRST, axis=1) * shared.take(_SECOND, axis=1)
    kept = covariances - less[0]
    kept -= less[1]
    return means + away[0] + away[1], np.maximum(kept, _LEASTS, out=kept)
