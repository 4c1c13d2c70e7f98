"""Legs: how a body gets from here to there among fixtures and other people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.model import Point

if TYPE_CHECKING:
    from just_walk_out.simulation.world import World

_STRIDE = 1.35


class Walker:
    """A body on the floor; its routines are generators that are resumed once a step.

    Attributes:
        world: where it walks.
        position: (2,) metres, map.
        velocity: (2,) m/s.
        desired: (2,) m/s, where it wants to go.
        heading: radians, map.
        face: heading to turn to; None to look where it goes.
        stride: phase of the gait, radians.
        anchored: stands and does not step aside.
        courtesy: how far it gives way to others, 0..1.
        off_grid: at a gate, where it walks straight.
    """

    def __init__(self, world: World, position: NDArray[np.float64], heading: float, pace: float) -> None:
        """Stand still, outside.

        Args:
            world: where it walks.
            position: (2,) metres, map.
            heading: radians, map.
            pace: usual speed, m/s.
        """
        self.world = world
        self.position = position
        self.velocity: NDArray[np.float64] = np.zeros(2)
        self.desired: NDArray[np.float64] = np.zeros(2)
        self.heading = heading
        self.face: float | None = heading
        self.stride = 0.0
        self.anchored = False
        self.courtesy = 1.0
        self.off_grid = True
        self._pace = pace

    def moved(self, seconds: float) -> None:
        """Turn the body and swing the legs after a step of the given length."""
        speed = float(np.hypot(*self.velocity))
        self.stride = (self.stride + speed * seconds * 2.0 * math.pi / _STRIDE) % (2.0 * math.pi)
        wanted = self.face
        if wanted is None and speed > 0.15:
            wanted = math.atan2(self.velocity[1], self.velocity[0])
        if wanted is not None:
            turn = (wanted - self.heading + math.pi) % (2.0 * math.pi) - math.pi
            self.heading += float(np.clip(turn, -4.0 * seconds, 4.0 * seconds))

    def wait(self, seconds: float) -> Iterator[None]:
        """Stand for so many seconds."""
        self.desired = np.zeros(2)
        end = self.world.now + seconds
        while self.world.now < end - 1e-9:
            yield

    def straight(self, goal: NDArray[np.float64], tolerance: float = 0.1) -> Iterator[None]:
        """Walk straight to a place, or to within ``tolerance`` metres of it."""
        while self.head_for(goal, tolerance):
            yield

    def walk(self, goal: Point, tolerance: float = 0.1) -> Iterator[None]:
        """Walk to a place around whatever is in the way; give up politely where others stand on it."""
        end = np.array(goal)
        for attempt in range(8):
            self.courtesy = 1.0 / (1.0 + attempt)
            others = self.world.standing(self)
            here = (float(self.position[0]), float(self.position[1]))
            path = [np.array(point) for point in self.world.floor.path(here, goal, others)]
            checked, mark = self.world.now, self.position.copy()
            while path:
                last = len(path) == 1
                if not self.head_for(path[0], tolerance + 0.1 * attempt if last else 0.22, last):
                    path.pop(0)
                    continue
                yield
                if self.world.now - checked > 2.0:
                    # Two in each other's way can also circle: neither stands still, neither gets nearer.
                    nearer = np.hypot(*(mark - end)) - np.hypot(*(self.position - end))
                    still = float(np.hypot(*(self.position - mark))) < 0.25
                    if still or (nearer < 0.1 and np.hypot(*(self.position - end)) < 1.5):
                        break
                    checked, mark = self.world.now, self.position.copy()
            else:
                break
        self.courtesy = 1.0

    def head_for(self, goal: NDArray[np.float64], tolerance: float, stop: bool = True) -> bool:
        """Want to go towards a place; returns False once it is reached."""
        way = goal - self.position
        distance = float(np.hypot(*way))
        if distance < tolerance:
            self.desired = np.zeros(2)
            return False
        pace = self._pace * (min(1.0, 0.25 + distance / 0.5) if stop else 1.0)
        self.desired = way / distance * pace
        return True
