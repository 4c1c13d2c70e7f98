"""Channels that stand still where noise should be: a broken converter or cell repeats one count for ever.

A load cell behind a 24-bit converter never gives the same count for a whole second, but a scale that
rounds to grams does so for hours, and is well. So a channel is only held to what it has shown: one
that moved in nearly every second of its life is stuck once it stands still for long. One that has not
moved since it was first heard says nothing by itself; it is stuck where most other channels of its
board, which have converters of the same kind, move all the time.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Flags: TypeAlias = NDArray[np.bool_]

_SECOND = 1_000_000_000
# Share of seconds with movement from which a channel counts as noisy.
_NOISY = 0.9
# Seconds that must have been seen before anything is said, and the memory of that share.
_LEARNED = 60.0
_MEMORY = 300.0
# Standing still for so many times longer than ever before (and moving on) is no longer chance.
_RARE = 20.0


class StuckDetector:
    """Follows the channels of one board, second by second of its samples."""

    def __init__(self, patience: float) -> None:
        """Make a detector that waits ``patience`` seconds of standing still before it says so."""
        self._patience = patience
        self._start(0)

    def _start(self, channels: int) -> None:
        self._reference: NDArray[np.int32] | None = None
        self._moved = np.zeros(channels, bool)
        self._elapsed = 0
        self._seconds = 0.0
        self._share = np.zeros(channels)
        self._still = np.zeros(channels)
        self._longest = np.zeros(channels)
        self.stuck: Flags = np.zeros(channels, bool)
        self.any = False

    def push(self, counts: NDArray[np.int32], period: int) -> None:
        """Take a frame; ``stuck`` tells afterwards which channels are.

        Args:
            counts: (samples, channels) raw readings.
            period: time between samples, nanoseconds.
        """
        if counts.shape[1] != len(self.stuck):
            self._start(counts.shape[1])
        if self._reference is None:
            self._reference = counts[0]
        self._moved |= (counts != self._reference).any(axis=0)
        if self.any and (self.stuck & self._moved).any():
            self._release()
        self._elapsed += len(counts) * period
        if self._elapsed >= _SECOND:
            self._close_second()
            self._reference = counts[-1]

    def _release(self) -> None:
        # It moves again: what it did while it was broken is no example of how it behaves.
        freed = self.stuck & self._moved
        self._still[freed] = 0.0
        self.stuck = self.stuck & ~freed
        self.any = bool(self.stuck.any())

    def _close_second(self) -> None:
        seconds = self._elapsed / _SECOND
        self._elapsed = 0
        self._seconds += seconds
        moved, self._moved = self._moved, np.zeros(len(self._moved), bool)
        self._longest = np.where(moved, np.maximum(self._longest, self._still), self._longest)
        self._still = np.where(moved, 0.0, self._still + seconds)
        # The share stands while a channel stands still for longer than it ever has: that is the question.
        learning = moved | (self._still <= self._longest) | (self._share == 0.0)
        gain = seconds / min(self._seconds, _MEMORY)
        self._share = np.where(learning, self._share + gain * (moved - self._share), self._share)
        noisy = self._share >= _NOISY
        known = noisy & (self._seconds - self._still >= _LEARNED)
        never = (self._share == 0.0) & (2 * np.count_nonzero(noisy) >= len(noisy))
        limit = np.maximum(self._patience, _RARE * self._longest)
        self.stuck = (known | (never & (self._seconds >= _LEARNED))) & (self._still >= limit)
        self.any = bool(self.stuck.any())
