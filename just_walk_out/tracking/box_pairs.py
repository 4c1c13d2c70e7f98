"""Pairs of tracks and boxes: which are near, how much two overlap, and which to choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

_FEW = 8  # pairs that are worth a look whether they are all there is to choose from


def within(places: Floats, variances: Floats, points: Floats, noises: Floats, gate: float) -> tuple[Rows, Rows]:
    """Find the predictions and measurements that are near each other in each coordinate, as all within a gate are.

    Args:
        places: (2, N) predicted.
        variances: (2, N) of these.
        points: (2, M) measured.
        noises: (2, M) variances of these.
        gate: squared Mahalanobis distance.

    Returns:
        Rows and columns of the pairs, by row.
    """
    away = places[:, :, None] - points[:, None]
    away *= away
    inside = away < (gate * variances)[:, :, None] + (gate * noises)[:, None]
    # The quotient and the rest of places in one row are found sooner than what ``nonzero`` makes of two axes.
    who, which = np.divmod((inside[0] & inside[1]).ravel().nonzero()[0], points.shape[1])
    return who, which


def best(who: Rows, which: Rows, gain: Floats, shape: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Choose pairs of greatest total gain, which need not be as many as possible.

    Args:
        who: (K,) rows of the pairs that are allowed.
        which: (K,) their columns.
        gain: (K,) above 0.
        shape: how many rows and columns there are.

    Returns:
        Rows and columns of those that were chosen, each at most once.
    """
    if len(who) <= _FEW and len(set(who.tolist())) == len(who) == len(set(which.tolist())):
        return who, which
    table = np.zeros(shape)
    table[who, which] = gain
    rows, columns = linear_sum_assignment(table, maximize=True)
    real = table[rows, columns] > 0.0
    return rows[real], columns[real]


def shares(one: Floats, two: Floats) -> Floats:
    """Return the intersection over union of boxes (4, ...) that can be broadcast: left, top, right, bottom."""
    # Sums and products over an axis of two cost more than all the rest, so that only what they are of is taken by two.
    extent = np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2])
    extent = np.maximum(extent, 0.0)
    first, second = one[2:] - one[:2], two[2:] - two[:2]
    shared = extent[0] * extent[1]
    return np.asarray(shared / (first[0] * first[1] + second[0] * second[1] - shared))
