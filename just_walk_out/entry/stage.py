"""Who came in and who left: codes and gate crossings become visits."""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.entry import alerts as say
from just_walk_out.entry.appearances import Appearances, Appeared
from just_walk_out.entry.belonging import Belonging
from just_walk_out.entry.keys import parse_publics
from just_walk_out.entry.token import Claims, verify
from just_walk_out.entry.visits import Absence, Admission, Passage, VisitBook
from just_walk_out.journal import RECENT, Journal
from just_walk_out.records import (
    Alert,
    CodeScan,
    Crossing,
    Entry,
    EntryMethod,
    EntryResult,
    GateCrossing,
    GateCrossingArray,
    TrackArray,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000
_TIDYING = 3600 * NANOSECONDS
ALERTING = (EntryResult.FORGED, EntryResult.REPLAYED)


@dataclass(frozen=True, slots=True)
class _Sight:
    """Who is on the floor at one tick, and which tracks were given up."""

    stamp: int
    seen: frozenset[str]
    ended: tuple[str, ...]


_Event = CodeScan | _Sight | GateCrossing | Appeared


@dataclass(frozen=True)
class EntrySettings:
    """How codes and crossings are brought together."""

    repeat_window: float = setting(
        15.0, "a code seen again at the same gate sooner than this is still the same showing", unit="s", minimum=0.0
    )
    scan_grace: float = setting(
        0.5, "how long a crossing waits for codes read before it that arrive after it", unit="s", minimum=0.0
    )
    turnback: float = setting(
        3.0, "how long a shopper who stepped out through an entrance may come back in", unit="s", minimum=0.0
    )
    unseen_speed: float = setting(
        2.0, "fastest walk of somebody who came in unseen to where they are first followed", unit="m/s", minimum=0.1
    )
    unseen_slack: float = setting(1.0, "distance from the gate allowed beside that", unit="m", minimum=0.0)
    retention: float = setting(600.0, "how long visits that are over stay in the snapshot", unit="s", minimum=0.0)


class EntryStage:
    """Verifies codes, binds gate crossings to visits and ends visits.

    Codes and crossings wait until the crossings' watermark is ``scan_grace`` past them and are then
    dealt with in the order of event time (codes before crossings within one stamp), so that the order
    of arrival does not matter. Accepted codes and passages are journaled before they are published.

    A code that arrives later than that still finds its shopper among those who came in without one. An
    unknown person who leaves, and did not come in as a stranger, is taken for the member that was lost
    from sight when there is exactly one. Somebody inside whom no gate has seen come in belongs to the
    visit that waits for its shopper or has lost one from sight, as soon as only one is left that can be
    meant; until then to none, which is said in an alert. A visit of which nobody has been seen for the
    policy's ``absence_timeout`` ends as lost, which is journaled, too.
    """

    inputs: ClassVar[tuple[type, ...]] = (CodeScan, TrackArray, GateCrossingArray)
    outputs: ClassVar[tuple[type, ...]] = (Entry, VisitArray, Alert)

    def __init__(self, store: Store, settings: EntrySettings, journal: Journal) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Raises:
            ValueError: a setting is out of range, or a public key of the store is not one.
        """
        validate(settings)
        self._store = store
        self._journal = journal
        self._keys = parse_publics(store.entry.public_keys)
        self._window = round(store.entry.window * NANOSECONDS)
        self._repeat_window = round(settings.repeat_window * NANOSECONDS)
        self._scan_grace = round(settings.scan_grace * NANOSECONDS)
        self._retention = round(settings.retention * NANOSECONDS)
        turnback = round(settings.turnback * NANOSECONDS)
        self._book = VisitBook(
            window=self._window,
            group_timeout=round(store.policy.group_timeout * NANOSECONDS),
            absence_timeout=round(store.policy.absence_timeout * NANOSECONDS),
            turnback={gate.id: turnback for gate in store.gates if not gate.releases},
        )
        self._appearances = Appearances(store, settings.unseen_speed, settings.unseen_slack)
        self._queue: list[tuple[int, int, str, str, _Event]] = []
        self._queued: set[str] = set()
        self._showings: dict[tuple[str, str], int] = {}
        self._belonging = Belonging(store, self._book, self._appearances)
        self._crossings_seen = 0
        self._tracks_seen = 0
        self._horizon = 0
        self._tidied = 0

    def restore(self) -> list[Any]:
        """Fold the recent journal; returns the late verdicts and the snapshot of visits as of the last decision."""
        entries = [(each.stamp, 0, each.id, each) for each in self._journal.recent(Entry)]
        passages = [(each.stamp, 1, each.id, each) for each in self._journal.recent(Passage)]
        absences = [(each.stamp, 2, each.id, each) for each in self._journal.recent(Absence)]
        events: list[tuple[int, int, str, Entry | Passage | Absence]] = [*entries, *passages, *absences]
        for stamp, _, _, event in sorted(events, key=lambda each: each[:3]):
            self._book.advance(stamp)
            if isinstance(event, Entry):
                self._book.admit(event)
            elif isinstance(event, Passage):
                self._book.pass_gate(event)
            else:
                self._book.lose(event)
            # Everything before the last decision was dealt with; others with its stamp perhaps not.
            self._horizon = max(self._horizon, stamp - 1)
        late = [event for _, _, _, event in events if isinstance(event, Entry)]
        recent = [entry for entry in late if entry.stamp >= self._horizon - self._retention]
        self._book.resume(self._horizon)
        return [*recent, self._snapshot()] if events else []

    def push(self, record: CodeScan | TrackArray | GateCrossingArray) -> list[Any]:
        """Take a code, or tracks or crossings of one tick; what follows comes once both of a tick are there."""
        if isinstance(record, CodeScan):
            self._enqueue(record.stamp, 0, f"{record.gate}\n{record.code}", record)
            return []
        if isinstance(record, TrackArray):
            sight = _Sight(record.stamp, frozenset(track.id for track in record.tracks), record.ended)
            self._enqueue(record.stamp, 1, "", sight)
            for appeared in self._appearances.push(record):
                self._enqueue(record.stamp, 3, appeared.track, appeared)
            self._tracks_seen = max(self._tracks_seen, record.stamp)
            # As a rule the gate has yet to look at these tracks, and all that follows comes with its answer.
            return self._move() if self._tracks_seen <= self._crossings_seen else []
        for crossing in record.crossings:
            if not self._knows_passage(crossing.id):
                self._enqueue(crossing.stamp, 2, crossing.id, crossing)
        seen = [mark.stamp for mark in record.watermarks if mark.source == "gate_crossings"]
        self._crossings_seen = max([self._crossings_seen, *seen])
        return self._move()

    def _move(self) -> list[Any]:
        """Deal with all that neither a crossing nor a track can come before any more."""
        seen = min(self._crossings_seen, self._tracks_seen)
        self._horizon = max(self._horizon, seen - self._scan_grace)
        if not seen and not self._horizon:
            # Nothing is known yet: a snapshot as of the beginning of time would hold everybody up.
            return []
        results = self._settle()
        results.append(self._snapshot())
        self._tidy()
        return results

    def _tidy(self) -> None:
        """Forget once in a while what a restart would not read back either."""
        if self._horizon >= self._tidied + _TIDYING:
            self._tidied = self._horizon
            self._book.forget(self._horizon - RECENT)

    def _enqueue(self, stamp: int, order: int, id: str, record: _Event) -> None:
        key = f"{stamp}/{order}/{id}"
        if key not in self._queued:
            self._queued.add(key)
            heapq.heappush(self._queue, (stamp, order, id, key, record))

    def _settle(self) -> list[Any]:
        results: list[Any] = []
        while self._queue and self._queue[0][0] <= self._horizon:
            stamp, _, _, key, record = heapq.heappop(self._queue)
            self._queued.discard(key)
            results += self._advance(stamp)
            if isinstance(record, CodeScan):
                results += self._judge(record)
            elif isinstance(record, GateCrossing):
                results += self._cross(record)
            elif isinstance(record, Appeared):
                results += self._appear(record)
            else:
                self._book.sight(record.stamp, record.seen)
                self._belonging.end_tracks(record.ended)
            results += self._explain(stamp)
        results += self._advance(self._horizon)
        return results

    def _advance(self, stamp: int) -> list[Alert]:
        ended = self._book.advance(stamp)
        for admission in ended:
            if admission.state is VisitState.LOST:
                absence = Absence(admission.entry.id, admission.ended, admission.exited)
                self._journal.append(absence, absence.id, absence.stamp)
            self._belonging.found(admission.tracks)
        return [alert for admission in ended if (alert := say.irregular_end(admission)) is not None]

    def _judge(self, scan: CodeScan) -> list[Any]:
        showing = (scan.gate, scan.code)
        last = self._showings.get(showing)
        self._showings = {
            each: stamp for each, stamp in self._showings.items() if stamp > scan.stamp - self._repeat_window
        }
        self._showings[showing] = scan.stamp if last is None else max(last, scan.stamp)
        if scan.gate not in self._store.gate:
            return [say.unknown_gate(scan.stamp, scan.gate)]
        result, claims, reason = verify(scan.code, self._keys, self._store.id, scan.stamp)
        if claims is not None and self._was_accepted(claims.id) and result is not EntryResult.WRONG_STORE:
            if claims.id in self._book and self._same_showing(self._book[claims.id], scan, last):
                return []
            result, reason = EntryResult.REPLAYED, "The code has been used before."
        elif last is not None and scan.stamp - last <= self._repeat_window:
            return []
        entry = self._entry(scan, result, claims, reason)
        if result is EntryResult.ACCEPTED:
            self._journal.append(entry, entry.id, entry.stamp)
            self._book.admit(entry)
            return [entry, *self._find_shoppers(self._book[entry.id])]
        if result in ALERTING:
            return [entry, say.entry_refused(scan.stamp, scan.gate, reason)]
        return [entry]

    def _was_accepted(self, code: str) -> bool:
        return code in self._book or self._journal.has(Entry, code)

    def _knows_passage(self, crossing: str) -> bool:
        return self._book.knows_passage(crossing) or self._journal.has(Passage, crossing)

    def _same_showing(self, admission: Admission, scan: CodeScan, last: int | None) -> bool:
        # Judged as of the scan, so that scans delivered again after a restart get the same verdict.
        if admission.entry.gate != scan.gate or (admission.over and scan.stamp >= admission.ended):
            return False
        return scan.stamp - max(admission.entry.stamp, last or 0) <= self._repeat_window

    def _entry(self, scan: CodeScan, result: EntryResult, claims: Claims | None, reason: str) -> Entry:
        accepted = result is EntryResult.ACCEPTED and claims is not None
        digest = hashlib.sha256(scan.code.encode("utf-8", "surrogatepass")).hexdigest()
        return Entry(
            stamp=scan.stamp,
            # Only an accepted code may use the token's id: a refused showing must not shadow the visit.
            id=claims.id if accepted and claims else f"{scan.gate}@{scan.stamp}/{digest[:12]}",
            gate=scan.gate,
            account=claims.account if claims else "",
            method=EntryMethod.QR,
            result=result,
            admits=claims.admits if claims else 1,
            staff=claims.staff if claims else False,
            reason=reason,
        )

    def _find_shoppers(self, admission: Admission) -> list[Alert]:
        """Bind those who came in on this code before it arrived; in order there are none."""
        entry = admission.entry
        found = self._book.strangers(entry.gate, entry.stamp, entry.stamp + self._window)[: entry.admits]
        for passage in found:
            self._bind(dataclasses.replace(passage, id=f"{passage.id}/late", visit=entry.id))
        return [say.late_code(passage.id, passage.stamp, admission, passage.track) for passage in found]

    def _cross(self, crossing: GateCrossing) -> list[Any]:
        if self._knows_passage(crossing.id):
            return []
        gate = self._store.gate.get(crossing.gate)
        admission, track = self._book.member(crossing.track), crossing.track
        alerts = []
        if crossing.direction is Crossing.IN:
            if admission is None and gate is not None and gate.admits:
                admission = self._belonging.of_entering(crossing)
            if admission is None:
                alerts.append(say.entry_without_code(crossing))
        elif admission is None:
            missing = self._belonging.of_leaving(crossing)
            if missing is None:
                alerts.append(say.exit_without_visit(crossing))
            else:
                admission, track = missing
                alerts.append(say.exit_assumed(crossing, admission))
        elif gate is not None and not gate.releases and track not in admission.gone:
            alerts.append(say.left_through_entrance(crossing, admission))
        visit = "" if admission is None else admission.entry.id
        self._bind(Passage(crossing.id, crossing.stamp, crossing.gate, track, crossing.direction, visit))
        return alerts

    def _appear(self, appeared: Appeared) -> list[Any]:
        """Bind somebody whom no gate has seen to the visit that explains them; for now or for good to none."""
        if self._book.has_passed(appeared.track):
            return []
        id = f"inside/{appeared.track}"
        known = self._knows_passage(id)
        self._belonging.unexplained[appeared.track] = appeared
        alerts = self._explain(appeared.stamp)
        if appeared.track in self._belonging.unexplained and not known:
            self._bind(Passage(id, appeared.stamp, "", appeared.track, Crossing.IN, ""))
            alerts.append(say.appeared_inside(appeared.stamp, appeared.track))
        return alerts

    def _explain(self, stamp: int) -> list[Alert]:
        """Bind those who appeared inside as far as only one visit is left that each can belong to."""
        alerts = []
        for appeared in list(self._belonging.unexplained.values()):
            found = self._belonging.of_appeared(appeared, stamp)
            if found is None:
                continue
            admission, replaces = found
            id, gate, visit = f"inside/{appeared.track}/{stamp}", admission.entry.gate, admission.entry.id
            del self._belonging.unexplained[appeared.track]
            self._belonging.found([replaces])
            self._bind(Passage(id, stamp, gate, appeared.track, Crossing.IN, visit, replaces))
            alerts.append(say.appearance_explained(stamp, appeared.track, admission, replaces))
        return alerts

    def _bind(self, passage: Passage) -> None:
        self._journal.append(passage, passage.id, passage.stamp)
        self._book.pass_gate(passage)

    def _snapshot(self) -> VisitArray:
        visits = self._book.snapshot(self._horizon, self._retention)
        return VisitArray(self._horizon, (Watermark("visits", self._horizon),), visits)
