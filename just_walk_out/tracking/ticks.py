"""Frames of several cameras put into ticks of event time, whatever order they arrive in.

A tick is complete when every camera has passed it. A camera that is silent for ``timeout`` is not
waited for any more. So that the result does not depend on who arrives first, a camera that comes back
after a gap is used only from a little later on: by then it is waited for again in any order of arrival
with less skew than that.

Ticks follow what most cameras have reached (``clocks.py``). What is behind that by more than ``timeout`` comes too
late. What is ahead by more waits until the others are there, and is taken only if its camera is not ahead any more by
then: it was the others that were held up or have died, and not its clock that is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from just_walk_out.records import PersonDetectionArray
from just_walk_out.tracking.clocks import CameraClocks

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
        ahead: stamped too far ahead of the others.
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
            timeout: nanoseconds after which a silent camera is not waited for, and from which one ahead is left out.
            jump_limit: nanoseconds ahead of the others from which a stamp is not believed at once.
        """
        self.counts = {camera: TickCounts() for camera in cameras}
        self._told = {camera: (0, 0) for camera in cameras}
        self._heard: dict[str, int] = {}
        self._tick, self._timeout, self._jump = tick, timeout, jump_limit
        self._gap, self._rest = int(_GAP * timeout), int(_REST * timeout)
        self._clocks = CameraClocks(cameras, timeout, jump_limit, self._gap)
        self._usable: dict[str, int] = {}
        self._waiting: list[PersonDetectionArray] = []
        self._early: set[tuple[str, int]] = set()  # those of them that came ahead of the others
        self._ahead: list[PersonDetectionArray] = []
        self._begun = False
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

    def unused(self) -> dict[str, int]:
        """Return the cameras of which nothing is used: all that came since this was last asked is refused or ahead.

        Returns:
            By camera, nanoseconds that its stamps are ahead of what the store has reached; negative: behind.
        """
        reached = self._reached()
        found = {}
        for camera, counts in self.counts.items():
            used, refused = self._told[camera]
            self._told[camera] = (counts.used + counts.resting, counts.refused)
            lost = self._told[camera][0] <= used and counts.refused > refused
            if lost or (self._leads(camera, reached) and not self._clocks.silent(camera)):
                found[camera] = self._heard[camera] - reached
        return found

    def push(self, record: PersonDetectionArray) -> Iterator[tuple[int, list[PersonDetectionArray]]]:
        """Take a frame; yields the ticks it completes as (stamp of the tick, its frames in order)."""
        if record.camera not in self.counts:
            return
        self._heard[record.camera] = record.stamp
        if self._begun and record.stamp > self._reached() + self._jump:
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

    def _reached(self) -> int:
        return self._clocks.reached((self._next - 1) * self._tick if self._next else 0)

    def _leads(self, camera: str, reached: int) -> bool:
        return self._begun and self._clocks.last.get(camera, 0) > reached + self._timeout

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
        before, counts = self._clocks.last.get(camera), self.counts[camera]
        if before is not None and stamp <= before:
            reached = self._reached()
            if not self._leads(camera, reached) or stamp > reached + self._timeout:
                counts.repeated += 1
                return
            # the clock that was ahead has been set right: what waits was stamped by the wrong one
            self._leave_out(each for each in self._waiting if each.camera == camera and self._is_early(each))
            self._clocks.set(camera, stamp)
            self._usable[camera] = stamp + self._rest
        else:
            self._clocks.advance(camera, stamp)
            if self._next and stamp - (self._first if before is None else before) > self._gap:
                self._usable[camera] = stamp + self._rest
        if stamp <= self._usable.get(camera, 0):
            counts.resting += 1
        elif self._next and stamp <= (self._next - 1) * self._tick:
            counts.late += 1
        else:
            counts.used += 1
            self._waiting.append(record)
            if self._leads(camera, self._reached()):
                self._early.add((camera, stamp))

    def _is_early(self, frame: PersonDetectionArray) -> bool:
        return (frame.camera, frame.stamp) in self._early

    def _leave_out(self, frames: Iterable[PersonDetectionArray]) -> None:
        """Take frames out of those that wait, as stamped too far ahead."""
        gone = {(each.camera, each.stamp) for each in frames}
        for camera, _ in gone:
            self.counts[camera].used -= 1
            self.counts[camera].ahead += 1
        self._waiting = [each for each in self._waiting if (each.camera, each.stamp) not in gone]
        self._early -= gone

    def _complete(self) -> Iterator[tuple[int, list[PersonDetectionArray]]]:
        if not self._begun and not self._begin():
            return
        while True:
            end, reached = self._next * self._tick, self._reached()
            if reached < end or not all(self._passed(camera, end, reached) for camera in self.counts):
                return
            astray = {camera for camera in self.counts if self._leads(camera, reached) or self._clocks.silent(camera)}
            self._leave_out(e for e in self._waiting if e.stamp <= end and e.camera in astray and self._is_early(e))
            frames = sorted(
                (each for each in self._waiting if each.stamp <= end), key=lambda each: (each.stamp, each.camera)
            )
            self._waiting = [each for each in self._waiting if each.stamp > end]
            self._early -= {(each.camera, each.stamp) for each in frames}
            self._next += 1
            yield end, frames
            earliest = min([reached, *(each.stamp for each in self._waiting)])
            if earliest > end + self._jump:
                # Nothing was seen for long (the cameras were off): no snapshot of that time is worth having.
                self._next = -(-earliest // self._tick)

    def _begin(self) -> bool:
        """Begin once all cameras were heard, or those that were not are silent; tells whether that is so.

        Cameras that started much later than the first rest as after a gap.
        """
        missing = [camera for camera in self.counts if camera not in self._clocks.last]
        if not all(self._clocks.silent(camera) for camera in missing):
            return False
        self._begun = True
        reached = self._reached()
        astray = {camera for camera, last in self._clocks.last.items() if last > reached + self._jump}
        self._leave_out(each for each in self._waiting if each.camera in astray)
        for camera in astray:
            self._clocks.forget(camera)
        self._early = {(e.camera, e.stamp) for e in self._waiting if self._leads(e.camera, reached)}
        if not self._next:
            self._choose_first({each for each, last in self._clocks.last.items() if last + self._timeout <= reached})
        return True

    def _choose_first(self, behind: set[str]) -> None:
        """Fix the first tick by the first frames of all cameras but those that are behind."""
        waiting, self._waiting = self._waiting, []
        first: dict[str, int] = {}
        for each in waiting:
            if each.camera not in behind:
                first[each.camera] = min(first.get(each.camera, each.stamp), each.stamp)
        self._first = min(first.values())
        self._next = -(-self._first // self._tick)
        for camera, stamp in first.items():
            if stamp - self._first > self._gap:
                self._usable[camera] = stamp + self._rest
        for each in waiting:
            counts = self.counts[each.camera]
            if each.camera in behind:
                counts.used, counts.late = counts.used - 1, counts.late + 1
            elif each.stamp <= self._usable.get(each.camera, 0):
                counts.used, counts.resting = counts.used - 1, counts.resting + 1
            else:
                self._waiting.append(each)

    def _passed(self, camera: str, end: int, reached: int) -> bool:
        last = self._clocks.last.get(camera, self._first)
        return (
            (camera in self._clocks.last and last >= end)
            or reached >= last + self._timeout
            or self._clocks.silent(camera)
        )
