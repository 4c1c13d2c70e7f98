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
_GREETING = 2.0  # seconds after which a node that is looked for is asked again
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

        All of the time is used before it is said that there is none: how long discovery takes on a busy computer
        cannot be told from what has been found so far.

        Args:
            bus: id of the bus.
            plate: one of its plates.
            namespace: that the store runs in.
            timeout: how long to look around, seconds.

        Raises:
            CalibrationError: something is there that has not answered in all that time: a node that hangs, or what is
                left of one that was killed lately.
        """
        context = rclpy.Context()
        context.init()
        node = rclpy.create_node("calibrate", namespace=namespace, context=context)
        deadline = time.monotonic() + timeout
        others: set[str] = set()
        silent: dict[str, NodeMeter] = {}
        found: NodeMeter | None = None
        try:
            while found is None and (left := deadline - time.monotonic()) > 0:
                services = _measuring(node) - others
                for service in silent.keys() - services:  # what is gone was left of a killed node
                    silent.pop(service)._let_go()
                for service in sorted(services):
                    meter = silent.get(service) or cls(context, node, service)
                    try:
                        answer = meter.call(meter._measure, MeasurePlate.Request(plate=plate), min(_GREETING, left))
                    except CalibrationError:
                        silent[service] = meter
                        continue
                    silent.pop(service, None)
                    if answer.bus == bus:
                        found = meter
                        break
                    others.add(service)
                    meter._let_go()
                else:
                    time.sleep(_PAUSE)
            if found is None and silent:
                raise CalibrationError(f"{', '.join(sorted(silent))} does not answer")
            for service in silent if found else ():
                silent[service]._let_go()
            return found
        finally:
            if found is None:
                node.destroy_node()
                context.try_shutdown()

    def call(self, client: Any, request: Any, timeout: float = _ANSWER) -> Any:
        """Return the node's answer.

        Args:
            client: of the service.
            request: what to ask.
            timeout: how long to wait for the service, and for its answer, seconds.

        Raises:
            CalibrationError: there was none in time.
        """
        if not client.wait_for_service(timeout):
            raise CalibrationError(f"{client.srv_name} does not answer")
        future = client.call_async(request)
        self._executor.spin_until_future_complete(future, timeout)
        if not future.done():
            client.remove_pending_request(future)
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

    def _let_go(self) -> None:
        """Forget the services, but not the graph."""
        self._executor.remove_node(self._node)
        self._executor.shutdown()
        for client in (self._measure, self._calibrate, self._tare):
            self._node.destroy_client(client)


def _measuring(node: Any) -> set[str]:
    """Return the services of the node's namespace that measure plates."""
    return {
        service
        for service, kinds in node.get_service_names_and_types()
        if _MEASURE in kinds and service.rpartition("/")[0].rpartition("/")[0] == node.get_namespace().rstrip("/")
    }
