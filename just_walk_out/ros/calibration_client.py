"""Asks running ``load_cells`` nodes to measure, tare and calibrate."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

from just_walk_out.scale.calibration import CalibrationError
from just_walk_out.scale.guide import Measurement
from just_walk_out.scale.reading import Reading, ReadingError
from just_walk_out.srv import CalibratePlate, MeasurePlate

_MEASURE = "just_walk_out/srv/MeasurePlate"
_ANSWER = 5.0  # seconds a node may take to answer
_PAUSE = 0.2  # seconds between two looks at a plate


class NodeMeter:
    """A ``Meter`` that asks the node of a bus; made by ``find``."""

    def __init__(self, context: Any, node: Any, service: str) -> None:
        """Connect to the node whose ``~/measure`` is called ``service``."""
        self._context, self._node = context, node
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(node)
        self.name = service.rpartition("/")[0]
        self._measure = node.create_client(MeasurePlate, f"{self.name}/measure")
        self._calibrate = node.create_client(CalibratePlate, f"{self.name}/calibrate")
        self._tare = node.create_client(Trigger, f"{self.name}/tare")

    @classmethod
    def find(cls, bus: str, plate: str, namespace: str = "", timeout: float = 15.0) -> NodeMeter | None:
        """Return the node that reads a bus, None when there is none.

        Args:
            bus: id of the bus.
            plate: one of its plates.
            namespace: that the store runs in.
            timeout: how long to look around, seconds.
        """
        context = rclpy.Context()
        context.init()
        node = rclpy.create_node("calibrate", namespace=namespace, context=context)
        deadline = time.monotonic() + timeout
        asked: set[str] = set()
        while time.monotonic() < deadline:
            for service, kinds in node.get_service_names_and_types():
                inside = service.rpartition("/")[0].rpartition("/")[0] == node.get_namespace().rstrip("/")
                if _MEASURE not in kinds or not inside or service in asked:
                    continue
                asked.add(service)
                meter = cls(context, node, service)
                if meter.call(meter._measure, MeasurePlate.Request(plate=plate)).bus == bus:
                    return meter
                meter._executor.remove_node(node)
            time.sleep(_PAUSE)
        node.destroy_node()
        context.try_shutdown()
        return None

    def call(self, client: Any, request: Any) -> Any:
        """Return the node's answer.

        Raises:
            CalibrationError: there was none in time.
        """
        if not client.wait_for_service(_ANSWER):
            raise CalibrationError(f"{client.srv_name} does not answer")
        future = client.call_async(request)
        self._executor.spin_until_future_complete(future, _ANSWER)
        if not future.done():
            raise CalibrationError(f"{client.srv_name} does not answer")
        return future.result()

    def measure(self, plate: str) -> Measurement:
        """Return what a plate reads now.

        Raises:
            ReadingError: nothing can be said now.
        """
        answer = self.call(self._measure, MeasurePlate.Request(plate=plate))
        if not answer.success:
            raise ReadingError(answer.message)
        reading = Reading(**{item.name: getattr(answer, item.name) for item in dataclasses.fields(Reading)})
        return Measurement(reading, answer.zero, answer.scale)

    def calibrate(self, plate: str, zero: float, scale: float) -> str:
        """Put zero (counts) and scale (kg per count) of a plate in force and keep them.

        Raises:
            CalibrationError: the node refused.
        """
        return self._act(self._calibrate, CalibratePlate.Request(plate=plate, zero=zero, scale=scale))

    def tare(self) -> str:
        """Zero all plates of the bus by what they read.

        Raises:
            CalibrationError: the node refused.
        """
        return self._act(self._tare, Trigger.Request())

    def _act(self, client: Any, request: Any) -> str:
        answer = self.call(client, request)
        if not answer.success:
            raise CalibrationError(answer.message)
        return str(answer.message)

    def pause(self) -> None:
        """Let a fraction of a second go by."""
        time.sleep(_PAUSE)

    def elapsed(self) -> float:
        """Return seconds of the steady clock."""
        return time.monotonic()

    def close(self) -> None:
        """Leave the graph."""
        self._node.destroy_node()
        self._context.try_shutdown()
