"""Node ``load_cells``: one serial bus of load-cell boards or scales in, shelf weights out."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import Any

from std_srvs.srv import Trigger

from just_walk_out.records import ShelfWeights
from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.parameters import ParameterError, declare, declare_one
from just_walk_out.ros.stages import StoreNode, declare_endpoint, run
from just_walk_out.scale.clock import ClockSettings
from just_walk_out.scale.driver import DriverSettings, LoadCellDriver
from just_walk_out.scale.protocols import Command
from just_walk_out.scale.transport import SerialTransport, TransportSettings

_BACKLOG = 1000  # batches kept for an executor that is held up
_IDLE_PERIOD = 0.25  # seconds between looks for silent boards


class LoadCellsNode(StoreNode):
    """Wires the serial transport to the driver of one bus."""

    def __init__(self) -> None:
        """Open the bus that the parameter ``bus`` names; a missing port is retried for ever."""
        super().__init__("load_cells")
        name = declare_one(self, "bus", "", "Id of the serial bus in the store description")
        if name not in self.store.bus:
            raise ParameterError(f"parameter bus: {name!r} is none of {', '.join(self.store.bus)}")
        bus = self.store.bus[name]
        self._port = declare_endpoint(self, "port", bus.port, "Device path or pyserial URL that replaces the bus's own")
        self._driver = LoadCellDriver(
            bus, self.store, declare(self, DriverSettings), declare(self, ClockSettings, "clock")
        )
        self.offer(ShelfWeights)
        # Devices that have to be asked are so by the transport's thread, at once, whatever the executor does.
        self._guard = threading.Lock()
        self._ready: deque[ShelfWeights] = deque(maxlen=_BACKLOG)
        self._wake = self.create_guard_condition(self._read)
        self._transport = SerialTransport(
            self._port,
            bus.baudrate,
            declare(self, TransportSettings, "transport"),
            clock=lambda: self.get_clock().now().nanoseconds,
            notify=self._wake.trigger,
            framing=bus.framing,
            talk=None if bus.protocol == "board" else self._talk,
        )
        self.create_timer(_IDLE_PERIOD, self._idle)
        for command in self._driver.commands:
            self.create_service(Trigger, f"~/{command}_scale", partial(self._command, command))
        self.diagnostics.add(f"bus {name}", self._bus_health)
        self._transport.start()

    def _talk(self, stamp: int, data: bytes) -> tuple[bytes, int, int | None]:
        with self._guard:
            batches = self._driver.feed(stamp, data)
            poll = self._driver.poll(stamp)
            self._ready.extend(batches)
        if batches:
            self._wake.trigger()
        return poll.data, poll.at, poll.due

    def _command(self, command: Command, _request: Any, response: Any) -> Any:
        with self._guard:
            self._driver.request(command)
        response.success = True
        response.message = f"{command}: asked; diagnostics say what becomes of it"
        return response

    def _read(self) -> None:
        for arrival, data in self._transport.fetch():
            for weights in self._driver.feed(arrival, data):
                self.send(weights)
        with self._guard:
            ready = list(self._ready)
            self._ready.clear()
        for weights in ready:
            self.send(weights)

    def _idle(self) -> None:
        self._read()
        with self._guard:
            silent = self._driver.idle(self.get_clock().now().nanoseconds)
            notices = self._driver.take_notices()
        for weights in silent:
            self.send(weights)
        for notice in notices:
            self.get_logger().warning(notice)

    def _bus_health(self) -> Health:
        line = self._transport.state()
        with self._guard:
            health = self._driver.health(self.get_clock().now().nanoseconds)
            outcome = self._driver.outcome()
        values: dict[str, object] = {"port": self._port, "bytes": line.bytes, "reconnects": line.reconnects}
        values.update(vars_of(health.counts))
        if outcome:
            values["command"] = outcome
        for board in health.boards:
            values[f"board {board.board}"] = (
                f"{board.rate:.1f} samples/s, {board.lost} lost, {board.restarts} restarts, "
                f"clock {board.skew * 1e6:+.0f} ppm"
            )
        if not line.connected:
            return Health(Level.ERROR, f"{self._port}: {line.error or 'not open yet'}", values)
        stale = [str(board.board) for board in health.boards if board.stale]
        if stale:
            return Health(Level.ERROR, f"no samples from board {', '.join(stale)} at {self._port}", values)
        faulty = [plate for board in health.boards for plate in board.faulty]
        if faulty:
            return Health(Level.WARN, f"plates not OK: {', '.join(faulty)}", values)
        if health.notices:
            return Health(Level.WARN, health.notices[-1], values)
        return Health(Level.OK, "reading", values)

    def close(self) -> None:
        """Stop reading."""
        self._transport.stop()


def vars_of(counts: object) -> dict[str, object]:
    """Return the counters of a dataclass by name."""
    return {name: getattr(counts, name) for name in counts.__dataclass_fields__}  # type: ignore[attr-defined]


def main() -> int:
    """Run the node."""
    return run(LoadCellsNode)
