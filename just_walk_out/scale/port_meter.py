"""Reads the plates of a bus without any node: this process has the port to itself."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from just_walk_out.scale.adjuster import PlateAdjuster
from just_walk_out.scale.calibration import CalibrationError
from just_walk_out.scale.guide import Measurement
from just_walk_out.scale.reading import ReadingError
from just_walk_out.scale.transport import SerialTransport
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store

_PAUSE = 0.2  # seconds between two looks at a plate
_OPENING = 2.0  # seconds in which a port is open or not to be had


class PortMeter:
    """A ``Meter`` on the serial port itself, for a store whose nodes do not run."""

    def __init__(self, bus: Bus, store: Store, state_dir: Path, port: str = "") -> None:
        """Open the port; a missing one is retried while somebody asks.

        Args:
            bus: whose plates are read.
            store: where they are.
            state_dir: where zero and scale are kept.
            port: replaces that of the bus.

        Raises:
            StoreError: the file of zeros and scales is wrong.
            CalibrationError: another process has the port open.
        """
        self._adjuster = PlateAdjuster(bus, store, state_dir)
        self._guard = threading.Lock()
        talk = None if bus.protocol == "board" else self._talk
        self._transport = SerialTransport(port or bus.port, bus.baudrate, framing=bus.framing, talk=talk)
        self._transport.start()
        self._transport.wait_for(lambda state: state.connected or bool(state.error), _OPENING)
        if self._transport.state().held:
            self.close()
            raise CalibrationError(
                f"{self._transport.state().error}; is a load_cells node running, perhaps in a --namespace?"
            )

    @property
    def trouble(self) -> str:
        """Why the port is not open; empty when it is."""
        line = self._transport.state()
        return "" if line.connected else line.error or "the port is not open yet"

    def measure(self, plate: str) -> Measurement:
        """Return what a plate reads now.

        Raises:
            ReadingError: nothing can be said now.
        """
        self._read()
        if trouble := self.trouble:
            raise ReadingError(trouble)
        with self._guard:
            reading = self._adjuster.measure(plate, time.time_ns())
            return Measurement(reading, *self._adjuster.driver.calibration(plate))

    def calibrate(self, plate: str, zero: float, scale: float) -> str:
        """Keep zero (counts) and scale (kg per count) of a plate."""
        with self._guard:
            return self._adjuster.calibrate(plate, zero, scale, time.time_ns())

    def tare(self) -> str:
        """Zero all plates of the bus by what they read."""
        self._read()
        with self._guard:
            return self._adjuster.tare(time.time_ns())

    def pause(self) -> None:
        """Read on for a moment."""
        until = self.elapsed() + _PAUSE
        while (left := until - self.elapsed()) > 0:
            self._read(left)

    def elapsed(self) -> float:
        """Return seconds of the steady clock."""
        return time.monotonic()

    def close(self) -> None:
        """Close the port."""
        self._transport.stop()

    def _talk(self, stamp: int, data: bytes) -> tuple[bytes, int, int | None]:
        with self._guard:
            self._adjuster.driver.feed(stamp, data)
            poll = self._adjuster.driver.poll(stamp)
        return poll.data, poll.at, poll.due

    def _read(self, timeout: float = 0.0) -> None:
        chunks = self._transport.fetch(timeout)
        with self._guard:
            for arrival, data in chunks:
                self._adjuster.driver.feed(arrival, data)
            self._adjuster.driver.idle(time.time_ns())
