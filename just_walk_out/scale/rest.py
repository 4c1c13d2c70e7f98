"""When a plate that moved is at rest again: how fast it went, and how long it must rest to be sure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# A step has begun when less than this share of it lies ahead.
_DEPARTED = 0.85
_REST_SHARE = 0.6
# A landing: its least length and the longest way over it, and the longest edge on both sides, in blocks;
# how far from both levels it is, and how even, as shares of the step.
_LANDING = 3
_LONGEST = 10
_EDGE_BLOCKS = 2
_EDGE = 0.12
_LEVEL = 0.1
# It lies so near the middle: who takes twice from one plate takes twice the same, or much the same, while a
# hand that lets go of a thing slowly leaves a last part of its weight.
_MIDDLE = 0.12
# The halves of both drops are so far apart, blocks: a hand that grasps or lets go is quicker.
_APART = 5.0
# Seconds for which a plate may ring about its new weight.
RINGING = 0.4


def window_needed(speed: float, deviation: float, margin: float) -> int:
    """Return how long a plate must rest until a step that arrived is known to be over, blocks.

    The slope of a straight line fitted to n blocks of noise has the deviation s sqrt(12 / n^3), which must
    be ``margin`` times less than ``speed``, so that the step is not still going on.
    """
    clear = (margin * slope_deviation(deviation, 1) / speed) ** (2.0 / 3.0)
    return math.ceil(float(clear))


def pause_possible(duration: int, hovering: int) -> int:
    """Return how long a hand that moves slowly may pause on the way, blocks.

    Args:
        duration: of the step, blocks.
        hovering: how long it went up and down before it rested, blocks.
    """
    return max(math.ceil(_REST_SHARE * duration), hovering)


def hovering(ahead: NDArray[np.float64], change: float, deviation: float) -> int:
    """Return how long a course went up and down about the end of a step before it came to rest there, blocks.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
    """
    arrival = _last(ahead > 0.5 * change) + 1
    return max(0, _last(np.abs(ahead) > 3.0 * deviation + 0.01 * change) - arrival)


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


def landing(ahead: NDArray[np.float64], change: float, deviation: float) -> tuple[int, int] | None:
    """Return the first block of a landing on the way of a quick step and the block after its last.

    Two things taken in quick succession leave a course like stairs: it drops, stays for some blocks, and
    drops again, each time within two or three blocks and by about as much. None when there is no landing.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
    """
    first = _last(ahead > (1.0 - _EDGE) * change) + 1
    between = ahead[first : first + _LONGEST + 1]
    ends = np.flatnonzero(between < _EDGE * change)
    if not len(ends) or ends[0] < _LANDING:
        return None
    between = between[: ends[0]]
    slack = max(3.0 * deviation, _LEVEL * change)
    for length in range(len(between), _LANDING - 1, -1):
        for begin in range(len(between) - length + 1):
            part = between[begin : begin + length]
            if part.max() - part.min() <= slack:
                quick = begin <= _EDGE_BLOCKS and len(between) - begin - length <= _EDGE_BLOCKS
                level, stay = float(part.mean()), first + begin
                twice = abs(level - 0.5 * change) <= _MIDDLE * change
                drop = half_way(ahead[: stay + length] - level, change - level)
                apart = half_way(ahead, level) - drop >= _APART
                return (stay, stay + length) if quick and twice and apart else None
    return None


def half_way(ahead: NDArray[np.float64], change: float) -> float:
    """Return when the course last passed the middle of a step, blocks from its first, between two of them.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
    """
    half = 0.5 * change
    last = _last(ahead > half)
    if last + 1 == len(ahead):
        return float(last)
    before, after = float(ahead[last]), float(ahead[last + 1])
    return last + min(1.0, max(0.0, (before - half) / (before - after))) if before > after else float(last)


def _last(where: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(where)
    return int(found[-1]) if len(found) else 0


def slope(values: NDArray[np.float64]) -> float:
    """Return the slope of the straight line fitted to evenly spaced values."""
    place = np.arange(len(values)) - 0.5 * (len(values) - 1)
    return float(place @ values / (place @ place))
