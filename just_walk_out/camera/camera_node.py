"""Node ``camera``: one camera in; compressed images, camera_info and people on the floor out."""

from __future__ import annotations

import array
from collections.abc import Callable

import cv2
from sensor_msgs.msg import CameraInfo, CompressedImage

from just_walk_out.camera.calibration import CameraInfo as Calibration
from just_walk_out.camera.calibration import camera_info
from just_walk_out.camera.capture import Capture, CaptureSettings, Frame
from just_walk_out.camera.finder import FinderSettings, PersonFinder
from just_walk_out.camera.health import CameraHealth
from just_walk_out.camera.pace import Pace
from just_walk_out.camera.person import PersonSettings
from just_walk_out.records import PersonDetectionArray
from just_walk_out.ros import qos
from just_walk_out.ros.conversions import to_message, to_time
from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.parameters import ParameterError, declare, declare_one
from just_walk_out.ros.stages import StoreNode, declare_endpoint, run
from just_walk_out.store.model import Camera


class CameraNode(StoreNode):
    """Wires capture, detector and floor projection of one camera."""

    def __init__(self) -> None:
        """Open the camera that the parameter ``camera`` names; a missing one is retried for ever."""
        super().__init__("camera")
        name = declare_one(self, "camera", "", "Id of the camera in the store description")
        if name not in self.store.camera:
            raise ParameterError(f"parameter camera: {name!r} is none of {', '.join(self.store.camera)}")
        self._camera = self.store.camera[name]
        image_rate = declare_one(
            self, "image_rate", 2.0, "Rate of published images", unit="1/s", minimum=0.01, maximum=60.0
        )
        if self._camera.role == "reader":
            image_rate = self._camera.rate
        self._images_due = Pace(1.0 / image_rate, slack=0.05)
        # a camera that sends faster than its configured rate is thinned to about it
        self._detections_due = Pace(1.0 / self._camera.rate, slack=0.3)
        self._quality = declare_one(self, "jpeg_quality", 80, "Quality of published images", minimum=1, maximum=100)
        self._finder = self._make_finder()
        topic = f"camera/{name}"
        self._images = self.create_publisher(CompressedImage, f"{topic}/image_raw/compressed", qos.IMAGE)
        self._infos = self.create_publisher(CameraInfo, f"{topic}/camera_info", qos.IMAGE)
        self._info = to_camera_info(camera_info(self._camera))
        if self._finder is not None:
            self._detections = self.offer(PersonDetectionArray, camera=name)
        self._latency = 0.0
        self._fault = ""
        self._capture = capture_of(self, self._camera, self._process)
        self.diagnostics.add(f"camera {name}", self._health)
        self._capture.start()

    def _make_finder(self) -> PersonFinder | None:
        finder, person = declare(self, FinderSettings, "finder"), declare(self, PersonSettings, "person")
        if self._camera.role != "overview" or self._camera.detector.kind == "none":
            return None
        try:
            return PersonFinder(self.store, self._camera, finder, person=person)
        except (ValueError, ImportError, OSError) as error:
            raise ParameterError(f"camera {self._camera.id}: {error}") from None

    def _process(self) -> None:
        frame = self._capture.take()
        if frame is None:
            return
        if self._finder is not None and self._detections_due.due(frame.stamp):
            self._detect(frame)
        if self._images_due.due(frame.stamp):
            self._show(frame)
        self._latency = (self.get_clock().now().nanoseconds - frame.stamp) / 1e9

    def _detect(self, frame: Frame) -> None:
        assert self._finder is not None
        try:
            found = self._finder.process(frame.stamp, frame.image)
            self._fault = ""
        except (ValueError, RuntimeError, cv2.error) as error:
            self._fault = " ".join(str(error).split())
            self.get_logger().error(f"{self._camera.id}: {self._fault}", throttle_duration_sec=10.0)
            return
        self._detections.publish(to_message(found))

    def _show(self, frame: Frame) -> None:
        stamp, frame_id = to_time(frame.stamp), f"{self._camera.id}_optical"
        self._info.header.stamp, self._info.header.frame_id = stamp, frame_id
        self._infos.publish(self._info)
        if self._images.get_subscription_count() == 0:
            return
        good, data = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if good:
            message = CompressedImage(format="bgr8; jpeg compressed bgr8", data=array.array("B", data.tobytes()))
            message.header.stamp, message.header.frame_id = stamp, frame_id
            self._images.publish(message)

    def _health(self) -> Health:
        return to_health(CameraHealth(self._camera, self._capture.status(), self._fault), self._latency)

    def close(self) -> None:
        """Stop capturing."""
        self._capture.close()


def capture_of(node: StoreNode, camera: Camera, process: Callable[[], None]) -> Capture:
    """Return the capture of a camera, to be started.

    Args:
        node: declares how it is opened: parameters ``source`` and ``capture.*``.
        camera: as the store describes it.
        process: called by the node's executor once a frame can be taken.
    """
    source = declare_endpoint(
        node, "source", camera.source, "USB index, device path, URL or video file that replaces its own"
    )
    return Capture(
        source,
        size=(camera.width, camera.height),
        rate=camera.rate,
        latency=camera.latency,
        clock=lambda: node.get_clock().now().nanoseconds,
        settings=declare(node, CaptureSettings, "capture"),
        on_frame=node.create_guard_condition(process).trigger,
    )


def to_health(health: CameraHealth, latency: float) -> Health:
    """Return the state of a camera as diagnostics say it; ``latency`` is that of its last picture, seconds."""
    status = health.status
    values: dict[str, object] = {
        "rate [1/s]": f"{status.rate:.1f}",
        "frames": status.frames,
        "dropped": status.dropped,
        "repeated": status.repeated,
        "refused": status.refused,
        "reconnects": status.reconnects,
        "clock jumps": status.clock_jumps,
        "latency [s]": f"{latency:.3f}",
        "size": f"{status.width}x{status.height}",
    }
    if health.errors:
        return Health(Level.ERROR, "; ".join(health.errors), values)
    if health.warnings:
        return Health(Level.WARN, "; ".join(health.warnings), values)
    return Health(Level.OK, "opening" if health.opening else "finished" if status.finished else "capturing", values)


def to_camera_info(info: Calibration) -> CameraInfo:
    """Return a calibration as the standard message, without stamp and frame."""
    message = CameraInfo(width=info.width, height=info.height, distortion_model=info.standard_model)
    message.d, message.k, message.r, message.p = list(info.d), list(info.k), list(info.r), list(info.p)
    return message


def main() -> int:
    """Run the node."""
    return run(CameraNode)
