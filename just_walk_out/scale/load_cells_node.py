"""Node ``load_cells``: one bus of load-cell boards or scales in, shelf weights out; tare and calibration by service."""

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
from just_walk_out.scale.adjuster import PlateAdjuster
from just_walk_out.scale.clock import ClockSettings
from just_walk_out.scale.driver import DriverSettings
from just_walk_out.scale.protocols import Command
from just_walk_out.scale.transport import SerialTransport, TransportSettings
from just_walk_out.srv import CalibratePlate, MeasurePlate

_BACKLOG = 1000  # batches kept for an executor that is held up
_IDLE_PERIOD = 0.25  # seconds between looks for silent boards


class LoadCellsNode(StoreNode):
    """Wires the serial transport to the driver of one bus, and services to its adjuster."""

    def __init__(self) -> None:
        """Open the bus that the parameter ``bus`` names; a missing port is retried for ever."""
        super().__init__("load_cells")
        name = declare_one(self, "bus", "", "Id of the serial bus in the store description")
        if name not in self.store.bus:
            raise ParameterError(f"parameter bus: {name!r} is none of {', '.join(self.store.bus)}")
        self._bus = self.store.bus[name]
        self._port = declare_endpoint(
            self, "port", self._bus.port, "Device path or pyserial URL that replaces the bus's own"
        )
        self._adjuster = PlateAdjuster(
            self._bus, self.store, self.state_dir, declare(self, DriverSettings), declare(self, ClockSettings, "clock")
        )
        self._driver = self._adjuster.driver
        self.offer(ShelfWeights)
        # Devices that have to be asked are so by the transport's thread, at once, whatever the executor does.
        self._guard = threading.Lock()
        self._ready: deque[ShelfWeights] = deque(maxlen=_BACKLOG)
        self._wake = self.create_guard_condition(self._read)
        self._transport = SerialTransport(
            self._port,
            self._bus.baudrate,
            declare(self, TransportSettings, "transport"),
            clock=self._now,
            notify=self._wake.trigger,
            framing=self._bus.framing,
            talk=None if self._bus.protocol == "board" else self._talk,
        )
        self.create_timer(_IDLE_PERIOD, self._idle)
        self.create_service(Trigger, "~/tare", self._tare)
        self.create_service(MeasurePlate, "~/measure", self._measure)
        for command in self._driver.commands:
            self.create_service(Trigger, f"~/{command}_scale", partial(self._command, command))
        self.create_service(CalibratePlate, "~/calibrate", self._calibrate)
        self.diagnostics.add(f"bus {name}", self._bus_health)
        self._transport.start()

    def _now(self) -> int:
        return int(self.get_clock().now().nanoseconds)

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
            silent = self._driver.idle(self._now())
            notices = self._driver.take_notices()
        for weights in silent:
            self.send(weights)
        for notice in notices:
            self.get_logger().warning(notice)

    def _tare(self, request: Any, response: Any) -> Any:
        self._read()
        return self._answer(response, lambda: self._adjuster.tare(self._now()))

    def _calibrate(self, request: Any, response: Any) -> Any:
        self._read()
        return self._answer(
            response, lambda: self._adjuster.calibrate(request.plate, request.zero, request.scale, self._now())
        )

    def _answer(self, response: Any, act: Any) -> Any:
        try:
            with self._guard:
                response.message = act()
            response.success = True
            self.get_logger().info(response.message)
        except (ValueError, OSError) as error:
            response.message = " ".join(str(error).split())
            self.get_logger().warning(response.message)
        return response

    def _measure(self, request: Any, response: Any) -> Any:
        self._read()
        response.bus = self._bus.id
        try:
            with self._guard:
                reading = self._adjuster.measure(request.plate, self._now())
                response.zero, response.scale = self._driver.calibration(request.plate)
        except ValueError as error:
            response.message = str(error)
            return response
        for name, value in vars(reading).items():
            setattr(response, name, value)
        response.success = True
        return response

    def _bus_health(self) -> Health:
        line = self._transport.state()
        with self._guard:
            health, outcome = self._driver.health(self._now()), self._driver.outcome()
        values: dict[str, object] = {"port": self._port, "bytes": line.bytes, "reconnects": line.reconnects}
        values["dropped chunks"] = line.dropped
        values.update(vars_of(health.counts))
        if outcome:
            values["command"] = outcome
        values["adjusted plates"] = self._adjuster.adjusted
        for board in health.boards:
            values[f"board {board.board}"] = (
                f"{board.rate:.1f} samples/s, {board.lost} lost, {board.restarts} restarts, "
                f"clock {board.skew * 1e6:+.0f} ppm"
            )
        if not line.connected:
            return Health(Level.ERROR, f"{self._port}: {line.error or 'not open yet'}", values)
        if health.errors:
            return Health(Level.ERROR, f"{'; '.join(health.errors)} at {self._port}", values)
        if health.warnings:
            return Health(Level.WARN, "; ".join(health.warnings), values)
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
