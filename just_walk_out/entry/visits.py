"""The book of visits: a fold of accepted codes and gate passages in the order of event time.

The book knows no streams and no journal; the stage feeds it in order, live or from the journal, and
both give the same book.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field

from just_walk_out.records import Crossing, Entry, EntryResult, Visit, VisitState


@dataclass(frozen=True, slots=True)
class Passage:
    """A gate crossing and the visit it was bound to; no visit: nobody knows this person.

    Somebody who was first followed inside has the gate that is assumed; without a visit it is empty.
    ``replaces`` is the member's earlier track, if this person was lost from sight and is followed anew.
    """

    id: str
    stamp: int
    gate: str
    track: str
    direction: Crossing
    visit: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """The end of a visit whose members were lost from sight; ``id`` is the visit's, stamps in nanoseconds."""

    id: str
    stamp: int
    seen: int


@dataclass
class Admission:
    """A visit in the making: the code that opened it and what its members did; stamps in nanoseconds."""

    entry: Entry
    tracks: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    entered: int = 0
    ended: int = 0
    exited: int = 0
    held_until: int = 0
    joined: int = 0
    seen: int = 0
    state: VisitState = VisitState.EXPECTED

    @property
    def over(self) -> bool:
        """Whether nobody can join or leave any more."""
        return self.state in (VisitState.LEFT, VisitState.ABANDONED, VisitState.LOST)

    @property
    def members(self) -> list[str]:
        """The latest track of each person, in order of entry."""
        people = [track for track in self.tracks if track not in self.replaced.values()]
        return [self._latest(track) for track in people]

    @property
    def all_gone(self) -> bool:
        """Whether everybody who has come in has left."""
        return all(track in self.gone for track in self.members)

    def _latest(self, track: str) -> str:
        while track in self.replaced:
            track = self.replaced[track]
        return track

    def visit(self) -> Visit:
        """Return the visit as the rest of the store sees it."""
        return Visit(
            id=self.entry.id,
            account=self.entry.account,
            gate=self.entry.gate,
            entered=self.entered,
            exited=self.exited,
            state=self.state,
            admits=self.entry.admits,
            staff=self.entry.staff,
            tracks=tuple(self.tracks),
            gone=tuple(track for track in self.tracks if track in self.gone),
        )


