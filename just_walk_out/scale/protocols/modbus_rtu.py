"""Weight transmitters on a Modbus RTU line: asked one after the other, a frame a round.

There is no common register map, so the store description says where the weight of each unit stands and how
it is coded. Frames, checksums and messages are pymodbus's; its clients are not used, since they open ports
of their own and wait.

In a round every unit that is well is asked once, and once more where it did not answer for the first time; then
its frame is complete, with no value for the units that kept silent. A unit that has not answered for some rounds
is only tried after the frame is out, once in a while, so that it never holds up the others.

Sources: MODBUS over Serial Line, Specification and Implementation Guide V1.02; MODBUS Application Protocol
Specification V1.1b3, both Modbus Organization.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from dataclasses import dataclass

import numpy as np
from pymodbus.exceptions import ModbusException
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from just_walk_out.scale.protocols.dialect import FAULT, NO_VALUE, OK, SATURATED, Command
from just_walk_out.scale.protocols.frame import Frame, LineCounts, Poll
from just_walk_out.store.bus import Bus, Registers

_SECOND = 1_000_000_000
_REQUESTS = {"holding": ReadHoldingRegistersRequest, "input": ReadInputRegistersRequest}
_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f"}
_EXCEPTION_SIZE = 5
_OVERHEAD = 5
# Characters of silence that part frames, and the time that stands for them on fast lines.
_SILENCE = 3.5
_FAST = 19200
_FAST_SILENCE = 1_750_000
# Rounds without an answer after which a unit is out, and the time between tries then.
_PATIENCE = 3
_RETRY = 2 * _SECOND
_FAR = 3 * _SECOND
_LONGEST = 1024
# Weights of one unit with so many registers between them are read at once, up to so many: what lies between may be
# registers that the unit does not have.
_NEAR = 2
_MOST = 64


@dataclass(eq=False)
class _Unit:
    """A transmitter, or what of it one request asks for: what its answer looks like, and how it has behaved.

    ``values`` are channels and where in the answer they stand, ``status`` is where the flags do.
    """

    number: int
    values: tuple[tuple[int, int], ...]
    status: int
    request: bytes
    size: int
    head: bytes
    refusal: bytes
    misses: int = 0
    retry: int = 0

    @property
    def out(self) -> bool:
        """Whether it has not answered for so long that nobody waits for it."""
        return self.misses >= _PATIENCE


class ModbusPoller:
    """Asks the units of a line in turn and puts their weights into frames; takes any bytes and any silence."""

    commands: tuple[Command, ...] = ()
    outcome = ""

    def __init__(self, bus: Bus) -> None:
        """Make the poller of a bus.

        Raises:
            ValueError: the bus does not say where the registers are.
        """
        if bus.registers is None:
            raise ValueError(f"{bus.id}: expected registers for the protocol {bus.protocol}")
        self._bus = bus
        self._registers = bus.registers
        self._framer = FramerRTU(DecodePDU(is_server=False))
        self._units = [_unit(group, bus.registers, self._framer) for group in _groups(bus.registers)]
        self._period = round(_SECOND / bus.reading.rate)
        self._timeout = round(bus.reading.timeout * _SECOND)
        self._latency = round(bus.reading.latency * _SECOND)
        self._byte = round(bus.framing.bits * _SECOND / bus.baudrate)
        self._silence = _FAST_SILENCE if bus.baudrate > _FAST else round(_SILENCE * self._byte)
        self.counts = LineCounts()
        self._notices: dict[str, None] = {}
        self._pending = b""
        self._asked: _Unit | None = None
        self._deadline = 0
        self._turns: deque[_Unit] = deque()
        self._in_round = False
        self._next = 0
        self._quiet = 0
        self._weighed: list[int] = []
        self._sequence = 0
        self._begin()

    @property
    def notices(self) -> tuple[str, ...]:
        """What the units refuse, a line each."""
        return tuple(self._notices)

    def request(self, command: Command) -> None:
        """Do nothing: the registers of the description are only read."""

    def feed(self, data: bytes, arrival: int = 0) -> list[Frame]:
        """Take the next bytes of the line, cut anywhere, and return the frame of the round they complete.

        Args:
            data: the bytes; none to say that time has passed, which may end a round, too.
            arrival: host time at which the last of them had come, nanoseconds.
        """
        self.counts.bytes += len(data)
        frames = self._expire(arrival)
        if data:
            self._quiet = arrival + self._silence
            if self._asked is None:
                # An answer that came too late, or noise.
                self.counts.framing_errors += 1
            else:
                self._pending = (self._pending + data)[-_LONGEST:]
                frames += self._answered(self._asked, arrival)
        return frames

    def poll(self, now: int) -> Poll:
        """Return the next request, and when to look again, at host time ``now``, nanoseconds."""
        if self._asked is not None:
            return Poll(due=self._deadline)
        self._quiet = min(self._quiet, now + self._silence)
        if not self._turns:
            if 0 < self._next - now < _FAR:
                return Poll(due=self._next)
            self._begin()
            for unit in self._units:
                if not unit.out:
                    self._turns.append(unit)
            self._in_round = bool(self._turns)
            # A little late is made up for; much is not.
            late = now - self._next
            self._next = now + self._period - (late if 0 < late < self._period // 2 else 0)
            if not self._turns and not self._add_trial(now):
                return Poll(due=self._next)
        unit = self._asked = self._turns.popleft()
        at = max(now, self._quiet)
        self._deadline = at + (len(unit.request) + unit.size) * self._byte + self._timeout
        self._pending = b""
        return Poll(unit.request, at, self._deadline)

    def _begin(self) -> None:
        channels = len(self._registers.points)
        self._status = np.full(channels, NO_VALUE, np.uint8)
        self._values = np.full((1, channels), math.nan)
        self._weighed = []

    def _add_trial(self, now: int) -> bool:
        """Let one unit that is out have a try, if it is time."""
        for unit in self._units:
            if unit.out and not 0 < unit.retry - now <= _RETRY:
                unit.retry = now + _RETRY
                self._turns.append(unit)
                return True
        return False

    def _expire(self, now: int) -> list[Frame]:
        unit = self._asked
        # A deadline far ahead is that of a clock that has been set back since.
        if unit is None or 0 < self._deadline - now < self._timeout + _FAR:
            return []
        self._asked = None
        self.counts.timeouts += 1
        # Half an answer, or what is left of one that was hurt.
        self.counts.framing_errors += bool(self._pending)
        unit.misses += 1
        if self._in_round and unit.misses == 1:
            self._turns.append(unit)
        return self._end_turn(now)

    def _answered(self, unit: _Unit, arrival: int) -> list[Frame]:
        message = self._find(unit)
        if message is None:
            return []
        self._asked = None
        unit.misses = 0
        self.counts.refusals += message.isError()
        if self._in_round:
            for channel, place in unit.values:
                self._status[channel], self._values[0, channel] = self._weigh(unit, message, place)
            self._weighed.append(arrival - unit.size * self._byte - self._latency)
        return self._end_turn(arrival)

    def _end_turn(self, now: int) -> list[Frame]:
        if self._turns or not self._in_round:
            return []
        self._in_round = False
        self._add_trial(now)
        if not self._weighed:
            return []
        frame = Frame(
            board=0,
            sequence=self._sequence,
            time_us=0,
            period_us=self._period // 1000,
            status=self._status,
            counts=self._values,
            age=now - sum(self._weighed) // len(self._weighed),
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.counts.frames += 1
        return [frame]

    def _find(self, unit: _Unit) -> ModbusPDU | None:
        """Return the answer of a unit, wherever in the pending bytes it is."""
        start = 0
        while len(self._pending) - start >= _EXCEPTION_SIZE:
            head = self._pending[start : start + 3]
            size = unit.size if head == unit.head else _EXCEPTION_SIZE if head[:2] == unit.refusal else 0
            if not size or len(self._pending) - start < size:
                start += 1
                continue
            message = self._decode(self._pending[start : start + size], unit)
            if message is not None:
                return message
            self.counts.crc_errors += 1
            start += 1
            self._pending, start = self._pending[start:], 0
        return None

    def _decode(self, frame: bytes, unit: _Unit) -> ModbusPDU | None:
        try:
            return self._framer.handleFrame(frame, unit.number, 0)[1]
        except ModbusException:
            return None

    def _weigh(self, unit: _Unit, message: ModbusPDU, place: int) -> tuple[int, float]:
        if message.isError():
            self._notices[f"{self._bus.id}: unit {unit.number} answers with exception {message.exception_code}"] = None
            return FAULT, math.nan
        flags = self._registers.status
        if flags is not None:
            state = message.registers[unit.status]
            if state & flags.fault:
                return FAULT, math.nan
            if state & flags.overload:
                return SATURATED, math.nan
        code = _FORMATS[self._registers.type]
        words = list(message.registers[place : place + struct.calcsize(code) // 2])
        if self._registers.word_order == "little":
            words.reverse()
        order = ">" if self._registers.byte_order == "big" else "<"
        (value,) = struct.unpack(f">{code}", struct.pack(f"{order}{len(words)}H", *words))
        return (OK, value) if math.isfinite(value) else (FAULT, math.nan)


def _words(registers: Registers) -> int:
    return struct.calcsize(_FORMATS[registers.type]) // 2


def _groups(registers: Registers) -> list[list[int]]:
    """Put channels together that one request can read: of one unit, and close to each other."""
    groups: list[list[int]] = []
    for channel in sorted(range(len(registers.points)), key=registers.points.__getitem__):
        unit, register = registers.points[channel]
        if groups:
            last_unit, last = registers.points[groups[-1][-1]]
            first = registers.points[groups[-1][0]][1]
            near = register - last - _words(registers) <= _NEAR and register - first < _MOST
            if unit == last_unit and near:
                groups[-1].append(channel)
                continue
        groups.append([channel])
    return sorted(groups)


def _unit(channels: list[int], registers: Registers, framer: FramerRTU) -> _Unit:
    """Say what to ask of a unit: all registers from the first weight to the last and the flags at once."""
    number = registers.points[channels[0]][0]
    places = [registers.points[channel][1] for channel in channels]
    first, last = min(places), max(places) + _words(registers) - 1
    status = first
    if registers.status is not None:
        status = registers.status.register
        first, last = min(first, status), max(last, status)
    count = last - first + 1
    request = _REQUESTS[registers.function](address=first, count=count, dev_id=number)
    function = request.function_code
    return _Unit(
        number=number,
        values=tuple((channel, place - first) for channel, place in zip(channels, places, strict=True)),
        status=status - first,
        request=framer.buildFrame(request),
        size=_OVERHEAD + 2 * count,
        head=bytes((number, function, 2 * count)),
        refusal=bytes((number, function | 0x80)),
    )
