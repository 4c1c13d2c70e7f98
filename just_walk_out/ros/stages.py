"""The door between a pure stage and the topic graph, and how every node starts and stops."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

from just_walk_out.deployment import environment
from just_walk_out.ros import qos
from just_walk_out.ros.catch_up import CatchUp
from just_walk_out.ros.conversions import from_message, message_class, to_message
from just_walk_out.ros.diagnostics import Diagnostics, Health, Level, Rate
from just_walk_out.ros.parameters import ParameterError, declare_one, declare_state_dir, declare_store
from just_walk_out.stage import Stage
from just_walk_out.store.model import Store
from just_walk_out.store.place import StoreError
from just_walk_out.topics import BY_RECORD, Topic

_WRITERS = {"sensor": qos.SENSOR_WRITER, "event": qos.EVENT, "snapshot": qos.SNAPSHOT}
_READERS = {"sensor": qos.SENSOR_READER, "event": qos.EVENT, "snapshot": qos.SNAPSHOT}
_SNAPSHOT_PERIOD = 0.5  # seconds between two notes of a stage that can be resumed
_GRACE = 10.0  # seconds after the start in which missing inputs are no fault
_APART = 2_000_000_000  # nanoseconds of event time by which the inputs of a node that has caught up may differ
_HOLD = 5.0  # seconds a node that starts waits for inputs that are missing or late
_SNAPSHOT_AGE = 10.0  # seconds of event time after which a note is worthless, where the stage says nothing else


class StoreNode(Node):
    """A node that knows its store: parameters ``store`` and ``state_dir``, diagnostics, publishers by record."""

    def __init__(self, name: str) -> None:
        """Declare the common parameters and load the store.

        Raises:
            ParameterError: a parameter is missing or wrong.
            StoreError: the store description is invalid.
        """
        super().__init__(name)
        self.store: Store = declare_store(self)
        self.state_dir: Path = declare_state_dir(self, self.store)
        self.diagnostics = Diagnostics(self)
        self._outputs: dict[str, Any] = {}

    def offer(self, record: type, **names: str) -> Any:
        """Create (once) and return the publisher for records of a class."""
        topic = BY_RECORD[record]
        name = topic.name.format(**names)
        if name not in self._outputs:
            self._outputs[name] = self.create_publisher(message_class(record), name, _WRITERS[topic.quality])
        return self._outputs[name]

    def send(self, record: Any, **names: str) -> None:
        """Publish a record on its topic."""
        self.offer(type(record), **names).publish(to_message(record))

    def listen(self, record: type, handle: Callable[[Any], None], **names: str) -> None:
        """Call ``handle`` with each record that comes in on its topic."""
        topic = BY_RECORD[record]

        def take(message: Any) -> None:
            handle(from_message(record, message))

        self.create_subscription(message_class(record), topic.name.format(**names), take, _READERS[topic.quality])


def topic_names(topic: Topic, store: Store) -> list[str]:
    """Return the names of a topic in a store: one, or one a camera that looks at the floor."""
    if "{camera}" not in topic.name:
        return [topic.name]
    return [topic.name.format(camera=camera.id) for camera in store.cameras if camera.role == "overview"]


class StageNode(StoreNode):
    """Wires a stage: every input class subscribed, every output published, nothing else."""

    def __init__(self, name: str, build: Callable[[StageNode], Stage]) -> None:
        """Build the stage, publish what it restores, and subscribe its inputs.

        Args:
            name: node name.
            build: makes the stage; may declare the stage's parameters on the node it gets.
        """
        super().__init__(name)
        self.stage = build(self)
        self._rates: dict[str, Rate] = {}
        self._steady: list[str] = []
        self._began = time.monotonic()
        self._newest = 0
        self._faults = 0
        self._last_fault = ""
        for output in self.stage.outputs:
            self.offer(output)
        for record in self.stage.restore():
            self.send(record)
        self._resumable = hasattr(self.stage, "snapshot")
        self._note = self.state_dir / f"{name}.snapshot.json"
        self._pending_note = self._read_note() if self._resumable else None
        if self._resumable:
            self.create_timer(_SNAPSHOT_PERIOD, self._write_note)
        latched = [BY_RECORD[kind] for kind in self.stage.inputs if BY_RECORD[kind].quality != "sensor"]
        self._catch_up = CatchUp(
            [topic.name for topic in latched if topic.steady],
            [topic.name for topic in latched if topic.quality == "snapshot"],
            _APART,
            _HOLD,
        )
        if not self._catch_up.done:
            self._waiting = self.create_timer(0.25, self._wait)
        for kind in self.stage.inputs:
            topic = BY_RECORD[kind]
            for topic_name in topic_names(topic, self.store):
                self._rates[topic_name] = Rate()
                if topic.steady:
                    self._steady.append(topic_name)
                self.create_subscription(
                    message_class(kind), topic_name, self._taker(kind, topic_name), _READERS[topic.quality]
                )
        self.diagnostics.add("stage", self._health)

    def _taker(self, kind: type, topic_name: str) -> Callable[[Any], None]:
        rate = self._rates[topic_name]

        def take(message: Any) -> None:
            rate.count()
            try:
                ready = self._catch_up.offer(topic_name, from_message(kind, message), time.monotonic())
            except Exception as error:  # one bad message must not stop the store
                self._note_fault(topic_name, error)
                return
            self._take_up(ready)

        return take

    def _wait(self) -> None:
        """Hand on what was held back for an input that does not come."""
        self._take_up(self._catch_up.wait(time.monotonic()))
        if self._catch_up.done:
            self._waiting.cancel()

    def _note_fault(self, topic_name: str, error: Exception) -> None:
        self._faults += 1
        self._last_fault = f"{topic_name}: {type(error).__name__}: {error}"
        self.get_logger().error(self._last_fault, throttle_duration_sec=5.0)

    def _take_up(self, ready: list[tuple[str, Any]]) -> None:
        for topic_name, record in ready:
            try:
                self.push(record)
            except (sqlite3.OperationalError, OSError) as error:
                # a decision that could not be written must not be published: stop, and be started again
                self.get_logger().fatal(f"the journal cannot be written: {error}")
                raise
            except Exception as error:  # one bad message must not stop the store
                self._note_fault(topic_name, error)

    def push(self, record: Any) -> None:
        """Give one record to the stage and publish what follows."""
        note, self._pending_note = self._pending_note, None
        if note is not None:
            age = (record.stamp - note["stamp"]) / 1e9
            if 0.0 <= age <= getattr(self.stage, "resumable_for", _SNAPSHOT_AGE):
                self._resume(note["state"], age)
            else:
                self.get_logger().warning(f"begins anew: the last note was written {age:.1f} s ago")
        self._newest = max(self._newest, record.stamp)
        outputs = self.stage.push(record)
        # what is promised from here on must be known to whoever takes over
        if self._resumable and getattr(self.stage, "note_due", False):
            self._write_note()
        for output in outputs:
            self.send(output)

    def _resume(self, state: Any, age: float) -> None:
        try:
            self.stage.resume(state)  # type: ignore[attr-defined]
        except ValueError as error:  # written by another version, or of another store: better anew than never
            self.get_logger().warning(f"begins anew: {error}")
            return
        self.get_logger().info(f"resumed after {age:.1f} s")

    def _read_note(self) -> dict[str, Any] | None:
        try:
            note = json.loads(self._note.read_text())
            return {"stamp": int(note["stamp"]), "state": note["state"]}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_note(self) -> None:
        if self._pending_note is not None or self._newest == 0:
            return
        self._note.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._note.with_suffix(".new")
        note = {"stamp": self._newest, "state": self.stage.snapshot()}  # type: ignore[attr-defined]
        fresh.write_text(json.dumps(note))
        os.replace(fresh, self._note)

    def _health(self) -> Health:
        values = {f"{name} [1/s]": f"{rate.per_second():.1f}" for name, rate in self._rates.items()}
        if self._faults:
            return Health(Level.ERROR, f"{self._faults} bad messages, last: {self._last_fault}", values)
        silent = [name for name in self._steady if self._rates[name].total == 0]
        if silent and time.monotonic() - self._began > _GRACE:
            return Health(Level.WARN, f"nothing yet from {', '.join(silent)}", values)
        return Health(Level.OK, "running", values)


def run(build: Callable[[], Node]) -> int:
    """Start ROS, build the node, spin until asked to stop; the exit status of a node's ``main``.

    A wrong parameter or store description ends in one clear line a mistake and exit status 2.
    """
    status = _spin(build)
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        # a driver hangs in a read; Python, ending, would abort the process when that read comes back
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _spin(build: Callable[[], Node]) -> int:
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    node: Node | None = None
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        if node is None:
            raise KeyboardInterrupt
        # once it spins nothing is raised, which could come up in the middle of a call of rclpy
        stopping = True

    # before rclpy takes them: it passes signals on, and then ends the context, which ends the spinning
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, stop)
    try:
        rclpy.init(args=sys.argv)
        node = build()
        executor = SingleThreadedExecutor()
        try:
            executor.add_node(node)
            executor.spin()
        finally:
            executor.shutdown()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except rclpy_implementation.RCLError:
        if rclpy.ok() and not stopping:
            raise
        # asked to stop
    except StoreError as error:
        for line in error.errors:
            print(f"{Path(sys.argv[0]).name}: {line}", file=sys.stderr)
        return 2
    except (ParameterError, sqlite3.DatabaseError, ValueError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2
    except Exception:
        # rclpy ends the context from a thread of its own, whatever the executor is doing with it
        if not stopping:
            raise
    finally:
        if node is not None:
            close = getattr(node, "close", None)
            if close is not None:
                close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def declare_endpoint(node: Node, name: str, default: str, description: str) -> str:
    """Declare a parameter that replaces an endpoint of the store description when it is not empty."""
    given: str = declare_one(node, name, "", f"{description}; empty: as the store description says")
    return given or default
