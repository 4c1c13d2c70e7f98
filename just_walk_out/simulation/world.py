"""The store with people in it, stepped at a fixed rate; the same seed gives the same day."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from just_walk_out.simulation.figure import Figure
from just_walk_out.simulation.floor import Floor
from just_walk_out.simulation.handling import Handling
from just_walk_out.simulation.plan import Party
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.shoppers import Shopper
from just_walk_out.simulation.stock import Stock, Unit
from just_walk_out.simulation.walker import Walker
from just_walk_out.store.model import Point, Store

_PERSONAL_SPACE = 0.75
_BODY = 0.4  # metres between the middles of two people who squeeze past each other
_ROUNDS = 4
_PUSH = 1.0
_REACTION = 0.25
_FASTEST = 1.5


@dataclass(frozen=True)
class Showing:
    """A code held before the reader of a gate; seconds of the scenario."""

    gate: str
    shopper: str
    start: float
    seconds: float


@dataclass(frozen=True)
class Moment:
    """Something that truly happened: its kind, when (seconds of the scenario), and the facts."""

    kind: str
    time: float
    facts: dict[str, Any]


@dataclass
class Desk:
    """The way in at one gate: parties in line, and whose turn of the first party it is."""

    queue: list[Party] = field(default_factory=list)
    turn: int = 0

    def place(self, party: Party, member: int) -> int:
        """How many people stand before this one."""
        before = 0
        for other in self.queue:
            if other is party:
                break
            before += len(other.members)
        return before + member - (self.turn if self.queue and self.queue[0] is party else 0)


class World:
    """People, goods and hands, from second 0 of a scenario on.

    Everything follows from store, scenario and seed, and not from how ``advance`` is called, so
    that several processes can each have a world of their own and see the same things.
    """

    step_seconds = 0.05

    def __init__(self, store: Store, scenario: Scenario, seed: int) -> None:
        """Fill the shelves and make the plan; nobody is there yet."""
        self.store = store
        self.scenario = scenario
        self.floor = Floor(store)
        self.stock = Stock(store, scenario, seed)
        self.initial_weight = {plate: self.stock.weight(plate) for plate in store.plate}
        self.desks = {gate.id: Desk() for gate in store.gates}
        self.parties = scenario.plan(store, seed)
        self.people: list[Shopper] = []
        self.handlings: list[Handling] = []
        self.showings: list[Showing] = []
        self.moments: list[Moment] = []
        self._seed = seed
        self._steps = 0
        self._arriving = list(self.parties)
        self._numbers = 0
        self._left: dict[str, list[Shopper]] = {}

    @property
    def now(self) -> float:
        """Seconds of the scenario the world has reached."""
        return self._steps * self.step_seconds

    @property
    def next_instant(self) -> float:
        """The earliest time that nobody has been told about yet."""
        return (self._steps + 1) * self.step_seconds

    @property
    def finished(self) -> bool:
        """Whether everybody has come and gone."""
        return not self._arriving and not self.people

    def advance(self, to: float) -> None:
        """Step on to the last whole step at or before ``to`` seconds."""
        while (self._steps + 1) * self.step_seconds <= to + 1e-9:
            self._step()

    def figures(self, time: float) -> list[Figure]:
        """Return the people at a time at or just after the last step."""
        ahead = min(max(0.0, time - self.now), self.step_seconds)
        return [person.figure(ahead) for person in self.people]

    def handle(self, handling: Handling) -> None:
        """Let a hand act on a plate."""
        self.handlings.append(handling)
        person = next(person for person in self.people if person.id == handling.person)
        facts = {
            "shopper": handling.person,
            "account": person.party.account,
            "sku": handling.sku,
            "quantity": handling.quantity,
            "plate": handling.plate,
            "weight": round(handling.change, 6),
            "start": handling.start,
            "settled": handling.settled,
        }
        self.moments.append(Moment(handling.kind, handling.moved, facts))

    def show_code(self, person: Shopper, seconds: float) -> None:
        """Let a shopper hold a code before the reader of their gate."""
        self.showings.append(Showing(person.party.gate, person.id, self.next_instant, seconds))
        self.note("code", person, gate=person.party.gate)

    def note(self, kind: str, person: Shopper, **facts: Any) -> None:
        """Keep what truly happened to a person."""
        self.moments.append(Moment(kind, self.now, {"shopper": person.id, "account": person.party.account, **facts}))

    def settle_debt(self, unit: Unit) -> None:
        """Let nobody owe a unit any more that is back on a plate, whoever has put it there."""
        for person in self.people:
            person.owed = [owed for owed in person.owed if owed is not unit]

    def standing(self, besides: Walker) -> list[Point]:
        """Where people stand who will not step aside."""
        return [
            (float(person.position[0]), float(person.position[1]))
            for person in self.people
            if person is not besides and person.anchored
        ]

    def is_claimed(self, spot: Point, besides: Shopper) -> bool:
        """Whether somebody else stands there or is on the way there."""
        return any(
            person is not besides and person.stance is not None and math.dist(person.stance, spot) < 0.55
            for person in self.people
        )

    def is_reached(self, plate: str, besides: Shopper) -> bool:
        """Whether somebody else's hand is at a plate: there is no room for two."""
        return any(person is not besides and person.reaching == plate for person in self.people)

    def _step(self) -> None:
        while self._arriving and self._arriving[0].arrival <= self.now + 1e-9:
            party = self._arriving.pop(0)
            for member in range(len(party.members)):
                self.people.append(Shopper(self, party, member, self._numbers, self._seed))
                self._numbers += 1
        for person in self.people:
            person.step()
        self._move()
        self._steps += 1
        self.people = [person for person in self.people if not person.done]

    def _move(self) -> None:
        if not self.people:
            return
        dt = self.step_seconds
        places = np.array([person.position for person in self.people])
        apart = places[:, None, :] - places[None, :, :]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        near = np.clip((_PERSONAL_SPACE - distance) / (_PERSONAL_SPACE - _BODY), 0.0, 1.0)
        np.fill_diagonal(near, 0.0)
        away = apart / np.maximum(distance, 1e-3)[..., None]
        # Everybody also gives way to the right, or two people face to face would never pass.
        aside = np.stack([-away[..., 1], away[..., 0]], axis=-1) * 0.6
        push = _PUSH * (near[..., None] * (away + aside)).sum(axis=1)
        before = places.copy()
        for index, person in enumerate(self.people):
            if self._stands(person):
                person.velocity = np.zeros(2)
            else:
                wanted = person.desired + push[index] * person.courtesy
                person.velocity = person.velocity + (wanted - person.velocity) * (dt / _REACTION)
                speed = float(np.hypot(*person.velocity))
                if speed > _FASTEST:
                    person.velocity *= _FASTEST / speed
                self._slide(person)
        self._part()
        for index, person in enumerate(self.people):
            person.moved(dt)
            self._cross(person, before[index])

    def _stands(self, person: Shopper) -> bool:
        """Whether nobody moves this person: busy at a shelf, or in line."""
        return person.anchored or (person.off_grid and not person.desired.any())

    def _part(self) -> None:
        """Let nobody walk through anybody: who has come too near is pushed back, and stopped."""
        stays = [self._stands(person) for person in self.people]
        for _ in range(_ROUNDS):
            places = np.array([person.position for person in self.people])
            near = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) < _BODY - 1e-6
            pairs = np.argwhere(np.triu(near, 1)).tolist()
            if not pairs:
                return
            for first, second in pairs:
                self._push_apart(first, second, stays)

    def _push_apart(self, first: int, second: int, stays: list[bool]) -> None:
        one, other = self.people[first], self.people[second]
        apart = one.position - other.position
        distance = float(np.hypot(*apart))
        if distance >= _BODY:
            return
        # Who stands on the very same spot has no direction to part in; any will do.
        way = apart / distance if distance > 1e-6 else np.array([1.0, 0.0])
        for person, moves, sign in ((one, not stays[first], 1.0), (other, not stays[second], -1.0)):
            if not moves:
                continue
            mutual = not (stays[first] or stays[second])
            step = sign * way * (_BODY - distance) * (0.5 if mutual else 1.0)
            x, y = person.position + step
            if person.off_grid or self.floor.is_free((float(x), float(y))):
                person.position = person.position + step
            against = min(0.0, float(person.velocity @ (sign * way)))
            person.velocity = person.velocity - against * sign * way

    def _slide(self, person: Shopper) -> None:
        step = person.velocity * self.step_seconds
        for move in (step, np.array([step[0], 0.0]), np.array([0.0, step[1]])):
            x, y = person.position + move
            if person.off_grid or self.floor.is_free((float(x), float(y))):
                person.position = person.position + move
                person.velocity = move / self.step_seconds
                return
        here = (float(person.position[0]), float(person.position[1]))
        person.velocity = np.zeros(2)
        if not self.floor.is_free(here):
            # A gate's inner side can lie against a fixture: step to the nearest free place.
            way = np.array(self.floor.nearest(here)) - person.position
            person.position = person.position + way * min(1.0, 0.05 / max(float(np.hypot(*way)), 1e-6))

    def _cross(self, person: Shopper, before: Any) -> None:
        if person.entered is None:
            when = self._crossing(person.party.gate, before, person.position, inward=True)
            if when is not None:
                person.entered = when
                self.note("entered", person, party=person.party.id, gate=person.party.gate, entered=when)
        elif person.exited is None:
            when = self._crossing(person.party.exit, before, person.position, inward=False)
            if when is not None:
                person.exited = when
                self._gone(person)

    def _crossing(self, gate_id: str, before: Any, after: Any, inward: bool) -> float | None:
        gate = self.store.gate[gate_id]
        first = float(np.dot(before - np.array(gate.start), gate.inward))
        second = float(np.dot(after - np.array(gate.start), gate.inward))
        crossed = first < 0.0 <= second if inward else first > 0.0 >= second
        if not crossed:
            return None
        return self.now + self.step_seconds * first / (first - second)

    def _gone(self, person: Shopper) -> None:
        party = person.party
        self.note(
            "left",
            person,
            party=party.id,
            staff=party.staff,
            gate=party.exit,
            entered=person.entered,
            exited=person.exited,
            units=_units([person]),
        )
        gone = self._left.setdefault(party.id, [])
        gone.append(person)
        if len(gone) == len(party.members):
            self.note(
                "party_left",
                person,
                party=party.id,
                staff=party.staff,
                people=[member.id for member in gone],
                entered=min(member.entered or 0.0 for member in gone),
                exited=max(member.exited or 0.0 for member in gone),
                units=_units(gone),
            )


def _units(people: list[Shopper]) -> dict[str, int]:
    """Units that people took off plates and that did not come back, by product: who took it pays."""
    return dict(sorted(Counter(unit.sku for person in people for unit in person.owed).items()))
