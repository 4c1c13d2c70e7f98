"""People inside the store whom no gate has seen come in.

A camera that drops pictures for a second or two as somebody walks in makes such a person; so does a
track that was lost and begun anew. Nobody comes out of nowhere: where exactly one visit can explain
the person, it is that one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from just_walk_out.records import GateCrossing, Track, TrackArray, TrackState
from just_walk_out.store.gate_line import GateLine
from just_walk_out.store.geometry import contains
from just_walk_out.store.model import Gate, Store

_SECOND = 1_000_000_000
# Whoever is between so far outside a gate's line and so far inside may still cross it, metres.
_APPROACH, _PASSED = 3.0, 0.5
_OVERHANG = 0.5


@dataclass(frozen=True, slots=True)
class Appeared:
    """A confirmed track that is inside the store for the first time.

    Attributes:
        stamp: first tick at which it was confirmed and inside, nanoseconds.
        born: first sight of it, nanoseconds.
        gate: outside which it was first seen; empty when inside.
        track: its id.
        x: where it was then, metres.
        y: the same.
        unseen: tracks that were out of sight at that time, whose people this may be.
    """

    stamp: int
    born: int
    gate: str
    track: str
    x: float
    y: float
    unseen: tuple[str, ...]


class Appearances:
    """Finds, tick by tick, who is inside for the first time; as a rule a gate has seen them come in before."""

    def __init__(self, store: Store, speed: float, slack: float) -> None:
        """Take the gates of a store.

        Args:
            store: the store.
            speed: fastest walk from a gate to where somebody is first followed, metres a second.
            slack: distance allowed beside that, metres.
        """
        self._speed, self._slack = speed, slack
        self._line = {gate.id: GateLine(gate, _OVERHANG) for gate in store.gates}
        self._floor = store.floor
        self._inside: set[str] = set()

    def push(self, record: TrackArray) -> list[Appeared]:
        """Take a tick; return whose track is confirmed and inside for the first time, by id."""
        tracks = [track for track in record.tracks if track.state is not TrackState.TENTATIVE]
        unseen = tuple(sorted(track.id for track in tracks if track.state is TrackState.COASTING))
        self._inside.difference_update(record.ended)
        new = [
            track
            for track in tracks
            if track.state is TrackState.CONFIRMED
            and track.id not in self._inside
            and track.id not in record.ended
            and self._is_inside(track)
        ]
        self._inside.update(track.id for track in new)
        new.sort(key=lambda track: track.id)
        return [
            Appeared(record.stamp, track.born, track.birth_gate, track.id, track.x, track.y, unseen) for track in new
        ]

    def may_have_entered(self, appeared: Appeared, gate: Gate, since: int) -> bool:
        """Tell whether somebody who was outside a gate at a time can be who appeared, later and not too far away."""
        middle = ((gate.start[0] + gate.end[0]) / 2, (gate.start[1] + gate.end[1]) / 2)
        away = math.dist(middle, (appeared.x, appeared.y)) - math.dist(gate.start, gate.end) / 2
        seconds = (appeared.stamp - since) / _SECOND
        # Whoever is first seen inside before a code is shown is not its shopper; outside they may wait to show it.
        in_order = appeared.born >= since or (seconds >= 0.0 and appeared.gate == gate.id)
        return in_order and away <= self._slack + self._speed * seconds

    def beside(self, crossing: GateCrossing, gate: Gate) -> bool:
        """Tell whether a crossing of one gate was so close to another that it may have been of that one."""
        line = self._line[gate.id]
        return line.excess(line.locate(crossing.x, crossing.y)[1]) <= _OVERHANG

    def _is_inside(self, track: Track) -> bool:
        places = [(line, *line.locate(track.x, track.y)) for line in self._line.values()]
        if any(-_APPROACH <= inside < _PASSED and line.spans(along) for line, inside, along in places):
            return False
        return bool(contains(self._floor, (track.x, track.y)))
