"""Crossings of gate lines by tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.records import (
    Crossing,
    GateCrossing,
    GateCrossingArray,
    Track,
    TrackArray,
    TrackState,
    Watermark,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.gate_line import GateLine
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class GateSettings:
    """When the movement of a track is a crossing."""

    depth: float = setting(
        0.15, "how far beyond the line a track must get for the crossing to count", unit="m", minimum=0.0, maximum=2.0
    )
    overhang: float = setting(
        0.3, "how far past the ends of the gate a crossing may be, as tracks are uncertain", unit="m", minimum=0.0
    )
    birth_distance: float = setting(
        1.0, "a track born at an entry gate and first seen this close inside came in there", unit="m", minimum=0.0
    )
    birth_age: float = setting(
        1.0, "a track older than this when it is first seen was not born now", unit="s", minimum=0.0
    )
    vanish_distance: float = setting(
        0.6, "a track lost this close inside a gate while walking out has left", unit="m", minimum=0.0
    )
    vanish_speed: float = setting(0.2, "outward speed from which a lost track was walking out", unit="m/s", minimum=0.0)
    walkout_distance: float = setting(
        3.0, "who came in and was last seen this close inside an exit, walking towards it, has left",
        unit="m", minimum=0.0,
    )  # fmt: skip
    walkout_wait: float = setting(
        3.0, "how long after the exit should have been reached that is believed", unit="s", minimum=0.0, maximum=60.0
    )
    hold: float = setting(
        1.0, "how long the watermark waits for a crossing that is not certain yet", unit="s", minimum=0.0, maximum=30.0
    )


@dataclass
class _Pending:
    """A crossing that is not certain yet."""

    stamp: int
    direction: Crossing
    x: float
    y: float
    born: bool = False
    undone: _Pending | None = None


@dataclass
class _Follow:
    """What is remembered of a track."""

    track: Track
    stamp: int
    seen: Track
    seen_at: int
    pending: dict[str, _Pending]
    entered: bool = False


class GateStage:
    """Finds crossings of gates by the movement of tracks between ticks.

    A crossing is the intersection of a track's step with the gate's line, stamped by interpolation. It
    counts once the track, confirmed and seen, is ``depth`` beyond the line or was lost beyond it, and is
    void if the track returns before. A track born at an entry gate and first seen shortly inside came
    in at its birth. A track lost shortly before the line while walking out went out when last seen. One
    that came in, walked towards an exit and was given up further away is believed to have left a while
    after it should have got there.

    The watermark is the tick, held back behind uncertain crossings by at most ``hold``; a crossing that
    is uncertain for longer is stamped just after the watermark, so that the promise always holds.
    """

    inputs: ClassVar[tuple[type, ...]] = (TrackArray,)
    outputs: ClassVar[tuple[type, ...]] = (GateCrossingArray,)

    def __init__(self, store: Store, settings: GateSettings) -> None:
        """Prepare the stage for the gates of a store.

        Raises:
            ValueError: a setting is out of range.
        """
        validate(settings)
        self._settings = settings
        self._lines = [GateLine(gate, settings.overhang) for gate in store.gates]
        self._hold = round(settings.hold * NANOSECONDS)
        self._birth_age = round(settings.birth_age * NANOSECONDS)
        self._walkout_wait = round(settings.walkout_wait * NANOSECONDS)
        self._follows: dict[str, _Follow] = {}
        self._walking_out: list[tuple[int, _Follow, GateLine, _Pending]] = []
        self._watermark = 0
        self._tick = -1

    def restore(self) -> list[Any]:
        """Nothing is kept: crossings follow again from the tracks that are published again."""
        return []

    def push(self, record: TrackArray) -> list[Any]:
        """Take the tracks of one tick and return the crossings that have become certain."""
        if record.stamp <= self._tick:
            return []
        self._tick = record.stamp
        crossings: list[GateCrossing] = []
        present = {track.id for track in record.tracks}
        for track in record.tracks:
            follow = self._follows.get(track.id)
            if follow is None:
                self._follows[track.id] = self._begin(track, record.stamp)
            else:
                self._step(follow, track, record.stamp)
            if track.id not in record.ended:
                crossings += self._certain(self._follows[track.id])
        for id in sorted(self._follows.keys() - (present - set(record.ended))):
            crossings += self._lose(self._follows.pop(id))
        crossings += self._walked_out(record.stamp)
        pending = [each.stamp for follow in self._follows.values() for each in follow.pending.values()]
        horizon = max(min([record.stamp, *(stamp - 1 for stamp in pending)]), record.stamp - self._hold)
        self._watermark = max(self._watermark, horizon)
        crossings.sort(key=lambda crossing: (crossing.stamp, crossing.id))
        marks = (Watermark("gate_crossings", self._watermark),)
        return [GateCrossingArray(record.stamp, marks, tuple(crossings))]

    def _begin(self, track: Track, stamp: int) -> _Follow:
        follow = _Follow(track, stamp, track, stamp, {})
        for line in self._lines:
            inside, along = line.locate(track.x, track.y)
            born_here = track.birth_gate == line.gate.id and stamp - track.born <= self._birth_age
            close = 0.0 <= inside <= self._settings.birth_distance and line.spans(along)
            if line.gate.admits and born_here and close:
                follow.pending[line.gate.id] = _Pending(track.born, Crossing.IN, track.x, track.y, born=True)
        return follow

    def _step(self, follow: _Follow, track: Track, stamp: int) -> None:
        before = follow.track
        hits: list[tuple[float, str, _Pending]] = []
        for line in self._lines:
            crossing = line.intersect((before.x, before.y), (track.x, track.y))
            if crossing is not None:
                share, direction, x, y = crossing
                crossed = follow.stamp + round(share * (stamp - follow.stamp))
                hits.append((line.excess(line.locate(x, y)[1]), line.gate.id, _Pending(crossed, direction, x, y)))
        # Lanes side by side overlap by their overhangs; a step beside a gate's end crosses the nearest only.
        nearest = min(hits, key=lambda hit: hit[:2], default=None)
        for hit in hits:
            if hit is nearest or hit[0] == 0.0:
                self._meet(follow, hit[1], hit[2])
        follow.track, follow.stamp = track, stamp
        if track.state is TrackState.CONFIRMED:
            follow.seen, follow.seen_at = track, stamp

    def _meet(self, follow: _Follow, gate: str, crossing: _Pending) -> None:
        """Let a crossing wait for certainty, unless it undoes one that is not certain yet."""
        for id, pending in list(follow.pending.items()):
            apart = math.hypot(crossing.x - pending.x, crossing.y - pending.y)
            if id == gate or apart <= 2.0 * self._settings.overhang:
                del follow.pending[id]
                if pending.direction is crossing.direction:
                    continue
                if not pending.born:
                    # Turned back: nothing happened, or what had happened before still stands.
                    if pending.undone is not None:
                        follow.pending[id] = pending.undone
                    return
                # Whoever was born inside and walks out is leaving, unless only swaying on the line.
                crossing.undone = pending
        follow.pending[gate] = crossing

    def _certain(self, follow: _Follow) -> list[GateCrossing]:
        if follow.track.state is not TrackState.CONFIRMED:
            return []
        counted = []
        for line in self._lines:
            pending = follow.pending.get(line.gate.id)
            if pending is None:
                continue
            inside, _ = line.locate(follow.track.x, follow.track.y)
            beyond = inside if pending.direction is Crossing.IN else -inside
            if pending.born and self._outward(follow.track, line) >= self._settings.vanish_speed:
                # Born again at the door on the way out, not coming in.
                del follow.pending[line.gate.id]
            elif pending.born or beyond >= self._settings.depth:
                counted.append(self._publish(follow, line, pending))
                del follow.pending[line.gate.id]
        return counted

    def _lose(self, follow: _Follow) -> list[GateCrossing]:
        if follow.track.state is TrackState.TENTATIVE:
            return []
        crossed = [line for line in self._lines if line.gate.id in follow.pending]
        if crossed:
            return [self._publish(follow, line, follow.pending[line.gate.id]) for line in crossed]
        passed = [line for line in self._lines if self._vanished_outward(follow.track, line)]
        if not passed:
            self._believe_walked_out(follow)
            return []
        x, y = follow.track.x, follow.track.y
        nearest = min(passed, key=lambda line: (line.excess(line.locate(x, y)[1]), line.gate.id))
        return [self._publish(follow, nearest, _Pending(follow.seen_at, Crossing.OUT, x, y))]

    def _vanished_outward(self, track: Track, line: GateLine) -> bool:
        inside, along = line.locate(track.x, track.y)
        near = 0.0 <= inside <= self._settings.vanish_distance and line.spans(along)
        return near and self._outward(track, line) >= self._settings.vanish_speed

    def _believe_walked_out(self, follow: _Follow) -> None:
        """Note the exit that somebody who came in was heading for when last seen, if there is one."""
        if not follow.entered:
            return
        track = follow.seen
        found: list[tuple[int, str, GateLine, _Pending]] = []
        for line in self._lines:
            inside, speed = line.locate(track.x, track.y)[0], self._outward(track, line)
            close = line.gate.releases and 0.0 <= inside <= self._settings.walkout_distance
            if not close or speed < self._settings.vanish_speed:
                continue
            seconds = inside / speed
            x, y = track.x + seconds * track.vx, track.y + seconds * track.vy
            if line.spans(line.locate(x, y)[1]):
                crossed = follow.seen_at + round(seconds * NANOSECONDS)
                found.append((crossed, line.gate.id, line, _Pending(crossed, Crossing.OUT, x, y)))
        for crossed, _, line, pending in sorted(found, key=lambda each: each[:2])[:1]:
            self._walking_out.append((crossed + self._walkout_wait, follow, line, pending))

    def _walked_out(self, stamp: int) -> list[GateCrossing]:
        """Return the exits that are believed by now."""
        due = [each for each in self._walking_out if each[0] <= stamp]
        self._walking_out = [each for each in self._walking_out if each[0] > stamp]
        return [self._publish(follow, line, pending) for _, follow, line, pending in due]

    @staticmethod
    def _outward(track: Track, line: GateLine) -> float:
        return -(track.vx * line.gate.inward[0] + track.vy * line.gate.inward[1])

    def _publish(self, follow: _Follow, line: GateLine, pending: _Pending) -> GateCrossing:
        follow.entered |= pending.direction is Crossing.IN
        stamp = max(pending.stamp, self._watermark + 1)
        return GateCrossing(
            id=f"{line.gate.id}/{follow.track.id}/{stamp}",
            stamp=stamp,
            gate=line.gate.id,
            track=follow.track.id,
            direction=pending.direction,
            x=pending.x,
            y=pending.y,
        )
