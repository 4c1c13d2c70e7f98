"""Which steps of plates one thing made: over time on one plate, and at once on neighbouring ones."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.contents import CLEAR, Contents
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.settings import ShelfEventSettings

_SECOND = 1_000_000_000
# So many deviations, and this share, of a step may be left when it was undone.
_UNDONE = 3.0
_UNDONE_SHARE = 0.01
# Odds of a thing that leaves its plate in parts, of another that leaves the same plate within seconds, and of two
# hands at neighbouring plates within a second.
_IN_PARTS = 0.03
_AGAIN = 0.1
_TWO_HANDS = 0.1
# Seconds: hands that meet are so far apart; pressing ones blur the time of one thing by so much, so seldom.
_MEETING = 1.0
_BLUR, _BLURRED = 0.3, 0.02
# More plates than this are not taken apart.
_MOST = 12
_NEVER = -math.inf

T = TypeVar("T")


def arguments(group: Sequence[PlateStep]) -> tuple[list[int], list[float], float]:
    """Return columns, changes (kilograms) and the variance of their sum (kg^2) of steps."""
    return [step.column for step in group], [step.change for step in group], sum(step.variance for step in group)


def joined(one: PlateStep, other: PlateStep) -> PlateStep:
    """Return two steps of one plate, ``one`` before the ``other``, as one."""
    main = max((one, other), key=lambda step: abs(step.change))
    return dataclasses.replace(
        main,
        start=one.start,
        end=other.end,
        change=one.change + other.change,
        variance=one.variance + other.variance,
        degraded=one.degraded or other.degraded,
    )


def clusters(items: Iterable[T], hang_together: Callable[[T, T], bool]) -> list[list[T]]:
    """Return the sets of items that hang together, directly or by others of the set.

    Args:
        items: in the order in which those of a set are returned, as far as they came one by one.
        hang_together: tells whether an item does with one before it.
    """
    sets: list[list[T]] = []
    for item in items:
        mates = [each for each in sets if any(hang_together(item, other) for other in each)]
        sets = [each for each in sets if each not in mates]
        sets.append([*(other for each in mates for other in each), item])
    return sets


class Partition:
    """Joins and divides steps by what explains them best: the time they took, and the products that stand there."""

    def __init__(self, near: NDArray[np.bool_], contents: Contents, settings: ShelfEventSettings) -> None:
        """Make it for plates that are neighbours where ``near`` says so, with ``contents`` on them."""
        self._near = near
        self._contents = contents
        self._simultaneous = int(settings.simultaneous * _SECOND)
        self._light = settings.light
        self._least = settings.minimum_change

    def over_time(self, pending: list[PlateStep]) -> list[PlateStep]:
        """Drop steps of a plate that undid each other, and join the parts in which a thing left it."""
        result: list[PlateStep] = []
        for column in sorted({step.column for step in pending}):
            result += self._join(self._without_undone([step for step in pending if step.column == column]))
        return result

    def across(self, pending: list[PlateStep]) -> list[PlateStep]:
        """Join steps that followed each other on plates which only together, and beside others, are whole pieces.

        A thing that lies on several plates may leave one of them by fits and starts.
        """
        result: list[PlateStep] = []
        for group in self._components(pending):
            columns = sorted({step.column for step in group})
            if len(columns) < len(group):
                alone = any(self._contents.evidence(*arguments([step])) > 0.0 for step in group)
                together = [reduce(joined, (step for step in group if step.column == column)) for column in columns]
                if not alone and self._contents.evidence(*arguments(together)) > CLEAR:
                    group = together
            result += group
        return result

    def groups(self, pending: list[PlateStep]) -> list[list[PlateStep]]:
        """Divide steps into what was moved together, steps by column."""
        return [part for group in self._components(pending) for part in self._divide(group)]

    def _components(self, pending: list[PlateStep]) -> list[list[PlateStep]]:
        """Return steps that neighbouring plates may have made together, by column and time."""
        return clusters(sorted(pending, key=lambda step: (step.column, step.end)), self._maybe_together)

    def _without_undone(self, course: list[PlateStep]) -> list[PlateStep]:
        for begin, end in combinations(range(len(course) + 1), 2):
            part = course[begin:end]
            slack = _UNDONE * sum(step.variance for step in part) ** 0.5 + self._least / 4
            slack += _UNDONE_SHARE * max(abs(step.change) for step in part)
            if end - begin > 1 and abs(sum(step.change for step in part)) <= slack:
                return self._without_undone([*course[:begin], *course[end:]])
        return course

    def _join(self, course: list[PlateStep]) -> list[PlateStep]:
        for begin, end in combinations(range(len(course) + 1), 2):
            if end - begin > 1 and self._one_thing(course[begin:end]):
                return self._join([*course[:begin], reduce(joined, course[begin:end]), *course[end:]])
        return course

    def _one_thing(self, part: list[PlateStep]) -> bool:
        """Tell whether steps that followed each other on a plate are parts of one."""
        whole = reduce(joined, part)
        if len(part) == 2 and abs(part[0].change) < self._light and part[0].change * part[1].change > 0.0:
            return True
        if self._contents.evidence(*arguments([whole])) <= 0.0:
            return False
        size, cuts = abs(whole.change), len(part) - 1
        parts = self._contents.likelihood(*arguments([whole])) + cuts * math.log(_IN_PARTS / size)
        return parts > sum(self._contents.likelihood(*arguments([s])) for s in part) + cuts * math.log(_AGAIN)

    def _maybe_together(self, one: PlateStep, other: PlateStep) -> bool:
        apart = abs(one.half - other.half) - one.vague - other.vague - self._simultaneous
        return bool(self._near[one.column, other.column]) and apart <= int(_BLUR * _SECOND)

    def _divide(self, group: list[PlateStep]) -> list[list[PlateStep]]:
        """Return the likeliest division of steps, by column, into runs that one thing each made."""
        count = len(group)
        if not 1 < count <= _MOST:
            return [group]
        best, cut = [0.0] + [_NEVER] * count, [0] * (count + 1)
        for end in range(1, count + 1):
            for begin in range(end):
                another = math.log(_TWO_HANDS / _MEETING) if begin else 0.0
                score = best[begin] + self._score(group[begin:end]) + another
                if score > best[end]:
                    best[end], cut[end] = score, begin
        parts: list[list[PlateStep]] = []
        while count:
            parts.append(group[cut[count] : count])
            count = cut[count]
        return parts[::-1]

    def _score(self, run: list[PlateStep]) -> float:
        """Return the logarithm of the density of steps if one thing made them."""
        columns, change, variance = arguments(run)
        if len(set(columns)) < len(columns):
            return _NEVER
        score = self._contents.likelihood(columns, change, variance)
        if len(run) == 1:
            return score
        whole = self._contents.evidence(columns, change, variance) > 0.0
        for place, step in enumerate(run[1:], start=1):
            # The neighbour that left with it, not one that left at another time.
            score += max((self._timing(step, other, whole) for other in run[:place]), default=_NEVER)
        return score

    def _timing(self, one: PlateStep, other: PlateStep, whole: bool) -> float:
        """Return the logarithm of the density of the time between two steps if one thing made them."""
        if not self._near[one.column, other.column]:
            return _NEVER
        within = (one.vague + other.vague + self._simultaneous) / _SECOND
        apart = abs(one.half - other.half) / _SECOND
        if apart <= within:
            return math.log(0.5 / within)
        return math.log(_BLURRED * 0.5 / _BLUR) if whole else _NEVER
