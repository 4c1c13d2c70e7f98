"""Records as they cross the wire and lie in a bag."""

from __future__ import annotations

from typing import Any

from rclpy.serialization import serialize_message

from just_walk_out.ros.conversions import to_message


def serialize(record: Any) -> bytes:
    """Return the CDR bytes of a record's message."""
    return bytes(serialize_message(to_message(record)))


def serialize_text(text: str) -> bytes:
    """Return the CDR bytes of a std_msgs/String."""
    from std_msgs.msg import String

    return bytes(serialize_message(String(data=text)))
