"""What hangs on a serial bus, by the protocol that the store description names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from just_walk_out.simulation.and_scale import AndScale
from just_walk_out.simulation.boards import BusBoards
from just_walk_out.simulation.modbus import ModbusTransmitters
from just_walk_out.simulation.mt_sics import MtSicsScale
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus, ProtocolName
from just_walk_out.store.model import Store


class Devices(Protocol):
    """The devices of one bus, as the host at the other end of the line knows them."""

    bus: Bus

    @property
    def due(self) -> float:
        """Seconds since launch at which the next bytes have gone out; infinite while there are none."""
        ...

    def hear(self, data: bytes, at: float) -> None:
        """Receive bytes of the host, begun ``at`` seconds since launch."""
        ...

    def advance(self, to: float, world: World, start: float | None) -> bytes:
        """Return all bytes sent up to ``to`` seconds since launch; the world must have got there."""
        ...


DEVICES: Mapping[ProtocolName, Callable[[Store, Bus, Noise, int], Devices]] = MappingProxyType(
    {"board": BusBoards, "mt_sics": MtSicsScale, "and_stream": AndScale, "modbus_rtu": ModbusTransmitters}
)


def make_devices(store: Store, bus: Bus, noise: Noise, seed: int) -> Devices:
    """Make the devices of a bus.

    Args:
        store: where the plates are.
        bus: what the devices hang on.
        noise: disturbance of the cells.
        seed: of the simulation.
    """
    return DEVICES[bus.protocol](store, bus, noise, seed)
