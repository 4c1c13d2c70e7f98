"""People as agents: how one comes in, walks, handles goods and leaves.

A shopper's life is a generator that is resumed once a step; it sets where the body wants to go and
what the hands do, and the world moves the body.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.figure import Figure, draw_appearance
from just_walk_out.simulation.handling import draw_handling, draw_touch
from just_walk_out.simulation.plan import Action, Party
from just_walk_out.simulation.stock import Unit
from just_walk_out.simulation.walker import Walker
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.model import Gate, Point

if TYPE_CHECKING:
    from just_walk_out.simulation.world import World

_OUTSIDE = 2.6
_AT_READER = 0.8
_QUEUE_GAP = 0.75
_INSIDE = 0.8
_STANCE = 0.45
_GRIP = 3
_BROWSING = 0.75
# Where to wait until there is room before a plate: metres away from the shelf's edge, and aside.
_WAITING = (
    (0.8, 1.1), (0.8, -1.1), (1.1, 0.0), (1.1, 0.65), (1.1, -0.65), (0.8, 1.75), (0.8, -1.75), (1.4, 1.3), (1.4, -1.3),
)  # fmt: skip


class Shopper(Walker):
    """One person, from outside the door to outside the door."""

    def __init__(self, world: World, party: Party, member: int, number: int, seed: int) -> None:
        """Place the person outside the gate, with a build, a pace and habits of their own."""
        self.id = party.person_ids()[member]
        self.party = party
        self.member = member
        self._rng = np.random.default_rng([seed, zlib.crc32(self.id.encode())])
        self._appearance = draw_appearance(self._rng, number)
        pace = float(self._rng.uniform(0.85, 1.3))
        gate = world.store.gate[party.gate]
        along = float(self._rng.uniform(-0.3, 0.3))
        heading = math.atan2(gate.inward[1], gate.inward[0])
        super().__init__(world, _at(gate, -_OUTSIDE - _QUEUE_GAP * member, along), heading, pace)
        self.entered: float | None = None
        self.exited: float | None = None
        self.carried: list[Unit] = []
        self.owed: list[Unit] = []
        self.done = False
        self.stance: Point | None = None
        self.waiting: Point | None = None
        self.reaching = ""
        self._hand: tuple[float, float, float] | None = None
        self._reach = 0.0
        self._holding = False
        self._life = self._live()

    def step(self) -> None:
        """Decide what to do next."""
        if next(self._life, self) is self:
            self.done = True

    def figure(self, ahead: float) -> Figure:
        """Return what a camera sees, ``ahead`` seconds after the last step."""
        x, y = self.position + self.velocity * ahead
        return Figure(
            self.id,
            float(x),
            float(y),
            self.heading,
            float(np.hypot(*self.velocity)),
            self.stride,
            self._hand,
            self._reach,
            len(self.carried),
            self._holding,
            self._appearance,
        )

    def _live(self) -> Iterator[None]:
        yield from self._come_in()
        for action in self.party.members[self.member]:
            yield from self._do(action)
        yield from self._leave()

    def _come_in(self) -> Iterator[None]:
        gate = self.world.store.gate[self.party.gate]
        desk = self.world.desks[gate.id]
        along = float(self._rng.uniform(-0.12, 0.12)) - (0.25 if gate.releases else 0.0)
        if self.member == 0:
            desk.queue.append(self.party)
        while desk.queue[0] is not self.party or desk.turn != self.member:
            place = desk.place(self.party, self.member)
            self.head_for(_at(gate, -_AT_READER - _QUEUE_GAP * place, along), 0.15)
            yield
        if self.member == 0:
            yield from self.straight(_at(gate, -_AT_READER, along))
            self.anchored = True
            seconds = float(self._rng.uniform(2.0, 2.8))
            self.world.show_code(self, seconds)
            yield from self.wait(seconds + float(self._rng.uniform(0.2, 0.7)))
        self.anchored = False
        self.face = None
        ticket = _at(gate, _INSIDE, along)
        while self._signed(gate) < 0.1:
            self.head_for(ticket, 0.1)
            yield
        desk.turn += 1
        if desk.turn == len(self.party.members):
            desk.queue.pop(0)
            desk.turn = 0
        yield from self.straight(ticket, 0.3)
        self.off_grid = False

    def _leave(self) -> Iterator[None]:
        gate = self.world.store.gate[self.party.exit]
        along = float(self._rng.uniform(-0.12, 0.12)) + (0.25 if gate.admits else 0.0)
        start = _at(gate, _INSIDE, along)
        yield from self.walk((float(start[0]), float(start[1])), 0.35)
        self.courtesy = 0.4
        self.off_grid = True
        # Whoever is pushed aside goes on outwards and does not turn back against those behind.
        while self._signed(gate) > -_OUTSIDE:
            self.head_for(_at(gate, self._signed(gate) - 1.0, along), 0.1, stop=False)
            yield

    def _do(self, action: Action) -> Iterator[None]:
        if action.kind == "wait":
            yield from self.wait(action.seconds)
            return
        if action.kind == "walk":
            if action.to is not None:
                yield from self.walk(action.to)
            return
        if action.kind in ("hand_over", "drop"):
            yield from self._until(action.at)
            self._part_with(action)
            return
        plate = self._choose(action)
        if not plate:
            self.world.note("missed", self, sku=action.sku, wanted=action.kind)
            return
        yield from self._stand_before(plate)
        yield from self.wait(float(self._rng.uniform(0.4, 1.2)))
        yield from self._until(action.at)
        left = action.quantity
        while left > 0:
            grip = min(left, _GRIP) if action.manner in ("together", "slow") else 1
            yield from self._handle(action, plate, grip)
            left -= grip
        yield from self._extend(0.0, 0.2)
        self._hand = None
        self.reaching = ""
        self.stance = None
        self.anchored = False
        self.face = None

    def _until(self, second: float) -> Iterator[None]:
        while self.world.now < second - 1e-9:
            yield

    def _part_with(self, action: Action) -> None:
        """Give units to somebody, or lay them down where nothing weighs them, or eat them: they stay owed."""
        units = [unit for unit in self.carried if unit.sku == action.sku][-action.quantity :]
        other = next((person for person in self.world.people if person.id == action.person), None)
        if not units or (action.kind == "hand_over" and other is None):
            self.world.note("missed", self, sku=action.sku, wanted=action.kind)
            return
        for unit in units:
            self.carried.remove(unit)
        if other is not None:
            other.carried.extend(units)
        self.world.note(action.kind, self, sku=action.sku, quantity=len(units), receiver=action.person)

    def _choose(self, action: Action) -> str:
        if action.plate:
            return action.plate
        if action.kind == "put_back":
            return next((unit.plate for unit in reversed(self.carried) if unit.sku == action.sku), "")
        if action.kind == "restock":
            homes = [plate for plate, skus in self.world.store.skus_on.items() if action.sku in skus]
            return homes[0] if homes else ""
        return self.world.stock.find(action.sku)

    def _handle(self, action: Action, plate: str, quantity: int) -> Iterator[None]:
        units: list[Unit] = []
        if action.kind == "take":
            units = self.world.stock.take(plate, action.sku, quantity)
        elif action.kind == "restock":
            units = [self.world.stock.make(action.sku, plate) for _ in range(quantity)]
        elif action.kind in ("put_back", "put_back_wrong"):
            units = [unit for unit in self.carried if unit.sku == action.sku][-quantity:]
        if not units and action.kind not in ("touch", "lean"):
            self.world.note("missed", self, sku=action.sku, wanted=action.kind)
            return
        adds = action.kind in ("put_back", "put_back_wrong", "restock")
        brisk = action.manner == "quick"
        while self.world.is_reached(plate, self):
            yield
        self.reaching = plate
        spread = float(self._rng.uniform(-0.03, 0.03))
        x, y, z = self.world.store.plate_position[plate]
        self._hand = (x + spread, y + spread, z + 0.1)
        self._holding = adds
        yield from self._extend(1.0, 0.25 if brisk else float(self._rng.uniform(0.4, 0.7)))
        start = self.world.next_instant
        if units:
            weight = sum(unit.weight for unit in units)
            change = weight if adds else -weight
            handling = draw_handling(
                action.kind, self.id, plate, units[0].sku, len(units), change, start, action.manner, self._rng
            )
        else:
            handling = draw_touch(self.id, plate, start, self._rng, action.seconds if action.kind == "lean" else 0.0)
        self.world.handle(handling)
        if adds:
            put = self.world.stock.put(plate, units)
            if action.kind != "restock":
                for unit in units:
                    self.carried.remove(unit)
                    self.world.settle_debt(unit)
        while self.world.now < handling.moved:
            yield
        self._holding = bool(units) and not adds
        if adds:
            self.world.stock.set_down(plate, put)
        elif units:
            self.world.stock.lift(plate, units)
            self.carried.extend(units)
            self.owed.extend(units)
        yield from self.wait(max(0.0, handling.start + handling.press_seconds - self.world.now))
        yield from self._extend(0.35 if brisk else 0.0, 0.15 if brisk else float(self._rng.uniform(0.3, 0.5)))
        if not brisk or action.quantity == 1:
            yield from self.wait(float(self._rng.uniform(0.1, 0.4)) if action.manner != "slow" else 0.1)
        self._holding = False
        self.reaching = ""

    def _extend(self, reach: float, seconds: float) -> Iterator[None]:
        steps = max(1, round(seconds / self.world.step_seconds))
        first = self._reach
        for step in range(1, steps + 1):
            share = step / steps
            self._reach = first + (reach - first) * share * share * (3.0 - 2.0 * share)
            yield

    def _stand_before(self, plate: str) -> Iterator[None]:
        front = self.world.store.front_of(plate)
        yaw = self.world.store.gondola_of[plate].pose.yaw
        along = np.array([math.cos(yaw), math.sin(yaw)])
        outward = np.array([math.sin(yaw), -math.cos(yaw)])
        distance = _STANCE + float(self._rng.uniform(-0.03, 0.1))
        jitter = float(self._rng.uniform(-0.1, 0.1))

        def places(offsets: tuple[tuple[float, float], ...]) -> Iterator[Point]:
            for away, aside in offsets:
                x, y = np.array(front) + outward * away + along * (aside + jitter)
                yield (float(x), float(y))

        stances = tuple((distance, aside) for aside in (0.0, 0.35, -0.35, 0.6, -0.6))
        self.stance = self._unclaimed(places(stances))
        while self.stance is None:
            # Out of the way of those who pick and of those who leave.
            self.waiting = self._unclaimed(spot for spot in places(_WAITING) if self._out_of_the_way(spot))
            if self.waiting is None:
                self.desired = np.zeros(2)
                yield
            else:
                for _ in self.walk(self.waiting, 0.25):
                    self.stance = self._unclaimed(places(stances))
                    if self.stance is not None:
                        break
                    yield
                else:
                    yield
            self.stance = self.stance or self._unclaimed(places(stances))
        self.waiting = None
        self.courtesy = 1.0
        yield from self.walk(self.stance)
        self.anchored = True
        self.face = math.atan2(-outward[1], -outward[0])

    def _unclaimed(self, places: Iterator[Point]) -> Point | None:
        free = (spot for spot in places if self.world.floor.is_free(spot) and not self.world.is_claimed(spot, self))
        return next(free, None)

    def _out_of_the_way(self, spot: Point) -> bool:
        """Whether nobody picks where somebody would wait, and nobody else waits there."""
        clear = all(distance_outside(each.footprint(), spot) > _BROWSING for each in self.world.store.gondolas)
        others = [person.waiting for person in self.world.people if person is not self]
        return clear and all(other is None or math.dist(other, spot) >= 0.55 for other in others)

    def _signed(self, gate: Gate) -> float:
        return float(np.dot(self.position - np.array(gate.start), gate.inward))


def _at(gate: Gate, inward: float, along: float) -> NDArray[np.float64]:
    start, end = np.array(gate.start), np.array(gate.end)
    direction = (end - start) / np.hypot(*(end - start))
    half = 0.5 * float(np.hypot(*(end - start))) - 0.25
    place: NDArray[np.float64] = (
        (start + end) / 2.0 + np.array(gate.inward) * inward + direction * float(np.clip(along, -half, half))
    )
    return place
