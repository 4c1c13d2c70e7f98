"""From shelf events to interactions: which product, how many, which shopper, how sure."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, ClassVar

from just_walk_out.journal import Journal
from just_walk_out.pickup.decisions import Decisions, first_id
from just_walk_out.pickup.products import Explanation, ProductModel, Step
from just_walk_out.pickup.reach import ReachModel
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import (
    Alert,
    Candidate,
    DecisionState,
    EventState,
    Interaction,
    InteractionArray,
    Kind,
    Severity,
    ShelfEvent,
    ShelfEventArray,
    TrackArray,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.store.model import Store

_RUNNERS_UP = 5
_REPEATED = 500  # decisions that are published again after a restart
_TRACK_MEMORY = 90.0  # seconds of tracks kept; a step older than that finds nobody near


class PickupStage:
    """Attributes each final shelf event once all that could bear on it has been seen.

    An event is decided when the tracks have passed its end, when everyone who was near is linked to
    a visit (or the visits have been seen up to it), when its shelf has been seen up to its start and
    earlier events of it are decided, and, for something put down, when that holds for every shelf.
    The waits for others are bounded in event time.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfEventArray, TrackArray, VisitArray)
    outputs: ClassVar[tuple[type, ...]] = (InteractionArray, Alert)

    def __init__(self, store: Store, settings: PickupSettings, journal: Journal) -> None:
        """Take up where the journal ends."""
        self._store = store
        self._settings = settings
        self._journal = journal
        self._products = ProductModel(store, settings)
        self._reach = ReachModel(store, settings, _TRACK_MEMORY)
        self._decisions = Decisions(store)
        self._pending: dict[str, ShelfEvent] = {}
        self._seen: dict[str, int] = {}
        self._decided: dict[str, int] = {}
        self._tracks_seen = 0
        self._visits_seen = 0
        self._visit_of: dict[str, tuple[str, int]] = {}
        self._over: dict[str, int] = {}
        for interaction in journal.recent(Interaction):
            self._decisions.add(interaction)

    def restore(self) -> list[Any]:
        """Return what has been decided, for a cart aggregator that may have missed it."""
        known = self._journal.last(Interaction, _REPEATED)
        if not known:
            return []
        return [InteractionArray(max(item.end for item in known), (), tuple(known))]

    def push(self, record: ShelfEventArray | TrackArray | VisitArray) -> list[Any]:
        """Take shelf events, tracks or visits; return decided interactions and alerts."""
        if isinstance(record, ShelfEventArray):
            for event in record.events:
                if event.state is EventState.FINAL and not self._is_decided(event.id):
                    self._pending[event.id] = event
            for mark in record.watermarks:
                self._seen[mark.source] = max(mark.stamp, self._seen.get(mark.source, 0))
        elif isinstance(record, TrackArray):
            self._reach.push(record)
            self._tracks_seen = max(self._tracks_seen, record.stamp)
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
            if visit.state in (VisitState.LEFT, VisitState.ABANDONED, VisitState.LOST):
                self._over.setdefault(visit.id, visits.stamp)
        for visit_id, stamp in list(self._over.items()):
            if visits.stamp - stamp > _TRACK_MEMORY * 1e9:
                self._decisions.forget(visit_id)
                del self._over[visit_id]
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
        blocked: set[str] = set()
        for event in sorted(self._pending.values(), key=lambda item: (item.start, item.id)):
            if event.shelf in blocked or not self._ready(event):
                blocked.add(event.shelf)
                continue
            made += self._decide(event)
            del self._pending[event.id]
        marks = self._watermarks()
        if not made and not marks:
            return []
        alerts = [alert for interaction in made for alert in self._alerts(interaction)]
        stamp = max(self._tracks_seen, *self._seen.values()) if self._seen else self._tracks_seen
        return [InteractionArray(stamp, tuple(marks), tuple(made)), *alerts]

    def _watermarks(self) -> list[Watermark]:
        """Return the shelves whose mark has moved."""
        marks = []
        for shelf, seen in sorted(self._seen.items()):
            open_starts = [event.start - 1 for event in self._pending.values() if event.shelf == shelf]
            stamp = min([seen, *open_starts])
            if stamp > self._decided.get(shelf, 0):
                self._decided[shelf] = stamp
                marks.append(Watermark(shelf, stamp))
        return marks

    def _ready(self, event: ShelfEvent) -> bool:
        if self._tracks_seen < event.end:
            return False
        waited = self._tracks_seen - event.end
        near = self._reach.near(event.plates, event.start, event.end)
        if (
            not all(self._visit(track, event) for track in near)
            and self._visits_seen < event.end
            and waited < self._settings.visit_wait * 1e9
        ):
            return False
        if waited >= self._settings.order_wait * 1e9:
            return True
        if self._seen.get(event.shelf, 0) < event.start:
            return False
        if all(step.total <= 0.0 for step in self._steps(event)):
            return True
        if any(other.start < event.start for other in self._pending.values()):
            return False
        return all(self._seen.get(shelf, 0) >= event.start for shelf in self._store.shelf)

    def _decide(self, event: ShelfEvent) -> list[Interaction]:
        made: list[Interaction] = []
        for step in self._steps(event):
            for interaction in self._attribute(event, step, len(made)):
                self._decisions.add(interaction)
                made.append(interaction)
        # the first is written last: once it is there, the event counts as decided after a restart
        written = [item for item in reversed(made) if self._journal.append(item, item.id, item.start)]
        return written[::-1]

    def _steps(self, event: ShelfEvent) -> list[Step]:
        """Return the steps of an event, what was taken first: it may have been put back beside."""
        steps = self._products.split(event.plates, event.change, event.covariance)
        return sorted(steps, key=lambda step: step.total > 0.0)

    def _attribute(self, event: ShelfEvent, step: Step, index: int) -> list[Interaction]:
        near = self._reach.near(step.plates, event.start, event.end)
        people: list[tuple[str, str, float]] = [
            (self._visit(track, event), track, score) for track, score in sorted(near.items())
        ]
        people.append(("", "", self._reach.log_nobody))
        kind = Kind.TAKE if step.total < 0 else Kind.RETURN
        joint: list[tuple[Explanation, str, str, float]] = []
        if kind is Kind.TAKE:
            options = self._products.takes(step, self._decisions.foreign(step.plates, event.start))
            joint = [
                (option, visit, track, option.log_weight + score)
                for option in options
                for visit, track, score in people
            ]
        else:
            for visit, track, score in people:
                held = self._decisions.held(visit, event.start, event.id) if visit else Counter[str]()
                joint += [
                    (option, visit, track, option.log_weight + score) for option in self._products.returns(step, held)
                ]
        return self._choose(event, step, kind, joint, index)

    def _choose(
        self,
        event: ShelfEvent,
        step: Step,
        kind: Kind,
        joint: list[tuple[Explanation, str, str, float]],
        index: int,
    ) -> list[Interaction]:
        """Take the best of product, quantity and shopper together; members of one visit count as one."""
        best = max(weight for *_, weight in joint)
        pooled: dict[tuple[tuple[tuple[str, int], ...], str], tuple[float, float, str]] = {}
        total = 0.0
        for option, visit, track, weight in joint:
            share = math.exp(weight - best)
            total += share
            owner = visit or f"?{track}"
            before, strongest, name = pooled.get((option.items, owner), (0.0, -1.0, track))
            pooled[(option.items, owner)] = (
                before + share,
                *((share, track) if share > strongest else (strongest, name)),
            )
        ranked = sorted(
            ((share / total, items, "" if owner.startswith("?") else owner, track))
            for (items, owner), (share, _, track) in pooled.items()
        )[::-1]
        probability, items, visit, track = ranked[0]
        candidates = tuple(
            Candidate(kind, sku, units, who, where, round(share, 6))
            for share, option, who, where in ranked[:_RUNNERS_UP]
            for sku, units in (option or (("", 1),))
        )
        reason = self._doubt(probability, items, visit, track, event)
        state = DecisionState.REVIEW if reason else DecisionState.COMMITTED
        evidence = (event.id, track) if track else (event.id,)
        return [
            Interaction(
                f"{event.id}#{index + offset}",
                event.start,
                event.end,
                event.shelf,
                step.plates,
                kind,
                state,
                sku,
                units,
                visit,
                track,
                round(probability, 6),
                candidates,
                evidence,
                reason,
            )
            for offset, (sku, units) in enumerate(items or (("", 1),))
        ]

    def _doubt(
        self, probability: float, items: tuple[tuple[str, int], ...], visit: str, track: str, event: ShelfEvent
    ) -> str:
        if not items:
            return "no product of the catalogue fits the weight"
        if not track:
            return "nobody was near"
        if not visit:
            return "the person has no visit"
        span = (event.end - event.start) / 1e9
        if span > _TRACK_MEMORY:
            return f"the shelf was not seen for {span:.0f} s, and who was near at first is not known any more"
        if probability < self._store.policy.commit_confidence:
            return f"confidence {probability:.2f} is below {self._store.policy.commit_confidence:.2f}"
        if event.degraded and probability < 0.5 + 0.5 * self._store.policy.commit_confidence:
            return "samples of the shelf were lost during the step"
        return ""

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
