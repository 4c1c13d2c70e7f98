"""Two things taken from one plate in quick succession: a landing on the way of one step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.scale.events.rest import half_way, last_of

# Seconds: the shortest landing, the longest way over it, the longest drop to it and from it, and how far apart
# the halves of both drops are at least. A hand that grasps or lets go is quicker.
_LEAST = 0.15
_LONGEST = 0.5
_EDGE_TIME = 0.1
_APART = 0.25
# Fewer blocks than this show no level: a scale of few readings a second has one halfway by chance.
_FEWEST = 3
# Shares of the step: how far a landing is from both levels, and how even it is.
_EDGE = 0.12
_LEVEL = 0.1
# It lies so near the middle: who takes twice from one plate takes twice the same, or much the same, while a
# hand that lets go of a thing slowly leaves a last part of its weight.
_MIDDLE = 0.12


def landing(ahead: NDArray[np.float64], change: float, deviation: float, period: float) -> tuple[int, int] | None:
    """Return the first block of a landing on the way of a quick step and the block after its last.

    Two things taken in quick succession leave a course like stairs: it drops, stays for some blocks, and
    drops again, each time within two or three blocks and by about as much. None when there is no landing.

    Args:
        ahead: (blocks,) how much of the step still lay ahead, kilograms.
        change: size of the step, kilograms.
        deviation: noise of a block, kilograms.
        period: of the blocks, seconds.
    """
    least = max(_FEWEST, round(_LEAST / period))
    longest, edge = (max(1, round(time / period)) for time in (_LONGEST, _EDGE_TIME))
    first = last_of(ahead > (1.0 - _EDGE) * change) + 1
    between = ahead[first : first + longest + 1]
    ends = np.flatnonzero(between < _EDGE * change)
    if not len(ends) or ends[0] < least:
        return None
    between = between[: ends[0]]
    slack = max(3.0 * deviation, _LEVEL * change)
    for length in range(len(between), least - 1, -1):
        for begin in range(len(between) - length + 1):
            part = between[begin : begin + length]
            if part.max() - part.min() <= slack:
                quick = max(begin, len(between) - begin - length) <= edge
                level, stay = float(part.mean()), first + begin
                twice = abs(level - 0.5 * change) <= _MIDDLE * change
                drop = half_way(ahead[: stay + length] - level, change - level)
                apart = (half_way(ahead, level) - drop) * period >= _APART
                return (stay, stay + length) if quick and twice and apart else None
    return None
