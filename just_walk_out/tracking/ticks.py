"""Frames of several cameras put into ticks of event time, whatever order they arrive in.

A tick is complete when every camera has passed it. A camera that is silent for ``timeout`` is not
waited for any more. So that the result does not depend on who arrives first, a camera that comes back
after a gap is used only from a little later on: by then it is waited for again in any order of arrival
with less skew than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from just_walk_out.records import PersonDetectionArray

# Shares of the timeout: longest gap that leaves a camera in use, and how long one that comes back is ignored.
_GAP, _REST = 0.7, 0.3


@dataclass
class TickCounts:
    """What became of the frames of one camera.

    Attributes:
        used: went into a tick, or wait for theirs.
        resting: not used yet after a gap.
        late: their tick was over.
        repeated: not after the one before.
        ahead: stamped far ahead of all others.
    """

    used: int = 0
    resting: int = 0
    late: int = 0
    repeated: int = 0
    ahead: int = 0

    @property
    def refused(self) -> int:
        """Frames whose stamps made them useless."""
        return self.late + self.repeated + self.ahead


class TickBuffer:
    """Holds frames back until their tick is complete."""

    def __init__(self, cameras: Sequence[str], tick: int, timeout: int, jump_limit: int) -> None:
        """Prepare.

        Args:
            cameras: ids of the cameras that are expected.
            tick: nanoseconds.
            timeout: nanoseconds after which a silent camera is not waited for.
            jump_limit: nanoseconds ahead of all others from which a stamp is not believed at once.
        """
        self.counts = {camera: TickCounts() for camera in cameras}
        self._told = {camera: (0, 0) for camera in cameras}
        self._cameras = frozenset(cameras)
        self._tick, self._timeout, self._jump = tick, timeout, jump_limit
        self._last: dict[str, int] = {}
        self._usable: dict[str, int] = {}
        self._waiting: list[PersonDetectionArray] = []
        self._ahead: list[PersonDetectionArray] = []
        self._newest = 0
        self._first = 0
        self._next = 0

    @property
    def next_tick(self) -> int:
        """Index of the tick that is processed next; 0 before the first frame."""
        return self._next

    def resume(self, next_tick: int) -> None:
        """Go on where another buffer stopped."""
        self._next = next_tick
        self._first = next_tick * self._tick

    def unused(self) -> list[str]:
        """Return the cameras of which frames came since this was last asked, and were all refused."""
        found = []
        for camera, counts in self.counts.items():
            used, refused = self._told[camera]
            self._told[camera] = (counts.used + counts.resting, counts.refused)
            if self._told[camera][0] == used and counts.refused > refused:
                found.append(camera)
        return found

    def push(self, record: PersonDetectionArray) -> Iterator[tuple[int, list[PersonDetectionArray]]]:
        """Take a frame; yields the ticks it completes as (stamp of the tick, its frames in order)."""
        if record.camera not in self._cameras:
            return
        if self._newest and record.stamp > self._newest + self._jump:
            held = self._hold(record)
            for each in held:
                self._accept(each)
            if not held:
                return
        else:
            for each in self._ahead:
                self.counts[each.camera].ahead += 1
            self._ahead.clear()
            self._accept(record)
        yield from self._complete()

    def _hold(self, record: PersonDetectionArray) -> list[PersonDetectionArray]:
        """Keep a frame from the future; gives all back once they go on for a while and nothing else came."""
        self._ahead.append(record)
        stamps = [each.stamp for each in self._ahead]
        if max(stamps) - min(stamps) < 2 * self._timeout:
            return []
        held, self._ahead = sorted(self._ahead, key=lambda each: (each.stamp, each.camera)), []
        return held

    def _accept(self, record: PersonDetectionArray) -> None:
        camera, stamp = record.camera, record.stamp
        before, counts = self._last.get(camera), self.counts[camera]
        if before is not None and stamp <= before:
            counts.repeated += 1
            return
        self._last[camera] = stamp
        self._newest = max(self._newest, stamp)
        if not self._next:
            self._first = min(self._first, stamp) if self._first else stamp
        elif stamp - (self._first if before is None else before) > _GAP * self._timeout:
            self._usable[camera] = stamp + int(_REST * self._timeout)
        if stamp <= self._usable.get(camera, 0):
            counts.resting += 1
        elif self._next and stamp <= (self._next - 1) * self._tick:
            counts.late += 1
        else:
            counts.used += 1
            self._waiting.append(record)

    def _complete(self) -> Iterator[tuple[int, list[PersonDetectionArray]]]:
        if not self._next:
            if len(self._last) < len(self._cameras) and self._newest < self._first + self._timeout:
                return
            self._begin()
        while True:
            end = self._next * self._tick
            if self._newest < end or not all(self._passed(camera, end) for camera in self._cameras):
                return
            frames = sorted(
                (each for each in self._waiting if each.stamp <= end), key=lambda each: (each.stamp, each.camera)
            )
            self._waiting = [each for each in self._waiting if each.stamp > end]
            self._next += 1
            yield end, frames
            earliest = min((each.stamp for each in self._waiting), default=self._newest)
            if earliest > end + self._jump:
                # Nothing was seen for long (the cameras were off): no snapshot of that time is worth having.
                self._next = -(-earliest // self._tick)

    def _begin(self) -> None:
        """Fix the first tick, and let cameras that started much later than the first rest as after a gap."""
        self._next = -(-self._first // self._tick)
        first: dict[str, int] = {}
        for record in self._waiting:
            first[record.camera] = min(first.get(record.camera, record.stamp), record.stamp)
        for camera, stamp in first.items():
            if stamp - self._first > _GAP * self._timeout:
                self._usable[camera] = stamp + int(_REST * self._timeout)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if each.stamp > self._usable.get(each.camera, 0):
                self._waiting.append(each)
            else:
                self.counts[each.camera].used -= 1
                self.counts[each.camera].resting += 1

    def _passed(self, camera: str, end: int) -> bool:
        last = self._last.get(camera, self._first)
        return (camera in self._last and last >= end) or self._newest >= last + self._timeout
