"""What no detector can do better, from detection theory: white noise and time set the limits."""

from __future__ import annotations

import math

from just_walk_out.benchmark.shelf.signals import RATE, NoiseLevel

_LIGHTEST = 0.024
_SLOWEST = 5.0
_TOLERANCE = 0.005
_BATCH = 12
# Deviations for an error in a thousand, two-sided.
_SURE = 3.3


def bounds(noise: NoiseLevel, window: float) -> dict[str, float]:
    """Return the limits that the white noise of a level sets.

    A mean of n samples of noise s has the deviation s / sqrt(n); a straight line through n samples has a
    slope of deviation s sqrt(12 / n^3) a sample (Kay, Fundamentals of Statistical Signal Processing I,
    example 3.7). Bursts, 1/f noise and hands come on top.

    Args:
        noise: the level.
        window: how long a plate is looked at before its new weight is believed, seconds.

    Returns:
        ``sigma_g``: error of a change measured over that window.
        ``latency_quick_s``: until a quick change of weight is known within 5 g, the mean wait for the end of
        a batch included.
        ``latency_slow_s``: until 24 g that left over 5 s are known to have left and not to be still leaving.
    """
    wait = 0.5 * _BATCH / RATE
    quick = max(1.0, (_SURE * noise.white / _TOLERANCE) ** 2)
    speed = _LIGHTEST / _SLOWEST / RATE
    slow = (12.0 * (_SURE * noise.white / speed) ** 2) ** (1.0 / 3.0)
    return {
        "sigma_g": round(1000.0 * noise.white / math.sqrt(window * RATE), 3),
        "latency_quick_s": round(wait + quick / RATE, 3),
        "latency_slow_s": round(wait + slow / RATE, 3),
    }
