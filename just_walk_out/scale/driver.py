"""One serial line of load-cell boards: from its bytes to weights of shelves."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import PlateStatus, ShelfWeights
from just_walk_out.scale.arrivals import ArrivalClock
from just_walk_out.scale.clock import BoardClock, ClockSettings
from just_walk_out.scale.protocols import Command, Frame, LineCounts, Poll, make_parser
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Bus, Channel, Store

_SECOND = 1_000_000_000
_US = 1000
# Slow scales are given time for so many readings before they count as silent.
_SILENT_PERIODS = 3.0
_STATUS = np.full(256, PlateStatus.FAULT, np.uint8)
_STATUS[:4] = (PlateStatus.OK, PlateStatus.STALE, PlateStatus.SATURATED, PlateStatus.FAULT)
_STATUS_VALUES = tuple(PlateStatus)


@dataclass(frozen=True)
class DriverSettings:
    """When a board counts as silent, and how its clock is followed."""

    silence: float = setting(
        1.0, "Silence after which the plates of a board are reported stale.", unit="s", minimum=0.1, maximum=60.0
    )
    stale_period: float = setting(
        1.0, "Time between stale reports of a silent board.", unit="s", minimum=0.1, maximum=60.0
    )
    rate_window: float = setting(5.0, "Span over which rates are measured.", unit="s", minimum=1.0, maximum=60.0)

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate(self)


@dataclass(frozen=True)
class BoardHealth:
    """State of one board: rate in samples a second, age in seconds since its last frame, skew relative."""

    board: int
    rate: float
    age: float
    stale: bool
    lost: int
    restarts: int
    skew: float
    faulty: tuple[str, ...]


@dataclass(frozen=True)
class DriverHealth:
    """State of one serial line for diagnostics."""

    bus: str
    counts: LineCounts
    boards: tuple[BoardHealth, ...]
    notices: tuple[str, ...]


@dataclass
class _Group:
    """The plates of one shelf that are read by one board."""

    shelf: str
    source: str
    plates: tuple[str, ...]
    channels: NDArray[np.intp]
    zero: NDArray[np.float64]
    scale: NDArray[np.float64]
    sequence: int = 0


@dataclass
class _Board:
    number: int
    clock: BoardClock
    arrivals: ArrivalClock
    groups: list[_Group]
    known: frozenset[int]
    width: int
    heard: int | None = None
    reported: int | None = None
    period: int = 0
    lost: int = 0
    faulty: tuple[str, ...] = ()
    recent: deque[tuple[int, int]] = field(default_factory=deque)


class LoadCellDriver:
    """Turns what arrives on one bus into ``ShelfWeights``; pure, arrival stamps are passed in."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        settings: DriverSettings | None = None,
        clock_settings: ClockSettings | None = None,
    ) -> None:
        """Make the driver of a bus.

        Raises:
            ValueError: the bus names a protocol that does not exist.
        """
        self._bus = bus
        self._settings = settings or DriverSettings()
        self._parser = make_parser(bus)
        self._silence = round(max(self._settings.silence, _SILENT_PERIODS / bus.reading.rate) * _SECOND)
        self._boards = _boards(bus, store, clock_settings or ClockSettings())
        self._started: int | None = None
        self._notices: dict[str, None] = {}
        self._unread: list[str] = []
        self._rate_notice = f"{bus.id}: does not deliver the {bus.reading.rate:g} readings/s of its rate"
        self._told: set[str] = set()

    def feed(self, arrival: int, data: bytes) -> list[ShelfWeights]:
        """Take bytes that arrived at ``arrival`` (nanoseconds) and return the batches they complete.

        No bytes say that time has passed, which matters where devices are asked and do not answer.
        """
        if self._started is None:
            self._started = arrival
        batches: list[ShelfWeights] = []
        for frame in self._parser.feed(data, arrival):
            board = self._boards.get(frame.board)
            if board is None:
                self._notice(f"{self._bus.id}: board {frame.board} is not in the store description")
                continue
            batches += self._convert(board, frame, arrival)
        return batches

    def poll(self, stamp: int) -> Poll:
        """Return what is to be written to the line at host time ``stamp``, and when to feed and poll again."""
        return self._parser.poll(stamp)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What the devices of the bus can be asked to do."""
        return self._parser.commands

    def request(self, command: Command) -> None:
        """Have the devices zero or tare themselves.

        Raises:
            ValueError: they cannot.
        """
        if command not in self.commands:
            raise ValueError(f"{self._bus.id}: devices of the protocol {self._bus.protocol} do not {command}")
        self._parser.request(command)

    def outcome(self) -> str:
        """Return what became of the last request; empty when there was none."""
        return self._parser.outcome

    def idle(self, stamp: int) -> list[ShelfWeights]:
        """Report boards that have been silent too long: batches without samples, all plates stale.

        Args:
            stamp: host time, nanoseconds; to be called a few times a second.
        """
        if self._started is None:
            self._started = stamp
        batches = []
        for board in self._boards.values():
            if not self._silent(board, stamp):
                continue
            if board.reported is not None and stamp - board.reported < self._settings.stale_period * _SECOND:
                continue
            board.reported = stamp
            for group in board.groups:
                status = (PlateStatus.STALE,) * len(group.plates)
                batches.append(self._batch(board, group, stamp, status, np.empty(0, np.float32)))
        return batches

    def health(self, stamp: int) -> DriverHealth:
        """Return the state of the line and its boards at host time ``stamp``."""
        boards = []
        for board in self._boards.values():
            since = self._started if board.heard is None else board.heard
            while board.recent and stamp - board.recent[0][0] > self._settings.rate_window * _SECOND:
                board.recent.popleft()
            boards.append(
                BoardHealth(
                    board=board.number,
                    rate=sum(samples for _, samples in board.recent) / self._settings.rate_window,
                    age=0.0 if since is None else (stamp - since) / _SECOND,
                    stale=self._silent(board, stamp),
                    lost=board.lost,
                    restarts=board.clock.restarts,
                    skew=board.clock.skew,
                    faulty=board.faulty,
                )
            )
        self._take_parser_notices()
        notices = tuple(self._notices)
        if any(board.arrivals.measured is not None for board in self._boards.values()):
            notices = (*notices, self._rate_notice)
        return DriverHealth(self._bus.id, self._parser.counts, tuple(boards), notices)

    def take_notices(self) -> list[str]:
        """Return what is wrong with the line's description, each line once."""
        self._take_parser_notices()
        unread, self._unread = self._unread, []
        return unread

    def _convert(self, board: _Board, frame: Frame, arrival: int) -> list[ShelfWeights]:
        samples, channels = frame.counts.shape
        if frame.age is None:
            stamp = board.clock.stamp(frame.time_us, frame.period_us, samples, arrival)
            board.period = frame.period_us * _US
        else:
            stamp, missing = board.arrivals.stamp(arrival - frame.age)
            board.period = board.arrivals.period
            board.lost += missing
            if board.arrivals.measured is not None and self._rate_notice not in self._told:
                self._told.add(self._rate_notice)
                self._unread.append(self._rate_notice)
        board.heard = arrival
        board.reported = None
        board.lost += frame.lost * samples
        board.recent.append((arrival, samples))
        while board.recent and arrival - board.recent[0][0] > self._settings.rate_window * _SECOND:
            board.recent.popleft()
        if channels != len(board.known):
            self._check_channels(board, channels)
        codes = _STATUS[frame.status]
        counts: NDArray[Any] = frame.counts
        if channels < board.width:
            missing = board.width - channels
            codes = np.append(codes, np.full(missing, PlateStatus.FAULT, np.uint8))
            counts = np.pad(counts, ((0, 0), (0, missing)))
        batches = []
        sound = not codes.any()
        for group in board.groups:
            weights = ((counts[:, group.channels] - group.zero) * group.scale).astype(np.float32)
            status = (PlateStatus.OK,) * len(group.plates)
            if not sound:
                own = codes[group.channels]
                weights[:, (own == PlateStatus.STALE) | (own == PlateStatus.FAULT)] = np.nan
                status = tuple(_STATUS_VALUES[code] for code in own.tolist())
            batches.append(self._batch(board, group, stamp, status, weights.reshape(-1)))
        board.faulty = () if sound else tuple(_faulty(batches))
        return batches

    def _batch(
        self,
        board: _Board,
        group: _Group,
        stamp: int,
        status: tuple[PlateStatus, ...],
        weights: NDArray[np.float32],
    ) -> ShelfWeights:
        batch = ShelfWeights(
            stamp=stamp,
            shelf=group.shelf,
            source=group.source,
            sequence=group.sequence,
            lost=board.lost,
            sample_period=board.period,
            plates=group.plates,
            status=status,
            weights=weights,
        )
        group.sequence = (group.sequence + 1) & 0xFFFFFFFF
        return batch

    def _silent(self, board: _Board, stamp: int) -> bool:
        since = self._started if board.heard is None else board.heard
        return since is not None and stamp - since > self._silence

    def _check_channels(self, board: _Board, channels: int) -> None:
        where = f"{self._bus.id}: board {board.number}"
        for channel in range(channels):
            if channel not in board.known:
                self._notice(f"{where} sends channel {channel}, which is not in the store description")
        for channel in sorted(board.known):
            if channel >= channels:
                self._notice(f"{where} does not send channel {channel} of the store description")

    def _take_parser_notices(self) -> None:
        for text in self._parser.notices:
            self._notice(text)

    def _notice(self, text: str) -> None:
        if text not in self._notices:
            self._notices[text] = None
            self._unread.append(text)


