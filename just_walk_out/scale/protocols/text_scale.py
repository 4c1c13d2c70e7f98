"""One scale on a line of its own that speaks in lines of text: lines to readings, and asking for them."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from just_walk_out.scale.protocols.dialect import FAULT, KILOGRAMS, NO_VALUE, OK, Command, Dialect, Kind, Line
from just_walk_out.scale.protocols.frame import Frame, LineCounts, Poll
from just_walk_out.store.bus import Bus

_SECOND = 1_000_000_000
_LONGEST = 64
# Within a line bytes follow each other; after this the rest of it was lost, say with the port.
_PAUSE = 300_000_000
# A scale that sends of its own accord is reminded after so long without a word.
_WAKE = 2 * _SECOND
_FAR = 3 * _SECOND
# So long may zeroing wait until the load rests.
_COMMAND_TIMEOUT = 15 * _SECOND
# After so many requests without an answer the scale is asked once a second only.
_PATIENCE = 3
# Digits can get lost on a line without checksum; so many lines of another length in a row are no accident.
_INSIST = 3


class TextScale:
    """Parser of one scale's lines, and its requests; takes any bytes and keeps at most one line of them."""

    def __init__(self, bus: Bus, dialect: Dialect) -> None:
        """Make the parser of a bus that waits for its first line."""
        self._bus = bus
        self._dialect = dialect
        self._reading = bus.reading
        self._period = round(_SECOND / bus.reading.rate)
        self._timeout = round(bus.reading.timeout * _SECOND)
        self._byte = round(bus.framing.bits * _SECOND / bus.baudrate)
        self.counts = LineCounts()
        self._notices: dict[str, None] = {}
        self._pending = bytearray()
        self._skipping = False
        self._heard = 0
        self._sequence = 0
        self._length = 0
        self._others: list[int] = []
        self._asked: int | None = None
        self._misses = 0
        self._next = 0
        self._commands: deque[Command] = deque()
        self._waiting: tuple[Command, int] | None = None
        self._adjusted = False
        self._net: str | None = None
        self._outcome = ""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the scale does otherwise than described, a line each."""
        return tuple(self._notices)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What the scale can be asked to do."""
        return tuple(self._dialect.commands)

    @property
    def outcome(self) -> str:
        """What became of the last command; empty when there was none."""
        return self._outcome

    def request(self, command: Command) -> None:
        """Have the scale zeroed or tared; until it answers its readings do not count.

        The first reading afterwards says that it is adjusted, as it does when the scale tells of a zero or tare of
        its own accord.
        """
        self._commands.append(command)
        self._outcome = f"{command}: asked"

    def feed(self, data: bytes, arrival: int = 0) -> list[Frame]:
        """Take the next bytes of the line, cut anywhere, and return a frame for each reading in them.

        Args:
            data: the bytes; none to say that time has passed.
            arrival: host time at which the last of them had come, nanoseconds.
        """
        self.counts.bytes += len(data)
        if self._pending and arrival - self._heard > _PAUSE:
            self._pending.clear()
            self.counts.framing_errors += 1
        if not data:
            return []
        self._heard = arrival
        *ends, rest = data.split(b"\n")
        behind = len(data)
        readings: list[tuple[int, float, bool, int]] = []
        for end in ends:
            behind -= len(end) + 1
            line = bytes(self._pending) + end
            self._pending.clear()
            if self._skipping:
                self._skipping = False
                continue
            reading = self._take(line, arrival)
            if reading is not None:
                readings.append((*reading, behind + len(line) + 1))
        if not self._skipping:
            self._pending += rest
            if len(self._pending) > _LONGEST:
                self._pending.clear()
                self._skipping = True
                self.counts.framing_errors += 1
        return [self._frame(*reading, len(readings) - 1 - index) for index, reading in enumerate(readings)]

    def poll(self, now: int) -> Poll:
        """Return what to write at host time ``now``, nanoseconds."""
        # Times ahead of now are those of a clock that has been set back since.
        self._next = min(self._next, now + _FAR)
        if self._waiting is not None and not 0 <= now - self._waiting[1] <= _COMMAND_TIMEOUT:
            self._finish("no answer")
            # It may have been carried out all the same.
            self._adjusted = True
        if self._asked is not None and not 0 <= now - self._asked < self._timeout:
            self._asked = None
            self._misses += 1
            self.counts.timeouts += 1
            if self._misses >= _PATIENCE:
                self._next = now + _SECOND
        if self._asked is None and self._commands and self._waiting is None:
            command = self._commands.popleft()
            self._waiting = (command, now)
            return Poll(self._dialect.commands[command], now, now + self._period)
        return self._poll_reading(now) if self._reading.polled else self._poll_stream(now)

    def _poll_stream(self, now: int) -> Poll:
        if not self._dialect.start:
            return Poll(due=now + _WAKE if self._waiting else None)
        if now < self._next:
            return Poll(due=self._next)
        self._next = now + _WAKE
        return Poll(self._dialect.start, now, self._next)

    def _poll_reading(self, now: int) -> Poll:
        if self._asked is not None:
            return Poll(due=self._asked + self._timeout)
        if now < self._next:
            return Poll(due=self._next)
        self._asked = now
        # A little late is made up for; much is not.
        late = now - self._next
        self._next = now + self._period - (late if 0 < late < self._period // 2 else 0)
        return Poll(self._dialect.ask, now, now + self._timeout)

    def _take(self, line: bytes, arrival: int) -> tuple[int, float, bool] | None:
        """Return status, kilograms and whether the scale was adjusted, of a line with a reading; None for others."""
        too_long = len(line) > _LONGEST
        line = line.rstrip(b"\r ")
        if not line and not too_long:
            return None
        said = None if too_long else self._dialect.read(line.decode("ascii", "replace"))
        if said is None:
            self.counts.framing_errors += 1
            return None
        if said.kind is Kind.STARTED:
            self.counts.restarts += 1
            self._next = arrival
            self._adjusted = True
            return None
        if said.kind is Kind.ADJUSTED:
            self._finish("done")
            self._adjusted = True
            return None
        if said.kind is Kind.REFUSED:
            return self._refused()
        self._asked = None
        self._misses = 0
        if not self._reading.polled:
            self._next = arrival + _WAKE
        if not math.isnan(said.value) and not self._has_its_length(len(line)):
            self.counts.framing_errors += 1
            return None
        return self._read_as(*self._weigh(said))

    def _read_as(self, status: int, kilograms: float) -> tuple[int, float, bool]:
        adjusted, self._adjusted = self._adjusted, False
        return status, kilograms, adjusted

    def _refused(self) -> tuple[int, float, bool] | None:
        self.counts.refusals += 1
        self._asked = None
        if self._waiting is not None:
            self._finish("refused")
            return None
        # A scale that cannot answer the request for its weight weighs nothing.
        return self._read_as(FAULT, math.nan)

    def _weigh(self, said: Line) -> tuple[int, float]:
        if said.status == OK:
            factor = KILOGRAMS.get(said.unit.lower())
            if factor is None:
                unit = said.unit or "no unit"
                self._notices[f"{self._bus.id}: the scale sends {unit}, which is no unit of weight known here"] = None
                return FAULT, math.nan
            # A tare by the key of the device: the stream has become one of net weights.
            self._adjusted |= self._net not in (None, said.net)
            self._net = said.net
            if self._waiting is None:
                return OK, said.value * factor
            return NO_VALUE, math.nan
        return said.status, math.nan

    def _finish(self, outcome: str) -> None:
        if self._waiting is not None:
            self._outcome = f"{self._waiting[0]}: {outcome}"
            self._waiting = None

    def _has_its_length(self, length: int) -> bool:
        if length == self._length or not self._length:
            self._others.clear()
            self._length = length
            return True
        if self._others and self._others[0] != length:
            self._others.clear()
        self._others.append(length)
        if len(self._others) < _INSIST:
            return False
        self._others.clear()
        self._length = length
        return True

    def _frame(self, status: int, kilograms: float, adjusted: bool, size: int, later: int) -> Frame:
        """Make the frame of a reading.

        Args:
            status: of the channel.
            kilograms: the reading.
            adjusted: it cannot be compared with the one before.
            size: bytes from the beginning of its line to the end of what came with it.
            later: readings that came with it after it; each was sent a period after the one before.
        """
        age = max(size * self._byte, later * self._period) + round(self._reading.latency * _SECOND)
        frame = Frame(
            board=0,
            sequence=self._sequence,
            time_us=0,
            period_us=self._period // 1000,
            status=np.array([status], np.uint8),
            counts=np.array([[kilograms]]),
            age=age,
            adjusted=adjusted,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.counts.frames += 1
        return frame
