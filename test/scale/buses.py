"""Buses with scales on the plates of a small store."""

from shelf_signals import make_store

from just_walk_out.store.bus import MAIN_HOST, Bus, Channel, Framing, Reading, Registers

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
STORE = make_store(shelves=1, plates=3)
PLATES = tuple(plate.id for plate in STORE.shelf["g1/s0"].plates)


def text_bus(protocol, polled=False, rate=10.0, timeout=0.1, latency=0.0, port="loop://"):
    channels = (Channel(0, 0, PLATES[0], 1.0),)
    return Bus("bus", protocol, port, 9600, channels, MAIN_HOST, Framing(), Reading(rate, polled, timeout, latency))


def modbus_bus(points=((1, 0), (2, 0), (3, 0)), rate=10.0, timeout=0.05, scale=0.001, port="loop://", **registers):
    channels = tuple(Channel(0, index, PLATES[index], scale) for index in range(len(points)))
    framing, reading = Framing(), Reading(rate, True, timeout)
    return Bus(
        "bus", "modbus_rtu", port, 115200, channels, MAIN_HOST, framing, reading, Registers(tuple(points), **registers)
    )
