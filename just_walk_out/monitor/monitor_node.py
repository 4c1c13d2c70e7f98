"""Node ``monitor``: diagnostics and alerts in, alerts about nodes and devices out."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter

from just_walk_out.monitor.stage import Diagnostic, MonitorSettings, MonitorStage, Tick
from just_walk_out.monitor.steady import Level
from just_walk_out.records import Alert, Severity
from just_walk_out.ros import diagnostics as report
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import from_time
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StoreNode, run


class MonitorNode(StoreNode):
    """Wires diagnostics to the monitor stage; its alerts go to ``alerts`` and to the log."""

    def __init__(self) -> None:
        """Watch the parts that the parameter ``expected`` names, and all that speak."""
        super().__init__("monitor")
        self.declare_parameter("expected", Parameter.Type.STRING_ARRAY)
        expected = self.get_parameter_or("expected", Parameter("expected", value=[])).value or []
        follows_bag = bool(self.get_parameter("use_sim_time").value)
        self._stage = MonitorStage(declare(self, MonitorSettings), expected, clocks=not follows_bag)
        self.offer(Alert)
        self.create_subscription(DiagnosticArray, "diagnostics", self._take, qos.STATUS)
        self.listen(Alert, self._take_alert)
        self.create_timer(1.0, self._tick)
        self.diagnostics.add("monitor", self._health)

    def _take(self, message: Any) -> None:
        self._tick()
        stamp = from_time(message.header.stamp)
        for status in message.status:
            level = Level(min(int.from_bytes(status.level, "little"), Level.STALE))
            self._raise(self._stage.push(Diagnostic(stamp, status.name, level, status.message)))

    def _take_alert(self, alert: Alert) -> None:
        self._stage.push(alert)

    def _tick(self) -> None:
        self._raise(self._stage.push(Tick(self.get_clock().now().nanoseconds)))

    def _raise(self, alerts: list[Any]) -> None:
        for alert in alerts:
            self.send(alert)
            line = alert.text
            if alert.severity is Severity.INFO:
                self.get_logger().info(line)
            else:
                self.get_logger().warning(line)

    def _health(self) -> report.Health:
        summary = self._stage.summary()
        faults = {name: level.name for name, level in summary.faults.items() if not name.startswith(self.get_name())}
        message = f"{len(faults)} parts are not well" if faults else "all parts are well"
        return report.Health(report.Level.OK, message, {**faults, **summary.alerts})


def main() -> int:
    """Run the node."""
    return run(MonitorNode)
