"""Who came in and who left: codes and gate crossings become visits."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.entry.keys import parse_publics
from just_walk_out.entry.token import Claims, verify
from just_walk_out.entry.visits import Admission, Passage, VisitBook
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    CodeScan,
    Crossing,
    Entry,
    EntryMethod,
    EntryResult,
    GateCrossing,
    GateCrossingArray,
    Severity,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000
ALERTING = (EntryResult.FORGED, EntryResult.REPLAYED)


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
    retention: float = setting(600.0, "how long visits that are over stay in the snapshot", unit="s", minimum=0.0)


class EntryStage:
    """Verifies codes, binds gate crossings to visits and ends visits.

    Codes and crossings wait until the crossings' watermark is ``scan_grace`` past them and are then
    dealt with in the order of event time (codes before crossings within one stamp), so that the order
    of arrival does not matter. Accepted codes and passages are journaled before they are published.
    """

    inputs: ClassVar[tuple[type, ...]] = (CodeScan, GateCrossingArray)
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
        self._repeat_window = round(settings.repeat_window * NANOSECONDS)
        self._scan_grace = round(settings.scan_grace * NANOSECONDS)
        self._retention = round(settings.retention * NANOSECONDS)
        turnback = round(settings.turnback * NANOSECONDS)
        self._book = VisitBook(
            window=round(store.entry.window * NANOSECONDS),
            group_timeout=round(store.policy.group_timeout * NANOSECONDS),
            turnback={gate.id: turnback for gate in store.gates if not gate.releases},
        )
        self._queue: list[tuple[int, int, str, str, CodeScan | GateCrossing]] = []
        self._queued: set[str] = set()
        self._showings: dict[tuple[str, str], int] = {}
        self._horizon = 0

    def restore(self) -> list[Any]:
        """Fold the journal; returns the snapshot of visits as of the last decision."""
        entries = [(each.stamp, 0, each.id, each) for each in self._journal.read(Entry)]
        passages = [(each.stamp, 1, each.id, each) for each in self._journal.read(Passage)]
        events: list[tuple[int, int, str, Entry | Passage]] = [*entries, *passages]
        for stamp, _, _, event in sorted(events, key=lambda each: each[:3]):
            self._book.advance(stamp)
            if isinstance(event, Entry):
                self._book.admit(event)
            else:
                self._book.pass_gate(event)
            # Everything before the last decision was dealt with; others with its stamp perhaps not.
            self._horizon = max(self._horizon, stamp - 1)
        return [self._snapshot()] if events else []

    def push(self, record: CodeScan | GateCrossingArray) -> list[Any]:
        """Take a code or the crossings of one tick; verdicts, alerts and a snapshot follow with the crossings."""
        if isinstance(record, CodeScan):
            self._enqueue(record.stamp, 0, f"{record.gate}\n{record.code}", record)
            return []
        for crossing in record.crossings:
            if not self._book.knows_passage(crossing.id):
                self._enqueue(crossing.stamp, 1, crossing.id, crossing)
        seen = [mark.stamp for mark in record.watermarks if mark.source == "gate_crossings"]
        self._horizon = max([self._horizon, *(stamp - self._scan_grace for stamp in seen)])
        results = self._settle()
        results.append(self._snapshot())
        return results

    def _enqueue(self, stamp: int, order: int, id: str, record: CodeScan | GateCrossing) -> None:
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
            results += self._judge(record) if isinstance(record, CodeScan) else self._cross(record)
        results += self._advance(self._horizon)
        return results

    def _advance(self, stamp: int) -> list[Alert]:
        ended = self._book.advance(stamp)
        return [self._ended_alert(each) for each in ended if len(each.gone) < len(each.tracks) or not each.tracks]

    def _judge(self, scan: CodeScan) -> list[Any]:
        showing = (scan.gate, scan.code)
        last = self._showings.get(showing)
        self._showings = {
            each: stamp for each, stamp in self._showings.items() if stamp > scan.stamp - self._repeat_window
        }
        self._showings[showing] = scan.stamp if last is None else max(last, scan.stamp)
        if scan.gate not in self._store.gate:
            text = f"A code was read at gate {scan.gate}, which the store does not have."
            return [_alert(scan.stamp, Severity.ERROR, "unknown_gate", scan.gate, text)]
        result, claims, reason = verify(scan.code, self._keys, self._store.id, scan.stamp)
        if claims is not None and claims.id in self._book and result is not EntryResult.WRONG_STORE:
            if self._same_showing(self._book[claims.id], scan, last):
                return []
            result, reason = EntryResult.REPLAYED, "The code has been used before."
        elif last is not None and scan.stamp - last <= self._repeat_window:
            return []
        entry = self._entry(scan, result, claims, reason)
        if result is EntryResult.ACCEPTED:
            self._journal.append(entry, entry.id, entry.stamp)
            self._book.admit(entry)
        if result in ALERTING:
            return [entry, _alert(scan.stamp, Severity.WARNING, "entry_refused", scan.gate, reason)]
        return [entry]

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

    def _cross(self, crossing: GateCrossing) -> list[Any]:
        if self._book.knows_passage(crossing.id):
            return []
        gate = self._store.gate.get(crossing.gate)
        admission = self._book.member(crossing.track)
        alerts = []
        if crossing.direction is Crossing.IN:
            if admission is None and gate is not None and gate.admits:
                admission = self._book.awaited(crossing.gate, crossing.stamp)
            if admission is None:
                text = f"Somebody came in through {crossing.gate} without a code."
                alerts.append(self._crossing_alert(crossing, Severity.WARNING, "entry_without_code", text))
        elif admission is None:
            text = f"Somebody who belongs to no visit left through {crossing.gate}."
            alerts.append(self._crossing_alert(crossing, Severity.WARNING, "exit_without_visit", text))
        elif gate is not None and not gate.releases and crossing.track not in admission.gone:
            text = f"A shopper left through the entrance {crossing.gate}."
            alert = self._crossing_alert(crossing, Severity.INFO, "left_through_entrance", text, admission.entry.id)
            alerts.append(alert)
        passage = Passage(
            id=crossing.id,
            stamp=crossing.stamp,
            gate=crossing.gate,
            track=crossing.track,
            direction=crossing.direction,
            visit="" if admission is None else admission.entry.id,
        )
        self._journal.append(passage, passage.id, passage.stamp)
        self._book.pass_gate(passage)
        return alerts

    def _crossing_alert(
        self, crossing: GateCrossing, severity: Severity, kind: str, text: str, visit: str = ""
    ) -> Alert:
        return Alert(
            stamp=crossing.stamp,
            id=f"{kind}/{crossing.id}",
            severity=severity,
            kind=kind,
            source=crossing.gate,
            text=text,
            visit=visit,
            track=crossing.track,
        )

    def _ended_alert(self, admission: Admission) -> Alert:
        entry = admission.entry
        if admission.state is VisitState.ABANDONED:
            kind, severity = "entry_abandoned", Severity.INFO
            text = f"A code was accepted at {entry.gate}, but nobody came in."
        else:
            kind, severity = "group_overstayed", Severity.WARNING
            text = "A group was settled although not all of its members have been seen leaving."
        return Alert(admission.ended, f"{kind}/{entry.id}", severity, kind, entry.gate, text, visit=entry.id)

    def _snapshot(self) -> VisitArray:
        visits = self._book.snapshot(self._horizon - self._retention)
        return VisitArray(self._horizon, (Watermark("visits", self._horizon),), visits)


def _alert(stamp: int, severity: Severity, kind: str, source: str, text: str) -> Alert:
    return Alert(stamp, f"{kind}/{source}@{stamp}", severity, kind, source, text)
