"""What the entry stage tells people."""

from __future__ import annotations

from just_walk_out.entry.visits import Admission
from just_walk_out.records import Alert, GateCrossing, Severity, VisitState


def unknown_gate(stamp: int, gate: str) -> Alert:
    """A reader names a gate that the store description does not have."""
    text = f"A code was read at gate {gate}, which the store does not have."
    return Alert(stamp, f"unknown_gate/{gate}@{stamp}", Severity.ERROR, "unknown_gate", gate, text)


def entry_refused(stamp: int, gate: str, reason: str) -> Alert:
    """Somebody showed a forged or used code."""
    return Alert(stamp, f"entry_refused/{gate}@{stamp}", Severity.WARNING, "entry_refused", gate, reason)


def entry_without_code(crossing: GateCrossing) -> Alert:
    """Somebody came in whom no code announced."""
    text = f"Somebody came in through {crossing.gate} without a code."
    return _crossing(crossing, Severity.WARNING, "entry_without_code", text)


def late_code(crossing_id: str, stamp: int, admission: Admission, track: str) -> Alert:
    """A code arrived after its shopper had been taken for a stranger."""
    entry = admission.entry
    text = f"A code read at {entry.gate} arrived late; somebody who came in without one was its shopper."
    return Alert(stamp, f"late_code/{crossing_id}", Severity.INFO, "late_code", entry.gate, text, entry.id, track)


def exit_without_visit(crossing: GateCrossing) -> Alert:
    """Somebody left who belongs to no visit."""
    text = f"Somebody who belongs to no visit left through {crossing.gate}."
    return _crossing(crossing, Severity.WARNING, "exit_without_visit", text)


def exit_assumed(crossing: GateCrossing, admission: Admission) -> Alert:
    """Somebody unknown left who can only be the one member that was lost from sight."""
    text = f"Somebody unknown left through {crossing.gate}; taken for the one shopper who was lost from sight."
    return _crossing(crossing, Severity.WARNING, "exit_assumed", text, admission.entry.id)


def appeared_inside(stamp: int, track: str) -> Alert:
    """Somebody is inside whom no gate has seen, and nobody knows whose shopper it is."""
    text = "Somebody is inside whom no gate has seen come in; nothing they take is charged until it is clear who it is."
    return Alert(stamp, f"appeared_inside/{track}", Severity.WARNING, "appeared_inside", "", text, track=track)


def appearance_explained(stamp: int, track: str, admission: Admission, replaces: str) -> Alert:
    """Somebody inside whom no gate has seen can only be the shopper of one visit."""
    entry = admission.entry
    who = "shopper who was lost from sight" if replaces else f"shopper of the code read at {entry.gate}"
    text = f"Somebody inside whom no gate has seen come in is taken for the {who}, the only one it can be."
    id = f"appearance_explained/{track}"
    return Alert(stamp, id, Severity.WARNING, "appearance_explained", entry.gate, text, entry.id, track)


def left_through_entrance(crossing: GateCrossing, admission: Admission) -> Alert:
    """A shopper left where people come in."""
    text = f"A shopper left through the entrance {crossing.gate}."
    return _crossing(crossing, Severity.INFO, "left_through_entrance", text, admission.entry.id)


def irregular_end(admission: Admission) -> Alert | None:
    """A visit ended without anybody having come in, or without all having left; None if it ended well."""
    entry = admission.entry
    if admission.state is VisitState.ABANDONED:
        kind, severity = "entry_abandoned", Severity.INFO
        text = f"A code was accepted at {entry.gate}, but nobody came in."
    elif admission.state is VisitState.LOST:
        kind, severity = "visit_lost", Severity.WARNING
        text = "A visit ended because nobody has seen its shopper any more; it is held for review."
    elif not admission.all_gone:
        kind, severity = "group_overstayed", Severity.WARNING
        text = "A group was settled although not all of its members have been seen leaving."
    else:
        return None
    return Alert(admission.ended, f"{kind}/{entry.id}", severity, kind, entry.gate, text, visit=entry.id)


def _crossing(crossing: GateCrossing, severity: Severity, kind: str, text: str, visit: str = "") -> Alert:
    id = f"{kind}/{crossing.id}"
    return Alert(crossing.stamp, id, severity, kind, crossing.gate, text, visit, crossing.track)
