"""Bags of another version: messages by the definitions that lie in the bag, in today's form.

A field that the bag does not know gets the value of a message that nobody filled in (0, "" or empty,
as ROS has it); one that is no longer known is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rosbags.interfaces import MessageDefinitionFormat, Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

Decoder = Callable[[bytes], Any]


def decoder(own: Typestore, package: str, connection: Any) -> Decoder | None:
    """Return what decodes the messages of a connection into today's form.

    Args:
        own: today's types.
        package: whose messages may have changed; standard ones are taken to be as they are.
        connection: of a bag, with its definition.

    Returns:
        None where the bag's definition is today's, or the bag has none.
    """
    kind, definition = connection.msgtype, connection.msgdef
    if not kind.startswith(f"{package}/") or kind not in own.fielddefs or not definition.data:
        return None
    if definition.format == MessageDefinitionFormat.IDL:
        found = get_types_from_idl(definition.data)
    else:
        found = get_types_from_msg(definition.data, kind)
    theirs = get_typestore(Stores.ROS2_KILTED)
    theirs.register({name: fields for name, fields in found.items() if name.startswith(f"{package}/")})
    if theirs.hash_rihs01(kind) == own.hash_rihs01(kind):
        return None

    def decode(data: bytes) -> Any:
        return _renew(own, kind, theirs.deserialize_cdr(data, kind))

    return decode


def _renew(own: Typestore, kind: str, message: Any) -> Any:
    """Return a message of another version as one of today's; None is one that nobody filled in."""
    fields = own.fielddefs[kind][1]
    values = {name: _value(own, node, getattr(message, name, None)) for name, node in fields}
    return own.types[kind](**values)


def _value(own: Typestore, node: Any, value: Any) -> Any:
    sort, inner = node
    if sort == Nodetype.NAME:
        return _renew(own, inner, value)
    if sort == Nodetype.BASE:
        blank: Any = {"string": "", "bool": False}.get(inner[0], 0)
        return blank if value is None else value
    item, length = inner
    if value is None and item[0] == Nodetype.BASE and item[1][0] != "string":
        return np.zeros(length if sort == Nodetype.ARRAY else 0, np.dtype(item[1][0]))
    if value is None:
        value = [None] * (length if sort == Nodetype.ARRAY else 0)
    elif item[0] == Nodetype.BASE:
        return value
    return [_value(own, item, each) for each in value]