class VisitBook:
    """All visits by id, moved by entries, passages and the passing of time."""

    def __init__(self, window: int, group_timeout: int, absence_timeout: int, turnback: dict[str, int]) -> None:
        """Start empty.

        Args:
            window: how long a code waits for its people, nanoseconds.
            group_timeout: how long a group may stay after the member who entered first has left, nanoseconds.
            absence_timeout: how long nobody of a visit may be seen before it is lost, nanoseconds.
            turnback: gates through which people may step out for a moment, and for how long, nanoseconds.
        """
        self._window = window
        self._group_timeout = group_timeout
        self._absence_timeout = absence_timeout
        self._turnback = turnback
        self._watched_since: int | None = None
        self._resumed = self._back = 0
        self._admissions: dict[str, Admission] = {}
        self._active: dict[str, Admission] = {}
        self._ended: deque[Admission] = deque()
        self._passages: dict[str, int] = {}
        self._strangers: dict[str, Passage] = {}
        self._members: dict[str, int] = {}

    def __contains__(self, visit: str) -> bool:
        """Tell whether a code with this id has been accepted, as far as is remembered."""
        return visit in self._admissions

    def __getitem__(self, visit: str) -> Admission:
        """Return an admission by its id."""
        return self._admissions[visit]

    def knows_passage(self, id: str) -> bool:
        """Tell whether this crossing has been dealt with, as far as is remembered."""
        return id in self._passages

    def admit(self, entry: Entry) -> None:
        """Open a visit for an accepted code; one that is known changes nothing."""
        if entry.result is EntryResult.ACCEPTED and entry.id not in self._admissions:
            self._admissions[entry.id] = self._active[entry.id] = Admission(entry)

    def member(self, track: str) -> Admission | None:
        """Return the visit that is not over and that this track belongs to."""
        return next((each for each in self._active.values() if track in each.tracks), None)

    def was_member(self, track: str) -> bool:
        """Tell whether this track has belonged to a visit, as far as is remembered."""
        return track in self._members

    def is_stranger(self, track: str) -> bool:
        """Tell whether this track came in without a code and has not left."""
        return track in self._strangers

    def strangers(self, gate: str, since: int, until: int) -> list[Passage]:
        """Return how people came in through this gate without a code within this span, in order, if still inside."""
        found = [each for each in self._strangers.values() if each.gate == gate and since <= each.stamp <= until]
        return sorted(found, key=lambda each: (each.stamp, each.id))

    def has_passed(self, track: str) -> bool:
        """Tell whether this track has gone through a gate or belongs to a visit."""
        return track in self._members or track in self._strangers

    def expecting(self, stamp: int) -> list[Admission]:
        """Return the visits that still expect somebody at this time, oldest code first."""
        waiting = [
            each
            for each in self._active.values()
            if len(each.members) < each.entry.admits and each.entry.stamp <= stamp <= each.entry.stamp + self._window
        ]
        return sorted(waiting, key=lambda each: (each.entry.stamp, each.entry.id))

    def pass_gate(self, passage: Passage) -> None:
        """Let a passage take effect on its visit; one that is known changes nothing."""
        if passage.id in self._passages:
            return
        self._passages[passage.id] = passage.stamp
        if not passage.visit and passage.gate and passage.direction is Crossing.IN:
            self._strangers[passage.track] = passage
        else:
            self._strangers.pop(passage.track, None)
        admission = self._active.get(passage.visit)
        if admission is None:
            return
        self._members[passage.track] = passage.stamp
        if passage.direction is Crossing.OUT:
            admission.gone.setdefault(passage.track, passage.stamp)
            admission.held_until = passage.stamp + self._turnback.get(passage.gate, 0)
            return
        admission.gone.pop(passage.track, None)
        admission.seen = max(admission.seen, passage.stamp)
        if passage.track not in admission.tracks:
            admission.tracks.append(passage.track)
            admission.joined = max(admission.joined, passage.stamp)
            if passage.replaces in admission.tracks:
                admission.replaced[passage.replaces] = passage.track
        if admission.state is VisitState.EXPECTED:
            admission.state, admission.entered = VisitState.OPEN, passage.stamp

    def sight(self, stamp: int, tracks: Set[str]) -> None:
        """Note who is seen on the floor at a time; absence counts from the first such note on."""
        if self._watched_since is None:
            self._watched_since = stamp
        for admission in self._active.values():
            if any(track in tracks and track not in admission.gone for track in admission.tracks):
                admission.seen = max(admission.seen, stamp)

    def lose(self, absence: Absence) -> None:
        """End a visit that was found lost before; one that is over or unknown changes nothing."""
        admission = self._active.get(absence.id)
        if admission is not None:
            self._end(admission, VisitState.LOST, absence.seen, absence.stamp)

    def _end(self, admission: Admission, state: VisitState, exited: int, decided: int) -> None:
        admission.state, admission.exited, admission.ended = state, exited, decided
        del self._active[admission.entry.id]
        self._ended.append(admission)

    def advance(self, stamp: int) -> list[Admission]:
        """End the visits that are over by this time, everything up to it having been folded; returns them."""
        ended = []
        for admission in sorted(self._active.values(), key=lambda each: (each.entry.stamp, each.entry.id)):
            state, exited, decided = self._outcome(admission, stamp)
            if state is not admission.state:
                self._end(admission, state, exited, decided)
                ended.append(admission)
        return ended

    def _outcome(self, admission: Admission, stamp: int) -> tuple[VisitState, int, int]:
        """Return state, exit stamp and the stamp of the decision, as of ``stamp``."""
        closes = admission.entry.stamp + self._window
        if not admission.tracks:
            over = stamp > closes
            return (VisitState.ABANDONED, 0, closes) if over else (admission.state, 0, 0)
        members = admission.members
        if admission.all_gone:
            last = max(admission.gone.values())
            complete = len(members) >= admission.entry.admits
            if stamp >= admission.held_until and (complete or stamp > closes):
                decided = max(last, admission.held_until) if complete else max(last, admission.held_until, closes)
                return VisitState.LEFT, last, decided
        payer = admission.gone.get(members[0])
        if payer is not None and stamp > payer + self._group_timeout:
            return VisitState.LEFT, payer + self._group_timeout, payer + self._group_timeout
        if self._watched_since is not None and not admission.all_gone:
            missed = max(admission.seen, self._watched_since) + self._absence_timeout
            if stamp > missed:
                return VisitState.LOST, admission.seen, missed
        return admission.state, 0, 0

    def forget(self, before: int) -> None:
        """Forget visits that were over, and passages that were made, before a stamp; who is inside is remembered.

        The journal still has them: codes and crossings that come again are known by it.
        """
        inside = {track for each in self._active.values() for track in each.tracks}
        self._admissions = {
            id: each for id, each in self._admissions.items() if id in self._active or each.ended >= before
        }
        self._passages = {id: stamp for id, stamp in self._passages.items() if stamp >= before}
        self._members = {track: stamp for track, stamp in self._members.items() if stamp >= before or track in inside}
        self._strangers = {track: each for track, each in self._strangers.items() if each.stamp >= before}

    def resume(self, stamp: int) -> None:
        """Note that all up to a moment (nanoseconds) is folded from the journal: what follows may be long after."""
        self._resumed = self._back = stamp

    def snapshot(self, stamp: int, retention: int) -> tuple[Visit, ...]:
        """Return the visits that are not over and those that ended lately, oldest code first.

        Who left before the store was switched off is shown as long as anybody else once it is on again: nobody may
        have been there to charge them.

        Args:
            stamp: as of when, nanoseconds.
            retention: how long visits that are over are shown, nanoseconds.
        """
        if self._back == self._resumed:
            self._back = max(stamp, self._resumed)
        away = self._back - self._resumed if stamp <= self._back + retention else 0
        while self._ended and self._ended[0].ended < stamp - retention - away:
            self._ended.popleft()
        shown = [*self._ended, *self._active.values()]
        return tuple(each.visit() for each in sorted(shown, key=lambda each: (each.entry.stamp, each.entry.id)))
