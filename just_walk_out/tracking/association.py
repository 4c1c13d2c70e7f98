"""Which detection belongs to which track: global assignment within gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]


def assign(cost: Floats, allowed: Bools) -> list[tuple[int, int]]:
    """Choose pairs of rows and columns: as many as are allowed, at least total cost.

    Args:
        cost: (N, M), finite where allowed.
        allowed: (N, M).

    Returns:
        Pairs (row, column), by row.
    """
    rows = np.flatnonzero(allowed.any(axis=1))
    columns = np.flatnonzero(allowed.any(axis=0))
    if not rows.size or not columns.size:
        return []
    part, fine = cost[rows[:, None], columns], allowed[rows[:, None], columns]
    span = float(np.abs(part[fine]).max())
    # A forbidden pair costs more than any set of allowed ones, so it is only taken where none is left.
    forbidden = (2.0 * span + 1.0) * (min(part.shape) + 1)
    chosen = linear_sum_assignment(np.where(fine, part, forbidden))
    real = fine[chosen]
    return list(zip(rows[chosen[0]][real].tolist(), columns[chosen[1]][real].tolist(), strict=True))


def choose(gain: Floats, worth: Bools) -> tuple[Rows, Rows]:
    """Choose pairs of greatest total gain, which need not be as many as possible.

    Args:
        gain: (N, M) what a pair is better than both alone, e.g. a logarithm of odds.
        worth: (N, M) which pairs are allowed; what gains nothing is not chosen.

    Returns:
        Rows and columns of the pairs, by row.
    """
    worth = worth & (gain > 0.0)
    rows, columns = linear_sum_assignment(np.where(worth, -gain, 0.0))
    real = worth[rows, columns]
    return rows[real], columns[real]
