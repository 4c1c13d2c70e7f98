"""From steps of plates to events of a shelf: what neighbouring plates did together is one event."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.event_settings import ShelfEventSettings
from just_walk_out.scale.plate_step import PlateStep
from just_walk_out.scale.steps import PlateBank
from just_walk_out.store.model import Plate

_SECOND = 1_000_000_000
# Of the least change, on one plate, where only the plates together reach it.
_LEAST_SHARE = 0.5
# Motions that begin within this time may have one cause.
_AT_ONCE = 350_000_000
# One thing lies on fewer plates than this.
_WIDE = 4
# So many deviations, and this share, of a step may be left when it was undone.
_UNDONE = 3.0
_UNDONE_SHARE = 0.01


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
        self._simultaneous = int(settings.simultaneous * _SECOND)
        self._wait = int(settings.end_tolerance * _SECOND) + int(settings.stable_time * _SECOND)
        self._light = settings.light
        self._completion = int(settings.completion_time * _SECOND)
        self._hold = int(settings.hold_time * _SECOND)
        self._patience = int(settings.patience * _SECOND)
        self._least = settings.minimum_change
        self._undoing = _AT_ONCE + int(settings.stable_time * _SECOND)
        self._released: dict[int, int] = {}
        self._pending: list[PlateStep] = []

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the steps held back, as JSON values."""
        return [dataclasses.asdict(step) for step in self._pending]

    def resume(self, state: list[dict[str, Any]]) -> None:
        """Go on from a snapshot."""
        self._pending = [PlateStep(**step) for step in state]

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
        self._cancel()
        self._complete()
        done = []
        waiting = self._groups()
        while waiting:
            group = waiting.pop(0)
            beside = self._beside(group)
            if (
                self._partial(group, now)
                or self._shadowed(group, bank, now)
                or any(self._may_join(column, group, bank, now) for column in beside)
            ):
                continue
            start = min(step.start for step in group)
            taken = [step.column for step in group]
            main = max(group, key=lambda step: abs(step.change))
            joined = [step for column in beside if (step := bank.claim(column, main, start, taken)) is not None]
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
        if not bank.moving(column) or start > max(step.half + step.vague for step in group) + self._simultaneous:
            return False
        settled = max(step.end for step in group)
        return now < settled + (self._patience if start < settled else self._wait)

    def _shadowed(self, group: list[PlateStep], bank: PlateBank, now: int) -> bool:
        """Tell whether a group may be the share of a hand that leans on the shelf or lifts its edge.

        So it may be while a larger motion that began with it goes on, and for a while when more plates
        changed with it than things lie on.
        """
        start = min(step.start for step in group)
        if now > start + self._hold:
            return False
        most = max(abs(step.change) for step in group)
        columns = {step.column for step in group}
        moving = [column for column in bank.in_motion() if bank.moving(column)]
        sign = sum(step.change for step in group) > 0.0
        alike = [s for s in self._pending if abs(s.start - start) <= _AT_ONCE and (s.change > 0.0) is sign]
        wide = len(alike) >= _WIDE and now <= start + self._hold // 2
        if wide or any(
            column not in columns and abs(bank.start_of(column) - start) <= _AT_ONCE and bank.extent(column) > most
            for column in moving
        ):
            if wide or now > max(step.end for step in group) + self._undoing:
                self._released |= dict.fromkeys(columns, now)
            return True
        # What was held back may be undone when the hand lets go, plate after plate.
        freed = [column for column in columns if start < self._released.get(column, 0)]
        return any(column in moving or now <= self._released[column] + self._undoing for column in freed)

    def _partial(self, group: list[PlateStep], now: int) -> bool:
        """Tell whether a group is too light for a whole thing, and what is missing may still come."""
        start = min(step.start for step in group)
        return now <= start + self._completion and abs(sum(step.change for step in group)) < self._light

    def _complete(self) -> None:
        """Join a part of a thing to the rest of it, which left the same plate afterwards."""
        for column in {step.column for step in self._pending}:
            course = [step for step in self._pending if step.column == column]
            for one, other in pairwise(course):
                if abs(one.change) < self._light and one.change * other.change > 0.0:
                    self._pending.remove(one)
                    self._pending[self._pending.index(other)] = dataclasses.replace(
                        other,
                        start=one.start,
                        change=one.change + other.change,
                        variance=one.variance + other.variance,
                        degraded=one.degraded or other.degraded,
                    )
                    break

    def _cancel(self) -> None:
        """Drop steps of one plate that were held back and undid each other."""
        for column in {step.column for step in self._pending}:
            course = [step for step in self._pending if step.column == column]
            for begin, end in combinations(range(len(course) + 1), 2):
                part = course[begin:end]
                slack = _UNDONE * sum(step.variance for step in part) ** 0.5 + self._least / 4
                slack += _UNDONE_SHARE * max(abs(step.change) for step in part)
                if end - begin > 1 and abs(sum(step.change for step in part)) <= slack:
                    self._pending = [step for step in self._pending if step not in part]
                    break

    def _beside(self, group: list[PlateStep]) -> list[int]:
        columns = [step.column for step in group]
        beside: NDArray[np.bool_] = np.any(self._near[columns], axis=0)
        beside[columns] = False
        return [int(column) for column in np.flatnonzero(beside)]

    def _groups(self) -> list[list[PlateStep]]:
        """Join steps of neighbouring plates that were made together."""
        groups: list[list[PlateStep]] = []
        for step in sorted(self._pending, key=lambda step: (step.column, step.end)):
            joined = [group for group in groups if any(self._together(step, other) for other in group)]
            groups = [group for group in groups if group not in joined]
            groups.append([*(other for group in joined for other in group), step])
        return groups

    def _together(self, one: PlateStep, other: PlateStep) -> bool:
        """Tell whether one thing made both steps: it leaves neighbouring plates at the same time."""
        apart = abs(one.half - other.half) - one.vague - other.vague
        return bool(self._near[one.column, other.column]) and apart <= self._simultaneous
