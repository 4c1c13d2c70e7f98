"""Node ``player``: publishes a bag with ``/clock``, so that live nodes and rviz see it again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from just_walk_out.replay.bag import DESCRIPTION_TOPIC, BagError, raw_messages, topic_pattern
from just_walk_out.replay.recorder_node import class_of
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import to_time
from just_walk_out.ros.parameters import ParameterError, declare_one
from just_walk_out.ros.stages import run

_CLOCK_PERIOD = 10_000_000  # nanoseconds of bag time between two messages on /clock
_PACE = 0.002  # seconds between looks at what is due
_WRITERS = {"sensor": qos.SENSOR_WRITER, "event": qos.EVENT, "snapshot": qos.SNAPSHOT}


class PlayerNode(Node):
    """Publishes messages as they were recorded, at ``rate`` times the speed."""

    def __init__(self) -> None:
        """Open the bag; playing starts when ``wait_for`` subscribers have come to each sensor topic."""
        super().__init__("player")
        path = declare_one(self, "bag", "", "Folder of the bag to play")
        self._rate = declare_one(self, "rate", 1.0, "Speed relative to real time", minimum=0.01, maximum=1000.0)
        everything = declare_one(self, "all", False, "Play all topics of the bag, not the sensors alone")
        self._wait_for = declare_one(
            self, "wait_for", 1, "Subscribers each sensor topic must have before playing starts", minimum=0, maximum=100
        )
        if not path:
            raise ParameterError("parameter bag: the folder of the bag to play is needed")
        try:
            self._messages = raw_messages(Path(path))
            first = next(self._messages, None)
        except BagError as error:
            raise ParameterError(f"parameter bag: {error}") from None
        if first is None:
            raise ParameterError(f"parameter bag: {path} holds no messages")
        self._everything = everything
        self._next: Any = first
        self._bag_start = first.stamp
        self._start: float | None = None
        self._clock_due = 0
        self._writers: dict[str, Any] = {}
        self._clock_writer = self.create_publisher(Clock, "/clock", 10)
        for topic, kind in {(message.topic, message.type) for message in raw_messages(Path(path))}:
            self._writer(topic, kind)
        self._timer = self.create_timer(_PACE, self._play)

    def _writer(self, name: str, kind: str) -> Any:
        pattern = topic_pattern(name)
        tail = name.strip("/").split("/")
        if pattern is not None:
            if not (pattern.sensor or self._everything):
                return None
            local, profile = "/".join(tail[-len(pattern.name.split("/")) :]), _WRITERS[pattern.quality]
        elif tail[-1] == DESCRIPTION_TOPIC:
            local, profile = DESCRIPTION_TOPIC, qos.LATCHED
        elif self._everything:
            local, profile = name, qos.STATUS
        else:
            return None
        if local not in self._writers:
            self._writers[local] = self.create_publisher(class_of(kind), local, profile)
        return self._writers[local]

    def _ready(self) -> bool:
        return all(
            writer.get_subscription_count() >= self._wait_for
            for name, writer in self._writers.items()
            if (pattern := topic_pattern(name)) is not None and pattern.sensor
        )

    def _play(self) -> None:
        if self._start is None:
            if not self._ready():
                return
            self._start = time.monotonic()
        now = self._bag_start + int((time.monotonic() - self._start) * 1e9 * self._rate)
        while self._next is not None and self._next.stamp <= now:
            self._tick(self._next.stamp)
            writer = self._writer(self._next.topic, self._next.type)
            if writer is not None:
                writer.publish(self._next.data)
            self._next = next(self._messages, None)
        self._tick(now)
        if self._next is None:
            self._timer.cancel()
            self.get_logger().info("the bag is over")
            self.create_timer(2.0, self._finish)

    def _tick(self, stamp: int) -> None:
        if stamp >= self._clock_due:
            self._clock_due = stamp + _CLOCK_PERIOD
            self._clock_writer.publish(Clock(clock=to_time(stamp)))

    def _finish(self) -> None:
        # what was published has been taken by now: reliable readers were given two seconds
        self.context.try_shutdown()


def main() -> int:
    """Run the node."""
    return run(PlayerNode)
