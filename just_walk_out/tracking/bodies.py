"""People are solid: two are never at one place, and who stands before somebody hides them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

# Of an adult, metres: height, the height up to which a body must be covered to be lost, and half its breadth.
_TALL, _COVERED, _BREADTH = 1.7, 1.2, 0.2


def keep_apart(mean: Floats, covariance: Floats, rows: Rows, room: float, deviation: float) -> Floats:
    """Move estimates apart that are nearer to each other than bodies can be.

    The distance of two bodies is at least ``room``, which is known but for ``deviation``: an inequality, used as a
    measurement of their distance while it is violated (Simon 2010, constrained Kalman filtering, 2.4: active
    constraints). Who is less certain moves more, so somebody hidden is not carried away by whoever stands before
    them. Covariances stay: that nobody is there tells nothing of where they are.

    Args:
        mean: (N, 4) x, y, vx, vy, metres and seconds.
        covariance: (N, 4, 4).
        rows: of people.
        room: least distance of the middles of two bodies, metres.
        deviation: of that, metres.

    Returns:
        (N, 4).
    """
    place = mean[rows, :2]
    away = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    pairs = np.argwhere(np.triu(away < room, 1))
    if not len(pairs):
        return mean
    moved: Floats = mean.copy()
    for a, b in sorted(pairs.tolist(), key=lambda pair: (float(away[pair[0], pair[1]]), pair)):
        first, second = int(rows[a]), int(rows[b])
        apart = moved[first, :2] - moved[second, :2]
        distance = float(np.hypot(*apart))
        if not 1e-6 < distance < room:
            continue
        way = apart / distance
        one, other = covariance[first, :, :2] @ way, covariance[second, :, :2] @ way
        pull = (room - distance) / (float(way @ (one + other)[:2]) + deviation**2)
        moved[first] += pull * one
        moved[second] -= pull * other
    return moved


def behind(eye: Floats, places: Floats) -> Bools:
    """Whether a camera hardly sees people because somebody stands before them.

    Args:
        eye: (3,) where the camera is, metres.
        places: (N, 2) where people stand, metres.

    Returns:
        (N,): somebody nearer to the camera covers them up to the chest.
    """
    way = places - eye[:2]
    far = np.hypot(way[:, 0], way[:, 1])
    sight = way / np.maximum(far, 1e-6)[:, None]
    along = sight @ way.T
    aside = np.abs(sight[:, :1] * way[None, :, 1] - sight[:, 1:] * way[None, :, 0])
    above = float(eye[2]) - _TALL
    # The shadow of a head, as seen from the camera, falls to chest height this far behind it.
    reach = along * ((float(eye[2]) - _COVERED) / above) if above > 0.0 else np.full_like(along, np.inf)
    before = (aside < _BREADTH) & (along > 0.0) & (along < far[:, None] - 0.1) & (far[:, None] < reach)
    return np.asarray(before.any(axis=1))
