"""Which boxes of several views are one person: one observation a person and moment, before anybody is followed.

Agglomerative: the two groups whose places agree best by their covariances are joined first, and never two boxes of
one view. No group depends on who was where before, so no early mistake of a track pulls boxes to the wrong person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.tracking import kalman

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fused:
    """People as all views of one moment show them.

    Attributes:
        points: (N, 2) metres.
        noises: (N, 2, 2) m^2.
        views: (N,) how many views show them, from 1.
    """

    points: Floats
    noises: Floats
    views: Ints


def fuse(points: Floats, noises: Floats, views: Ints, gate: float) -> Fused:
    """Join the detections of one moment.

    Args:
        points: (M, 2) metres.
        noises: (M, 2, 2) their covariances, m^2.
        views: (M,) number of the view of each.
        gate: squared Mahalanobis distance from which two are two people (2 degrees of freedom).

    Returns:
        Means weighted by information, in the order of their first detections.
    """
    places, spreads = points.copy(), noises.copy()
    information = np.linalg.inv(noises)
    seen = views[:, None] == np.unique(views)[None]
    alive = np.ones(len(points), dtype=bool)
    away, _ = kalman.distances(places, spreads, places, spreads)
    away[(seen[:, None] & seen[None]).any(axis=2)] = np.inf
    while away.size:
        first, second = sorted(divmod(int(np.argmin(away)), len(away)))
        if not away[first, second] < gate:
            break
        total = information[first] + information[second]
        spreads[first] = np.linalg.inv(total)
        places[first] = spreads[first] @ (information[first] @ places[first] + information[second] @ places[second])
        information[first] = total
        seen[first] |= seen[second]
        alive[second] = False
        renewed = kalman.distances(places[[first]], spreads[[first]], places, spreads)[0][0]
        renewed[(seen & seen[first]).any(axis=1) | ~alive] = np.inf
        away[second], away[:, second] = np.inf, np.inf
        away[first], away[:, first] = renewed, renewed
    return Fused(places[alive], spreads[alive], seen[alive].sum(axis=1).astype(np.int64))
