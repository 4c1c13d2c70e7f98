"""Records to messages and back, over the wire format."""

import dataclasses
import types
import typing
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs rclpy: run make setup")

from rclpy.serialization import deserialize_message, serialize_message

from just_walk_out.records import field_types, to_dict
from just_walk_out.ros.conversions import RECORDS, from_message, message_class, to_message

# fields that a message has for ROS alone
BARE = {"header"}


def examples(record):
    """Return a strategy of records with values that their message can carry exactly."""
    kinds = message_class(record).get_fields_and_field_types()
    return st.builds(record, **{name: values(kind, kinds.get(name, "")) for name, kind in field_types(record).items()})


def values(kind, wire):
    if dataclasses.is_dataclass(kind):
        return examples(kind)
    origin = typing.get_origin(kind)
    if origin is np.ndarray:
        samples = st.lists(st.floats(width=32, allow_nan=False), max_size=12)
        return samples.map(lambda items: np.array(items, np.float32))
    if origin is tuple:
        fixed = wire.partition("[")[2].rstrip("]")
        size = {"min_size": int(fixed), "max_size": int(fixed)} if fixed.isdigit() else {"max_size": 3}
        return st.lists(values(typing.get_args(kind)[0], wire.partition("[")[0]), **size).map(tuple)
    if origin in (typing.Union, types.UnionType):
        return values(next(each for each in typing.get_args(kind) if each is not type(None)), wire)
    if issubclass(kind, IntEnum):
        return st.sampled_from(list(kind))
    if kind is bytes:
        return st.binary(max_size=8)
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    if kind is float:
        return st.floats(width=32 if "float" in wire and "64" not in wire else 64, allow_nan=False)
    return whole_numbers(wire)


def whole_numbers(wire):
    if wire.startswith(("int", "uint")):
        bits = int(wire.partition("int")[2])
        low = 0 if wire.startswith("uint") else -(2 ** (bits - 1))
        return st.integers(low, low + 2**bits - 1)
    # a stamp or a duration: nanoseconds within what the seconds of a message hold
    return st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_record_and_message_have_the_same_fields(record):
    message = set(message_class(record).get_fields_and_field_types())
    fields = set(field_types(record))
    assert message - BARE == fields - ({"stamp"} if "header" in message else set())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_record_survives_the_wire(record):
    @settings(max_examples=25, deadline=None)
    @given(examples(record))
    def survives(made):
        message = to_message(made)
        received = deserialize_message(serialize_message(message), type(message))
        back = from_message(record, received)
        assert to_dict(back) == to_dict(made)
        assert [type(getattr(back, name)) for name in field_types(record)] == [
            type(getattr(made, name)) for name in field_types(record)
        ]

    survives()
