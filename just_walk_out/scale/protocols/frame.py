"""What every load-cell protocol delivers: a few samples of the channels of one board, or one of each scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Consecutive samples of the channels of one board.

    Scales have no clock that they send: ``age`` says when their reading was weighed, and ``time_us`` is 0.

    Attributes:
        board: address of the board on its line; 0 for scales.
        sequence: number of the frame as sent.
        time_us: board clock at the first sample, microseconds, wraps at 2**32.
        period_us: time between samples, microseconds.
        status: (channels,) codes of the board protocol: 0 ok, 1 no value, 2 saturated, 3 fault.
        counts: (samples, channels) raw readings, a view of the received bytes; kilograms for scales that say
            their unit; NaN where there is no value.
        lost: frames of this board missing directly before this one.
        restarted: the numbering began anew, so what is missing before this frame is not known.
        age: nanoseconds from the weighing to the arrival of the bytes that completed the frame; None where the
            board says its own time.
        adjusted: the device has been zeroed, tared or switched on since the frame before: what it shows now cannot
            be compared with what it showed then.
    """

    board: int
    sequence: int
    time_us: int
    period_us: int
    status: NDArray[np.uint8]
    counts: NDArray[np.int32] | NDArray[np.float64]
    lost: int = 0
    restarted: bool = False
    age: int | None = None
    adjusted: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """What the host has to say on a line, and when it has to look again.

    Attributes:
        data: bytes to write; empty for none.
        at: host time before which they must not be written, nanoseconds.
        due: host time at which to ask for the next ``Poll`` unless bytes come before; None when only bytes matter.
    """

    data: bytes = b""
    at: int = 0
    due: int | None = None


LISTEN = Poll()
"""Nothing to say, ever: the devices send of their own accord."""


@dataclass(slots=True)
class LineCounts:
    """What one line has delivered since its parser was made.

    Attributes:
        bytes: bytes received.
        frames: frames delivered.
        crc_errors: frames whose checksum did not match.
        framing_errors: stretches of bytes that were no frame at all.
        lost: frames missing by their sequence numbers.
        duplicates: frames received again and dropped.
        reordered: frames that came after a later one and were dropped; they stay counted as lost.
        restarts: boards that began to count anew.
        refusals: commands and requests that a device would not carry out.
        timeouts: requests that nobody answered.
    """

    bytes: int = 0
    frames: int = 0
    crc_errors: int = 0
    framing_errors: int = 0
    lost: int = 0
    duplicates: int = 0
    reordered: int = 0
    restarts: int = 0
    refusals: int = 0
    timeouts: int = 0
