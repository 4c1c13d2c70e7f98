"""Channels that stand still where noise should be: a broken converter or cell repeats one count for ever.

A load cell behind a 24-bit converter never gives the same count for a whole second, but a scale that
rounds to grams does so for hours and is well; it may even flicker by a step for hours before. So a
channel is only held to what it has shown: one that moved by several counts in nearly every second of
its life is stuck once it stands still for long. One that has not moved since it was first heard says
nothing by itself; it is stuck where most other channels of its board, which have converters of the
same kind, move all the time.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Flags: TypeAlias = NDArray[np.bool_]

_SECOND = 1_000_000_000
# Counts that a converter's noise exceeds within any second, and the flicker of a scale that rounds does not.
_WIDE = 4
# Share of seconds with so much movement from which a channel counts as noisy.
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
        self._reference: NDArray[Any] | None = None
        self._moved = np.zeros(channels, bool)
        self._wide = np.zeros(channels, bool)
        self._excused = np.zeros(channels, bool)
        self._elapsed = 0
        self._seconds = 0.0
        self._share: NDArray[np.float64] = np.zeros(channels)
        self._still: NDArray[np.float64] = np.zeros(channels)
        self._longest: NDArray[np.float64] = np.zeros(channels)
        self.stuck: Flags = np.zeros(channels, bool)
        self.any = False

    def push(self, counts: NDArray[Any], period: int, unsound: Flags | None = None) -> None:
        """Take a frame; ``stuck`` tells afterwards which channels are.

        Args:
            counts: (samples, channels) raw readings.
            period: time between samples, nanoseconds.
            unsound: (channels,) which of them the board itself reports as saturated or without a value: they say
                nothing about standing still; None when all are sound.
        """
        if counts.shape[1] != len(self.stuck):
            self._start(counts.shape[1])
        if self._reference is None:
            self._reference = counts[0]
        change = counts - self._reference
        self._moved |= change.any(axis=0)
        self._wide |= (np.abs(change) > _WIDE).any(axis=0)
        if unsound is not None:
            self._excused |= unsound
            self._moved |= unsound
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
        wide, self._wide = self._wide, np.zeros(len(moved), bool)
        excused, self._excused = self._excused, np.zeros(len(moved), bool)
        self._longest = np.where(moved & ~excused, np.maximum(self._longest, self._still), self._longest)
        self._still = np.where(moved, 0.0, self._still + seconds)
        # The share stands while a channel stands still for longer than it ever has: that is the question.
        learning = ~excused & (moved | (self._still <= self._longest) | (self._share == 0.0))
        gain = seconds / min(self._seconds, _MEMORY)
        self._share = np.where(learning, self._share + gain * (wide - self._share), self._share)
        noisy = self._share >= _NOISY
        known = noisy & (self._seconds - self._still >= _LEARNED)
        never = (self._share == 0.0) & (2 * np.count_nonzero(noisy) >= len(noisy))
        limit = np.maximum(self._patience, _RARE * self._longest)
        self.stuck = (known | (never & (self._seconds >= _LEARNED))) & (self._still >= limit)
        self.any = bool(self.stuck.any())
