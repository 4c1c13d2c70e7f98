"""Watches a store's topics from a thread: for the demo's console and for tests over DDS."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from just_walk_out.ros import qos
from just_walk_out.ros.conversions import from_message, message_class, to_message
from just_walk_out.ros.stages import topic_names
from just_walk_out.store.model import Store
from just_walk_out.topics import BY_RECORD

_READERS = {"sensor": qos.SENSOR_RECORDER, "event": qos.EVENT, "snapshot": qos.SNAPSHOT}
_WRITERS = {"sensor": qos.SENSOR_WRITER, "event": qos.EVENT, "snapshot": qos.SNAPSHOT}


class Observer:
    """Collects records of some classes, with the time each arrived; can publish records as well."""

    def __init__(self, store: Store, kinds: Iterable[type], namespace: str = "", domain: int | None = None) -> None:
        """Subscribe and start listening in a thread of its own.

        Args:
            store: names the cameras whose topics are wanted.
            kinds: record classes to collect.
            namespace: of the store's nodes.
            domain: ROS domain; None takes the environment's.
        """
        self._store = store
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self.node = rclpy.create_node("observer", namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._changed = threading.Condition()
        self._records: dict[type, list[tuple[int, Any]]] = defaultdict(list)
        self._writers: dict[str, Any] = {}
        for kind in kinds:
            topic = BY_RECORD[kind]
            for name in topic_names(topic, store):
                take = self._taker(kind)
                self.node.create_subscription(message_class(kind), name, take, _READERS[topic.quality])
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="observer", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._closing.is_set():
            try:
                self._executor.spin_once(timeout_sec=0.2)
            except rclpy.executors.ExternalShutdownException:
                return

    def _taker(self, kind: type) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            record: Any = from_message(kind, message)
            with self._changed:
                self._records[kind].append((time.time_ns(), record))
                self._changed.notify_all()

        return take

    def arrivals(self, kind: type) -> list[tuple[int, Any]]:
        """Return (time of arrival in nanoseconds, record) of all records of a class so far."""
        with self._changed:
            return list(self._records[kind])

    def records(self, kind: type) -> list[Any]:
        """Return all records of a class so far."""
        return [record for _, record in self.arrivals(kind)]

    def wait_for(self, condition: Callable[[], Any], timeout: float) -> bool:
        """Wait until the condition holds, looking after each arrival; False after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.2))
        return True

    def wait_for_nodes(self, names: Iterable[str], timeout: float) -> list[str]:
        """Wait until nodes of these names are in the graph; returns those still missing."""
        wanted = set(names)
        self.wait_for(lambda: wanted <= set(self.node.get_node_names()), timeout)
        return sorted(wanted - set(self.node.get_node_names()))

    def publish(self, record: Any, **names: str) -> None:
        """Publish a record on its topic, as a driver or a stage would."""
        self.writer(type(record), **names).publish(to_message(record))

    def writer(self, kind: type, **names: str) -> Any:
        """Return the publisher for a class of records."""
        topic = BY_RECORD[kind]
        name = topic.name.format(**names)
        with self._changed:
            if name not in self._writers:
                self._writers[name] = self.node.create_publisher(message_class(kind), name, _WRITERS[topic.quality])
            return self._writers[name]

    def close(self) -> None:
        """Stop listening."""
        # first the thread: what it waits on must not be taken from under it
        self._closing.set()
        self._executor.wake()
        self._thread.join(timeout=2.0)
        self._context.try_shutdown()
        self.node.destroy_node()

    def __enter__(self) -> Observer:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self.close()
