"""Zero and scale of a plate from known weights.

Counts are taken to be linear in the load, ``count = zero + weight / scale``; the line is fitted by
least squares, each reading weighted by its own uncertainty. With two loads the line goes through
both; every further one (another weight, or the empty plate once more) shows by its residual how far
the cell is from linear, or how much it creeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from just_walk_out.scale.reading import Reading

# The span must be so many times what is uncertain about its ends, else the cell did not feel the weight.
_CLEAR = 20.0


class CalibrationError(ValueError):
    """A calibration that cannot be made or read; the text is one clear sentence."""


@dataclass(frozen=True)
class Load:
    """A known weight on the plate, kilograms, and what the channel read then; 0 is the empty plate."""

    weight: float
    reading: Reading


@dataclass(frozen=True)
class Calibration:
    """The line through the loads.

    Attributes:
        zero: counts of the empty plate.
        scale: kilograms per count.
        zero_uncertainty: standard deviation of ``zero``, counts.
        scale_uncertainty: standard deviation of ``scale`` relative to it, from the noise of the readings.
        residuals: what each load was read as, less what it weighs, kilograms.
        noise: standard deviation of a single sample, kilograms.
    """

    zero: float
    scale: float
    zero_uncertainty: float
    scale_uncertainty: float
    residuals: tuple[float, ...]
    noise: float

    @property
    def nonlinearity(self) -> float:
        """Largest residual, kilograms; 0 where two loads leave nothing to compare."""
        return max(abs(residual) for residual in self.residuals)


def fit(loads: Sequence[Load]) -> Calibration:
    """Return zero and scale that explain the loads best.

    Raises:
        CalibrationError: there are no two different weights, or the channel did not feel the difference.
    """
    weights = np.array([load.weight for load in loads])
    if len(loads) < 2 or np.ptp(weights) == 0.0:
        raise CalibrationError("expected readings of at least two different weights, the empty plate being one")
    counts = np.array([load.reading.mean for load in loads])
    errors = np.array([load.reading.uncertainty for load in loads])
    lightest, heaviest = int(weights.argmin()), int(weights.argmax())
    moved = counts[heaviest] - counts[lightest]
    if abs(moved) < _CLEAR * float(np.hypot(errors[lightest], errors[heaviest])):
        raise CalibrationError(
            f"the reading moved by {moved:+.4g} counts between {weights[lightest]:g} kg and {weights[heaviest]:g} kg, "
            "which is within its noise; is the weight on that plate, and the cell connected?"
        )
    # Relative weights alone: rescaled, so that the numbers stay tame.
    design = np.stack((np.ones_like(weights), weights), axis=1) / errors[:, None]
    inverse = np.linalg.inv(design.T @ design)
    zero, slope = (inverse @ (design.T @ (counts / errors))).tolist()
    residuals = (counts - zero) / slope - weights
    return Calibration(
        zero=zero,
        scale=1.0 / slope,
        zero_uncertainty=float(inverse[0, 0]) ** 0.5,
        scale_uncertainty=float(inverse[1, 1]) ** 0.5 / abs(slope),
        residuals=tuple(residuals.tolist()),
        noise=float(np.median([load.reading.deviation for load in loads])) / abs(slope),
    )
