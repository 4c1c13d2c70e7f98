"""What the scores of a detector are worth: its surest boxes tell how far up its scale goes.

One network gives 0.99 to whoever stands in full sight, another 0.8, and none says how sure that makes it. A tracker
with limits of its own is deaf to the second. So scores are taken by what the surest box of a frame usually has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MEMORY = 5.0  # seconds over which the surest boxes of frames are averaged
_LEAST = 0.6
"""Surest score that is believed: of a scene without anybody, all boxes are doubtful, however good the detector."""


class ScoreScale:
    """Scores of one detector, stretched so that its surest boxes have a score that is asked for, or more."""

    def __init__(self, full: float) -> None:
        """Know nothing yet.

        Args:
            full: score that surest boxes have at least, afterwards; scores of a detector that gives it are left alone.
        """
        self._full = full
        self._mean: float | None = None
        self._surest = 0.0

    def stretched(self, scores: Floats, elapsed: float) -> Floats:
        """Return the scores of the boxes of a frame by the scale of what came so far.

        Args:
            scores: (M,), at most 1; NaN stays NaN.
            elapsed: seconds since the frame before.
        """
        top = float(np.fmax.reduce(scores, initial=0.0))
        if top <= 0.0:
            return scores
        fresh = 1.0 if self._mean is None else -np.expm1(-elapsed / _MEMORY)
        before = self._mean or 0.0
        self._mean = before + fresh * (top - before)
        # Where nobody is to be seen the surest box is a mistake; that is no reason to think less of the detector.
        self._surest = max(self._surest, self._mean, _LEAST)
        if self._surest >= self._full:
            return scores
        return np.asarray(np.minimum(scores * (self._full / self._surest), 1.0))
