"""A weighing indicator that sends an A&D stream, written from the makers' instruction manuals."""

from __future__ import annotations

import math

from just_walk_out.simulation.host_commands import HostCommands
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.weighing import ScaleElectronics, Weighing
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store

_DIVISION = 0.001


class AndScale:
    """One indicator on a line of its own: in stream mode, or asked by ``Q`` where the bus is polled.

    ``Z`` zeroes and ``T`` tares at once and are echoed; anything else is ``EC,E01``.
    """

    def __init__(self, store: Store, bus: Bus, noise: Noise, seed: int) -> None:
        """Set the scale under the plate that the bus names."""
        self.bus = bus
        self._electronics = ScaleElectronics(
            store, [channel.plate for channel in bus.channels], noise, seed, bus.id, _DIVISION
        )
        self._commands = HostCommands(bus)
        self._stream = math.inf if bus.reading.polled else 0.05
        self._tare = 0.0
        self._net = False
        self._pressed = False

    @property
    def due(self) -> float:
        """Seconds since launch at which the next line has gone out; infinite while there is nothing to say."""
        return min(self._stream, self._commands.due)

    def hear(self, data: bytes, at: float) -> None:
        """Receive bytes of the host, begun ``at`` seconds since launch."""
        self._commands.hear(data, at)

    def press_tare(self) -> None:
        """Have somebody press the tare key: nothing is said of it but that weights are net from now on."""
        self._pressed = True

    def advance(self, to: float, world: World, start: float | None) -> bytes:
        """Return all lines that have gone out by ``to`` seconds since launch; the world must have got there."""
        sent = b""
        while self.due <= to:
            now = self.due
            self._electronics.convert(now, world, start)
            shown = self._electronics.show(0)
            if self._pressed:
                self._pressed = False
                self._obey(b"T", shown)
            if now == self._stream:
                self._stream += 1.0 / self.bus.reading.rate
                sent += self._line(shown)
                continue
            command = self._commands.drop()
            sent += self._line(shown) if command == b"Q" else self._obey(command, shown)
        return sent

    def _obey(self, command: bytes, shown: Weighing) -> bytes:
        if command == b"Z":
            self._electronics.offset[0] += shown.kilograms
            self._net = False
        elif command == b"T":
            self._tare = shown.kilograms
            self._net = True
        else:
            return b"EC,E01\r\n"
        return command + b"\r\n"

    def _line(self, shown: Weighing) -> bytes:
        kind = "NT" if self._net else "GS"
        value = shown.kilograms - (self._tare if self._net else 0.0)
        if shown.over or shown.under:
            return f"OL,{kind},{'+' if shown.over else '-'}9999.999kg\r\n".encode("ascii")
        header = "ST" if shown.stable else "US"
        sign = "-" if value < 0.0 else "+"
        return f"{header},{kind},{sign}{abs(value):08.3f}kg\r\n".encode("ascii")
