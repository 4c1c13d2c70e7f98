"""Node ``shelf_view``: one shelf camera, shelf events and tracks in; observations out."""

from __future__ import annotations

from just_walk_out.camera.camera_node import capture_of, to_health
from just_walk_out.camera.health import CameraHealth
from just_walk_out.ros.diagnostics import Health
from just_walk_out.ros.parameters import ParameterError, declare, declare_one
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.shelf_view.colours import PhotoError
from just_walk_out.shelf_view.cues import product_sight
from just_walk_out.shelf_view.network import ModelError
from just_walk_out.shelf_view.pictures import Picture
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.stage import ShelfViewStage


def _stage(node: StageNode) -> ShelfViewStage:
    name = declare_one(node, "camera", "", "Id of the shelf camera in the store description")
    known = [camera.id for camera in node.store.cameras if camera.role == "shelf"]
    if name not in known:
        raise ParameterError(f"parameter camera: {name!r} is none of the shelf cameras {', '.join(known)}")
    settings = declare(node, ShelfViewSettings)
    try:
        return ShelfViewStage(node.store, name, settings, product_sight(node.store, settings))
    except (PhotoError, ModelError, OSError) as error:
        raise ParameterError(str(error)) from None


class ShelfViewNode(StageNode):
    """A stage that is fed by a camera, too."""

    def __init__(self) -> None:
        """Open the camera that the parameter ``camera`` names; a missing one is retried for ever."""
        super().__init__("shelf_view", _stage)
        self._camera = self.store.camera[self.get_parameter("camera").value]
        self._latency = 0.0
        self._capture = capture_of(self, self._camera, self._process)
        self.diagnostics.add(f"camera {self._camera.id}", self._camera_health)
        self._capture.start()

    def _process(self) -> None:
        frame = self._capture.take()
        if frame is not None:
            self._latency = (self.get_clock().now().nanoseconds - frame.stamp) / 1e9
            self.push(Picture(frame.stamp, self._camera.id, frame.image))

    def _camera_health(self) -> Health:
        return to_health(CameraHealth(self._camera, self._capture.status()), self._latency)

    def close(self) -> None:
        """Stop capturing."""
        self._capture.close()


def main() -> int:
    """Run the node."""
    return run(ShelfViewNode)
