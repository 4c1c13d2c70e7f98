"""One serial line of load-cell boards: from its bytes to weights of shelves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import PlateStatus, ShelfWeights
from just_walk_out.scale.adjustments import Adjustment
from just_walk_out.scale.clock import ClockSettings
from just_walk_out.scale.health import BoardHealth, DriverHealth
from just_walk_out.scale.protocols import Command, Frame, Poll, make_parser
from just_walk_out.scale.reading import Reading, ReadingError, summarise, unknown_plate
from just_walk_out.scale.wiring import BoardState, PlateGroup, wire
from just_walk_out.settings import setting, validate
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_US = 1000
# Slow scales are given time for so many readings before they count as silent.
_SILENT_PERIODS = 3.0
_STATUS = np.full(256, PlateStatus.FAULT, np.uint8)
_STATUS[:4] = (PlateStatus.OK, PlateStatus.STALE, PlateStatus.SATURATED, PlateStatus.FAULT)
_STATUS_VALUES = tuple(PlateStatus)
# Share of the time at rest that must have been seen: some frames may be lost, the newest is on its way.
_COVERED = 0.7
_CODES = ("ok", "without a value", "saturated", "faulty")


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
    stuck_after: float = setting(
        10.0, "Standing still of a noisy channel from which it is a fault.", unit="s", minimum=2.0, maximum=86400.0
    )
    rest_time: float = setting(
        2.0, "Time at rest that tare and calibration are measured over.", unit="s", minimum=0.5, maximum=30.0
    )
    rest_spread: float = setting(
        0.005, "Range of the means of an eighth of that time up to which a plate is tared.", unit="kg", minimum=0.0001
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate(self)


class LoadCellDriver:
    """Turns what arrives on one bus into ``ShelfWeights``; pure, arrival stamps are passed in."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        settings: DriverSettings | None = None,
        clock_settings: ClockSettings | None = None,
        adjustments: Mapping[str, Adjustment] | None = None,
    ) -> None:
        """Make the driver of a bus.

        Args:
            bus: what hangs on the line.
            store: where the plates are.
            settings: when boards and channels count as silent or stuck.
            clock_settings: how the clocks of the boards are followed.
            adjustments: zero and scale of plates that outrank those of the bus.

        Raises:
            ValueError: the bus names a protocol that does not exist.
        """
        self._bus = bus
        self._settings = settings or DriverSettings()
        self._parser = make_parser(bus)
        self._silence = round(max(self._settings.silence, _SILENT_PERIODS / bus.reading.rate) * _SECOND)
        self._boards = wire(bus, store, clock_settings or ClockSettings(), self._settings.stuck_after)
        self._keep = int(max(self._settings.rate_window, self._settings.rest_time + 1.0) * _SECOND)
        self._place = {
            plate: (board, group, column)
            for board in self._boards.values()
            for group in board.groups
            for column, plate in enumerate(group.plates)
        }
        for plate, each in (adjustments or {}).items():
            _, group, column = self._place[plate]
            group.zero[column] = group.zero[column] if each.zero is None else each.zero
            group.scale[column] = group.scale[column] if each.scale is None else each.scale
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
                if all(number != frame.board for number, _ in self._bus.unused):
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
            begin = stamp - self._settings.rate_window * _SECOND
            recent = [(len(counts), lost) for arrival, counts, _, lost in board.recent if arrival >= begin]
            samples, missing = (sum(numbers) for numbers in zip(*recent, strict=True)) if recent else (0, 0)
            boards.append(
                BoardHealth(
                    board=board.number,
                    rate=samples / self._settings.rate_window,
                    age=0.0 if since is None else (stamp - since) / _SECOND,
                    stale=self._silent(board, stamp),
                    lost=board.lost,
                    loss=missing / max(1, samples + missing),
                    restarts=board.clock.restarts,
                    skew=board.clock.skew,
                    faulty=board.faulty,
                    stuck=board.stuck_plates(),
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

    def plates(self) -> tuple[str, ...]:
        """Return the plates of the bus."""
        return tuple(self._place)

    def calibration(self, plate: str) -> tuple[float, float]:
        """Return zero (counts) and scale (kilograms per count) that are in force for a plate.

        Raises:
            ReadingError: the bus does not weigh that plate.
        """
        _, group, column = self._placed(plate)
        return float(group.zero[column]), float(group.scale[column])

    def reading(self, plate: str, stamp: int) -> Reading:
        """Return what a plate has read over the last ``rest_time`` seconds, at rest or not.

        Args:
            plate: its id.
            stamp: host time, nanoseconds.

        Raises:
            ReadingError: the bus does not weigh it, or it has given no sound values for so long.
        """
        board, group, column = self._placed(plate)
        begin = stamp - int(self._settings.rest_time * _SECOND)
        channel = int(group.channels[column])
        if self._silent(board, stamp):
            raise ReadingError(f"plate {plate}: nothing has come from board {board.number} lately")
        since = max(begin, board.adjusted)
        frames = [(counts, status) for arrival, counts, status, _ in board.recent if arrival > since]
        if any(channel >= len(status) for _, status in frames):
            raise ReadingError(f"plate {plate}: board {board.number} does not send channel {channel}")
        if board.stands_still(channel):
            raise ReadingError(f"plate {plate}: its count stands still, the channel is stuck")
        worst = max((int(_STATUS[status[channel]]) for _, status in frames), default=int(PlateStatus.OK))
        if worst:
            raise ReadingError(f"plate {plate}: the board says that it is {_CODES[worst]}")
        covered = sum(len(counts) for counts, _ in frames) * board.period
        if covered < _COVERED * (stamp - begin):
            raise ReadingError(f"plate {plate}: {covered / _SECOND:.1f} s of samples so far, wait a moment")
        try:
            return summarise(np.concatenate([counts[:, channel] for counts, _ in frames]), board.period / _SECOND)
        except ReadingError as error:
            raise ReadingError(f"plate {plate}: {error}; is rest_time long enough?") from None

    def adjust(self, plate: str, zero: float, scale: float) -> None:
        """Convert the counts of a plate by another zero and scale from now on.

        Its samples say so for a second: what they weigh cannot be compared with what was before.

        Raises:
            ReadingError: the bus does not weigh that plate.
        """
        _, group, column = self._placed(plate)
        group.adjust(column, zero, scale)

    def _placed(self, plate: str) -> tuple[BoardState, PlateGroup, int]:
        try:
            return self._place[plate]
        except KeyError:
            raise unknown_plate(plate, self._bus.id) from None

    def _convert(self, board: BoardState, frame: Frame, arrival: int) -> list[ShelfWeights]:
        samples, channels = frame.counts.shape
        if frame.age is None:
            stamp, missing = board.clock.stamp(frame.time_us, frame.period_us, samples, arrival), 0
            board.period = frame.period_us * _US
        else:
            stamp, missing = board.arrivals.stamp(arrival - frame.age)
            board.period = board.arrivals.period
            if board.arrivals.measured is not None and self._rate_notice not in self._told:
                self._told.add(self._rate_notice)
                self._unread.append(self._rate_notice)
        board.heard = arrival
        board.reported = None
        if frame.adjusted:
            board.adjusted = arrival
            for group in board.groups:
                group.announce(range(len(group.plates)))
        lost = frame.lost * samples + missing
        board.lost += lost
        board.recent.append((arrival, frame.counts, frame.status, lost))
        while arrival - board.recent[0][0] > self._keep:
            board.recent.popleft()
        board.stuck.push(frame.counts, board.period, frame.status != 0 if frame.status.any() else None)
        if channels != len(board.known) + len(board.unused):
            self._check_channels(board, channels)
        codes = _STATUS[frame.status]
        counts: NDArray[Any] = frame.counts
        if board.stuck.any:
            codes[board.stuck.stuck] = PlateStatus.FAULT
        if channels < board.width:
            absent = board.width - channels
            codes = np.append(codes, np.full(absent, PlateStatus.FAULT, np.uint8))
            counts = np.pad(counts, ((0, 0), (0, absent)))
        batches = []
        sound = not codes.any()
        for group in board.groups:
            weights = group.kilograms(counts)
            status = (PlateStatus.OK,) * len(group.plates)
            if not sound:
                own = codes[group.channels]
                weights[:, (own == PlateStatus.STALE) | (own == PlateStatus.FAULT)] = np.nan
                status = tuple(_STATUS_VALUES[code] for code in own.tolist())
            if group.fresh:
                status = group.say_adjusted(status, samples * board.period)
            batches.append(self._batch(board, group, stamp, status, weights.reshape(-1)))
        board.faulty = () if sound else _faulty(batches)
        return batches

    def _batch(
        self,
        board: BoardState,
        group: PlateGroup,
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

    def _silent(self, board: BoardState, stamp: int) -> bool:
        since = self._started if board.heard is None else board.heard
        return since is not None and stamp - since > self._silence

    def _check_channels(self, board: BoardState, channels: int) -> None:
        where = f"{self._bus.id}: board {board.number}"
        for channel in range(channels):
            if channel not in board.known | board.unused:
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


def _faulty(batches: list[ShelfWeights]) -> tuple[str, ...]:
    return tuple(
        plate
        for batch in batches
        for plate, status in zip(batch.plates, batch.status, strict=True)
        if status not in (PlateStatus.OK, PlateStatus.ADJUSTED)
    )
