"""Node ``entry``: gate cameras and scanners in, code scans out; scans and gate crossings in, visits out."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage

from just_walk_out.entry.qr import CodeReader, CodeReaderSettings
from just_walk_out.entry.scanner import LineSplitter
from just_walk_out.entry.stage import EntrySettings, EntryStage
from just_walk_out.journal import Journal
from just_walk_out.records import CodeScan
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import from_time
from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, declare_endpoint, run
from just_walk_out.scale.transport import SerialTransport, TransportSettings
from just_walk_out.store.model import Gate


class EntryNode(StageNode):
    """Wires the readers of all gates to ``code_scans``, and the entry stage behind it."""

    def __init__(self) -> None:
        """Start the readers; a missing scanner is retried for ever."""
        super().__init__("entry", self._stage)
        settings, transport = declare(self, CodeReaderSettings, "qr"), declare(self, TransportSettings, "transport")
        self.offer(CodeScan)
        self._scanners: list[SerialTransport] = []
        for gate in self.store.gates:
            if gate.reader is None:
                continue
            if gate.reader.kind == "camera":
                topic = f"camera/{gate.reader.camera}/image_raw/compressed"
                look = partial(self._look, gate.id, CodeReader(settings))
                self.create_subscription(CompressedImage, topic, look, qos.IMAGE)
            else:
                self._open_scanner(gate, transport)

    @staticmethod
    def _stage(node: StageNode) -> EntryStage:
        return EntryStage(node.store, declare(node, EntrySettings), Journal(node.state_dir / "entry.sqlite"))

    def _open_scanner(self, gate: Gate, settings: TransportSettings) -> None:
        assert gate.reader is not None
        port = declare_endpoint(
            self, f"ports.{gate.id}", gate.reader.port, "Device path or pyserial URL that replaces the scanner's own"
        )
        splitter = LineSplitter()
        wake = self.create_guard_condition(lambda: self._read(gate.id, scanner, splitter))
        scanner: SerialTransport = SerialTransport(
            port,
            gate.reader.baudrate,
            settings,
            clock=lambda: self.get_clock().now().nanoseconds,
            notify=wake.trigger,
        )
        self._scanners.append(scanner)
        self.diagnostics.add(f"scanner {gate.id}", lambda: self._scanner_health(port, scanner, splitter))
        scanner.start()

    def _look(self, gate: str, reader: CodeReader, message: Any) -> None:
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            self.get_logger().warning(f"{gate}: an image cannot be decoded", throttle_duration_sec=10.0)
            return
        stamp = from_time(message.header.stamp)
        for text in reader.read(image, stamp):
            self.send(CodeScan(stamp, gate, text))

    def _read(self, gate: str, scanner: SerialTransport, splitter: LineSplitter) -> None:
        for arrival, data in scanner.fetch():
            for text in splitter.feed(data):
                self.send(CodeScan(arrival, gate, text))

    def _scanner_health(self, port: str, scanner: SerialTransport, splitter: LineSplitter) -> Health:
        line = scanner.state()
        values = {"port": port, "bytes": line.bytes, "reconnects": line.reconnects, "dropped lines": splitter.dropped}
        if not line.connected:
            return Health(Level.ERROR, f"{port}: {line.error or 'not open yet'}", values)
        return Health(Level.OK, "reading", values)

    def close(self) -> None:
        """Stop the scanners."""
        for scanner in self._scanners:
            scanner.stop()


def main() -> int:
    """Run the node."""
    return run(EntryNode)
