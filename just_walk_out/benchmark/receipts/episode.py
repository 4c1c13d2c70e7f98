"""One episode of the receipts benchmark: sensors through the pipeline, ours and the reference rule side by side."""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from just_walk_out.benchmark.receipts.rule import ReferenceRule
from just_walk_out.benchmark.receipts.scores import Reliability, Tally, is_held
from just_walk_out.benchmark.receipts.sensors import LightStore
from just_walk_out.benchmark.receipts.views import ShelfGlances, watched
from just_walk_out.entry.keys import public_text
from just_walk_out.records import (
    Adjustment,
    CartArray,
    Charge,
    ChargeState,
    Interaction,
    InteractionArray,
    Kind,
    PersonDetectionArray,
    ShelfEvent,
    ShelfEventArray,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
)
from just_walk_out.replay import scoring
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.rehearsal import issue_codes
from just_walk_out.replay.scoring import Departure, Handling, charge_delays, compare, line_delays, parse_truth
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.truth import describe
from just_walk_out.simulation.world import World
from just_walk_out.stage import Stage
from just_walk_out.store.model import Store
from just_walk_out.tracking.stage import TrackerStage

_START = 1_790_000_000_000_000_000
_LONGEST = 1800.0
_PATIENCE = 12.0
_PART = 1500
_SECOND = 1_000_000_000


@dataclass
class Outcome:
    """What came of one or several episodes.

    Attributes:
        ours: our receipts.
        rule: those of the reference rule.
        reliability: of our decisions.
        seconds: of the store.
        pipeline_seconds: of one core, from sensor records to charges.
        person_seconds: sum over people of the time they were there.
    """

    ours: Tally = field(default_factory=Tally)
    rule: Tally = field(default_factory=Tally)
    reliability: Reliability = field(default_factory=Reliability)
    seconds: float = 0.0
    pipeline_seconds: float = 0.0
    person_seconds: float = 0.0

    def join(self, other: Outcome) -> None:
        """Add another outcome."""
        self.ours.join(other.ours)
        self.rule.join(other.rule)
        self.reliability.join(other.reliability)
        self.seconds += other.seconds
        self.pipeline_seconds += other.pipeline_seconds
        self.person_seconds += other.person_seconds


@dataclass
class Witness:
    """Collects what a pipeline gives out, with the time of arrival of what caused it."""

    carts: list[tuple[int, CartArray]] = field(default_factory=list)
    charges: list[tuple[int, Charge]] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)
    events: list[tuple[int, ShelfEvent]] = field(default_factory=list)
    tracks: dict[int, TrackArray] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    def see(self, arrival: int, record: Any) -> None:
        """Take one record."""
        if isinstance(record, CartArray):
            if not self.carts or self.carts[-1][1].carts != record.carts:
                self.carts.append((arrival, record))
        elif isinstance(record, Charge):
            self.charges.append((arrival, record))
        elif isinstance(record, Adjustment):
            self.adjustments.append(record)
        elif isinstance(record, InteractionArray):
            self.interactions += record.interactions
        elif isinstance(record, ShelfEventArray):
            self.events += [(arrival, event) for event in record.events]
        elif isinstance(record, TrackArray):
            self.tracks[record.stamp] = record
        elif isinstance(record, VisitArray):
            for visit in record.visits:
                self.visits[visit.id] = visit
                if visit.state in (VisitState.LEFT, VisitState.LOST):
                    self.left.setdefault(visit.id, arrival)


