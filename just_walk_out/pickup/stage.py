"""From shelf events to interactions: which product, how many, which shopper, how sure."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from just_walk_out.journal import Journal
from just_walk_out.pickup.attribution import TRACK_MEMORY, Attribution, Person
from just_walk_out.pickup.company import Company, Fit
from just_walk_out.pickup.decisions import Decisions, first_id
from just_walk_out.pickup.products import ProductModel, Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.sightings import Sight, Sightings
from just_walk_out.pickup.splitting import Splitter
from just_walk_out.pickup.stops import Act
from just_walk_out.pickup.suspicions import Correction, Suspicions
from just_walk_out.pickup.testimony import Weighing, testify
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
    VisitState,
    Watermark,
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
        self._looks: dict[str, int] = {}
        self._near: dict[str, Fit] = {}
        self._pending: dict[str, ShelfEvent] = {}
        self._seen: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._decided: dict[str, int] = {}
        self._tracks_seen = 0
        self._visits_seen = 0
        self._visit_of: dict[str, tuple[str, int]] = {}
        self._over: dict[str, int] = {}
        self._exited: dict[str, int] = {}
        self._restore()

    def _restore(self) -> None:
        """Take up what is in the journal; of an event that was not decided to the end nothing counts but its parts."""
        for interaction in self._journal.recent(Interaction):
            self._decisions.add(interaction)
        for weighing in self._journal.recent(Weighing):
            if self._decisions.has(weighing.event):
                self._suspicions.note(weighing)
        self._suspicions.tell_again()
        for correction in self._journal.recent(Correction):
            if self._decisions.has(correction.event):
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
                    self._pending[event.id] = event
            for mark in record.watermarks:
                self._seen[mark.source] = max(mark.stamp, self._seen.get(mark.source, 0))
                self._since[mark.source] = max(mark.since, self._since.get(mark.source, 0))
        elif isinstance(record, TrackArray):
            self._company.push(record)
            self._tracks_seen = max(self._tracks_seen, record.stamp)
        elif isinstance(record, ShelfObservationArray):
            self._sightings.push(record)
        else:
            self._take_visits(record)
        return self._advance()

    def _is_decided(self, event: str) -> bool:
        return self._decisions.has(event) or self._journal.has(Interaction, first_id(event))

    def _take_visits(self, visits: VisitArray) -> None:
        before = self._visits_seen
        self._visits_seen = max([before, *(mark.stamp for mark in visits.watermarks)])
        for visit in visits.visits:
            for track in visit.tracks:
                owner, since = self._visit_of.get(track, ("", before))
                self._visit_of[track] = (visit.id, since if owner == visit.id else before)
            if visit.exited:
                self._exited[visit.id] = visit.exited
            if visit.state in (VisitState.LEFT, VisitState.ABANDONED, VisitState.LOST):
                self._over.setdefault(visit.id, visits.stamp)
        for visit_id, stamp in list(self._over.items()):
            if visits.stamp - stamp > TRACK_MEMORY * 1e9:
                self._decisions.forget(visit_id)
                del self._over[visit_id]
                self._exited.pop(visit_id, None)
                self._visit_of = {track: link for track, link in self._visit_of.items() if link[0] != visit_id}

    def _visit(self, track: str, event: ShelfEvent) -> str:
        """Return the visit of a track as of an event; empty when it was not linked by then.

        A link made by later visits does not count: whether they have come in already depends on how
        the streams interleave.
        """
        visit, since = self._visit_of.get(track, ("", 0))
        return visit if since < event.end else ""

    def _advance(self) -> list[Any]:
        made: list[Interaction] = []
        stuck: set[str] = set()
        while True:
            waiting = [event for event in self._pending.values() if self._place(event) not in stuck]
            if not waiting:
                break
            event = min(waiting, key=lambda item: (self._due(item), item.start, item.id))
            if not self._ready(event):
                stuck.add(self._place(event))
                continue
            decided = self._decide(event)
            if decided is None:
                self._looks[event.id] = self._looks.get(event.id, 0) + 1
            else:
                made += decided
                del self._pending[event.id]
                self._looks.pop(event.id, None)
                self._near.pop(event.id, None)
        marks = self._watermarks()
        if not made and not marks:
            return []
        alerts = [alert for interaction in made for alert in self._alerts(interaction)] + self._suspected
        corrections = tuple(self._corrections)
        self._suspected, self._corrections = [], []
        stamp = max(self._tracks_seen, *self._seen.values()) if self._seen else self._tracks_seen
        return [InteractionArray(stamp, tuple(marks), tuple(made), corrections), *alerts]

    def _place(self, event: ShelfEvent) -> str:
        return self._store.gondola_of[event.shelf].id

    def _due(self, event: ShelfEvent) -> int:
        """Return the moment as of which a step is looked at next."""
        step = round(self._settings.doubt_step * _SECOND)
        return event.end + self._looks.get(event.id, 0) * step

    def _watermarks(self) -> list[Watermark]:
        """Return the shelves whose mark has moved."""
        marks = []
        for shelf, seen in sorted(self._seen.items()):
            open_starts = [event.start - 1 for event in self._pending.values() if event.shelf == shelf]
            stamp = min([seen, *open_starts])
            if stamp > self._decided.get(shelf, 0):
                self._decided[shelf] = stamp
                marks.append(Watermark(shelf, stamp, self._since[shelf]))
        return marks

    def _ready(self, event: ShelfEvent) -> bool:
        due = self._due(event)
        if self._tracks_seen < due:
            return False
        waited = self._tracks_seen - event.end
        if not self._sightings.answered(event) and waited < self._settings.view_wait * _SECOND:
            return False
        near = self._near_event(event)
        if (
            not all(self._visit(track, event) for track in near.places)
            and self._visits_seen < event.end
            and waited < self._settings.visit_wait * _SECOND
        ):
            return False
        if waited >= self._settings.order_wait * _SECOND:
            return True
        # A step that is looked at again takes in all that has happened at the fixture meanwhile.
        known = due if due > event.end else event.start
        beside = [shelf.id for shelf in self._store.gondola_of[event.shelf].shelves if shelf.id in self._seen]
        if any(self._seen[shelf] < known for shelf in {event.shelf, *beside}):
            return False
        if all(step.total <= 0.0 for step in self._steps(event, Counter())):
            return True
        if self._visits_seen < event.start or any(other.start < event.start for other in self._pending.values()):
            return False
        return all(self._seen.get(shelf, 0) >= event.start for shelf in self._store.shelf)

    def _near_event(self, event: ShelfEvent) -> Fit:
        """Return who was near the plates of an event; once its span has been seen that stays as it is."""
        if event.id in self._near:
            return self._near[event.id]
        near = self._company.fit(event.plates, event.start, event.end)
        if self._tracks_seen >= event.end:
            self._near[event.id] = near
        return near

    def _decide(self, event: ShelfEvent) -> list[Interaction] | None:
        """Return what is decided and written; None where it is worth to wait for what people do next."""
        due = self._due(event)
        made: list[Interaction] = []
        decided: list[tuple[Step, list[Interaction], Sight]] = []
        steps = self._steps(event, self._decisions.held_by_all(event.start))
        for step in steps:
            whole = step.plates == event.plates
            near = self._near_event(event) if whole else self._company.fit(step.plates, event.start, event.end)
            beside = [other for other in steps if other is not step and (other.total < 0.0) is (step.total < 0.0)]
            sight = self._sightings.of(event, step)
            people = self._people(event, step, beside, near, due, sight)
            gone = {visit for visit, exited in self._exited.items() if exited < event.start}
            found = self._attribution.decide(event, step, people, len(made), gone, sight)
            early = self._settings.early_confidence
            doubtful = any(item.reason or item.confidence < early for item in found)
            # where a second hand is near, what else is done there may show whose is whose
            doubtful |= self._company.at_once(near, sight.tracks)
            if doubtful and len(near.places) > 1 and due - event.end < self._settings.doubt_wait * _SECOND:
                self._decisions.withdraw(event.id)
                return None
            decided.append((step, found, sight))
            for interaction in found:
                self._decisions.add(interaction, due)
                made.append(interaction)
        for step, found, sight in decided:
            if step.total < 0.0:
                self._learn(event, step, found, sight)
        # the first is written last: once it is there, the event counts as decided after a restart
        written = [item for item in reversed(made) if self._journal.append(item, item.id, item.start)]
        return written[::-1]

    def _learn(self, event: ShelfEvent, step: Step, found: list[Interaction], sight: Sight) -> None:
        """Write what a step that was taken says of planogram and catalogue, and what follows for those before it."""
        foreign = self._decisions.foreign(step.plates, event.start)
        weighing = testify(self._products, self._settings, event, step, found, foreign, sight.of_items)
        self._journal.append(weighing, weighing.id, weighing.stamp)
        self._suspected += self._suspicions.note(weighing)
        for correction in self._suspicions.corrections(weighing):
            self._journal.append(correction, correction.decision.id, correction.decision.stamp)
            self._decisions.correct(correction.decision)
            self._corrections.append(correction.decision)

    def _people(
        self, event: ShelfEvent, step: Step, beside: list[Step], near: Fit, due: int, sight: Sight
    ) -> list[Person]:
        """Return who may have acted, by what was seen of them and what they did besides there."""
        besides = [
            (event.id, Act(event.start, event.end, part.plates), self._company.fit(part.plates, event.start, event.end))
            for part in beside
        ]
        for other in self._pending.values():
            known = other.start < event.start or (due > event.end and other.start < due)
            if other.id != event.id and known and self._place(other) == self._place(event):
                besides.append((other.id, Act(other.start, other.end, other.plates), self._near_event(other)))
        act = Act(event.start, event.end, step.plates)
        scores = self._company.weigh(event, act, near, sight.tracks, due, besides)
        return [Person(self._visit(track, event) if track else "", track, scores[track]) for track in sorted(scores)]

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
