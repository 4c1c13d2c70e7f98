"""Quick takes of things that lie on several plates: a plate they share does not rest between them.

Each of the things leaves one plate of its own and one that the next leaves as well before that has come to rest. So
the steps of their own plates are no whole pieces, and the step of the shared one, told with the last of them or by
itself, is none either; together they are. Such steps are looked at as one when their groups overlap in time. Where one
reading explains them far better than every group for itself, and better than all other readings, the shared step is
divided so that each thing is whole and keeps its own time: they may have been taken by several hands. Where pieces of
one product explain the whole, but not which was taken when, it stays one event.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import reduce
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.contents import CLEAR, Contents, Pieces
from just_walk_out.scale.events.partition import arguments, clusters, joined
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.settings import ShelfEventSettings

_SECOND = 1_000_000_000
# So many groups, and so many readings of them, are looked at together at most.
_MOST = 5
_READINGS = 4096
# Logarithm of odds by which a reading must be ahead of all others.
_AHEAD = 2.0

Group = list[PlateStep]


class Overlaps:
    """Looks at groups of steps that overlap in time as one."""

    def __init__(self, near: NDArray[np.bool_], contents: Contents, settings: ShelfEventSettings) -> None:
        """Make it for plates that are neighbours where ``near`` says so, with ``contents`` on them."""
        self._near = near
        self._contents = contents
        self._simultaneous = int(settings.simultaneous * _SECOND)
        self._least = settings.minimum_change

    def explain(self, groups: Sequence[Group]) -> tuple[Group, list[Group]] | None:
        """Explain groups that are no whole pieces by themselves, and are together.

        Args:
            groups: steps that are held back, as they were divided.

        Returns:
            The steps that are explained, and the groups that take their place; None where nothing is to be explained.
        """
        doubtful = [group for group in groups if self._contents.evidence(*arguments(group)) <= CLEAR]
        best: tuple[float, Group, list[Group]] | None = None
        for together in self._overlapping(doubtful):
            for count in range(2, len(together) + 1):
                for chosen in combinations(together, count):
                    if len(clusters(chosen, self._overlap)) > 1:
                        continue
                    found = self._together(chosen)
                    if found is not None and (best is None or found[0] > best[0]):
                        best = found[0], [step for group in chosen for step in group], found[1]
        return None if best is None else best[1:]

    def _overlapping(self, groups: Sequence[Group]) -> list[list[Group]]:
        """Return the sets of groups that overlap in time on the same plates or neighbouring ones."""
        return [each for each in clusters(groups, self._overlap) if 1 < len(each) <= _MOST]

    def _overlap(self, one: Group, other: Group) -> bool:
        return any(
            (a.column == b.column or self._near[a.column, b.column]) and max(a.start, b.start) <= min(a.end, b.end)
            for a in one
            for b in other
        )

    def _together(self, groups: Sequence[Group]) -> tuple[float, list[Group]] | None:
        """Return how much likelier, as a logarithm, groups are as what they were together, and that; None if not."""
        steps = sorted((step for group in groups for step in group), key=lambda step: (step.half, step.column))
        if min(step.change for step in steps) < 0.0 < max(step.change for step in steps):
            return None
        if all(self._contents.evidence(*arguments(group)) > 0.0 for group in groups):
            return None
        apart = sum(self._contents.likelihood(*arguments(group)) for group in groups) + CLEAR
        divided = max(filter(None, (self._divided(steps, step) for step in steps)), key=lambda x: x[0], default=None)
        if divided is not None and divided[0] > apart:
            return divided[0] - apart, divided[1]
        whole, score = self._joined(steps)
        return (score - apart, [whole]) if score > apart else None

    def _joined(self, steps: Group) -> tuple[Group, float]:
        """Return steps, one a plate, and the logarithm of their density if they are pieces of one product."""
        columns = sorted({step.column for step in steps})
        whole = [reduce(joined, (step for step in steps if step.column == column)) for column in columns]
        # How a plate's change is shared by what happened on it: any share is as likely.
        shares = sum(math.log(abs(step.change)) * (sum(s.column == step.column for s in steps) - 1) for step in whole)
        if self._contents.evidence(*arguments(whole)) <= CLEAR:
            return whole, -math.inf
        return whole, self._contents.likelihood(*arguments(whole)) - shares

    def _divided(self, steps: Group, shared: PlateStep) -> tuple[float, list[Group]] | None:
        """Return the density, as a logarithm, of things that left one plate together, and these; None if doubtful.

        Args:
            steps: of all plates, by time.
            shared: the one of the plate that did not rest between the things.
        """
        parts = self._parts([step for step in steps if step is not shared])
        if len(parts) < 2 or not all(self._reaches(shared, part) for part in parts):
            return None
        own = [abs(sum(step.change for step in part)) for part in parts]
        total, variance = sum(own) + abs(shared.change), sum(step.variance for step in steps)
        choices = [
            [
                pieces
                for pieces in self._contents.pieces(sorted({shared.column, *(step.column for step in part)}))
                if mine + self._least <= pieces.weight <= mine + abs(shared.change)
            ]
            for part, mine in zip(parts, own, strict=True)
        ]
        if not 0 < math.prod(map(len, choices)) <= _READINGS:
            return None
        readings = sorted(
            ((self._density(reading, parts, total, variance), reading) for reading in product(*choices)),
            key=lambda item: -item[0],
        )
        score, reading = readings[0]
        if sum(math.exp(other - score) for other, _ in readings[1:]) > math.exp(-_AHEAD):
            return None
        return score, self._share(shared, parts, own, [pieces.weight for pieces in reading])

    def _parts(self, steps: Group) -> list[Group]:
        """Return the steps that happened at once, in the order of time."""
        parts: list[Group] = []
        for step in steps:
            if parts and any(
                abs(step.half - other.half) <= step.vague + other.vague + self._simultaneous for other in parts[-1]
            ):
                parts[-1].append(step)
            else:
                parts.append([step])
        return parts

    def _reaches(self, shared: PlateStep, part: Group) -> bool:
        """Tell whether a plate was in motion, and lies beside, when a thing left its own plates."""
        columns = [step.column for step in part]
        if shared.column in columns or len(set(columns)) < len(columns) or not self._near[shared.column, columns].any():
            return False
        return all(
            shared.start - step.vague <= step.half <= shared.end + step.vague + self._simultaneous for step in part
        )

    def _density(self, reading: Sequence[Pieces], parts: list[Group], total: float, variance: float) -> float:
        """Return the logarithm of prior times density of all changes if these pieces left at these times."""
        score = self._contents.fit(
            total - sum(pieces.weight for pieces in reading),
            total,
            variance + sum(pieces.variance for pieces in reading),
        )
        for pieces, part in zip(reading, parts, strict=True):
            count = len(part)
            score += pieces.prior + math.lgamma(count + 1) - count * math.log(pieces.weight)
        return score

    def _share(self, shared: PlateStep, parts: list[Group], own: list[float], weights: list[float]) -> list[Group]:
        """Divide a step so that each thing weighs what it should, up to its share of what is left."""
        sign = math.copysign(1.0, shared.change)
        missing = [weight - mine for weight, mine in zip(weights, own, strict=True)]
        left = (abs(shared.change) - sum(missing)) / sum(weights)
        uncertain = sum(step.variance for part in parts for step in part)
        result, before = [], shared.start
        for place, (part, weight, lacks) in enumerate(zip(parts, weights, missing, strict=True)):
            main = max(part, key=lambda step: abs(step.change))
            start = min(step.start for step in part)
            # Each has a time of its own: a hand at the next thing has let go of the one before.
            start = max(start, before) if place else min(start, before)
            end = max(step.end for step in part)
            if place == len(parts) - 1:
                end = max(end, shared.end)
            share = dataclasses.replace(
                shared,
                start=start,
                end=end,
                change=sign * (lacks + left * weight),
                variance=shared.variance + uncertain - sum(step.variance for step in part),
                half=main.half,
                vague=main.vague,
                level=math.nan,
            )
            mine = [dataclasses.replace(step, start=max(step.start, start)) for step in part]
            result.append(sorted([*mine, share], key=lambda step: step.column))
            before = main.half
        return result
