"""The body of a person as a handful of rounded parts, posed by gait and reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.figure import Colour, Figure

Array = NDArray[np.float64]

_ARM, _HAND = 0.75, 0.08
_BENDS = tuple(math.radians(angle) for angle in range(0, 81, 4))
_RING = np.linspace(0.0, 2.0 * math.pi, 9)[:-1]


@dataclass(frozen=True)
class Limb:
    """A rounded rod between two points, metres in ``map``."""

    start: Array
    end: Array
    radius: float
    colour: Colour


@dataclass(frozen=True)
class Hull:
    """The convex hull of points, metres in ``map``."""

    points: Array
    colour: Colour


@dataclass(frozen=True)
class Ball:
    """An upright egg: centre, radius and how much taller than wide."""

    centre: Array
    radius: float
    stretch: float
    colour: Colour


Part = Limb | Hull | Ball


def pose_body(figure: Figure) -> list[Part]:
    """Return the parts of a body.

    Args:
        figure: the person at one instant.

    Returns:
        Legs, shoes, torso, arms, head, hair, and what is carried.
    """
    look = figure.appearance
    h, girth = look.height, look.girth
    at = _placer(figure)
    walk = min(1.0, figure.speed / 1.0)
    parts: list[Part] = []
    for side, phase in ((1.0, 0.0), (-1.0, math.pi)):
        swing = math.sin(figure.stride + phase) * walk
        lift = max(0.0, math.cos(figure.stride + phase)) * walk * 0.1
        hip = at(0.0, side * 0.09 * girth, 0.5 * h)
        knee = at(0.16 * swing + 0.4 * lift, side * 0.09, 0.27 * h + 0.3 * lift)
        foot = at(0.3 * swing, side * 0.09, 0.06 + lift)
        parts.append(Limb(hip, knee, 0.082 * girth, look.trousers))
        parts.append(Limb(knee, foot, 0.06 * girth, look.trousers))
        parts.append(Limb(foot, at(0.3 * swing + 0.13, side * 0.1, 0.045 + 0.6 * lift), 0.045, (40, 40, 45)))
    lean = _lean(figure, walk)
    rings = [
        (0.0, 0.47 * h, 0.105, 0.165),
        (0.3 * lean, 0.6 * h, 0.1, 0.155),
        (0.9 * lean, 0.76 * h, 0.12, 0.2),
        (lean, 0.83 * h, 0.08, 0.16),
    ]
    torso = np.array([at(x + d * g * girth, w * s * girth, z) for x, z, d, w in rings for g, s in _circle()])
    parts.append(Hull(torso, look.top))
    if look.stripe is not None:
        band = [rings[1], (0.6 * lean, 0.67 * h, 0.112, 0.182)]
        points = [at(x + d * g * girth, w * s * girth, z) for x, z, d, w in band for g, s in _circle()]
        parts.append(Hull(np.array(points), look.stripe))
    parts += _arms(figure, walk)
    neck = at(lean + 0.01, 0.0, 0.86 * h)
    parts.append(Limb(at(lean, 0.0, 0.82 * h), neck, 0.05, look.skin))
    parts.append(Ball(at(lean + 0.025, 0.0, 0.925 * h), 0.078, 1.3, look.skin))
    parts.append(Ball(at(lean - 0.012, 0.0, 0.948 * h), 0.084, 1.05, look.hair))
    return parts


def wrists(figure: Figure) -> Array:
    """Return where the wrists of a person are: (2, 3) metres in ``map``, right and left."""
    walk = min(1.0, figure.speed / 1.0)
    found = []
    for _, elbow, hand in _joints(figure, walk):
        way = elbow - hand
        found.append(hand + way * (_HAND / max(float(np.linalg.norm(way)), 1e-6)))
    return np.array(found)


def _joints(figure: Figure, walk: float) -> list[tuple[Array, Array, Array]]:
    """Return shoulder, elbow and hand of the right arm and of the left one."""
    h, girth = figure.appearance.height, figure.appearance.girth
    at, lean = _placer(figure), _lean(figure, walk)
    joints = []
    for side, phase in ((-1.0, 0.0), (1.0, math.pi)):
        swing = math.sin(figure.stride + phase) * walk
        shoulder = at(lean, side * 0.2 * girth, 0.8 * h)
        hand = at(0.2 * swing + 0.05, side * 0.26, 0.46 * h)
        elbow = at(0.05 * swing - 0.04, side * 0.27, 0.62 * h)
        if figure.hand is not None and figure.reach > 0.0 and side == _reaching(figure):
            target = np.array(figure.hand)
            way = target - shoulder
            far = float(np.linalg.norm(way))
            if far > _ARM:
                target = shoulder + way / far * _ARM
            hand = hand + (target - hand) * figure.reach
            sag = 0.14 * (1.0 - 0.7 * min(1.0, float(np.linalg.norm(hand - shoulder)) / _ARM))
            elbow = (shoulder + hand) / 2.0 - np.array([0.0, 0.0, sag])
        joints.append((shoulder, elbow, hand))
    return joints


def _reaching(figure: Figure) -> float:
    """Return which arm reaches: 1 the left one, for what is to the left, else -1."""
    if figure.hand is None:
        return -1.0
    left = (figure.hand[1] - figure.y) * math.cos(figure.heading) - (figure.hand[0] - figure.x) * math.sin(
        figure.heading
    )
    return 1.0 if left > 0.05 else -1.0


def _lean(figure: Figure, walk: float) -> float:
    return 0.12 * figure.reach if figure.hand is not None else 0.02 * walk


def _placer(figure: Figure) -> Callable[[float, float, float], Array]:
    """Return what places points of a body: metres ahead, to the left and above the floor as upright, in ``map``.

    Above the hips it bends forward as far as the hand needs to get where it goes.
    """
    cos, sin = math.cos(figure.heading), math.sin(figure.heading)
    hips, bend = 0.5 * figure.appearance.height, figure.reach * _bend(figure)

    def at(x: float, y: float, z: float) -> Array:
        above = z - hips
        if above > 0.0:
            x, z = x * math.cos(bend) + above * math.sin(bend), hips + above * math.cos(bend) - x * math.sin(bend)
        return np.array([figure.x + cos * x - sin * y, figure.y + sin * x + cos * y, z])

    return at


def _bend(figure: Figure) -> float:
    """Return the least angle, radians, by which the trunk bends so that a hand gets where it goes."""
    if figure.hand is None:
        return 0.0
    h = figure.appearance.height
    forward = math.hypot(figure.hand[0] - figure.x, figure.hand[1] - figure.y)
    trunk = 0.3 * h
    for angle in _BENDS:
        away = forward - trunk * math.sin(angle)
        if math.hypot(away, figure.hand[2] - 0.5 * h - trunk * math.cos(angle)) <= _ARM:
            return angle
    return _BENDS[-1]


def _arms(figure: Figure, walk: float) -> list[Part]:
    look = figure.appearance
    parts: list[Part] = []
    for side, (shoulder, elbow, hand) in zip((-1.0, 1.0), _joints(figure, walk), strict=True):
        reaches = side == _reaching(figure)
        if reaches and figure.holding and figure.hand is not None and figure.reach > 0.0:
            parts.append(Ball(hand + np.array([0.0, 0.0, 0.04]), 0.055, 1.4, (60, 200, 235)))
        parts.append(Limb(shoulder, elbow, 0.052 * look.girth, look.top))
        parts.append(Limb(elbow, hand, 0.042, look.skin))
        parts.append(Ball(hand, 0.048, 1.0, look.skin))
        if not reaches and figure.carries > 0:
            low = hand - np.array([0.0, 0.0, 0.34])
            points = [low + np.array([0.13 * g, 0.13 * s, z]) for z in (0.0, 0.26) for g, s in _circle()]
            parts.append(Hull(np.array(points), (75, 160, 90)))
    return parts


def _circle() -> list[tuple[float, float]]:
    return [(math.cos(angle), math.sin(angle)) for angle in _RING]
