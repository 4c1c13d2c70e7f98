"""Records to messages and back, by field name.

A record and its message have the same fields, so the conversion is worked out once per class from
the record's types: ``stamp`` of a record stands in the message's header where it has one; integer
nanoseconds become Time or Duration; tuples become sequences; numpy arrays become ``array.array``.
Messages read from a bag by the rosbags library convert as well: they have the same attributes.
"""

from __future__ import annotations

import array
import dataclasses
import functools
import importlib
import typing
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np

from just_walk_out import records
from just_walk_out.records import Record, field_types

_TIMES = {"builtin_interfaces/Time", "builtin_interfaces/Duration"}
_FRAMES: dict[str, Callable[[Any], str]] = {
    "ShelfWeights": lambda record: str(record.shelf),
    "CodeScan": lambda record: str(record.gate),
}


def message_class(record: type) -> Any:
    """Return the generated message class of a record class."""
    return getattr(importlib.import_module("just_walk_out.msg"), record.__name__)


def to_time(stamp: int) -> Any:
    """Turn integer nanoseconds into a builtin_interfaces Time."""
    from builtin_interfaces.msg import Time

    return Time(sec=stamp // 1_000_000_000, nanosec=stamp % 1_000_000_000)


def from_time(time: Any) -> int:
    """Turn a Time or Duration message into integer nanoseconds."""
    return int(time.sec) * 1_000_000_000 + int(time.nanosec)


def to_message(record: Any) -> Any:
    """Turn a record into the message of the same name."""
    kind: Any = type(record)
    return _writer(kind)(record)


def from_message(cls: type[Record], message: Any) -> Record:
    """Turn a message (of rclpy or of rosbags) into a record of class ``cls``."""
    kind: Any = cls
    return typing.cast(Record, _reader(kind)(message))


@functools.cache
def _writer(cls: type) -> Callable[[Any], Any]:
    from builtin_interfaces.msg import Duration, Time

    target = message_class(cls)
    kinds = target.get_fields_and_field_types()
    steps: list[tuple[str, Callable[[Any], Any]]] = []
    for name, kind in field_types(cls).items():
        if name == "stamp" and "header" in kinds:
            continue
        if kinds[name] in _TIMES:
            time = Time if kinds[name].endswith("Time") else Duration
            steps.append((name, functools.partial(_write_time, time)))
        else:
            steps.append((name, _value_writer(kind)))
    headed = "header" in kinds
    frame = _FRAMES.get(cls.__name__, lambda record: "map")

    def write(record: Any) -> Any:
        message = target()
        if headed:
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(record.stamp, 1_000_000_000)
            message.header.frame_id = frame(record)
        for name, convert in steps:
            setattr(message, name, convert(getattr(record, name)))
        return message

    return write


def _write_time(target: Any, stamp: int) -> Any:
    seconds, nanoseconds = divmod(stamp, 1_000_000_000)
    return target(sec=seconds, nanosec=nanoseconds)


def _value_writer(kind: Any) -> Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _writer(kind)
    origin = typing.get_origin(kind)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        if dataclasses.is_dataclass(item) and isinstance(item, type):
            inner = _writer(item)
            return lambda values: [inner(value) for value in values]
        if isinstance(item, type) and issubclass(item, IntEnum):
            return functools.partial(array.array, "B")
        return list
    if origin is np.ndarray:
        return _floats
    if kind is bytes:
        return functools.partial(array.array, "B")
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return int
    return lambda value: value


def _floats(values: Any) -> array.array[float]:
    # filled from numpy's own memory: one copy, and no list of Python floats
    floats = array.array("f")
    samples: Any = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    floats.frombytes(samples.view(np.uint8))
    return floats


@functools.cache
def _reader(cls: type) -> Callable[[Any], Any]:
    steps = [(name, _value_reader(kind)) for name, kind in field_types(cls).items()]

    def read(message: Any) -> Any:
        values = {}
        for name, convert in steps:
            if name == "stamp" and hasattr(message, "header"):
                values[name] = from_time(message.header.stamp)
            else:
                values[name] = convert(getattr(message, name))
        return cls(**values)

    return read


def _value_reader(kind: Any) -> Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _reader(kind)
    origin = typing.get_origin(kind)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        if dataclasses.is_dataclass(item) and isinstance(item, type):
            inner = _reader(item)
            return lambda values: tuple(inner(value) for value in values)
        return lambda values: tuple(item(value) for value in values)
    if origin is np.ndarray:
        return lambda values: np.asarray(values, dtype=np.float32)
    if kind is int:
        return lambda value: from_time(value) if hasattr(value, "nanosec") else int(value)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return kind
    return typing.cast(Callable[[Any], Any], kind)


RECORDS: tuple[type, ...] = tuple(
    getattr(records, name)
    for name in records.__all__
    if dataclasses.is_dataclass(getattr(records, name)) and isinstance(getattr(records, name), type)
)
