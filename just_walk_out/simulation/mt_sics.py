"""A bench scale that speaks MT-SICS, written from Mettler-Toledo's reference manual (levels 0 and 1)."""

from __future__ import annotations

import math
import zlib

from just_walk_out.simulation.host_commands import HostCommands
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.weighing import ScaleElectronics, Weighing
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store

_DIVISION = 0.0005
_PATIENCE = 5.0
_ZERO_RANGE = 0.02


class MtSicsScale:
    """One scale on a line of its own.

    It answers ``S``, ``SI``, ``SIR``, ``Z``, ``ZI``, ``T``, ``TI``, ``TAC`` and ``@``, anything else with ``ES``.
    What arrives while it is busy waits.
    """

    def __init__(self, store: Store, bus: Bus, noise: Noise, seed: int) -> None:
        """Set the scale under the plate that the bus names."""
        self.bus = bus
        self._electronics = ScaleElectronics(
            store, [channel.plate for channel in bus.channels], noise, seed, bus.id, _DIVISION
        )
        self._serial = f"{zlib.crc32(f'{bus.id}/{seed}'.encode()):010d}"
        self._commands = HostCommands(bus)
        self._since = 0.0
        self._repeat: float | None = None
        self._tare = 0.0

    @property
    def due(self) -> float:
        """Seconds since launch at which the next line has gone out; infinite while there is nothing to say."""
        if self._commands.waiting:
            return self._commands.due
        return math.inf if self._repeat is None else self._repeat

    def hear(self, data: bytes, at: float) -> None:
        """Receive bytes of the host, begun ``at`` seconds since launch."""
        busy = self._commands.waiting
        heard = self._commands.hear(data, at)
        if not busy:
            self._since = heard

    def advance(self, to: float, world: World, start: float | None) -> bytes:
        """Return all lines that have gone out by ``to`` seconds since launch; the world must have got there."""
        sent = b""
        while self.due <= to:
            now = self.due
            self._electronics.convert(now, world, start)
            shown = self._electronics.show(0)
            if not self._commands.waiting:
                sent += self._line(self._weight("S", shown))
                self._repeat = now + 1.0 / self.bus.reading.rate
                continue
            command = self._commands.first.decode("ascii", "replace")
            answer = self._answer(command, shown, now - self._since > _PATIENCE)
            if answer is None:
                self._commands.put_off(now + 1.0 / self.bus.reading.rate)
                continue
            sent += self._line(answer)
            self._commands.drop()
            self._since = now
            if command == "SIR":
                self._repeat = now + 1.0 / self.bus.reading.rate
        return sent

    def _answer(self, command: str, shown: Weighing, patient: bool) -> str | None:
        """Return the answer to a command; None while it has to wait for rest."""
        waits = command in ("S", "Z", "T") and not shown.stable and not shown.over and not shown.under
        if waits and not patient:
            return None
        if command in ("S", "SI", "SIR", "@"):
            self._repeat = None
        if command == "S" and waits:
            return "S I"
        if command in ("S", "SI", "SIR"):
            return self._weight("S", shown)
        if command in ("Z", "ZI"):
            return self._zero(command, shown, waits)
        if command in ("T", "TI"):
            return self._set_tare(command, shown, waits)
        if command == "TAC":
            self._tare = 0.0
            return "TAC A"
        if command == "@":
            self._tare = 0.0
            return f'I4 A "{self._serial}"'
        return "ES"

    def _zero(self, command: str, shown: Weighing, waits: bool) -> str:
        if waits:
            return f"{command} I"
        if abs(shown.kilograms) > _ZERO_RANGE * self._electronics.capacity[0]:
            return f"{command} {'+' if shown.kilograms > 0 else '-'}"
        self._electronics.offset[0] += shown.kilograms
        self._tare = 0.0
        return f"{command} A" if command == "Z" else f"ZI {'S' if shown.stable else 'D'}"

    def _set_tare(self, command: str, shown: Weighing, waits: bool) -> str:
        if waits:
            return f"{command} I"
        if shown.over or shown.kilograms < 0.0:
            return f"{command} {'+' if shown.over else '-'}"
        self._tare = shown.kilograms
        return f"{command} {'S' if shown.stable else 'D'} {1000.0 * self._tare:10.1f} g"

    def _weight(self, name: str, shown: Weighing) -> str:
        if shown.over or shown.under:
            return f"{name} {'+' if shown.over else '-'}"
        return f"{name} {'S' if shown.stable else 'D'} {1000.0 * (shown.kilograms - self._tare):10.1f} g"

    @staticmethod
    def _line(text: str) -> bytes:
        return text.encode("ascii") + b"\r\n"
