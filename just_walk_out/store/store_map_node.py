"""Node ``store_map``: the store description latched, and the store and its people as rviz markers."""

from __future__ import annotations

import json
from collections import deque
from importlib import import_module
from typing import Any

import numpy as np
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from just_walk_out.records import CartArray, Interaction, InteractionArray, TrackArray, VisitArray, to_dict
from just_walk_out.ros import qos
from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.markers import moving_markers, store_markers
from just_walk_out.ros.parameters import declare_one
from just_walk_out.ros.stages import StoreNode, run
from just_walk_out.store.model import Store
from just_walk_out.store.urls import without_password

_SHOWN = 4_000_000_000  # nanoseconds for which an interaction stays in the picture


def public_description(store: Store) -> str:
    """Return the store as JSON, without the passwords that camera and port URLs may carry."""
    values = to_dict(store)
    for camera in values["cameras"]:
        camera["source"] = without_password(camera["source"])
    for bus in values["buses"]:
        bus["port"] = without_password(bus["port"])
    for gate in values["gates"]:
        if gate["reader"]:
            gate["reader"]["port"] = without_password(gate["reader"]["port"])
    return json.dumps(values, separators=(",", ":"))


class StoreMapNode(StoreNode):
    """Publishes what people look at; decides nothing."""

    def __init__(self) -> None:
        """Publish the description, static markers and frames once; the rest at ``rate``."""
        super().__init__("store_map")
        rate = declare_one(self, "rate", 5.0, "Rate of the moving markers", unit="1/s", minimum=0.1, maximum=30.0)
        self._description = self.create_publisher(String, "store_description", qos.LATCHED)
        self._description.publish(String(data=public_description(self.store)))
        self._static = self.create_publisher(MarkerArray, "store_markers", qos.LATCHED)
        self._static.publish(store_markers(self.store))
        self._moving = self.create_publisher(MarkerArray, "markers", qos.STATUS)
        self._tracks = TrackArray(0)
        self._visit_of: dict[str, str] = {}
        self._carts: CartArray = CartArray(0)
        self._latest: deque[Interaction] = deque(maxlen=20)
        self.listen(TrackArray, self._take_tracks)
        self.listen(VisitArray, self._take_visits)
        self.listen(CartArray, self._take_carts)
        self.listen(InteractionArray, self._take_interactions)
        self.create_timer(1.0 / rate, self._draw)
        self._frames = self._send_frames()
        self.diagnostics.add("map", lambda: Health(Level.OK, self._frames))

    def _take_tracks(self, tracks: TrackArray) -> None:
        self._tracks = tracks

    def _take_visits(self, visits: VisitArray) -> None:
        self._visit_of = {track: visit.id for visit in visits.visits for track in visit.tracks}

    def _take_carts(self, carts: CartArray) -> None:
        self._carts = carts

    def _take_interactions(self, interactions: InteractionArray) -> None:
        self._latest.extend(interactions.interactions)

    def _draw(self) -> None:
        stamp = self._tracks.stamp
        by_visit = {cart.visit: cart for cart in self._carts.carts}
        carts = {track: by_visit[visit] for track, visit in self._visit_of.items() if visit in by_visit}
        latest = [item for item in self._latest if item.end > stamp - _SHOWN]
        self._moving.publish(moving_markers(self.store, stamp, self._tracks.tracks, carts, latest))

    def _send_frames(self) -> str:
        """Publish fixture and camera frames where tf2_msgs is installed; it is not among the ROS wheels of PyPI."""
        try:
            tf_message = import_module("tf2_msgs.msg").TFMessage
        except ImportError:
            return "publishing; no /tf_static, since tf2_msgs is not installed"
        # tf is one tree for all namespaces by convention, so this is the one absolute name
        self._tf = self.create_publisher(tf_message, "/tf_static", qos.LATCHED)
        self._tf.publish(tf_message(transforms=[self._transform(*frame) for frame in frames(self.store)]))
        return "publishing, with /tf_static"

    def _transform(self, parent: str, child: str, matrix: Any) -> Any:
        from geometry_msgs.msg import TransformStamped
        from scipy.spatial.transform import Rotation

        made = TransformStamped(child_frame_id=child)
        made.header.frame_id = parent
        made.header.stamp = self.get_clock().now().to_msg()
        place, turn = made.transform.translation, made.transform.rotation
        place.x, place.y, place.z = (float(value) for value in matrix[:3, 3])
        turn.x, turn.y, turn.z, turn.w = (float(value) for value in Rotation.from_matrix(matrix[:3, :3]).as_quat())
        return made


def frames(store: Store) -> list[tuple[str, str, Any]]:
    """Return (parent frame, child frame, 4x4 pose of the child in the parent) of all fixtures and cameras."""
    found: list[tuple[str, str, Any]] = []
    for gondola in store.gondolas:
        found.append(("map", gondola.id, gondola.pose.matrix()))
        for shelf in gondola.shelves:
            found.append((gondola.id, shelf.id, shelf.pose.matrix()))
            found += [(shelf.id, plate.id, plate.pose.matrix()) for plate in shelf.plates]
    for camera in store.cameras:
        found.append(("map", camera.id, camera.pose.matrix()))
        optical = np.linalg.inv(camera.pose.matrix()) @ np.linalg.inv(camera.extrinsic())
        found.append((camera.id, f"{camera.id}_optical", optical))
    return found


def main() -> int:
    """Run the node."""
    return run(StoreMapNode)
