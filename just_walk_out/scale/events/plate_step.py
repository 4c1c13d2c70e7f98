"""A weight step of one plate: when it happened, and whether it was two in quick succession."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.history import BlockHistory
from just_walk_out.scale.events.rest import half_way

# Plates that one thing leaves differ in time by this share of the step.
_RAGGED = 0.08
# How much a hand that presses as hard as the thing weighs blurs when it left, nanoseconds.
_PRESSING = 25_000_000
# Two halves of a step that differ from it by less than this share of the whole are equal: the same thing twice.
_EQUAL = 0.025


@dataclass(frozen=True, slots=True)
class PlateStep:
    """A plate came to rest at another weight.

    Attributes:
        column: the plate.
        start: time of the last block at the old weight, nanoseconds.
        end: time of the first block at the new weight.
        change: kilograms.
        variance: of ``change``, kg^2.
        degraded: samples were lost or not sound on the way.
        half: when half of the change was done, nanoseconds.
        vague: how far ``half`` may be off, and how far plates that one thing leaves differ in it, nanoseconds.
        rest: time of the first block at rest that ``change`` was measured from, nanoseconds.
        until: time of the last of them, nanoseconds.
        blocks: so many blocks of noise tell as much as they do.
        level: what they weighed on average, kilograms; NaN where the plate did not stay at that weight.
    """

    column: int
    start: int
    end: int
    change: float
    variance: float
    degraded: bool
    half: int
    vague: int
    rest: int
    until: int
    blocks: int
    level: float


def timing(
    history: BlockHistory,
    ahead: NDArray[np.float64],
    change: float,
    noise: float,
    duration: int,
    start: int,
    period: int,
) -> tuple[int, int]:
    """Return when half of a step was done, and how vague that is, nanoseconds.

    Args:
        history: the blocks.
        ahead: (blocks,) all of the history: how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
        noise: deviation of a block, kilograms.
        duration: of the step, blocks.
        start: of the step, nanoseconds.
        period: of the blocks, nanoseconds.
    """
    begin = max(0, history.after(start) - history.oldest)
    during = ahead[begin:]
    # A hand may push the course over the half more than once, and blurs it where it presses hard.
    last = half_way(ahead, change)
    first = min(last, begin + float(np.argmax(during < 0.5 * change)))
    pressed = min(max(float(during.max()), change - float(during.min())) / change - 1.0, 2.0)
    vague = duration * (_RAGGED + 2.0 * noise / change) + 0.5 * max(0.0, last - first - 1.0)
    return _stamp(history, 0.5 * (first + last)), int(vague * period + pressed * _PRESSING)


def _stamp(history: BlockHistory, place: float) -> int:
    """Return the time at a place between two blocks, counted from the oldest, nanoseconds."""
    number = history.oldest + int(place)
    before = history.last(number)
    return before + int((place - int(place)) * (history.last(min(number + 1, history.newest)) - before))


def divide(
    history: BlockHistory, step: PlateStep, stay: tuple[int, int], ahead: NDArray[np.float64], deviation: float
) -> list[PlateStep]:
    """Return the two steps before and after a landing.

    Args:
        history: the blocks.
        step: both together.
        stay: first block of the landing and the block after its last, counted from the oldest of the history.
        ahead: (blocks,) all of the history: how much of the step still lay ahead, kilograms.
        deviation: noise of a block, kilograms.
    """
    low = history.oldest
    arrival = max(history.first(low + stay[0]), step.start + 1)
    departure = min(history.last(low + stay[1] - 1), step.end - 1)
    part = ahead[stay[0] : stay[1]]
    second = float(np.copysign(part.mean(), step.change))
    if abs(second - 0.5 * step.change) <= _EQUAL * abs(step.change):
        second = 0.5 * step.change
    variance = step.variance + (deviation**2 + float(part.var())) / len(part)
    first = dataclasses.replace(
        step, end=arrival, change=step.change - second, variance=variance, half=arrival, level=math.nan
    )
    return [first, dataclasses.replace(step, start=departure, change=second, variance=variance, level=math.nan)]
