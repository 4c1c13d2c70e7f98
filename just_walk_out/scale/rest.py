"""When a plate that moved is at rest again: how fast it went, and how long it must rest to be sure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# A step has begun when less than this share of it lies ahead.
_DEPARTED = 0.85
_REST_SHARE = 0.6


def window_needed(speed: float, duration: int, deviation: float, margin: float) -> int:
    """Return how long a plate must rest until a step that arrived is known to be over, blocks.

    The slope of a straight line fitted to n blocks of noise has the deviation s sqrt(12 / n^3), which must
    be ``margin`` times less than ``speed``, so that the step is not still going on. A hand that lifts slowly
    may also hover on the way, so the rest must last a share of the step.
    """
    clear = (margin * slope_deviation(deviation, 1) / speed) ** (2.0 / 3.0)
    return math.ceil(max(float(clear), _REST_SHARE * duration))


def slope_deviation(deviation: float, count: int) -> float:
    """Return the standard deviation of the slope fitted to ``count`` blocks of noise, kilograms a block."""
    return deviation * math.sqrt(12.0 / count**3)


def approach(ahead: NDArray[np.float64], change: float, deviation: float, window: int) -> tuple[float, int]:
    """Return the average speed of a step from its half to its first arrival at the end, and its duration.

    Args:
        ahead: (blocks,) how much of the step still lay ahead; negative beyond its end, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
        window: blocks at rest.

    Returns:
        Kilograms a block, and blocks from the first tenth or so of the step to its end.
    """
    half = 0.5 * change
    scatter = 2.0 * deviation
    last_far = _last(ahead > half)
    if half <= 2.5 * scatter:
        # Lost in the noise: it may have taken all the time up to the window at rest.
        duration = max(1, len(ahead) - window - last_far)
        return float(half / duration), duration
    arrival = last_far + 1 + int(np.argmax(ahead[last_far + 1 :] <= scatter))
    duration = arrival - _last(ahead > _DEPARTED * change)
    return (half - scatter) / (arrival - last_far), duration


def _last(where: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(where)
    return int(found[-1]) if len(found) else 0


def slope(values: NDArray[np.float64]) -> float:
    """Return the slope of the straight line fitted to evenly spaced values."""
    place = np.arange(len(values)) - 0.5 * (len(values) - 1)
    return float(place @ values / (place @ place))
