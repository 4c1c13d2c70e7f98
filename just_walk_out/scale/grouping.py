"""From steps of plates to events of a shelf: what neighbouring plates did together is one event."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.steps import PlateBank, PlateStep
from just_walk_out.store.model import Plate

_SECOND = 1_000_000_000
# Of the least change, on one plate, where only the plates together reach it.
_LEAST_SHARE = 0.5


def neighbours(plates: Sequence[Plate], gap: float) -> NDArray[np.bool_]:
    """Return the (plates, plates) matrix of plates whose edges are at most ``gap`` metres apart."""
    x = np.array([plate.pose.x for plate in plates])
    y = np.array([plate.pose.y for plate in plates])
    width = np.array([plate.width for plate in plates])
    depth = np.array([plate.depth for plate in plates])
    apart_x = np.abs(x[:, None] - x) - (width[:, None] + width) / 2
    apart_y = np.abs(y[:, None] - y) - (depth[:, None] + depth) / 2
    near: NDArray[np.bool_] = (apart_x <= gap) & (apart_y <= gap)
    np.fill_diagonal(near, False)
    return near


class StepGrouper:
    """Holds back steps of plates until nothing can join them, then gives them out together."""

    def __init__(self, near: NDArray[np.bool_], settings: ShelfEventSettings) -> None:
        """Make a grouper for plates that are neighbours where ``near`` says so."""
        self._near = near
        self._end_tolerance = int(settings.end_tolerance * _SECOND)
        self._share = settings.shared_motion
        self._wait = self._end_tolerance + int(settings.stable_time * _SECOND)
        self._patience = int(settings.patience * _SECOND)
        self._least = settings.minimum_change
        self._pending: list[PlateStep] = []

    @property
    def waiting(self) -> bool:
        """Whether steps are held back."""
        return bool(self._pending)

    def holding_since(self) -> int | None:
        """Return the start of the earliest step held back; None when there is none."""
        return min((step.start for step in self._pending), default=None)

    def push(self, steps: list[PlateStep], bank: PlateBank, now: int) -> list[list[PlateStep]]:
        """Take the steps found at ``now`` (nanoseconds); return complete groups, steps by column."""
        self._pending += steps
        done = []
        waiting = self._groups()
        while waiting:
            group = waiting.pop(0)
            beside = self._beside(group)
            if any(self._may_join(column, group, bank, now) for column in beside):
                continue
            start = min(step.start for step in group)
            taken = [step.column for step in group]
            joined = [step for column in beside if (step := bank.claim(column, start, taken)) is not None]
            if joined:
                self._pending += joined
                waiting = self._groups()
                continue
            self._pending = [step for step in self._pending if step not in group]
            most = max(abs(step.change) for step in group)
            total = abs(sum(step.change for step in group))
            if most >= self._least or (total >= self._least and most >= _LEAST_SHARE * self._least):
                done.append(sorted(group, key=lambda step: step.column))
        return sorted(done, key=lambda group: (min(step.start for step in group), group[0].column))

    def _may_join(self, column: int, group: list[PlateStep], bank: PlateBank, now: int) -> bool:
        """Tell whether a plate in motion beside a group may still turn out to belong to it."""
        start = bank.start_of(column)
        together = any(self._overlap(step.start, step.end, start, now) for step in group)
        settled = max(step.end for step in group)
        if not bank.moving(column):
            return False
        return now < settled + (self._patience if together else self._wait)

    def _beside(self, group: list[PlateStep]) -> list[int]:
        columns = [step.column for step in group]
        beside: NDArray[np.bool_] = np.any(self._near[columns], axis=0)
        beside[columns] = False
        return [int(column) for column in np.flatnonzero(beside)]

    def _groups(self) -> list[list[PlateStep]]:
        """Join steps of neighbouring plates that ended together."""
        groups: list[list[PlateStep]] = []
        for step in sorted(self._pending, key=lambda step: (step.column, step.end)):
            joined = [group for group in groups if any(self._together(step, other) for other in group)]
            groups = [group for group in groups if group not in joined]
            groups.append([*(other for group in joined for other in group), step])
        return groups

    def _together(self, one: PlateStep, other: PlateStep) -> bool:
        if not self._near[one.column, other.column]:
            return False
        ended_together = abs(one.end - other.end) <= self._end_tolerance
        return ended_together or self._overlap(one.start, one.end, other.start, other.end)

    def _overlap(self, start: int, end: int, other_start: int, other_end: int) -> bool:
        """Tell whether two plates were in motion at the same time for most of the shorter motion."""
        shared = min(end, other_end) - max(start, other_start)
        return shared >= self._share * min(end - start, other_end - other_start)