def benchmark_key() -> Ed25519PrivateKey:
    """Return the key that signs the codes of simulated shoppers; nothing but a benchmark trusts it."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"just_walk_out benchmark").digest())


def run_through(pipeline: Pipeline, witness: Witness, records: Iterable[tuple[int, Any]]) -> float:
    """Push records with their times of arrival through a pipeline; returns the seconds of one core that took."""
    seen: list[tuple[int, Any]] = []
    began = time.process_time()
    for arrival, record in records:
        seen.append((arrival, record))
        seen.extend((arrival, output) for output in pipeline.push(record))
    spent = time.process_time() - began
    for arrival, output in seen:
        witness.see(arrival, output)
    return spent


@dataclass(frozen=True)
class Kit:
    """What a store has beside plates, to tell who took what.

    Attributes:
        name: as in the figures.
        text: as printed.
        hands: the detectors of its overview cameras find wrists.
        views: shelf cameras look at every shelf.
    """

    name: str
    text: str
    hands: bool = False
    views: bool = False


KITS = (
    Kit("ours", "ours", hands=True, views=True),
    Kit("ours_wrists", "without views", hands=True),
    Kit("ours_views", "without wrists", views=True),
    Kit("ours_places", "places alone"),
)
"""All that can be told of who took what; the same without shelf cameras; without wrists; and without both."""


class _Tape:
    """What the sensors of one episode report, recorded as far as pipelines listen, so that several hear the same."""

    def __init__(self, light: LightStore) -> None:
        self.over = 0
        self._world = light.world
        self._source = light.run()
        self._parts: list[list[tuple[int, Any]]] = []

    def part(self, index: int) -> list[tuple[int, Any]]:
        """Return records with their times of arrival; ``over`` is set once everybody has left."""
        while len(self._parts) <= index:
            self._parts.append(list(islice(self._source, _PART)))
            if self._world.finished or self._world.now > _LONGEST:
                self.over = self.over or self._parts[-1][-1][0]
        return self._parts[index]


def play(
    store: Store, scenario: Scenario, seed: int, cameras: bool = False, kits: Sequence[Kit] = KITS[-1:]
) -> list[Outcome]:
    """Play a scenario and score what pipelines make of the same sensors.

    Args:
        store: where.
        scenario: who comes and what they do.
        seed: of everything drawn.
        cameras: people are detections of each camera through the tracker; otherwise tracks with its errors.
        kits: what the store has beside plates; a pipeline each.
    """
    key = benchmark_key()
    store = replace(store, entry=replace(store.entry, public_keys=(public_text(key),)))
    world = World(store, scenario, seed)
    codes = issue_codes(world.parties, store, key, _START)
    light = LightStore(world, seed, _START, codes, cameras=cameras, hands=any(kit.hands for kit in kits))
    tape = _Tape(light)
    return [_listen(store, light, tape, seed, cameras, kit) for kit in kits]


def _listen(store: Store, light: LightStore, tape: _Tape, seed: int, cameras: bool, kit: Kit) -> Outcome:
    """Push an episode through a pipeline until all is charged, and score that."""
    world = light.world
    place = watched(store) if kit.views else store
    stages: list[Stage] = [stage for stage in stages_of(place) if cameras or not isinstance(stage, TrackerStage)]
    if kit.views:
        stages.append(ShelfGlances(place, world.handlings, light.whose, light.scenario_start, seed))
    pipeline, witness = Pipeline(stages), Witness()
    spent, arrival = 0.0, _START
    for index in count():
        part = tape.part(index)
        spent += run_through(pipeline, witness, part if kit.hands else _without_hands(part))
        arrival = part[-1][0]
        if 0 < tape.over <= arrival:
            done = len(witness.charges) >= len(world.parties)
            if arrival - tape.over > _PATIENCE * _SECOND or (done and arrival - tape.over > 2 * _SECOND):
                break
    departures, handlings = parse_truth(
        describe(moment, light.scenario_start) for moment in sorted(world.moments, key=lambda item: item.time)
    )
    people = sum((item.facts["exited"] - item.facts["entered"]) for item in world.moments if item.kind == "left")
    outcome = score(place, departures, handlings, witness)
    outcome.seconds, outcome.pipeline_seconds = (arrival - _START) / _SECOND, spent
    outcome.person_seconds = people
    return outcome


def _without_hands(records: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Return records of a store whose detectors find no wrists."""
    found = []
    for arrival, record in records:
        if isinstance(record, TrackArray):
            record = replace(record, tracks=tuple(replace(each, hands=()) for each in record.tracks))
        elif isinstance(record, PersonDetectionArray):
            record = replace(record, detections=tuple(replace(each, hands=()) for each in record.detections))
        found.append((arrival, record))
    return found


def score(store: Store, departures: Sequence[Departure], handlings: Sequence[Handling], witness: Witness) -> Outcome:
    """Hold charges and decisions against the truth, ours and those of the reference rule.

    Args:
        store: where it was.
        departures: who truly left with what.
        handlings: true takes and returns; may be empty where they are not known.
        witness: what the pipeline gave out.
    """
    outcome = Outcome()
    account = {visit.id: visit.account for visit in witness.visits.values()}
    charges = [charge for _, charge in witness.charges]
    outcome.ours.receipts += scoring.score(departures, charges, witness.adjustments).receipts
    shoppers = {departure.account for departure in departures if not departure.staff}
    for charge in charges:
        if charge.account in shoppers:
            outcome.ours.lines += len(charge.lines)
            whole = charge.state is ChargeState.REVIEW
            outcome.ours.held += sum(whole or is_held(line.state) for line in charge.lines)
    outcome.ours.line_delays = line_delays(handlings, witness.interactions, witness.carts, account)
    outcome.ours.charge_delays = charge_delays(departures, witness.charges)
    outcome.reliability.add(witness.interactions, handlings, account)
    _rule(store, departures, handlings, witness, outcome.rule)
    return outcome


def _rule(
    store: Store, departures: Sequence[Departure], handlings: Sequence[Handling], witness: Witness, tally: Tally
) -> None:
    """Play the reference rule on the same shelf events, tracks and visits."""
    rule = ReferenceRule(store)
    visit_of = {track: visit.id for visit in witness.visits.values() for track in visit.tracks}
    carts: dict[str, Counter[str]] = {}
    stamps = sorted(witness.tracks)
    taken: list[tuple[int, str, str, int]] = []
    for published, event in sorted(witness.events, key=lambda item: (item[1].end, item[1].id)):
        tick = _at(stamps, event.end)
        visit = visit_of.get(rule.nearest(event, witness.tracks[tick]) if tick else "", "")
        if visit:
            sku, change = rule.apply(event, carts.setdefault(visit, Counter()))
            if change > 0:
                taken.append((published, visit, sku, event.end))
    by_account = {visit.account: visit for visit in witness.visits.values()}
    exited = {}
    for departure in departures:
        left = by_account.get(departure.account)
        units = Counter[str]() if left is None or departure.staff else +carts.get(left.id, Counter())
        truth = Counter[str]() if departure.staff else departure.units
        state = ChargeState.CHARGED if left and left.id in witness.left else None
        tally.receipts.append(replace(compare(departure, None), charged=units, truth=truth, state=state))
        tally.lines += len(units)
        exited[departure.account] = departure.exited
    for id, arrival in witness.left.items():
        account = witness.visits[id].account
        if account in exited:
            tally.charge_delays.append((arrival - exited[account]) / _SECOND)
    for published, id, sku, end in taken:
        account = witness.visits[id].account
        matches = [h for h in handlings if h.account == account and h.sku == sku and h.kind is Kind.TAKE]
        if matches:
            nearest = min(matches, key=lambda item: abs(item.stamp - end))
            tally.line_delays.append((published - nearest.stamp) / _SECOND)


def _at(stamps: Sequence[int], stamp: int) -> int:
    """Return the last of some stamps that is not later; 0 when there is none."""
    index = bisect_right(stamps, stamp)
    return stamps[index - 1] if index else 0