def _faulty(batches: list[ShelfWeights]) -> list[str]:
    return [
        plate
        for batch in batches
        for plate, status in zip(batch.plates, batch.status, strict=True)
        if status is not PlateStatus.OK
    ]


def _boards(bus: Bus, store: Store, clock_settings: ClockSettings) -> dict[int, _Board]:
    """Sort the channels of a bus by board and shelf, plates in the shelf's own order."""
    channel_of = {channel.plate: channel for channel in bus.channels}
    boards = {}
    for number in sorted({channel.board for channel in bus.channels}):
        groups = []
        for shelf in store.shelf.values():
            own: list[Channel] = [
                channel_of[plate.id]
                for plate in shelf.plates
                if plate.id in channel_of and channel_of[plate.id].board == number
            ]
            if own:
                groups.append(
                    _Group(
                        shelf=shelf.id,
                        source=f"{bus.id}/{number}",
                        plates=tuple(channel.plate for channel in own),
                        channels=np.array([channel.channel for channel in own], np.intp),
                        zero=np.array([channel.zero for channel in own]),
                        scale=np.array([channel.scale for channel in own]),
                    )
                )
        known = frozenset(channel.channel for channel in bus.channels if channel.board == number)
        arrivals = ArrivalClock(round(_SECOND / bus.reading.rate))
        boards[number] = _Board(number, BoardClock(clock_settings), arrivals, groups, known, max(known) + 1)
    return boards
