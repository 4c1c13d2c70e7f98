"""What one channel reads over a short while, at rest or not: the measure that zero and scale are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.place import shown

_BLOCKS = 8
_FEWEST = 4
# Median of the absolute difference of two normal values, in deviations: 0.6745 sqrt 2.
_MEDIAN_DIFFERENCE = 0.954
# Range of eight block means that mere noise does not reach: 2.85 deviations on average, 0.8 the deviation of that.
_STEADY = 8.0
# Steps of its resolution by which a channel without noise of its own may move: it flickers between two of them.
_FLICKER = 2.0
# Finest resolution believed of readings that are no whole numbers (kilograms of a scale that says its unit).
_FINEST = 1e-6


class ReadingError(ValueError):
    """Nothing can be said about a plate now; the text is one clear sentence."""


@dataclass(frozen=True)
class Reading:
    """Consecutive samples of one channel, in short.

    Attributes:
        mean: counts; isolated spikes do not count.
        deviation: standard deviation of a single sample, counts, from the differences of successive ones.
        spread: range of the means of an eighth of the time each, counts; large while the load moves.
        uncertainty: standard deviation of ``mean``, counts; not below what rounding to the resolution leaves open.
        samples: how many.
        duration: seconds they span.
        resolution: smallest step between readings, counts.
    """

    mean: float
    deviation: float
    spread: float
    uncertainty: float
    samples: int
    duration: float
    resolution: float = 1.0

    @property
    def steady(self) -> bool:
        """Whether the load rested, judged by the channel's own noise: no scale is needed to tell."""
        block = max(1.0, self.samples / _BLOCKS)
        noise: float = self.deviation / block**0.5
        return self.spread <= max(_FLICKER * self.resolution, _STEADY * noise)


def summarise(counts: NDArray[Any], period: float) -> Reading:
    """Sum up consecutive samples of one channel.

    Args:
        counts: (samples,) raw readings, whole numbers or not.
        period: time between samples, seconds.

    Raises:
        ReadingError: there are fewer than four samples.
    """
    if len(counts) < _FEWEST:
        raise ReadingError(f"{len(counts)} samples so far, expected at least {_FEWEST}")
    values = counts.astype(np.float64)
    resolution = 1.0
    if not np.issubdtype(counts.dtype, np.integer):
        levels = np.diff(np.unique(values))
        resolution = max(float(levels.min()) if len(levels) else 0.0, _FINEST)
    deviation = float(np.median(np.abs(np.diff(values)))) / _MEDIAN_DIFFERENCE
    # Median of three: an isolated spike of the converter moves neither mean nor spread.
    clean = values.copy()
    clean[1:-1] = np.median((values[:-2], values[1:-1], values[2:]), axis=0)
    clean[0], clean[-1] = np.median(values[:3]), np.median(values[-3:])
    means = np.array([block.mean() for block in np.array_split(clean, min(_BLOCKS, len(clean)))])
    scatter = float(means.std(ddof=1)) / len(means) ** 0.5
    return Reading(
        mean=float(clean.mean()),
        deviation=deviation,
        spread=float(means.max() - means.min()),
        uncertainty=(scatter**2 + resolution**2 / 12.0) ** 0.5,
        samples=len(counts),
        duration=(len(counts) - 1) * period,
        resolution=resolution,
    )


def unknown_plate(plate: str, bus: str) -> ReadingError:
    """Return the error of a plate that a bus does not weigh."""
    return ReadingError(f"plate {shown(plate)} is not on bus {bus}")
