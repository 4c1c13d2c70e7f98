"""The published rule of the winner of the AutoCheckout competition (CPS-IoT Week 2020), as a baseline.

Mean and deviation of the sum of a shelf over the last second; an event is where the deviation stays above
20 g for at least 30 samples; it counts when the means before and after differ by more than 10 g; it
happened on the plates that changed by at least a third of the lightest product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DEVIATION = 0.020
_SAMPLES = 30
_STEP = 0.010
_SHARE = 1.0 / 3.0


@dataclass(frozen=True)
class RuleEvent:
    """What the rule found; rows are sample numbers.

    Attributes:
        start: row at which the deviation rose.
        end: row at which it had fallen again; the event is known then.
        change: kilograms by plate column.
    """

    start: int
    end: int
    change: dict[int, float]


def rule_events(weights: NDArray[np.float32], window: int, lightest: float) -> list[RuleEvent]:
    """Find the events of one shelf.

    Args:
        weights: (samples, plates) kilograms.
        window: samples a second.
        lightest: weight of the lightest product, kilograms.
    """
    # A missing value keeps the one before: the rule knows no gaps.
    values = _filled(weights.astype(np.float64))
    if len(values) <= window:
        return []
    means = _rolling(values - values[0], window)
    total = values.sum(axis=1) - values[0].sum()
    mean = _rolling(total, window)
    deviation = np.sqrt(np.maximum(_rolling(total * total, window) - mean * mean, 0.0))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (deviation > _DEVIATION).astype(np.int8), [0]))))
    events = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first < _SAMPLES or first == 0 or last >= len(means):
            continue
        if abs(mean[last] - mean[first - 1]) <= _STEP:
            continue
        moves = means[last] - means[first - 1]
        columns = np.flatnonzero(np.abs(moves) >= _SHARE * lightest)
        if len(columns):
            change = {int(column): float(moves[column]) for column in columns}
            events.append(RuleEvent(int(first) + window - 1, int(last) + window - 1, change))
    return events


def _rolling(values: Array, window: int) -> Array:
    """Return the means of all windows of ``window`` rows."""
    sums = np.cumsum(np.concatenate((np.zeros_like(values[:1]), values)), axis=0)
    result: Array = (sums[window:] - sums[:-window]) / window
    return result


def _filled(values: Array) -> Array:
    rows = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    return np.nan_to_num(np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0))
