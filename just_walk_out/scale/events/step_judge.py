"""Whether a plate that was in motion rests, and which step it has made."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.baseline import Baseline
from just_walk_out.scale.events.contents import CLEAR, Contents
from just_walk_out.scale.events.history import BlockHistory
from just_walk_out.scale.events.landing import landing
from just_walk_out.scale.events.motion import Motion
from just_walk_out.scale.events.plate_step import PlateStep, divide, timing
from just_walk_out.scale.events.rest import RestRule, approach
from just_walk_out.scale.events.ringing import FEWEST, Ringing, ringing
from just_walk_out.scale.events.settings import ShelfEventSettings

_SIGNIFICANT = 4.0
_RETURNED = 3.0
# What swings by at most this share of its step may ring about its new weight.
_SWINGING = 0.1
# So many plates beside an event tell what the whole shelf does.
_SHELF = 4


class StepJudge:
    """Judge of the plates of one stream, one at a time; gives those that came to rest their new baseline."""

    def __init__(
        self,
        near: NDArray[np.bool_],
        contents: Contents,
        period: float,
        settings: ShelfEventSettings,
        rule: RestRule,
        history: BlockHistory,
        baseline: Baseline,
        motion: Motion,
    ) -> None:
        """Make the judge of plates that are neighbours where ``near`` says so, of blocks ``period`` seconds apart.

        Args:
            near: (plates, plates).
            contents: what stands on the plates.
            period: of the blocks, seconds.
            settings: of the stage.
            rule: how long a plate must rest.
            history: the blocks.
            baseline: what the plates weigh at rest; moved by the judge.
            motion: which plates are in motion; ended by the judge.
        """
        self._near = near
        self._contents = contents
        self._settings = settings
        self._rule = rule
        self._history = history
        self._baseline = baseline
        self._motion = motion
        self._unrest = settings.wander / settings.stable_noise
        self._seconds = period
        self._period = round(period * 1e9)

    def calm(self, row: int) -> dict[int, bool]:
        """Return the active plates that may rest, those that have no baseline yet among them.

        Args:
            row: number of the newest block.

        Returns:
            By plate, whether it is still; one that is not may ring.
        """
        begin = row - self._rule.brief + 1
        waiting = self._motion.active & (self._motion.begun <= begin)
        if row < self._baseline.learning - 1:
            waiting &= self._baseline.learned
        columns = waiting.nonzero()[0]
        if not len(columns):
            return {}
        values = self._history.values(begin, row + 1)[:, columns]
        means = np.add.reduce(values, axis=0) / self._rule.brief
        # What still rings of a large step is a small share of it.
        away = np.abs(means - self._baseline.values[columns])
        still = np.maximum(
            self._baseline.deviations[columns], np.maximum(self._settings.ring_share * away, self._unrest)
        )
        values -= means
        values *= values
        scatter = np.sqrt(np.add.reduce(values, axis=0) / self._rule.brief)
        calm = scatter <= self._settings.stable_noise * still
        calm |= ~self._baseline.learned[columns]
        rings = (scatter <= _SWINGING * away) & (self._motion.begun[columns] <= row - FEWEST + 1)
        may = calm | rings
        return dict(zip(columns[may].tolist(), calm[may].tolist(), strict=True))

    def step(self, column: int, row: int, still: bool, departures: NDArray[np.float64]) -> list[PlateStep]:
        """Return the step that a plate made, two of them where it landed on the way; none as long as it is in doubt.

        A plate that is back at its baseline rests again.

        Args:
            column: the plate; it is calm.
            row: number of the newest block.
            still: whether it is still, or may ring.
            departures: (plates,) how far each is from its baseline now, kilograms.
        """
        base = float(self._baseline.values[column])
        deviation = float(self._baseline.deviations[column])
        shown = course = self._history.values(self._history.oldest, row + 1)[:, column]
        count = least = self._rule.brief if still else FEWEST
        ring = None
        if not still:
            ring = self._ringing(shown, count, row, deviation)
            if ring is None:
                return []
            course = ring.course
        mean = float(course[-count:].mean())
        change = mean - base
        if abs(change) <= _RETURNED * self._baseline.variance(column, count) ** 0.5 + self._settings.noise_floor:
            self._baseline.keep(column, row - count + 1)
            self._motion.rest(column)
            return []
        if self._overshadowed(column, abs(change), departures):
            return []
        quiet, deviation = deviation, max(deviation, self._settings.ring_share * abs(change), self._unrest)
        ahead = (mean - course) * np.sign(change)
        speed, duration = approach(ahead, abs(change), deviation, count)
        count = self._rule.window(ahead, abs(change), deviation, speed, duration)
        # On its way, a thing weighs what it weighs for an instant only.
        variance = self._baseline.variance(column, self._rule.brief)
        if count > self._rule.short and self._contents.evidence([column], [change], variance) > CLEAR:
            count = max(self._rule.short, count // 2)
        count = max(count, least)
        begin = row - count + 1
        if begin < self._motion.begun[column] or not self._history.sound(column, begin, row + 1):
            return []
        if ring is not None:
            ring = ring if count == least else self._ringing(shown, count, row, quiet)
            if ring is None or ring.swing > abs(change):
                return []
            course = ring.course
        window = course[-count:]
        if not self._rule.over(window, deviation, speed):
            return []
        mean = float(window.mean())
        away = (np.abs(course - mean) > 3.0 * deviation).nonzero()[0]
        first = self._history.oldest + (int(away[-1]) + 1 if len(away) else 0)
        start = self._motion.start_of(column)
        end = max(self._history.first(min(first, begin)), start + 1)
        # What still rings is worth so many blocks of noise.
        worth = count if ring is None else max(1, int(quiet**2 / ring.variance))
        variance = self._baseline.variance(column, worth) + (0.0 if ring else (deviation**2 - quiet**2) / count)
        half, vague = timing(self._history, ahead, abs(change), deviation, duration, start, self._period)
        degraded = self._degraded(column, start)
        rest, until = self._history.first(begin), self._history.last(row)
        step = PlateStep(column, start, end, mean - base, variance, degraded, half, vague, rest, until, worth, mean)
        self._baseline.move(column, mean, worth, row + 1)
        self._motion.rest(column)
        stay = (
            landing(ahead, abs(change), quiet, self._seconds)
            if abs(change) >= 4.0 * self._settings.minimum_change
            else None
        )
        return [step] if stay is None else divide(self._history, step, stay, ahead, quiet)

    def claim(self, column: int, main: PlateStep, since: int, taken: list[int]) -> PlateStep | None:
        """Take the step of a resting plate beside an event, if it made one.

        Args:
            column: the plate.
            main: the step of the event that it is part of.
            since: start of the event, nanoseconds; the step is said to begin there.
            taken: plates that belong to the event already.
        """
        departure = self.resting_change(column)
        before = self._history.after(since)
        if self._motion.active[column]:
            # What it did since it left its baseline, for a hand that groped first, is no resting weight.
            before = min(before, self._history.after(self._motion.start_of(column)))
        # Not from before the plate last came to rest: that was another step.
        begin = max(self._history.oldest, before - self._rule.short, self._baseline.resting_from(column))
        if departure is None or begin >= before:
            return None
        row = self._history.newest
        mean = departure + float(self._baseline.values[column])
        # Measured from directly before the event: a drift that the baseline lags behind is no share of it.
        old, new = self._history.values(begin, before), self._history.values(row - self._rule.short + 1, row + 1)
        moves = np.add.reduce(new, axis=0) / len(new) - np.add.reduce(old, axis=0) / len(old)
        change = float(moves[column])
        others = self._baseline.learned.copy()
        others[taken] = False
        # What the others of the shelf did as well is the shelf's doing.
        common = float(np.median(moves[others])) if np.count_nonzero(others) >= _SHELF else 0.0
        deviation = float(self._baseline.deviations[column])
        variance = deviation**2 * (1.0 / self._rule.short + 1.0 / (before - begin))
        if (
            min(abs(change - common), abs(change), abs(departure))
            < _SIGNIFICANT * variance**0.5 + self._settings.noise_floor
        ):
            return None
        course = self._history.values(self._history.oldest, row + 1)[:, column]
        ahead, size = (mean - course) * np.sign(departure), abs(departure)
        _, duration = approach(ahead, size, deviation, self._rule.brief)
        half, vague = timing(self._history, ahead, size, deviation, duration, since, self._period)
        clear = abs(departure) >= max(self._settings.light, 2.0 * _SIGNIFICANT * deviation)
        if clear and abs(half - main.half) - vague - main.vague > self._settings.simultaneous * 1e9:
            return None
        count = self._rule.short
        rest, until = self._history.first(row - count + 1), self._history.last(row)
        end = max(rest, since + 1)
        degraded = self._degraded(column, since)
        self._baseline.move(column, mean, count, row + 1)
        self._motion.rest(column)
        return PlateStep(
            column, since, end, change, variance, degraded, main.half, main.vague, rest, until, count, mean
        )

    def more(self, column: int) -> float | None:
        """Return how far from its baseline a plate in motion rests now, kilograms; None while it may go on.

        It must have rested for twice as long as after a quick step: what moved slowly may still do so.
        """
        return self._resting_change(column, 2 * self._rule.short) if self._motion.active[column] else None

    def complete(self, step: PlateStep) -> PlateStep:
        """Return a step with what its plate has lost or gained since; there must be ``more`` of it."""
        column, count, row = step.column, 2 * self._rule.short, self._history.newest
        change = self.more(column) or 0.0
        level = change + float(self._baseline.values[column])
        variance = step.variance + self._baseline.variance(column, count)
        degraded = step.degraded or self._degraded(column, step.start)
        self._baseline.move(column, level, count, row + 1)
        self._motion.rest(column)
        rest = self._history.first(row - count + 1)
        return dataclasses.replace(
            step,
            end=max(rest, step.end),
            change=step.change + change,
            variance=variance,
            degraded=degraded,
            rest=rest,
            until=self._history.last(row),
            blocks=count,
            level=level,
        )

    def resting_change(self, column: int) -> float | None:
        """Return how far from its baseline a plate rests now, kilograms; None when it does not."""
        return self._resting_change(column, self._rule.short)

    def _resting_change(self, column: int, count: int) -> float | None:
        end = self._history.newest + 1
        begin = end - count
        if not self._baseline.learned[column] or begin < 0 or not self._history.sound(column, begin, end):
            return None
        values = self._history.values(begin, end)[:, column]
        if values.std() > self._settings.stable_noise * self._baseline.deviations[column]:
            return None
        return float(values.mean()) - float(self._baseline.values[column])

    def _ringing(self, course: NDArray[np.float64], count: int, row: int, deviation: float) -> Ringing | None:
        """Return how a plate has rung in the last ``count`` blocks; None unless it did nothing else."""
        if self._history.gap > row - count + 1:
            return None
        return ringing(course, count, deviation, self._settings.stable_noise * deviation, self._seconds)

    def _overshadowed(self, column: int, change: float, departures: NDArray[np.float64]) -> bool:
        """Tell whether a neighbour is under a load now of which the change may only be the echo."""
        beside = self._near[column] & self._motion.active & self._baseline.learned
        if not beside.any():
            return False
        return change < self._settings.crosstalk * float(np.abs(departures[beside]).max())

    def _degraded(self, column: int, start: int) -> bool:
        begin = max(self._history.oldest, self._history.after(start) - 1)
        return self._history.broken(start) or not self._history.sound(column, begin, self._history.newest + 1)
