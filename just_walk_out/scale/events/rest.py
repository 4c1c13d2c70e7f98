"""When a plate that moved is at rest again: how fast it went, and how long it must rest to be sure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.settings import ShelfEventSettings

# A step has begun when less than this share of it lies ahead.
_DEPARTED = 0.85
_REST_SHARE = 0.6
# Seconds for which a plate may ring about its new weight.
_RINGING = 0.4
# A step of so many deviations is clear after a brief rest.
_CLEAR = 100.0
# A finished step has at most this share of its average speed left.
_RESIDUAL = 0.4
_SLOPE_LIMIT = 3.0


class RestRule:
    """How long a plate must rest before its step is believed, and whether it does."""

    def __init__(self, period: float, settings: ShelfEventSettings) -> None:
        """Make the rule for blocks ``period`` seconds apart."""
        self._settings = settings
        self.brief = max(4, round(settings.brief_time / period))
        self.short = max(self.brief, round(settings.stable_time / period))
        self.long = max(self.short, round(settings.doubtful_time / period))
        self._pause = max(self.short, round(settings.pause_time / period))
        self._ringing = round(_RINGING / period)
        self._creep = settings.creep * period

    def window(self, ahead: NDArray[np.float64], change: float, deviation: float, speed: float, duration: int) -> int:
        """Return how many blocks a plate must rest after a step.

        Args:
            ahead: (blocks,) how much of the step still lay ahead, kilograms.
            change: size of the step, kilograms.
            deviation: noise of a block, kilograms.
            speed: average of the step, kilograms a block.
            duration: of the step, blocks.
        """
        if change < self._settings.minimum_change:
            return self.long
        clear = self.brief if change >= _CLEAR * deviation else self.short
        # A hand that moves slowly, or up and down, may pause on the way.
        hover = self.short + hovering(ahead, change, deviation) - self._ringing
        pause = min(max(math.ceil(_REST_SHARE * duration), hover), self._pause)
        if change < self._settings.light:
            pause = self._pause
        return min(max(clear, pause, window_needed(speed, deviation, self._settings.ramp_margin)), self.long)

    def over(self, window: NDArray[np.float64], deviation: float, speed: float) -> bool:
        """Tell whether a step is over: the plate shows no slope since, and scatters as noise does.

        Args:
            window: (blocks,) since it rests, kilograms.
            deviation: noise of a block, kilograms.
            speed: average of the step, kilograms a block.
        """
        count = len(window)
        limit = min(_RESIDUAL * speed, _SLOPE_LIMIT * slope_deviation(deviation, count))
        if abs(slope(window)) > max(limit, self._creep):
            return False
        most = max(self._settings.stable_noise * deviation, self._settings.wander)
        return count <= self.brief or float(window.std()) <= most


def window_needed(speed: float, deviation: float, margin: float) -> int:
    """Return how long a plate must rest until a step that arrived is known to be over, blocks.

    The slope of a straight line fitted to n blocks of noise has the deviation s sqrt(12 / n^3), which must
    be ``margin`` times less than ``speed``, so that the step is not still going on.
    """
    clear = (margin * slope_deviation(deviation, 1) / speed) ** (2.0 / 3.0)
    return math.ceil(float(clear))


def hovering(ahead: NDArray[np.float64], change: float, deviation: float) -> int:
    """Return how long a course went up and down about the end of a step before it came to rest there, blocks.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
    """
    arrival = last_of(ahead > 0.5 * change) + 1
    return max(0, last_of(np.abs(ahead) > 3.0 * deviation + 0.01 * change) - arrival)


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
    last_far = last_of(ahead > half)
    if half <= 2.5 * scatter:
        # Lost in the noise: it may have taken all the time up to the window at rest.
        duration = max(1, len(ahead) - window - last_far)
        return float(half / duration), duration
    arrival = last_far + 1 + int(np.argmax(ahead[last_far + 1 :] <= scatter))
    duration = arrival - last_of(ahead > _DEPARTED * change)
    return (half - scatter) / (arrival - last_far), duration


def half_way(ahead: NDArray[np.float64], change: float) -> float:
    """Return when the course last passed the middle of a step, blocks from its first, between two of them.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
    """
    half = 0.5 * change
    last = last_of(ahead > half)
    if last + 1 == len(ahead):
        return float(last)
    before, after = float(ahead[last]), float(ahead[last + 1])
    return last + min(1.0, max(0.0, (before - half) / (before - after))) if before > after else float(last)


def last_of(where: NDArray[np.bool_]) -> int:
    """Return the last place where something holds; 0 when it holds nowhere."""
    found = where.nonzero()[0]
    return int(found[-1]) if len(found) else 0


def slope(values: NDArray[np.float64]) -> float:
    """Return the slope of the straight line fitted to evenly spaced values."""
    place = np.arange(len(values)) - 0.5 * (len(values) - 1)
    return float(place @ values / (place @ place))
