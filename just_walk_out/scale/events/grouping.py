"""From steps of plates to events of a shelf: what neighbouring plates did together is one event."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.contents import CLEAR, Contents
from just_walk_out.scale.events.overlaps import Overlaps
from just_walk_out.scale.events.partition import Partition, arguments
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.steps import PlateBank
from just_walk_out.store.model import Plate

_SECOND = 1_000_000_000
# Of the least change, on one plate, where only the plates together reach it.
_LEAST_SHARE = 0.5
# Motions that begin within this time may have one cause.
_AT_ONCE = 350_000_000
# Deviations of a block below which a change is faint.
_FAINT = 60.0
# One thing lies on fewer plates than this.
_WIDE = 4


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

    def __init__(self, near: NDArray[np.bool_], contents: Contents, settings: ShelfEventSettings) -> None:
        """Make a grouper for plates that are neighbours where ``near`` says so, with ``contents`` on them."""
        self._near = near
        self._contents = contents
        self._partition = Partition(near, contents, settings)
        self._overlaps = Overlaps(near, contents, settings)
        self._simultaneous = int(settings.simultaneous * _SECOND)
        self._wait = int(settings.end_tolerance * _SECOND) + int(settings.stable_time * _SECOND)
        self._light = settings.light
        self._completion = int(settings.completion_time * _SECOND)
        self._second_look = int(settings.second_look * _SECOND)
        self._hold = int(settings.hold_time * _SECOND)
        self._patience = int(settings.patience * _SECOND)
        self._least = settings.minimum_change
        self._undoing = _AT_ONCE + int(settings.stable_time * _SECOND)
        self._released: dict[int, int] = {}
        self._pending: list[PlateStep] = []
        self._announced: set[tuple[int, ...]] = set()
        self.settling: list[list[PlateStep]] = []

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
        """Take the steps found at ``now`` (nanoseconds); return complete groups, steps by column.

        Groups that are held back since now, though their plates rest, are in ``settling`` until the next call.
        """
        self.settling = []
        steps = [*(bank.hindsight.refined(step) for step in self._pending), *steps]
        self._pending = self._partition.over_time(steps)
        done = self._overlapping(bank, now)
        self._pending = self._partition.across(self._pending)
        waiting = self._partition.groups(self._pending)
        while waiting:
            group = waiting.pop(0)
            evidence = self._contents.evidence(*arguments(group))
            whole = evidence > 0.0
            unfinished = self._unfinished(group, evidence, bank)
            if unfinished is not None:
                self._pending[self._pending.index(unfinished)] = bank.complete(unfinished)
                waiting = self._partition.groups(self._pending)
                continue
            beside = self._beside(group)
            joined = self._claims(self._missing(beside, group, evidence, bank), group, bank)
            if not joined:
                if self._shadowed(group, evidence > CLEAR, bank, now):
                    continue
                if self._follows(group, whole) or self._vague(group, evidence, now):
                    continue
                if any(self._may_join(column, group, whole, bank, now) for column in beside):
                    continue
                if not whole and self._partial(group, bank, now):
                    self._announce(group)
                    continue
                joined = [] if whole else self._claims(beside, group, bank)
            if joined:
                self._pending += joined
                waiting = self._partition.groups(self._pending)
                continue
            self._pending = [step for step in self._pending if step not in group]
            if self._worth_telling(group, whole):
                self._contents.note(*arguments(group))
                done.append(sorted(group, key=lambda step: step.column))
        if not self._pending:
            self._announced.clear()
        return sorted(done, key=lambda group: (min(step.start for step in group), group[0].column))

    def _overlapping(self, bank: PlateBank, now: int) -> list[list[PlateStep]]:
        """Take the steps of things that left a plate together before it rested; return these things."""
        explained = self._overlaps.explain(self._partition.groups(self._pending))
        if explained is None or self._shadowed(explained[0], True, bank, now):
            return []
        steps, things = explained
        self._pending = [step for step in self._pending if step not in steps]
        for thing in things:
            self._contents.note(*arguments(thing))
        return things

    def _claims(self, columns: list[int], group: list[PlateStep], bank: PlateBank) -> list[PlateStep]:
        """Take the steps that resting plates beside a group made with it."""
        main = max(group, key=lambda step: abs(step.change))
        start = min(step.start for step in group)
        taken = [step.column for step in group]
        return [step for column in columns if (step := bank.claim(column, main, start, taken)) is not None]

    def _worth_telling(self, group: list[PlateStep], whole: bool) -> bool:
        most = max(abs(step.change) for step in group)
        total = abs(sum(step.change for step in group))
        if not whole and total < self._light and self._contents.known([step.column for step in group]):
            # No product, and nothing came to make it one.
            return False
        return most >= self._least or (total >= self._least and most >= _LEAST_SHARE * self._least)

    def _announce(self, group: list[PlateStep]) -> None:
        """Tell of a group that is held back, once, where the planogram has proved right."""
        columns, changes, _ = arguments(group)
        key = (min(step.start for step in group), *columns)
        if key in self._announced or abs(sum(changes)) < self._light or not self._contents.confirmed(columns):
            return
        self._announced.add(key)
        self.settling.append(group)

    def _may_join(self, column: int, group: list[PlateStep], whole: bool, bank: PlateBank, now: int) -> bool:
        """Tell whether a plate in motion beside a group may still turn out to belong to it."""
        columns = [step.column for step in group]
        total = sum(step.change for step in group)
        if whole and not any(self._contents.shared(column, mine, abs(total)) for mine in columns):
            return False
        start = bank.start_of(column)
        # Of what is taken, or stands on both plates, a small share is waited for as well.
        share = self._contents.known(columns) and (whole or total < 0.0)
        moving = column in bank.in_motion() if share else bank.moving(column)
        if not moving or start > max(step.half + step.vague for step in group) + self._simultaneous:
            return False
        settled = max(step.end for step in group)
        return now < settled + (self._patience if start < settled else self._wait)

    def _unfinished(self, group: list[PlateStep], evidence: float, bank: PlateBank) -> PlateStep | None:
        """Return the step of a group whose plate has rested again since, whole pieces now, or more clearly so."""
        columns, changes, variance = arguments(group)
        for at, step in enumerate(group):
            more = bank.more(step.column)
            # More, or the other way, is a step of its own: a hand may pause on its way.
            if more is None or abs(more) >= self._light or more * sum(changes) <= 0.0:
                continue
            after = [change + more * (place == at) for place, change in enumerate(changes)]
            if self._contents.evidence(columns, after, variance) > max(CLEAR, evidence):
                return step
        return None

    def _missing(self, beside: list[int], group: list[PlateStep], evidence: float, bank: PlateBank) -> list[int]:
        """Return the plates that with what has changed on them make a group whole pieces, and more clearly so.

        Any of those ``beside``, or else two at once: of a thing that lies on three, none but both together.
        """
        columns, changes, variance = arguments(group)
        latest = max(step.end for step in group)
        places = {*beside, *bank.in_motion()}.difference(columns)
        rests = {at: bank.resting_change(at) for at in sorted(places) if bank.start_of(at) <= latest}
        more = {at: change for at, change in rests.items() if change is not None}

        def completes(*at: int) -> bool:
            after = self._contents.evidence([*columns, *at], [*changes, *(more[each] for each in at)], variance)
            return after > max(CLEAR, evidence)

        near = [at for at in beside if at in more]
        found = [at for at in near if completes(at)]
        if found or len(group) + 2 >= _WIDE:
            return found
        pairs = [(one, at) for one in near for at in more if at != one and (at in near or self._near[one, at])]
        return next((list(pair) for pair in pairs if completes(*pair)), [])

    def _vague(self, group: list[PlateStep], evidence: float, now: int) -> bool:
        """Tell whether a little more time at rest would tell better what a group is."""
        if evidence > CLEAR or not self._contents.known([step.column for step in group]):
            return False
        faint = any(abs(step.change) < _FAINT * (step.variance * step.blocks) ** 0.5 for step in group)
        return (evidence > 0.0 or faint) and now < max(step.rest for step in group) + self._second_look

    def _shadowed(self, group: list[PlateStep], clear: bool, bank: PlateBank, now: int) -> bool:
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
        others = {column for column in moving if abs(bank.start_of(column) - start) <= _AT_ONCE}
        others |= {step.column for step in self._pending if abs(step.start - start) <= _AT_ONCE}
        # Of the many shares of one hand some weigh just what pieces do; of two, hardly one.
        if clear and len(others - columns) <= 1:
            return False
        sign = sum(step.change for step in group) > 0.0
        alike = {s.column for s in self._pending if abs(s.start - start) <= _AT_ONCE and (s.change > 0.0) is sign}
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

    def _partial(self, group: list[PlateStep], bank: PlateBank, now: int) -> bool:
        """Tell whether a group is no whole thing, and what is missing may still come."""
        start = min(step.start for step in group)
        total = sum(step.change for step in group)
        # It may be on its way.
        moving = any(step.column in bank.in_motion() for step in group)
        if now > start + (self._hold if moving else self._completion):
            return False
        if abs(total) < self._light:
            return True
        held = total < 0.0 and self._contents.known([step.column for step in group])
        carried = bank.hindsight.carried
        return held and (moving or any(carried(step.column, step.end, abs(step.change)) for step in group))

    def _follows(self, group: list[PlateStep], whole: bool) -> bool:
        """Tell whether a group must wait for an earlier step of the same plates, of which it may be the rest."""
        return not whole and any(
            step not in group and any(step.column == mine.column and step.start < mine.start for mine in group)
            for step in self._pending
        )

    def _beside(self, group: list[PlateStep]) -> list[int]:
        columns = [step.column for step in group]
        beside: NDArray[np.bool_] = np.any(self._near[columns], axis=0)
        beside[columns] = False
        return [int(column) for column in np.flatnonzero(beside)]
