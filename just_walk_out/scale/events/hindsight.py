"""What the blocks of plates tell, later, of steps that have been made."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.baseline import Baseline
from just_walk_out.scale.events.history import BlockHistory
from just_walk_out.scale.events.motion import SPAN, Motion
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.settings import ShelfEventSettings

# Fewer blocks tell nothing of how noises go together; differences are clipped at so many deviations, and
# correlations shrunk as if so many more blocks had shown none.
_FEWEST = 10
_CLIP = 4.0
_SHRINKAGE = 10.0
# A hand trembles by more than this share of what it carries.
_STEADY_SHARE = 0.008


class Hindsight:
    """Looks back at the blocks of the plates of one stream."""

    def __init__(
        self, history: BlockHistory, baseline: Baseline, motion: Motion, period: float, settings: ShelfEventSettings
    ) -> None:
        """Look at what is shared with who follows the plates.

        Args:
            history: the blocks.
            baseline: what the plates weigh at rest.
            motion: which plates are in motion.
            period: of the blocks, seconds.
            settings: of the stage.
        """
        self._history = history
        self._baseline = baseline
        self._motion = motion
        self._steady = max(SPAN + 3, round(settings.steady_time / period))

    def refined(self, step: PlateStep) -> PlateStep:
        """Return a step measured over all the time that its plate has rested since."""
        rested = self._history.after(step.rest)
        moved = self._motion.active[step.column] or self._motion.begun[step.column] > rested
        if moved or math.isnan(step.level):
            return step
        begin, end = self._history.after(step.until), self._history.newest + 1
        if begin == end or not self._history.sound(step.column, begin, end):
            return step
        blocks = step.blocks + end - begin
        later = float(self._history.values(begin, end)[:, step.column].sum())
        level = (step.blocks * step.level + later) / blocks
        block = float(self._baseline.deviations[step.column]) ** 2
        return dataclasses.replace(
            step,
            change=step.change + level - step.level,
            variance=max(block / blocks, step.variance + block * (1.0 / blocks - 1.0 / step.blocks)),
            level=level,
            until=self._history.last(end - 1),
            blocks=blocks,
        )

    def correlation(self, columns: list[int], until: int) -> NDArray[np.float64]:
        """Return how the noise of plates goes together, as it does when their shelf shakes.

        From the differences of successive blocks, clipped so that hands count as little as noise does, and shrunk
        to no correlation where there are few (Ledoit and Wolf 2004).

        Args:
            columns: the plates.
            until: blocks that end later, nanoseconds, do not count.

        Returns:
            (columns, columns) correlations; positive definite.
        """
        values = self._history.values(self._history.oldest, self._history.after(until))[:, columns]
        result = np.eye(len(columns))
        if len(values) < _FEWEST:
            return result
        limits = _CLIP * self._baseline.deviations[columns]
        noise = np.clip(np.diff(values, axis=0), -limits, limits)
        products = noise.T @ noise
        scale = np.sqrt(np.diag(products)) + 1e-12
        share = len(noise) / (len(noise) + _SHRINKAGE)
        result += share * (products / np.outer(scale, scale)) * (1.0 - result)
        return result

    def carried(self, column: int, since: int, force: float) -> bool:
        """Tell whether a hand may still carry a part of what stands on a plate: it would tremble.

        Nobody holds a weight still to less than a few hundredths (force steadiness, e.g. Enoka et al. 2003). Most of
        that is slow, so that less of it shows in a shorter time; where noise hides less than that, that is enough.

        Args:
            column: the plate.
            since: when it came to rest, nanoseconds.
            force: what it lost, kilograms.
        """
        end = self._history.newest + 1
        begin = max(self._history.after(since), end - self._steady)
        share = (end - begin) / self._steady
        if end - begin < SPAN + 3 or not self._history.sound(column, begin, end):
            return True
        if share < 1.0:
            return float(self._history.values(begin, end)[:, column].std()) > share * _STEADY_SHARE * force
        means = self._history.means(begin + SPAN - 1, end, SPAN)[:, column]
        return float(means.std()) > _STEADY_SHARE * force
