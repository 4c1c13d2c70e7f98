"""How far each person of a fit reaches in the picture: boxes around what is seen of them, not around a norm.

The fit says where people stand, with bodies of average breadth. Arms and strides reach farther, and a
person seen from the side is narrower. So the columns beside the axis of each body are followed outwards
as long as they hold enough foreground that no nearer person covers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.uint8]

# Shares of the height of the box: foreground a column needs to be part of a body, a gap that ends it, and how
# far from its middle a person in mid-stride reaches (0.45 m of 1.7 m) and is at least thick.
_ENOUGH, _GAP, _FARTHEST, _LEAST = 0.08, 0.03, 0.27, 0.09


def measure(mask: Mask, boxes: Floats, distances: Sequence[float]) -> Floats:
    """Fit the sides of boxes to the foreground.

    Args:
        mask: (height, width) 1 where the picture shows something that is not the empty store.
        boxes: (N, 4) left, top, right, bottom of average bodies, pixels of the mask.
        distances: (N,) of the people from the camera: who is nearer covers who is farther.

    Returns:
        (N, 4) boxes with other left and right sides.
    """
    height, width = mask.shape
    result: Floats = boxes.copy()
    owner = np.full(mask.shape, -1, dtype=np.int16)
    cuts = np.clip(np.rint(boxes), 0, [width, height, width, height]).astype(int)
    order = np.argsort(-np.asarray(distances, dtype=np.float64), kind="stable")
    for index in order:
        left, top, right, bottom = cuts[index]
        owner[top:bottom, left:right] = index
    for index in order:
        top, bottom = cuts[index, 1], cuts[index, 3]
        tall = boxes[index, 3] - boxes[index, 1]
        middle = 0.5 * (boxes[index, 0] + boxes[index, 2])
        low, high = max(0, round(middle - _FARTHEST * tall)), min(width, round(middle + _FARTHEST * tall) + 1)
        if bottom - top < 3 or high - low < 3:
            continue
        part, whose = mask[top:bottom, low:high], owner[top:bottom, low:high]
        mine = (whose < 0) | (whose == index)
        good = (part.astype(bool) & mine).sum(axis=0) >= _ENOUGH * tall
        centre = min(max(round(middle) - low, 0), len(good) - 1)
        gap = max(1, round(_GAP * tall))
        result[index, 0] = min(low + centre - _reach(good[centre::-1], gap), middle - _LEAST * tall)
        result[index, 2] = max(low + centre + _reach(good[centre:], gap) + 1, middle + _LEAST * tall)
    return result


def _reach(good: NDArray[np.bool_], gap: int) -> int:
    """Return how far columns are good, gaps of up to ``gap`` columns bridged."""
    places = np.flatnonzero(good)
    if not len(places):
        return 0
    holes = np.flatnonzero(np.diff(places) > gap + 1)
    if places[0] > gap + 1:
        return 0
    return int(places[holes[0]] if len(holes) else places[-1])
