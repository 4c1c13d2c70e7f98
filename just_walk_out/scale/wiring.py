"""Which channel of which board weighs which plate, and what is known about each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import PlateStatus
from just_walk_out.scale.arrivals import ArrivalClock
from just_walk_out.scale.clock import BoardClock, ClockSettings
from just_walk_out.scale.stuck import StuckDetector
from just_walk_out.store.bus import Bus, Channel
from just_walk_out.store.model import Store

# Nanoseconds of samples that say so after zero or scale was set, three batches at least: readers may lose some of them.
_ADJUSTED_TIME = 1_000_000_000
_ADJUSTED_SHARE = -(-_ADJUSTED_TIME // 3)


class PlateGroup:
    """The plates of one shelf that are read by one board."""

    def __init__(self, shelf: str, source: str, channels: Sequence[Channel]) -> None:
        """Make the group of plates that these channels weigh, in the order of the shelf.

        Args:
            shelf: its id.
            source: bus and board, as records name them.
            channels: one a plate.
        """
        self.shelf = shelf
        self.source = source
        self.plates = tuple(channel.plate for channel in channels)
        self.channels = np.array([channel.channel for channel in channels], np.intp)
        self.zero = np.array([channel.zero for channel in channels])
        self.scale = np.array([channel.scale for channel in channels])
        self.sequence = 0
        self.fresh = False
        self._adjusted = np.zeros(len(channels), np.int64)
        first = int(self.channels[0])
        in_order = np.array_equal(self.channels, np.arange(first, first + len(channels)))
        # A slice where the plates lie in the order of the channels: numpy views it, an index list it would copy.
        self._pick = slice(first, first + len(channels)) if in_order else self.channels

    def kilograms(self, counts: NDArray[np.int32] | NDArray[np.float64]) -> NDArray[np.float32]:
        """Return (samples, plates) kilograms of (samples, channels) counts."""
        weights: NDArray[np.float64] = counts[:, self._pick] - self.zero
        weights *= self.scale
        return weights.astype(np.float32)

    def adjust(self, column: int, zero: float, scale: float) -> None:
        """Set zero and scale of one plate; its samples say so for a second (``fresh`` while any does)."""
        self.zero[column], self.scale[column] = zero, scale
        self.announce([column])

    def announce(self, columns: Sequence[int]) -> None:
        """Have the samples of plates say for a second that they cannot be compared with earlier ones."""
        self._adjusted[columns] = _ADJUSTED_TIME
        self.fresh = True

    def say_adjusted(self, status: tuple[PlateStatus, ...], elapsed: int) -> tuple[PlateStatus, ...]:
        """Return the status of a batch of ``elapsed`` nanoseconds, ADJUSTED where a plate was set lately."""
        said = tuple(
            PlateStatus.ADJUSTED if left > 0 and each is PlateStatus.OK else each
            for each, left in zip(status, self._adjusted.tolist(), strict=True)
        )
        # A plate that is not well goes on to wait: it is not compared with anything meanwhile.
        heard = np.array([each is PlateStatus.ADJUSTED for each in said])
        self._adjusted = np.maximum(self._adjusted - heard * min(elapsed, _ADJUSTED_SHARE), 0)
        self.fresh = bool(self._adjusted.any())
        return said


@dataclass
class BoardState:
    """One board: its plates, and what it has sent of late.

    Attributes:
        number: its address.
        clock: turns its time into event time.
        arrivals: does so by arrival, for scales, which send no time.
        groups: its plates by shelf.
        known: channels of the store description that weigh a plate.
        unused: channels of the store description that do not.
        width: channels a frame must have for all of them.
        stuck: which channels stand still.
        heard: arrival of its last frame, nanoseconds.
        reported: when it was last reported silent, nanoseconds.
        adjusted: arrival of the last frame that said that its devices were zeroed or tared, nanoseconds.
        period: time between samples, nanoseconds.
        lost: samples known to be lost.
        faulty: plates that are not well.
        recent: arrival, (samples, channels) counts, (channels,) status of the last frames, samples lost before each.
    """

    number: int
    clock: BoardClock
    arrivals: ArrivalClock
    groups: list[PlateGroup]
    known: frozenset[int]
    unused: frozenset[int]
    width: int
    stuck: StuckDetector
    heard: int | None = None
    reported: int | None = None
    adjusted: int = 0
    period: int = 0
    lost: int = 0
    faulty: tuple[str, ...] = ()
    recent: deque[tuple[int, NDArray[np.int32] | NDArray[np.float64], NDArray[np.uint8], int]] = field(
        default_factory=deque
    )

    def stands_still(self, channel: int) -> bool:
        """Tell whether a channel is stuck."""
        return self.stuck.any and channel < len(self.stuck.stuck) and bool(self.stuck.stuck[channel])

    def stuck_plates(self) -> tuple[str, ...]:
        """Return the plates whose channels are stuck."""
        return tuple(
            plate
            for group in self.groups
            for plate, channel in zip(group.plates, group.channels.tolist(), strict=True)
            if self.stands_still(channel)
        )


def wire(bus: Bus, store: Store, clock_settings: ClockSettings, stuck_after: float) -> dict[int, BoardState]:
    """Sort the channels of a bus by board and shelf, plates in the shelf's own order.

    Args:
        bus: the channels.
        store: the shelves.
        clock_settings: how the clocks of the boards are followed.
        stuck_after: seconds of standing still that make a noisy channel a stuck one.
    """
    channel_of = {channel.plate: channel for channel in bus.channels}
    boards = {}
    for number in sorted({channel.board for channel in bus.channels}):
        groups = []
        for shelf in store.shelf.values():
            own = [
                channel_of[plate.id]
                for plate in shelf.plates
                if plate.id in channel_of and channel_of[plate.id].board == number
            ]
            if own:
                groups.append(PlateGroup(shelf.id, f"{bus.id}/{number}", own))
        known = frozenset(channel.channel for channel in bus.channels if channel.board == number)
        clock, arrivals = BoardClock(clock_settings), ArrivalClock(round(1e9 / bus.reading.rate))
        stuck = StuckDetector(stuck_after)
        unused = frozenset(channel for board, channel in bus.unused if board == number)
        boards[number] = BoardState(number, clock, arrivals, groups, known, unused, max(known) + 1, stuck)
    return boards
