"""What one channel reads over a short while, at rest or not: the measure that zero and scale are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.place import shown

_BLOCKS = 8
_FEWEST = 4
# Median of the absolute difference of two normal values, in deviations: 0.6745 sqrt 2.
_MEDIAN_DIFFERENCE = 0.954
# Range of eight block means that mere noise does not reach: 2.85 deviations on average, 0.8 the deviation of that.
_STEADY = 8.0
# Counts by which a channel without noise of its own may move: it flickers between two steps.
_FLICKER = 2.0


class ReadingError(ValueError):
    """Nothing can be said about a plate now; the text is one clear sentence."""


@dataclass(frozen=True)
class Reading:
    """Consecutive samples of one channel, in short.

    Attributes:
        mean: counts; isolated spikes do not count.
        deviation: standard deviation of a single sample, counts, from the differences of successive ones.
        spread: range of the means of an eighth of the time each, counts; large while the load moves.
        uncertainty: standard deviation of ``mean``, counts; not below what rounding to whole counts leaves open.
        samples: how many.
        duration: seconds they span.
    """

    mean: float
    deviation: float
    spread: float
    uncertainty: float
    samples: int
    duration: float

    @property
    def steady(self) -> bool:
        """Whether the load rested, judged by the channel's own noise: no scale is needed to tell."""
        block = max(1.0, self.samples / _BLOCKS)
        noise: float = self.deviation / block**0.5
        return self.spread <= max(_FLICKER, _STEADY * noise)


def summarise(counts: NDArray[np.int32], period: float) -> Reading:
    """Sum up consecutive samples of one channel.

    Args:
        counts: (samples,) raw readings.
        period: time between samples, seconds.

    Raises:
        ReadingError: there are fewer than four samples.
    """
    if len(counts) < _FEWEST:
        raise ReadingError(f"{len(counts)} samples so far, expected at least {_FEWEST}")
    values = counts.astype(np.float64)
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
        uncertainty=(scatter**2 + 1.0 / 12.0) ** 0.5,
        samples=len(counts),
        duration=(len(counts) - 1) * period,
    )


def unknown_plate(plate: str, bus: str) -> ReadingError:
    """Return the error of a plate that a bus does not weigh."""
    return ReadingError(f"plate {shown(plate)} is not on bus {bus}")
