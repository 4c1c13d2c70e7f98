"""How long a camera's pictures take to arrive, from codes before its lens that say when they were shown.

A picture with a code was exposed after that code was shown and before the next one was, so that its latency lies
between its stamp less the later moment and its stamp less the earlier one. One picture tells no more than that; many
do, if the codes do not keep step with the camera. What fits all of them best without any assumption about how latencies
are spread is the nonparametric estimate for interval-censored data (Turnbull, The empirical distribution function
with arbitrarily grouped, censored and truncated data, J. R. Stat. Soc. B 38, 1976), found by its self-consistency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_SIGHTS = 20
_RESAMPLES = 60
_MOST_ROUNDS = 400
_SETTLED = 1e-5


@dataclass(frozen=True)
class Sight:
    """A code that was read in a picture; all in nanoseconds of one clock.

    Attributes:
        stamp: of the picture.
        shown: when the code came on the screen.
        replaced: when it went.
    """

    stamp: int
    shown: int
    replaced: int


@dataclass(frozen=True)
class Latency:
    """What a camera's stamps are late by, seconds.

    Attributes:
        median: of the pictures.
        low: a tenth of them took less.
        high: a tenth of them took more.
        deviation: one standard deviation of the median, from resampled pictures and from what all of them leave open.
        pictures: in which a code was read.
        stood: how long their codes stood on the screen, median: what one picture alone leaves open.
    """

    median: float
    low: float
    high: float
    deviation: float
    pictures: int
    stood: float


def estimate(sights: Sequence[Sight]) -> Latency:
    """Return the latency of a camera; the same sights in any order give the same.

    Args:
        sights: what was read of one camera, each code for as long as it stood.

    Raises:
        ValueError: they are too few.
    """
    if len(sights) < LEAST_SIGHTS:
        raise ValueError(f"expected at least {LEAST_SIGHTS} pictures with a code, got {len(sights)}")
    whole = sorted((one.stamp - one.replaced, one.stamp - one.shown) for one in sights)
    # from the least bound on, so that a constant delay changes nothing else
    base = whole[0][0]
    bounds = np.array([(low - base, high - base) for low, high in whole], np.float64) / 1e9
    starts, ends = _pieces(bounds[:, 0], bounds[:, 1])
    within = ((bounds[:, :1] <= starts) & (ends <= bounds[:, 1:])).astype(np.float64)
    count = len(bounds)
    (shares,) = _shares(within, np.ones((1, count)))
    median, width = _quantile(starts, ends, shares, 0.5)
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1.0 / count), _RESAMPLES)
    redone = [_quantile(starts, ends, part, 0.5)[0] for part in _shares(within, draws.astype(np.float64))]
    stood = float(np.median(bounds[:, 1] - bounds[:, 0]))
    # within its piece the median may lie anywhere, and bounds lie about this far apart: nothing finer can be told
    apart = 2.0 * stood / count
    low, high = (_quantile(starts, ends, shares, part)[0] for part in (0.1, 0.9))
    return Latency(
        base / 1e9 + median,
        base / 1e9 + low,
        base / 1e9 + high,
        float(np.sqrt(np.var(redone) + width**2 / 12.0 + apart**2)),
        count,
        stood,
    )


def _pieces(lows: Floats, highs: Floats) -> tuple[Floats, Floats]:
    """Return where latencies can lie in the estimate: from a lower bound to an upper one with no bound between."""
    bounds = np.concatenate([lows, highs])
    upper = np.repeat([False, True], len(lows))
    # at one place the lower bounds come first: what begins where another ends shares that place with it
    order = np.lexsort((upper, bounds))
    bounds, upper = bounds[order], upper[order]
    first = np.flatnonzero(~upper[:-1] & upper[1:])
    return bounds[first], bounds[first + 1]


def _shares(within: Floats, weights: Floats) -> Floats:
    """Return the share of pictures in each piece, a row for each row of weights.

    Args:
        within: (pictures, pieces) 1 where a piece is within the bounds of a picture.
        weights: (rows, pictures) how often each picture counts.
    """
    weights = weights / weights.sum(axis=1, keepdims=True)
    shares = np.full((len(weights), within.shape[1]), 1.0 / within.shape[1])
    for _ in range(_MOST_ROUNDS):
        before = shares
        # what a picture that counts nothing lies in may vanish
        likely = np.maximum(shares @ within.T, np.finfo(float).tiny)
        shares = shares * ((weights / likely) @ within)
        if np.abs(shares - before).max() < _SETTLED:
            break
    return shares


def _quantile(starts: Floats, ends: Floats, shares: Floats, part: float) -> tuple[float, float]:
    """Return a quantile and the width of the piece it lies in; within a piece, latencies count as even."""
    sums = np.cumsum(shares)
    at = min(int(np.searchsorted(sums, part * sums[-1])), len(shares) - 1)
    inside = (part * sums[-1] - sums[at] + shares[at]) / shares[at] if shares[at] > 0.0 else 0.5
    width = float(ends[at] - starts[at])
    return float(starts[at]) + width * float(inside), width
