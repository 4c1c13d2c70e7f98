"""What a hand does to a weighing plate, as force over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.plan import Kind, Manner

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Handling:
    """One contact of a hand with a plate; times in seconds of the scenario, forces in kilograms.

    The hand presses for a moment while it touches, the load moves from plate to hand (or back)
    during the lift, and the plate rings out afterwards. A slow lift is partly held by the hand, so
    the reading hovers between the two levels.

    Attributes:
        kind: what the hand is there for.
        person: whose hand.
        plate: where.
        sku: product moved; empty if none.
        quantity: units moved.
        change: what the plate's load differs by afterwards.
        start: first touch.
        press: peak force of the touch.
        press_seconds: how long it lasts.
        lift: when the load begins to move.
        lift_seconds: how long the move lasts.
        wobble: share of the moving load that hovers.
        ring: first amplitude of the ringing.
        ring_frequency: Hz.
        ring_decay: time constant, seconds.
        held: the press is a constant force, as of somebody who leans.
    """

    kind: Kind
    person: str
    plate: str
    sku: str
    quantity: int
    change: float
    start: float
    press: float
    press_seconds: float
    lift: float
    lift_seconds: float
    wobble: float
    ring: float
    ring_frequency: float
    ring_decay: float
    held: bool = False

    @property
    def moved(self) -> float:
        """When the load has left the plate, or rests on it."""
        return max(self.lift + self.lift_seconds, self.start + (self.press_seconds if self.change >= 0 else 0.0))

    @property
    def settled(self) -> float:
        """When the plate is still again."""
        return max(self.moved, self.start + self.press_seconds) + 4.0 * self.ring_decay

    def load(self, times: Array) -> Array:
        """Return how much more the plate carries than before, at times in seconds."""
        return self.transfer(times) + self.transient(times)

    def transfer(self, times: Array) -> Array:
        """Return the share of the load that has moved, in kilograms."""
        share = _ramp((times - self.lift) / self.lift_seconds)
        hover = self.wobble * np.sin(2.0 * math.pi * 1.7 * (times - self.lift)) * 4.0 * share * (1.0 - share)
        return self.change * (share + hover)

    def transient(self, times: Array) -> Array:
        """Return what only passes: the press of the hand and the ringing."""
        since = (times - self.start) / self.press_seconds
        if self.held:
            edge = min(0.3, self.press_seconds / 3.0) / self.press_seconds
            shape = (
                _ramp(since / edge) * _ramp((1.0 - since) / edge) * (1.0 + 0.08 * np.sin(9.0 * (times - self.start)))
            )
        else:
            shape = np.where((since > 0.0) & (since < 1.0), np.sin(math.pi * np.clip(since, 0.0, 1.0)) ** 2, 0.0)
        after = np.maximum(times - self.moved, 0.0)
        ringing: Array = np.exp(-after / self.ring_decay) * np.sin(2.0 * math.pi * self.ring_frequency * after)
        return self.press * shape + self.ring * ringing


def draw_handling(
    kind: Kind,
    person: str,
    plate: str,
    sku: str,
    quantity: int,
    change: float,
    start: float,
    manner: Manner,
    rng: np.random.Generator,
) -> Handling:
    """Draw how firmly and how fast one hand moves a load on or off a plate.

    Args:
        kind: what for.
        person: whose hand.
        plate: where.
        sku: product.
        quantity: units.
        change: of the plate's load, kilograms.
        start: first touch, seconds.
        manner: slow lifts take seconds, quick ones a tenth.
        rng: the shopper's own.
    """
    weight = abs(change)
    press = float(rng.uniform(0.08, 0.5)) * float(rng.choice([1.0, -0.3], p=[0.85, 0.15]))
    press_seconds = float(rng.uniform(0.1, 0.25) if manner == "quick" else rng.uniform(0.2, 0.6))
    if manner == "slow":
        lift_seconds, wobble = float(rng.uniform(1.2, 2.4)), 0.18
    elif manner == "quick":
        lift_seconds, wobble = float(rng.uniform(0.06, 0.15)), 0.0
    else:
        lift_seconds, wobble = float(rng.uniform(0.12, 0.4)), 0.05
    # A thing is grasped first and lifted then; set down, it lands first and the hand lets go then.
    lift = start + press_seconds * float(rng.uniform(0.5, 0.9)) if change < 0 else start
    firmness = 0.2 if change < 0 else 0.35
    return Handling(
        kind=kind,
        person=person,
        plate=plate,
        sku=sku,
        quantity=quantity,
        change=change,
        start=start,
        press=press,
        press_seconds=press_seconds,
        lift=lift,
        lift_seconds=lift_seconds,
        wobble=wobble,
        ring=(0.006 + firmness * weight) * float(rng.uniform(0.5, 1.0)) * float(rng.choice([-1.0, 1.0])),
        ring_frequency=float(rng.uniform(5.0, 11.0)),
        ring_decay=float(rng.uniform(0.05, 0.18)),
    )


def draw_touch(person: str, plate: str, start: float, rng: np.random.Generator, seconds: float = 0.0) -> Handling:
    """Draw a touch that moves nothing; with ``seconds`` somebody leans on the plate that long."""
    held = seconds > 0.0
    return Handling(
        kind="lean" if held else "touch",
        person=person,
        plate=plate,
        sku="",
        quantity=0,
        change=0.0,
        start=start,
        press=float(rng.uniform(0.8, 3.0) if held else rng.uniform(0.1, 0.8)),
        press_seconds=seconds if held else float(rng.uniform(0.2, 0.8)),
        lift=start,
        lift_seconds=0.1,
        wobble=0.0,
        ring=0.01,
        ring_frequency=8.0,
        ring_decay=0.1,
        held=held,
    )


def _ramp(share: Array) -> Array:
    clipped = np.clip(share, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)
