"""Node ``recorder``: writes the store's topics to a rosbag2 MCAP bag."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from just_walk_out.replay.bag import DESCRIPTION_TOPIC, BagError, BagWriter
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import message_class
from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.parameters import ParameterError, declare_one
from just_walk_out.ros.stages import StoreNode, run, topic_names
from just_walk_out.topics import TOPICS

_DISCOVERY_PERIOD = 0.5  # seconds between looks for new topics


def class_of(message_type: str) -> Any:
    """Return the class of a message type like ``std_msgs/msg/String``.

    Raises:
        ImportError, AttributeError: the package is not installed.
    """
    package, _, name = message_type.split("/")
    return getattr(import_module(f"{package}.msg"), name)


class RecorderNode(StoreNode):
    """Subscribes without decoding and writes what comes, stamped with the time it came."""

    def __init__(self) -> None:
        """Create the bag and subscribe."""
        super().__init__("recorder")
        path = declare_one(self, "bag", "", "Folder of the bag to write; must not exist")
        everything = declare_one(self, "all", False, "Record all topics of the store, not the sensors alone")
        if not path:
            raise ParameterError("parameter bag: the folder of the bag to write is needed")
        try:
            self._bag = BagWriter(Path(path))
        except BagError as error:
            raise ParameterError(f"parameter bag: {error}") from None
        self._known: set[str] = set()
        self._early: list[tuple[str, bytes]] = []
        self._subscribe(DESCRIPTION_TOPIC, "std_msgs/msg/String", qos.LATCHED)
        for topic in TOPICS:
            if topic.sensor or everything:
                profile = qos.SENSOR_RECORDER if topic.quality == "sensor" else qos.EVENT
                for name in topic_names(topic, self.store):
                    self._subscribe(name, f"just_walk_out/msg/{message_class(topic.record).__name__}", profile)
        if everything:
            self.create_timer(_DISCOVERY_PERIOD, self._discover)
        self.diagnostics.add("bag", lambda: self._health(path))
        self.get_logger().info(f"recording {'all topics' if everything else 'the sensors'} to {path}")

    def _health(self, path: str) -> Health:
        values = {"messages": self._bag.count}
        if self._early:
            return Health(Level.WARN, f"{len(self._early)} messages wait for /clock", values)
        return Health(Level.OK, path, values)

    def _subscribe(self, name: str, message_type: str, profile: QoSProfile) -> None:
        full = self.resolve_topic_name(name)
        if full in self._known:
            return
        self._known.add(full)
        latched = profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        if self._bag.add(full, message_type, latched):
            self.create_subscription(class_of(message_type), full, partial(self._write, full), profile, raw=True)

    def _write(self, name: str, data: bytes) -> None:
        now = self.get_clock().now().nanoseconds
        if now == 0:  # use_sim_time, and no /clock yet: a bag that begins in 1970 would take decades to play
            self._early.append((name, data))
            return
        self._write_early(now)
        self._bag.write(name, now, data)

    def _write_early(self, stamp: int) -> None:
        for name, data in self._early:
            self._bag.write(name, stamp, data)
        self._early.clear()

    def _discover(self) -> None:
        inside = self.get_namespace().rstrip("/") + "/"
        for name, types in self.get_topic_names_and_types():
            if name in self._known or not name.startswith(inside) or name == "/rosout":
                continue
            offers = self.get_publishers_info_by_topic(name)
            if not offers:
                continue
            latched = all(offer.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
            reliable = all(offer.qos_profile.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
            profile = QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=100,
                durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
                reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            )
            try:
                self._subscribe(name, types[0], profile)
            except (ImportError, AttributeError) as error:
                self.get_logger().warning(f"{name} is not recorded: {error}")

    def close(self) -> None:
        """Finish the bag."""
        self._write_early(self.get_clock().now().nanoseconds)
        self._bag.close()


def main() -> int:
    """Run the node."""
    return run(RecorderNode)
