"""What it costs to turn records into messages and to publish them to a reader in another process."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from just_walk_out.deployment import environment
from just_walk_out.records import ShelfWeights
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import message_class, to_message

_TOPIC = "benchmark/shelf_weights"
_PATIENCE = 30.0
# Messages between two pauses: what the DDS threads do to them takes CPU time as well, and is to be counted.
_BURST = 30
_PAUSE = 0.02


def publishing_cost(records: Sequence[ShelfWeights]) -> tuple[float, float]:
    """Return CPU seconds of converting all records, and of publishing them.

    Raises:
        RuntimeError: the reader did not appear.
    """
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    began = time.process_time()
    messages = [to_message(record) for record in records]
    convert = time.process_time() - began
    spawn = multiprocessing.get_context("spawn")
    over = spawn.Event()
    reader = spawn.Process(target=_read, args=(over,), daemon=True)
    reader.start()
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node("publishing_cost", context=context)
    writer = node.create_publisher(message_class(ShelfWeights), _TOPIC, qos.SENSOR_WRITER)
    deadline = time.monotonic() + _PATIENCE
    while writer.get_subscription_count() == 0:
        if time.monotonic() > deadline:
            raise RuntimeError("no reader appeared: is DDS traffic possible on this machine?")
        time.sleep(0.05)
    began = time.process_time()
    for index, message in enumerate(messages):
        writer.publish(message)
        if index % _BURST == _BURST - 1:
            time.sleep(_PAUSE)
    publish = time.process_time() - began
    over.set()
    reader.join()
    node.destroy_node()
    context.try_shutdown()
    return convert, publish


def _read(over: Event) -> None:
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node("publishing_cost_reader", context=context)

    def take(message: Any) -> None:
        pass

    node.create_subscription(message_class(ShelfWeights), _TOPIC, take, qos.SENSOR_READER)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    while not over.is_set():
        executor.spin_once(timeout_sec=0.2)
    node.destroy_node()
    context.try_shutdown()
