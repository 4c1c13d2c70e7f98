"""How a person looks from outside at one instant: what a camera can see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

_SKIN = ((170, 200, 235), (140, 175, 215), (105, 140, 190), (70, 100, 150), (50, 70, 105))
_HAIR = ((30, 35, 45), (40, 60, 90), (70, 110, 160), (110, 170, 205), (150, 150, 155))
_TOPS = (
    (45, 45, 200),
    (190, 110, 30),
    (60, 150, 45),
    (40, 175, 230),
    (150, 60, 140),
    (215, 215, 205),
    (60, 60, 65),
    (160, 140, 30),
    (80, 110, 235),
    (120, 60, 35),
)
_TROUSERS = ((90, 60, 45), (60, 58, 55), (35, 35, 38), (75, 105, 140), (110, 110, 105), (80, 45, 60))


@dataclass(frozen=True)
class Appearance:
    """Height in metres, girth as a factor, and colours (BGR) of clothes, skin and hair."""

    height: float
    girth: float
    top: Colour
    stripe: Colour | None
    trousers: Colour
    skin: Colour
    hair: Colour


@dataclass(frozen=True)
class Figure:
    """A person at one instant.

    Attributes:
        id: of the person.
        x: feet, metres, map.
        y: feet, metres, map.
        heading: radians, map.
        speed: m/s.
        stride: phase of the gait, radians.
        hand: where the reaching hand goes, metres, map; None while no hand reaches.
        reach: how far it is extended, 0..1.
        carries: units carried.
        holding: whether the hand holds something right now.
        appearance: clothes and build.
    """

    id: str
    x: float
    y: float
    heading: float
    speed: float
    stride: float
    hand: tuple[float, float, float] | None
    reach: float
    carries: int
    holding: bool
    appearance: Appearance


def draw_appearance(rng: np.random.Generator, number: int) -> Appearance:
    """Draw a person's build and clothes; consecutive numbers differ in colour."""
    stripe = _TOPS[int(rng.integers(len(_TOPS)))] if rng.random() < 0.4 else None
    return Appearance(
        height=float(np.clip(rng.normal(1.72, 0.09), 1.55, 1.9)),
        girth=float(rng.uniform(0.9, 1.2)),
        top=_TOPS[(number * 3) % len(_TOPS)],
        stripe=stripe,
        trousers=_TROUSERS[int(rng.integers(len(_TROUSERS)))],
        skin=_SKIN[int(rng.integers(len(_SKIN)))],
        hair=_HAIR[int(rng.integers(len(_HAIR)))],
    )
