"""Views of a calibration board: which of them say something new, and what of the picture they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_POINTS = 6
_MOST_VIEWS = 50
_CELLS = (10, 8)
_SAME = 0.01
"""Two pictures whose corners differ by less than this share of the picture's diagonal show the same view."""


@dataclass(frozen=True)
class View:
    """A board in one picture.

    Attributes:
        name: of the picture.
        points: (N, 3) corners in the board's frame, metres.
        pixels: (N, 2) where they were found.
    """

    name: str
    points: Floats
    pixels: Floats


def covered(pixels: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which cells (rows, columns) of the picture hold one of the pixels (N, 2)."""
    columns, rows = _CELLS
    found = np.zeros((rows, columns), bool)
    cell = np.floor((pixels + 0.5) / size * _CELLS).astype(int)
    inside = (cell >= 0).all(axis=1) & (cell < _CELLS).all(axis=1)
    found[cell[inside, 1], cell[inside, 0]] = True
    return found


def choose_views(views: Sequence[View], size: tuple[int, int]) -> tuple[list[View], dict[str, str]]:
    """Leave out what says nothing new, and of many views keep those that cover the picture best.

    Args:
        views: the boards found.
        size: (width, height) of the pictures, pixels.

    Returns:
        The views kept; and the name of each other picture, and why it is left out.
    """
    left_out: dict[str, str] = {}
    kept: list[View] = []
    near = _SAME * float(np.hypot(*size))
    for view in views:
        spread = np.linalg.svd(view.points[:, :2] - view.points[:, :2].mean(axis=0), compute_uv=False)
        if len(view.points) < LEAST_POINTS or spread[1] < 0.05 * spread[0]:
            left_out[view.name] = f"{len(view.points)} corners are too few, or all on one line"
            continue
        twin = next((other for other in kept if _distance(view, other) < near), None)
        if twin is not None:
            left_out[view.name] = f"the same view as {twin.name}"
            continue
        kept.append(view)
    while len(kept) > _MOST_VIEWS:
        # the view whose nearest neighbour is nearest is missed least
        gaps = [min(_distance(a, b) for j, b in enumerate(kept) if j != i) for i, a in enumerate(kept)]
        left_out[kept[int(np.argmin(gaps))].name] = f"there are {_MOST_VIEWS} that cover the picture better"
        del kept[int(np.argmin(gaps))]
    return kept, left_out


def _distance(one: View, other: View) -> float:
    """Mean distance of the corners that both views have, pixels."""
    a = {tuple(point): pixel for point, pixel in zip(one.points.round(6).tolist(), one.pixels, strict=True)}
    b = {tuple(point): pixel for point, pixel in zip(other.points.round(6).tolist(), other.pixels, strict=True)}
    common = a.keys() & b.keys()
    if len(common) < 4:
        return float(np.linalg.norm(one.pixels.mean(axis=0) - other.pixels.mean(axis=0)))
    return float(np.mean([np.linalg.norm(a[key] - b[key]) for key in common]))
