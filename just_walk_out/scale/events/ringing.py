"""What a plate weighs that still rings: the level about which it swings.

A plate is a damped spring: once all hands are off, it swings about its new weight at a frequency of its own and dies
away. Read at even times, such a course obeys s[k] = a s[k-1] + b s[k-2], even where the time between is longer than
a swing (Prony's method; Kay, Modern Spectral Estimation, 11.4). With this law found, level and swing follow by linear
least squares, which say how sure the level is. Hands do not: they are slower than ``_HAND``, do not die away, and
leave more than noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# So many blocks are fitted at least: the course has five parameters.
FEWEST = 8
_PARAMETERS = 5
# Nobody sways or taps so often, Hz.
_HAND = 5.0
# What rings keeps at most this share of its swing from block to block.
_KEPT = 0.92


@dataclass(frozen=True, slots=True)
class Ringing:
    """A plate that rings about its weight.

    Attributes:
        course: (blocks,) what it weighed, without the swings of the blocks that were fitted, kilograms.
        variance: of the mean of these blocks, kg^2.
        swing: largest that was taken from a block, kilograms.
    """

    course: NDArray[np.float64]
    variance: float
    swing: float


def ringing(course: NDArray[np.float64], count: int, deviation: float, most: float, period: float) -> Ringing | None:
    """Return how a plate has rung in its last blocks; None where it did something else.

    Args:
        course: (blocks,) of the plate, evenly spaced, kilograms.
        count: so many of them are fitted, at least ``FEWEST``.
        deviation: noise of a block, kilograms.
        most: standard deviation of what else there is in a block, at most, kilograms.
        period: of the blocks, seconds.
    """
    values = course[-count:] - course[-count:].mean()
    # A swing that turns with every block is told by the last block alone, and the one before it adds nothing.
    for order in (2, 1):
        law = _law(values, order)
        fitted = _fit(values, law) if law is not None and _rings(law, period) else None
        if fitted is None:
            continue
        swing, left, share = fitted
        scatter = math.sqrt(float(left @ left) / (count - _PARAMETERS))
        if scatter <= most:
            still = course.copy()
            still[-count:] -= swing
            return Ringing(still, share * max(deviation, scatter) ** 2, float(np.abs(swing).max()))
    return None


def _fit(
    values: NDArray[np.float64], law: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """Fit a level and a swing that obeys a law.

    Returns:
        The swing and what is left of each value, and the variance of the level if that of a value is 1; None where
        level and swing cannot be told apart.
    """
    count, order = len(values), len(law)
    shape = np.ones((count, 1 + order))
    shape[:order, 1:] = np.eye(order)
    for k in range(order, count):
        shape[k, 1:] = law @ shape[k - order : k, 1:]
    covariance = _inverse(shape.T @ shape)
    if covariance is None:
        return None
    fitted = covariance @ (shape.T @ values)
    swing = shape[:, 1:] @ fitted[1:]
    return swing, values - swing - fitted[0], float(covariance[0, 0])


def _law(values: NDArray[np.float64], order: int) -> NDArray[np.float64] | None:
    """Return by which factors values follow from the ``order`` before them, the oldest first; None if they do not."""
    past = np.ones((len(values) - order, order + 1))
    for place in range(order):
        past[:, place] = values[place : place - order]
    inverse = _inverse(past.T @ past)
    return None if inverse is None else (inverse @ (past.T @ values[order:]))[:order]


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64] | None:
    try:
        return np.asarray(np.linalg.inv(matrix), np.float64)
    except np.linalg.LinAlgError:
        return None


def _rings(law: NDArray[np.float64], period: float) -> bool:
    """Tell whether what obeys a law swings quicker than a hand, and dies away."""
    slowest = 2.0 * math.pi * _HAND * period
    if slowest >= math.pi:
        return False
    numbers: list[float] = law.tolist()
    if len(law) == 1:
        return -_KEPT <= numbers[0] < 0.0
    second, first = numbers
    if second >= 0.0 or first > 2.0 * math.sqrt(-second) * math.cos(slowest):
        return False
    # Two roots, conjugate, or both negative: they turn from block to block.
    apart = first * first + 4.0 * second
    kept = math.sqrt(-second) if apart < 0.0 else 0.5 * (abs(first) + math.sqrt(apart))
    return kept <= _KEPT
