"""Where exactly a person stands, from the ends of their silhouette.

Along the axis of the body, as the camera sees it, the foreground ends below at the toes and above at
the crown. The toes say where the person stands; so does the crown, given a body height. Both are fused
with their covariances. Ends that are hidden, or that contradict each other, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import PersonSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Positions along the body axis, as a share of the height, and where its ends are looked for.
_SHARES: Floats = np.linspace(-0.30, 1.30, 81, dtype=np.float64)
_FOOT_WINDOW = (-0.25, 0.25)
_HEAD_WINDOW = (0.78, 1.22)
# Across the body, metres: legs may be apart, the head is narrow.
_ACROSS: Floats = np.array([-0.16, -0.08, 0.0, 0.08, 0.16])
_HEAD_ACROSS = slice(1, 4)
# The toes are nearer to the camera than the middle of the body, the visible crown a little farther; metres.
_TOE, _CROWN = 0.12, 0.04
# Squared Mahalanobis distance (2 degrees of freedom, 99 %) beyond which head and feet contradict each other.
_CONTRADICTION = 9.2


@dataclass(frozen=True)
class Stance:
    """A refined position.

    Attributes:
        position: x, y, metres.
        covariance: (2, 2) m^2.
        height: body height that fits, metres.
        feet: whether the feet were used.
    """

    position: Floats
    covariance: Floats
    height: float
    feet: bool


def refine(
    projector: FloorProjector,
    scale: float,
    evidence: NDArray[np.float32],
    position: Floats,
    feet_visible: bool,
    person: PersonSettings,
    pixels: float,
) -> Stance | None:
    """Measure the ends of a silhouette and place it.

    Args:
        projector: the camera.
        scale: pixels of the evidence per pixel of the camera.
        evidence: foreground, 0..1 a pixel; what other people explain is NaN.
        position: first guess, metres.
        feet_visible: whether fixtures leave the feet in view.
        person: assumed body.
        pixels: standard deviation of a measured end, pixels of the camera.

    Returns:
        The stance, or None where neither end is clear.
    """
    eye = projector.centre[:2]
    away = position - eye
    away = away / max(float(np.linalg.norm(away)), 1e-6)
    aside = np.array([-away[1], away[0]])
    axis = np.empty((len(_SHARES), len(_ACROSS), 3))
    axis[..., :2] = position + _ACROSS[:, None] * aside
    axis[..., 2] = (_SHARES * person.height)[:, None]
    image = projector.to_pixels(axis)
    shown = _sample(evidence, image * scale)
    foot = _end(shown, _FOOT_WINDOW, lower=True) if feet_visible else None
    head = _end(shown[:, _HEAD_ACROSS], _HEAD_WINDOW, lower=False)
    middle = len(_ACROSS) // 2
    places: list[tuple[Floats, Floats]] = []
    if foot is not None:
        place = projector.to_floor(image[foot, middle]) + _TOE * away
        places.append((place, _spread(projector, place, 0.0, 0.0, pixels)))
    if head is not None:
        place = projector.to_floor(image[head, middle], person.height) - _CROWN * away
        places.append((place, _spread(projector, place, person.height, person.height_deviation, pixels)))
    places = [each for each in places if np.isfinite(each[0]).all() and np.isfinite(each[1]).all()]
    if not places:
        return None
    used_foot = foot is not None
    if len(places) == 2:
        gap = places[0][0] - places[1][0]
        if gap @ np.linalg.solve(places[0][1] + places[1][1], gap) > _CONTRADICTION:
            # Feet beyond the place the head says: too short for a person, so they are not the feet.
            short = float(gap @ away) > 0.0
            places = places[1:] if short else places[:1]
            used_foot = not short
    information = sum((np.linalg.inv(covariance) for _, covariance in places), np.zeros((2, 2)))
    pull = sum((np.linalg.solve(covariance, place) for place, covariance in places), np.zeros(2))
    covariance = np.linalg.inv(information)
    fused = np.asarray(covariance @ pull)
    height = person.height
    if head is not None:
        height = _height_there(projector, image[head, middle], fused + _CROWN * away, person)
    return Stance(fused, np.asarray(covariance) + person.floor_deviation**2 * np.eye(2), height, used_foot)


def _sample(evidence: NDArray[np.float32], pixels: Floats) -> Floats:
    """Read the nearest pixel; NaN outside the picture."""
    height, width = evidence.shape
    index = np.rint(np.nan_to_num(pixels, nan=-1.0)).astype(np.intp)
    inside = np.asarray(((index >= 0) & (index < (width, height))).all(axis=-1))
    index = np.where(inside[..., None], index, 0)
    return np.where(inside, evidence[index[..., 1], index[..., 0]], np.nan)


def _end(shown: Floats, window: tuple[float, float], *, lower: bool) -> int | None:
    """Find where the silhouette ends within a window; None where it has no clear end there."""
    low, high = window
    rows = np.flatnonzero((low <= _SHARES) & (high >= _SHARES))
    known = np.isfinite(shown[rows])
    if (~known.any(axis=1)).sum() > 0.4 * len(rows):
        return None
    filled = np.where(known, shown[rows], 0.0).max(axis=1)
    ordered = (filled if not lower else filled[::-1]) - 0.5
    # The end that parts most foreground before it from most background behind it.
    total = np.concatenate([[0.0], np.cumsum(ordered)])
    best = int(total.argmax())
    if best < 3 or best > len(rows) - 3:
        return None
    return int(rows[best - 1] if not lower else rows[len(rows) - best])


def _spread(projector: FloorProjector, place: Floats, height: float, deviation: float, pixels: float) -> Floats:
    """Covariance of a floor position measured by one image point at a height that is known to ``deviation``."""
    slope = projector.floor_jacobian(np.array([*place, height]))
    noise = pixels**2 * np.eye(2) + deviation**2 * np.outer(slope[:, 2], slope[:, 2])
    (a, b), (c, d) = slope[:, :2]
    area = a * d - b * c
    # seen edge-on, or not at all, a point of the floor has no place
    inverse = np.array([[d, -b], [-c, a]]) / (area if area else np.nan)
    return np.asarray(inverse @ noise @ inverse.T)


def _height_there(projector: FloorProjector, pixel: Floats, place: Floats, person: PersonSettings) -> float:
    """Height at which the ray of the crown passes over a place, metres."""
    ray = projector.rays(pixel)
    reach = float(np.linalg.norm(place - projector.centre[:2])) / max(float(np.hypot(ray[0], ray[1])), 1e-6)
    found = float(projector.centre[2] + reach * ray[2])
    slack = 3.0 * person.height_deviation
    return float(np.clip(found, person.height - slack, person.height + slack))
