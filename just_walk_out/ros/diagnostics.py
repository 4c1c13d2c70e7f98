"""Diagnostics of one node: parts that report rate, gaps, staleness and errors once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from just_walk_out.ros import qos


class Level(IntEnum):
    """Severity, as in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Health:
    """State of one part of a node."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """Publishes the health of a node's parts on ``diagnostics``, named ``node: part``."""

    def __init__(self, node: Node, period: float = 1.0) -> None:
        """Start reporting every ``period`` seconds of the steady clock."""
        self._node = node
        self._parts: dict[str, Callable[[], Health]] = {}
        self._publisher = node.create_publisher(DiagnosticArray, "diagnostics", qos.STATUS)
        self._timer = node.create_timer(period, self.publish)

    def add(self, part: str, check: Callable[[], Health]) -> None:
        """Report what ``check`` returns as ``<node>: <part>``."""
        self._parts[part] = check

    def publish(self) -> None:
        """Ask every part and publish one message."""
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        for part, check in self._parts.items():
            health = check()
            status = DiagnosticStatus(name=f"{self._node.get_name()}: {part}", message=health.message)
            status.level = bytes([health.level])
            status.values = [KeyValue(key=key, value=str(value)) for key, value in health.values.items()]
            message.status.append(status)
        self._publisher.publish(message)


class Rate:
    """Counts events and tells their rate since the last question."""

    def __init__(self) -> None:
        """Start counting now, on the steady clock."""
        self.total = 0
        self._last_total = 0
        self._last_time = time.monotonic()
        self.last_event = 0.0

    def count(self, events: int = 1) -> None:
        """Count events."""
        self.total += events
        self.last_event = time.monotonic()

    def per_second(self) -> float:
        """Return the rate since the last call, events per second."""
        now = time.monotonic()
        elapsed = max(now - self._last_time, 1e-6)
        rate = (self.total - self._last_total) / elapsed
        self._last_total, self._last_time = self.total, now
        return rate
