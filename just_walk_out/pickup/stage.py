"""From shelf events to interactions: which product, how many, which shopper, how sure."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from just_walk_out.journal import Journal
from just_walk_out.pickup.attribution import TRACK_MEMORY, Attribution, Person
from just_walk_out.pickup.company import Company, Fit
from just_walk_out.pickup.decisions import Decisions, first_id
from just_walk_out.pickup.products import ProductModel, Step
from just_walk_out.pickup.queue import EventQueue
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.sightings import NOTHING, Sight, Sightings
from just_walk_out.pickup.splitting import Splitter
from just_walk_out.pickup.stops import Act
from just_walk_out.pickup.suspicions import Correction, Suspicions
from just_walk_out.pickup.testimony import Weighing, testify
from just_walk_out.pickup.visitors import Visitors
from just_walk_out.records import (
    Alert,
    Decision,
    DecisionState,
    EventState,
    Interaction,
    InteractionArray,
    Kind,
    Severity,
    ShelfEvent,
    ShelfEventArray,
    ShelfObservationArray,
    TrackArray,
    VisitArray,
)
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_REPEATED = 500  # decisions that are published again after a restart


class PickupStage:
    """Attributes each final shelf event once all that could bear on it has been seen.

    An event is decided when the tracks have passed its end, when everyone who was near is linked to
    a visit (or the visits have been seen up to it), when its fixture has been seen up to its start, when
    the cameras that look at its shelf, if any, have said what they saw, and, for something put down, when
    that holds for every shelf and all earlier events are decided. One that may be of several people is
    looked at again a while later, with what has happened at the fixture meanwhile. Events of a fixture are
    decided in the order of the moments as of which they are looked at, and a decision made as of a later
    moment does not count. The waits for others are bounded in event time.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfEventArray, TrackArray, VisitArray, ShelfObservationArray)
    outputs: ClassVar[tuple[type, ...]] = (InteractionArray, Alert)

    def __init__(self, store: Store, settings: PickupSettings, journal: Journal) -> None:
        """Take up where the journal ends."""
        self._store = store
        self._settings = settings
        self._journal = journal
        self._products = ProductModel(store, settings)
        self._splitter = Splitter(store, self._products, settings)
        self._decisions = Decisions(store)
        self._sightings = Sightings(store, settings)
        self._company = Company(store, settings, self._decisions, self._sightings, TRACK_MEMORY)
        self._suspicions = Suspicions(store, settings)
        self._attribution = Attribution(self._products, self._decisions, self._suspicions, settings, store.policy)
        self._suspected: list[Alert] = []
        self._corrections: list[Decision] = []
        self._queue = EventQueue(store, settings)
        self._visitors = Visitors(TRACK_MEMORY)
        self._unsure: dict[str, int] = {}
        self._losses: dict[str, bool] = {}
        self._near: dict[str, Fit] = {}
        self._tracks_seen = 0
        self._restore()

    def _restore(self) -> None:
        """Take up what is in the journal."""
        for interaction in self._journal.recent(Interaction):
            self._decisions.add(interaction)
        for weighing in self._journal.recent(Weighing):
            if weighing.shelf in self._store.shelf and weighing.holds(self._store.product):
                self._suspicions.note(weighing, weighing.start)
        self._suspicions.tell_again()
        for correction in self._journal.recent(Correction):
            self._suspicions.correct(correction)
            self._decisions.correct(correction.decision)

    def restore(self) -> list[Any]:
        """Return what has been decided, for a cart aggregator that may have missed it."""
        known = self._journal.last(Interaction, _REPEATED)
        if not known:
            return []
        corrections = tuple(each.decision for each in self._journal.last(Correction, _REPEATED))
        return [InteractionArray(max(item.end for item in known), (), tuple(known), corrections)]

    def push(self, record: ShelfEventArray | TrackArray | VisitArray | ShelfObservationArray) -> list[Any]:
        """Take shelf events, tracks, visits or what shelf cameras saw; return decided interactions and alerts."""
        if isinstance(record, ShelfEventArray):
            for event in record.events:
                if event.state is EventState.FINAL and not self._is_decided(event.id):
                    self._queue.add(event)
            for mark in record.watermarks:
                self._queue.mark(mark)
        elif isinstance(record, TrackArray):
            self._company.push(record)
            self._tracks_seen = max(self._tracks_seen, record.stamp)
        elif isinstance(record, ShelfObservationArray):
            self._sightings.push(record)
        else:
            for visit in self._visitors.push(record):
                self._decisions.forget(visit)
        return self._advance(isinstance(record, ShelfEventArray))

    def _is_decided(self, event: str) -> bool:
        return self._decisions.has(event) or self._journal.has(Interaction, first_id(event))

    def _advance(self, marked: bool) -> list[Any]:
        """Decide what can be decided; ``marked`` where shelves have been seen further."""
        made: list[Interaction] = []
        stuck: set[str] = set()
        settled = marked
        while (event := self._queue.first(stuck)) is not None:
            look = self._queue.look(event)
            decided = self._try(event) if self._ready(event) else None
            if decided is not None:
                made += decided
                settled = True
                self._queue.remove(event)
                self._unsure.pop(event.id, None)
                self._near.pop(event.id, None)
                self._losses.pop(event.id, None)
            elif self._queue.look(event) == look:
                stuck.add(self._queue.fixture(event))
        marks = self._queue.watermarks() if settled else []
        if not made and not marks:
            return []
        alerts = [alert for interaction in made for alert in self._alerts(interaction)] + self._suspected
        corrections = tuple(self._corrections)
        self._suspected, self._corrections = [], []
        stamp = max(self._tracks_seen, self._queue.newest())
        return [InteractionArray(stamp, tuple(marks), tuple(made), corrections), *alerts]

    def _ready(self, event: ShelfEvent) -> bool:
        queue = self._queue
        if self._tracks_seen < queue.due(event):
            return False
        waited = self._tracks_seen - event.end
        near = self._near_event(event)
        if (
            not all(self._visitors.visit(track, event) for track in near.places)
            and self._visitors.seen < event.end
            and waited < self._settings.visit_wait * _SECOND
        ):
            return False
        if waited >= self._settings.order_wait * _SECOND:
            return True
        if any(queue.seen(shelf) < queue.known(event) for shelf in queue.shelves_of(event)):
            return False
        if self._is_loss(event):
            return True
        if self._visitors.seen < event.start or not queue.is_earliest(event):
            return False
        return all(queue.seen(shelf) >= event.start for shelf in self._store.shelf)

    def _is_loss(self, event: ShelfEvent) -> bool:
        """Tell whether nothing was put down in an event."""
        known = self._losses.get(event.id)
        if known is None:
            known = self._losses[event.id] = all(step.total <= 0.0 for step in self._steps(event, Counter()))
        return known

    def _try(self, event: ShelfEvent) -> list[Interaction] | None:
        """Decide an event: at once where that is sure, otherwise when shelf cameras have said what they will.

        What is sure is decided without what they have said by then: how far they are depends on how streams interleave.
        """
        shelves = self._queue.shelves_of(event)
        if any(self._sightings.is_watched(shelf) for shelf in shelves):
            look = self._queue.look(event)
            if self._unsure.get(event.id) != look:
                decided = self._decide(event, viewed=False)
                if decided is not None:
                    return decided
                self._unsure[event.id] = look
            known = self._queue.known(event)
            waits = self._tracks_seen - event.end < self._settings.view_wait * _SECOND
            if waits and not all(self._sightings.answered(shelf, known) for shelf in shelves):
                return None
        decided = self._decide(event, viewed=True)
        if decided is None:
            self._queue.look_again(event)
        return decided

    def _near_event(self, event: ShelfEvent) -> Fit:
        """Return who was near the plates of an event; once its span has been seen that stays as it is."""
        if event.id in self._near:
            return self._near[event.id]
        near = self._company.fit(_act(event, event.plates))
        if self._tracks_seen >= event.end:
            self._near[event.id] = near
        return near

    def _near_by(self, event: ShelfEvent, due: int) -> Fit:
        """Return the same as of a moment, nanoseconds: where people go later bears on nothing then."""
        return self._near_event(event) if event.end <= due else self._company.fit(_act(event, event.plates).until(due))

    def _decide(self, event: ShelfEvent, viewed: bool) -> list[Interaction] | None:
        """Return what is decided and written; None where it is worth to wait for shelf cameras or what people do next.

        Args:
            event: what changed.
            viewed: shelf cameras have said what they will; otherwise nothing that they have said counts.
        """
        due = self._queue.due(event)
        made: list[Interaction] = []
        decided: list[tuple[Step, list[Interaction], Sight]] = []
        inside = self._visitors.inside(event.start)
        held = self._decisions.held_by_all(inside, event.start) if len(event.plates) > 1 else Counter[str]()
        steps = self._steps(event, held)
        for step in steps:
            whole = step.plates == event.plates
            near = self._near_event(event) if whole else self._company.fit(_act(event, step.plates))
            beside = [other for other in steps if other is not step and (other.total < 0.0) is (step.total < 0.0)]
            sight = self._sightings.of(event, step) if viewed else NOTHING
            people = self._people(event, step, beside, near, due, sight, viewed)
            known = self._queue.known(event)
            found = self._attribution.decide(event, step, people, len(made), inside, known, sight)
            early = self._settings.early_confidence
            doubtful = any(item.reason or item.confidence < early for item in found)
            # where a second hand is near, what else is done there may show whose is whose
            doubtful |= self._company.at_once(near, sight.tracks)
            waits = doubtful and len(near.places) > 1 and due - event.end < self._settings.doubt_wait * _SECOND
            # that somebody else may be meant, or something else, is for the cameras to say
            enough = self._settings.view_confidence
            waits |= not viewed and any(item.reason or item.confidence < enough for item in found)
            if waits:
                self._decisions.withdraw(event.id)
                return None
            decided.append((step, found, sight))
            for interaction in found:
                self._decisions.add(interaction)
                made.append(interaction)
        with self._journal.transaction():
            for step, found, sight in decided:
                if step.total < 0.0 and self._is_telling(event, found[0]):
                    self._learn(event, step, found, sight)
            return [item for item in made if self._journal.append(item, item.id, item.start)]

    def _is_telling(self, event: ShelfEvent, first: Interaction) -> bool:
        """Tell whether a step was one act of a shopper: staff move cartons, and much happens where nothing is seen."""
        seen = not event.degraded and event.end - event.start <= TRACK_MEMORY * _SECOND
        return seen and bool(first.visit) and not self._visitors.is_staff(first.visit)

    def _learn(self, event: ShelfEvent, step: Step, found: list[Interaction], sight: Sight) -> None:
        """Write what a step that was taken says of planogram and catalogue, and what follows for those before it."""
        foreign = self._decisions.foreign(step.plates, event.start)
        weighing = testify(self._products, self._settings, event, step, found, foreign, sight.of_items)
        self._journal.append(weighing, weighing.id, weighing.stamp)
        known = self._queue.known(event)
        self._suspected += self._suspicions.note(weighing, known)
        for correction in self._suspicions.corrections(weighing, known):
            # two steps, neither of which counts for the other, may correct a third alike
            self._journal.append(correction, f"{correction.decision.id}/{event.id}", correction.decision.stamp)
            self._decisions.correct(correction.decision)
            self._corrections.append(correction.decision)

    def _people(
        self, event: ShelfEvent, step: Step, beside: list[Step], near: Fit, due: int, sight: Sight, viewed: bool
    ) -> list[Person]:
        """Return who may have acted, by what was seen of them and what they did besides there."""
        besides = [(event.id, _act(event, part.plates), self._company.fit(_act(event, part.plates))) for part in beside]
        for other in self._queue.beside(event):
            besides.append((other.id, _act(other, other.plates), self._near_by(other, due)))
        act = _act(event, step.plates)
        scores = self._company.weigh(event, act, near, sight.tracks, due, besides, viewed)
        return [
            Person(self._visitors.visit(track, event) if track else "", track, scores[track])
            for track in sorted(scores)
        ]

    def _steps(self, event: ShelfEvent, held: Counter[str]) -> list[Step]:
        """Return the steps of an event, what was taken first: it may have been put back beside."""
        steps = self._splitter.split(event.plates, event.change, event.covariance, held)
        return sorted(steps, key=lambda step: step.total > 0.0)

    def _alerts(self, interaction: Interaction) -> list[Alert]:
        # what nobody can be named for is reported by the cart aggregator, which finds no cart for it
        if interaction.state is not DecisionState.REVIEW or not interaction.visit:
            return []
        verb = "taken from" if interaction.kind is Kind.TAKE else "put on"
        what = f"{interaction.quantity} x {interaction.sku}" if interaction.sku else "something unknown"
        return [
            Alert(
                interaction.end,
                f"doubtful_interaction/{interaction.id}",
                Severity.WARNING,
                "doubtful_interaction",
                interaction.shelf,
                f"{what} {verb} {interaction.shelf}: {interaction.reason}",
                interaction.visit,
                interaction.track,
            )
        ]


def _act(event: ShelfEvent, plates: tuple[str, ...]) -> Act:
    return Act(event.start, event.end, plates, event.degraded)
