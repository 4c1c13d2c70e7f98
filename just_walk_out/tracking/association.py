"""Which detection belongs to which track: global assignment within gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
