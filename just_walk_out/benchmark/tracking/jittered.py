"""The same sequences with other luck: what a tracker is worth must not hang on how single boxes came to lie.

One sequence has few events, and a box that lies a little otherwise may turn the worst of them: each is tracked
again with some boxes left out and the others moved a little.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence as Several
from dataclasses import replace

import numpy as np

from just_walk_out.benchmark.tracking.data import Sequence

DROPPED = 0.05
_MOVED, _SCALED = 0.015, 0.02  # standard deviations: of a box's height, of the logarithm of its sizes


def jittered(sequence: Sequence, seed: int) -> Sequence:
    """Leave out 5 % of the boxes and jitter the rest; the same arguments give the same sequence. Truth stays."""
    rng = np.random.default_rng([seed, len(sequence.frames)])
    frames = []
    for found in sequence.frames:
        boxes = found[rng.random(len(found)) >= DROPPED].copy()
        boxes[:, :2] += boxes[:, 3:4] * rng.normal(0.0, _MOVED, (len(boxes), 2))
        boxes[:, 2:4] *= np.exp(rng.normal(0.0, _SCALED, (len(boxes), 2)))
        frames.append(boxes)
    return replace(sequence, frames=tuple(frames))


def averages(runs: Several[dict[str, float]]) -> dict[str, float]:
    """Return means of several runs' figures, and the standard error of that of IDF1 (``idf1_error``)."""
    means = {name: round(statistics.fmean(run[name] for run in runs), 2) for name in runs[0]}
    spread = statistics.stdev(run["idf1"] for run in runs) if len(runs) > 1 else 0.0
    return {**means, "idf1_error": round(spread / len(runs) ** 0.5, 2)}
