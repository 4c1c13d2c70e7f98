"""Pairs of tracks and boxes: which are near, how much two overlap, and which to choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

_FEW = 8  # pairs that are worth a look whether they are all there is to choose from


def within(places: Floats, variances: Floats, points: Floats, noises: Floats, gate: float) -> Bools:
    """Compare one coordinate of predictions and measurements.

    Args:
        places: (N,) predicted.
        variances: (N,) of these.
        points: (M,) measured.
        noises: (M,) variances of these.
        gate: squared Mahalanobis distance.

    Returns:
        (N, M) which are within the gate in this coordinate, as all pairs within it in two are.
    """
    away = places[:, None] - points
    return np.asarray(away * away < gate * variances[:, None] + gate * noises)


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
    # Row by row: sums and products over an axis of two cost more than all the rest.
    wide = np.minimum(one[2], two[2]) - np.maximum(one[0], two[0])
    tall = np.minimum(one[3], two[3]) - np.maximum(one[1], two[1])
    shared = np.maximum(wide, 0.0) * np.maximum(tall, 0.0)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1])
    return np.asarray(shared / (areas - shared))
