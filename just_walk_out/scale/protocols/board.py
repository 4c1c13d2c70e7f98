"""The board protocol, version 1: what a microcontroller with load cells sends down a serial line.

The line carries frames, one after the other, each ended by a zero byte::

    COBS(payload + crc) 0x00

COBS (consistent overhead byte stuffing) removes every zero from the payload, so that a zero byte on
the line always is the end of a frame: whoever listens in the middle, or lost bytes, is back in step
after the next zero. ``crc`` is CRC-16/CCITT-FALSE of the payload (polynomial 0x1021, start value
0xFFFF, not reflected; the check value of ``123456789`` is 0x29B1), two bytes, little endian. The
payload, little endian throughout:

====== ============= ====================================================================
offset type          meaning
====== ============= ====================================================================
0      u8            version, 1
1      u8            address of the board on its line
2      u16           sequence: grows by one a frame, wraps
4      u32           time_us: clock of the board at the first sample, microseconds, wraps
8      u16           period_us: time between samples, microseconds, at least 1
10     u8            C: channels, 1 .. 32
11     u8            N: samples, 1 .. 64
12     C x u8        status of each channel: 0 ok, 1 no value, 2 saturated, 3 fault
12+C   N x C x i32   counts: all channels of the first sample, then of the second, ...
====== ============= ====================================================================

The line is 8N1 at any speed that is fast enough: 12 channels at 60 Hz in frames of 6 samples make
about 3.1 kB/s, hence 115200 baud for two or three boards. A board needs no answer and no handshake.
Empty frames (zero bytes in a row) are allowed and ignored. Each board of a line has its own address,
sequence and clock. Kilograms are (count - zero) x scale, both from the store description.

Sources: S. Cheshire, M. Baker, Consistent Overhead Byte Stuffing, IEEE/ACM Trans. Networking 7(2), 1999.
"""

from __future__ import annotations

import binascii
import struct

import numpy as np
from cobs import cobs

from just_walk_out.scale.protocols.dialect import Command
from just_walk_out.scale.protocols.frame import LISTEN, Frame, LineCounts, Poll
from just_walk_out.scale.protocols.sequence import Order, SequenceMonitor

VERSION = 1
MAX_CHANNELS = 32
MAX_SAMPLES = 64
_HEADER = struct.Struct("<BBHIHBB")
_CRC_SIZE = 2
_MAX_DECODED = _HEADER.size + MAX_CHANNELS + 4 * MAX_CHANNELS * MAX_SAMPLES + _CRC_SIZE
MAX_ENCODED = _MAX_DECODED + _MAX_DECODED // 254 + 1


class BoardParser:
    """Incremental parser of the board protocol; takes any bytes and keeps at most one frame of them."""

    notices: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    outcome = ""

    def __init__(self) -> None:
        """Make a parser that waits for its first frame."""
        self.counts = LineCounts()
        self._pending = bytearray()
        self._skipping = False
        self._monitors: dict[int, SequenceMonitor] = {}

    def request(self, command: Command) -> None:
        """Do nothing: boards have no commands."""

    def poll(self, now: int) -> Poll:
        """Return nothing to say at host time ``now``: boards send of their own accord."""
        return LISTEN

    def feed(self, data: bytes, arrival: int = 0) -> list[Frame]:
        """Take the next bytes of the line, cut anywhere, and return the frames completed by them.

        The arrival does not matter, since boards stamp their frames.

        Frames of a board come out in the order of their sequence numbers, each once.
        """
        self.counts.bytes += len(data)
        *ends, rest = data.split(b"\0")
        frames = []
        for end in ends:
            if self._skipping:
                self._skipping = False
                continue
            encoded = bytes(self._pending) + end if self._pending else end
            self._pending.clear()
            if not encoded:
                continue
            if len(encoded) > MAX_ENCODED:
                self.counts.framing_errors += 1
                continue
            frame = self._decode(encoded)
            if frame is not None:
                frames.append(frame)
        if not self._skipping:
            self._pending += rest
            if len(self._pending) > MAX_ENCODED:
                self._pending.clear()
                self._skipping = True
                self.counts.framing_errors += 1
        return frames

    def _decode(self, encoded: bytes) -> Frame | None:
        try:
            decoded = cobs.decode(encoded)
        except cobs.DecodeError:
            self.counts.framing_errors += 1
            return None
        payload = decoded[:-_CRC_SIZE]
        if binascii.crc_hqx(payload, 0xFFFF) != int.from_bytes(decoded[-_CRC_SIZE:], "little"):
            self.counts.crc_errors += 1
            return None
        if len(payload) < _HEADER.size:
            self.counts.framing_errors += 1
            return None
        version, board, sequence, time_us, period_us, channels, samples = _HEADER.unpack_from(payload)
        sound = (
            version == VERSION
            and 1 <= channels <= MAX_CHANNELS
            and 1 <= samples <= MAX_SAMPLES
            and period_us >= 1
            and len(payload) == _HEADER.size + channels + 4 * channels * samples
        )
        if not sound:
            self.counts.framing_errors += 1
            return None
        monitor = self._monitors.get(board)
        if monitor is None:
            monitor = self._monitors[board] = SequenceMonitor(1 << 16)
        order, lost = monitor.check(sequence)
        if order is Order.DUPLICATE:
            self.counts.duplicates += 1
            return None
        if order is Order.LATE:
            self.counts.reordered += 1
            return None
        self.counts.restarts += order is Order.RESTART
        self.counts.lost += lost
        self.counts.frames += 1
        status = np.frombuffer(payload, np.uint8, channels, _HEADER.size)
        counts = np.frombuffer(payload, "<i4", channels * samples, _HEADER.size + channels)
        return Frame(
            board,
            sequence,
            time_us,
            period_us,
            status,
            counts.reshape(samples, channels),
            lost,
            order is Order.RESTART,
        )
