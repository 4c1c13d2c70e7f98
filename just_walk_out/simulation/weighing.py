"""The electronics of a scale: load cells behind a filter, rounded to divisions, at rest or not."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.scales import PlateGroup
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store

_CONVERSIONS = 60.0
_FILTER = 6
_REST = 24
_RESTLESS = 3.0
_HEADROOM = 9.0
_BELOW = 0.02


@dataclass(frozen=True)
class Weighing:
    """What a scale shows.

    Attributes:
        kilograms: rounded to the division.
        stable: the load has rested for a while.
        over: beyond the capacity.
        under: far below zero.
    """

    kilograms: float
    stable: bool
    over: bool = False
    under: bool = False


class ScaleElectronics:
    """Scales that convert together: those of one line."""

    def __init__(
        self, store: Store, plates: Sequence[str], noise: Noise, seed: int, name: str, division: float
    ) -> None:
        """Put cells under the plates.

        Args:
            store: where they are.
            plates: ids, one a scale.
            noise: disturbance of the cells.
            seed: of the simulation.
            name: of the line, so that each draws differently.
            division: step of what is shown, kilograms.
        """
        self._group = PlateGroup(store, plates, noise, seed, name)
        self.capacity = [store.plate[plate].capacity for plate in plates]
        self._division = division
        self._converted = 0
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=_REST)
        self.offset = np.zeros(len(plates))

    def convert(self, to: float, world: World, start: float | None) -> None:
        """Go on to ``to`` seconds since launch; the world must have got there.

        Args:
            to: seconds since launch.
            world: what lies on the plates.
            start: seconds since launch at second 0 of the world; None while the scenario waits.
        """
        end = int(to * _CONVERSIONS) + 1
        # After a long pause only what the filter still knows is worth a conversion.
        begin = max(self._converted, end - 2 * _REST)
        if begin < end:
            clock = np.arange(begin, end) / _CONVERSIONS
            self._recent.extend(self._group.sample(clock, world, start))
            self._converted = end

    def show(self, scale: int) -> Weighing:
        """Return what a scale shows now."""
        course = np.array([row[scale] for row in self._recent]) - self.offset[scale]
        gross = float(course[-_FILTER:].mean())
        stable = len(course) == _REST and float(np.ptp(course[::3])) < _RESTLESS * max(self._division, 0.002)
        shown = round(gross / self._division) * self._division
        over = gross > self.capacity[scale] + _HEADROOM * self._division
        return Weighing(shown, stable, over, gross < -_BELOW * self.capacity[scale])
