"""Checks of what a serial bus says about the protocol it speaks."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import get_args

from just_walk_out.store import schema
from just_walk_out.store.bus import ProtocolName
from just_walk_out.store.checks import check_unique
from just_walk_out.store.place import Errors, Place
from just_walk_out.store.reader import describe, limits_of

_SCALE = ("plate", "rate")
NEEDED = MappingProxyType(
    {"board": (), "mt_sics": _SCALE, "and_stream": _SCALE, "modbus_rtu": ("units", "modbus", "rate")}
)
"""Keys that a bus needs beside those of every bus, by protocol."""
ALLOWED = MappingProxyType(
    {
        "board": ("boards", "channels"),
        "mt_sics": ("mode", "timeout", "latency"),
        "and_stream": ("mode", "timeout", "latency"),
        "modbus_rtu": ("timeout", "latency"),
    }
)
"""Keys that it may have besides."""
REACH = 120
"""Registers from the first to the last that one request may ask for; the standard allows 125."""
_LARGEST = 65535


def check_protocols(buses: tuple[schema.BusDoc, ...], errors: Errors) -> None:
    """Report keys that the protocol of a bus lacks or does not know, and transmitters described in contradiction."""
    keys = [key for key in fields(schema.BusDoc) if _is_of_some_protocol(key.name)]
    for bus in buses:
        needed, allowed = NEEDED[bus.protocol], ALLOWED[bus.protocol]
        for key in keys:
            value = getattr(bus, key.name)
            at = bus.at.key(key.name)
            if key.name in needed:
                if value is None:
                    what = describe(_hint(key.name), limits_of(key))
                    errors.add(at, f"missing; expected {what} for the protocol {bus.protocol}")
            elif key.name not in allowed and value != key.default:
                errors.add(at, f"unknown key for the protocol {bus.protocol}; expected {', '.join(needed + allowed)}")
        if bus.protocol == "modbus_rtu":
            _check_units(bus, errors)
            if bus.data_bits != 8:
                errors.add(bus.at.key("data_bits"), "expected 8 for the protocol modbus_rtu")


def _is_of_some_protocol(name: str) -> bool:
    return any(name in NEEDED[protocol] + ALLOWED[protocol] for protocol in get_args(ProtocolName))


def _hint(name: str) -> object:
    hints = {"plate": str, "rate": float, "units": tuple[schema.UnitDoc, ...], "modbus": schema.ModbusDoc}
    return hints[name]


def _check_units(bus: schema.BusDoc, errors: Errors) -> None:
    modbus = bus.modbus
    if modbus is None:
        return
    words = 2 if modbus.type.endswith("32") else 1
    places: list[tuple[str, Place]] = []
    _check_scale(modbus.scale, modbus.at.key("scale"), errors)
    _check_reach(modbus.register, words, modbus, modbus.at.key("register"), errors)
    for unit in bus.units or ():
        register = modbus.register if unit.register is None else unit.register
        places.append((f"unit {unit.unit} register {register}", unit.at))
        if unit.register is not None:
            _check_reach(unit.register, words, modbus, unit.at.key("register"), errors)
        if unit.scale is not None:
            _check_scale(unit.scale, unit.at.key("scale"), errors)
    check_unique(places, "transmitter", errors)
    status = modbus.status
    if status is not None and not status.overload and not status.fault:
        errors.add(status.at, "expected a bit mask in overload or fault")


def _check_scale(scale: float, at: Place, errors: Errors) -> None:
    if scale == 0:
        errors.add(at, "expected kilograms per count other than 0")


def _check_reach(register: int, words: int, modbus: schema.ModbusDoc, at: Place, errors: Errors) -> None:
    if register + words - 1 > _LARGEST:
        errors.add(at, f"expected a register from which a value of type {modbus.type} ends at {_LARGEST} at most")
    if modbus.status is not None:
        other = modbus.status.register
        if max(other, register + words - 1) - min(other, register) >= REACH:
            errors.add(at, f"expected a register within {REACH} of the status register {other}, both are read at once")
