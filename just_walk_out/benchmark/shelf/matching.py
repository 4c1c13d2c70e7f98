"""Which found events are which true ones, and the figures that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from just_walk_out.benchmark.shelf.signals import Truth

_SLACK = 1.0
_GRAMS, _SHARE = 0.005, 0.03
_NO_MATCH = 1e6


@dataclass(frozen=True)
class Found:
    """An event as a detector published it; seconds of the signal, kilograms of the whole shelf."""

    published: float
    start: float
    end: float
    total: float


@dataclass
class Tally:
    """Hits and misses, summed over signals.

    Attributes:
        truths: how many true events there were.
        found: how many events were published.
        errors: of the change of each hit, kilograms.
        latencies: of each hit, seconds from ``Truth.free`` to its publication.
        plate_hours: of signal scored.
    """

    truths: int = 0
    found: int = 0
    errors: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    plate_hours: float = 0.0

    def add(self, truths: Sequence[Truth], found: Sequence[Found], plate_hours: float) -> None:
        """Match the events of one shelf and count them."""
        self.truths += len(truths)
        self.found += len(found)
        self.plate_hours += plate_hours
        for truth, event in match(truths, found):
            self.errors.append(event.total - truth.total)
            self.latencies.append(event.published - truth.free)

    def figures(self) -> dict[str, float | None]:
        """Return F1, precision, recall, sigma, latencies and false events; None where there is nothing to divide by."""
        hits = len(self.errors)
        both = self.truths + self.found
        return {
            "f1": round(2.0 * hits / both, 4) if self.truths else None,
            "precision": round(hits / self.found, 4) if self.found else None,
            "recall": round(hits / self.truths, 4) if self.truths else None,
            "sigma_g": round(1000.0 * float(np.sqrt(np.mean(np.square(self.errors)))), 2) if hits else None,
            "latency_median_s": round(float(np.median(self.latencies)), 3) if hits else None,
            "latency_p99_s": round(float(np.percentile(self.latencies, 99)), 3) if hits else None,
            "false_per_plate_hour": round((self.found - hits) / self.plate_hours, 4) if self.plate_hours else 0.0,
        }


def match(truths: Sequence[Truth], found: Sequence[Found]) -> list[tuple[Truth, Found]]:
    """Pair true and found events of one shelf, as many as can be, with the least errors.

    A pair overlaps within a second and agrees in the change of the shelf within 5 g or 3 %.
    """
    if not truths or not found:
        return []
    cost = np.full((len(truths), len(found)), _NO_MATCH)
    for row, truth in enumerate(truths):
        for column, event in enumerate(found):
            error = abs(event.total - truth.total)
            overlap = event.start <= truth.end + _SLACK and event.end >= truth.start - _SLACK
            if overlap and error <= max(_GRAMS, _SHARE * abs(truth.total)):
                cost[row, column] = error
    rows, columns = linear_sum_assignment(cost)
    return [(truths[r], found[c]) for r, c in zip(rows, columns, strict=True) if cost[r, c] < _NO_MATCH]


def waits(truths: Sequence[Truth], marks: NDArray[np.float64]) -> list[float]:
    """Return how long after each true event was over the watermark was past it: from then on it is settled.

    Args:
        truths: true events of one shelf.
        marks: (outputs, 2) when a watermark was published, and what it was, both ascending, seconds.
    """
    passed = np.searchsorted(marks[:, 1], [truth.free for truth in truths])
    return [
        round(float(marks[row, 0]) - truth.free, 3)
        for truth, row in zip(truths, passed.tolist(), strict=True)
        if row < len(marks)
    ]
