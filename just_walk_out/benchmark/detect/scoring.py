"""Average precision, recall and precision of boxes, as the benchmark of detectors counts them.

A box found is a hit when it overlaps a true box, that no box of higher score has taken, by at least
one half (intersection over union). Of several, it takes the one it overlaps most; boxes of a picture
choose in the order of their scores. True boxes that are marked as not to be looked for are ignored: a
box that has no other and overlaps such a one by half counts neither for nor against.

AP50 is the area under precision over recall of all boxes of all pictures by falling score, precision
made monotonous from the right, every point used (Everingham et al. 2010 as of VOC 2010, not the 11 or
101 sampled points). Boxes of one score count at once, so that their order in the file does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OVERLAP = 0.5


def overlaps(first: Floats, second: Floats) -> Floats:
    """Return intersection over union of boxes (N, 4) and (M, 4) left, top, width, height; (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:])
    common = np.maximum(high - low, 0.0).prod(axis=2)
    union = first[:, 2:].prod(axis=1)[:, None] + second[:, 2:].prod(axis=1)[None] - common
    return np.asarray(common / np.maximum(union, 1e-9))


def match(boxes: Floats, scores: Floats, truths: Floats, ignored: Bools) -> tuple[Bools, Bools]:
    """Match the boxes of one picture.

    Args:
        boxes: (N, 4) left, top, width, height, pixels.
        scores: (N,).
        truths: (M, 4).
        ignored: (M,) true boxes that are not looked for.

    Returns:
        (N,) hits, and (N,) boxes that do not count.
    """
    hits, left_out = np.zeros(len(boxes), dtype=bool), np.zeros(len(boxes), dtype=bool)
    if not len(boxes) or not len(truths):
        return hits, left_out
    shared = overlaps(boxes, truths)
    free = ~ignored
    for index in np.argsort(-scores, kind="stable"):
        candidates = np.where(free, shared[index], -1.0)
        best = int(candidates.argmax())
        if candidates[best] >= OVERLAP:
            hits[index], free[best] = True, False
        elif (shared[index, ignored] >= OVERLAP).any():
            left_out[index] = True
    return hits, left_out


@dataclass
class Tally:
    """Boxes of many pictures.

    Attributes:
        truths: true boxes that were looked for.
        scores: of each counted box.
        hits: whether it was one.
        pictures: how many.
    """

    truths: int = 0
    scores: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    pictures: int = 0

    def add(self, boxes: Floats, scores: Floats, truths: Floats, ignored: Bools) -> None:
        """Count a picture; arguments as of ``match``."""
        hits, left_out = match(boxes, scores, truths, ignored)
        self.truths += int((~ignored).sum())
        self.pictures += 1
        self.scores += [float(score) for score in scores[~left_out]]
        self.hits += [bool(hit) for hit in hits[~left_out]]

    def average_precision(self) -> float | None:
        """Area under precision over recall, 0..1; None where there was nobody to be found."""
        if not self.truths:
            return None
        scores, hits = np.asarray(self.scores, dtype=np.float64), np.asarray(self.hits, dtype=bool)
        order = np.argsort(-scores, kind="stable")
        scores, hits = scores[order], hits[order]
        last = np.flatnonzero(np.append(np.diff(scores) != 0.0, True)) if len(scores) else np.zeros(0, dtype=np.intp)
        good = np.cumsum(hits)[last]
        recall = good / self.truths
        precision = np.maximum.accumulate((good / (last + 1.0))[::-1])[::-1]
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))

    def at(self, threshold: float) -> tuple[float | None, float | None]:
        """Return (recall, precision) of boxes of at least a score; None where there is nothing to divide by."""
        kept = np.asarray(self.scores) >= threshold
        good = int(np.asarray(self.hits, dtype=bool)[kept].sum()) if len(kept) else 0
        found = int(kept.sum())
        return (good / self.truths if self.truths else None, good / found if found else None)
