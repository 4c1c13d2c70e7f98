"""What every load-cell protocol delivers: a few samples of the channels of one board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Consecutive samples of the channels of one board.

    Attributes:
        board: address of the board on its line.
        sequence: number of the frame as sent.
        time_us: board clock at the first sample, microseconds, wraps at 2**32.
        period_us: time between samples, microseconds.
        status: (channels,) codes of the board protocol: 0 ok, 1 no value, 2 saturated, 3 fault.
        counts: (samples, channels) raw readings, a view of the received bytes.
        lost: frames of this board missing directly before this one.
        restarted: the numbering began anew, so what is missing before this frame is not known.
    """

    board: int
    sequence: int
    time_us: int
    period_us: int
    status: NDArray[np.uint8]
    counts: NDArray[np.int32]
    lost: int = 0
    restarted: bool = False


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
    """

    bytes: int = 0
    frames: int = 0
    crc_errors: int = 0
    framing_errors: int = 0
    lost: int = 0
    duplicates: int = 0
    reordered: int = 0
    restarts: int = 0
