"""Standard visualization markers of the store and of what moves in it, for rviz."""

from __future__ import annotations

import colorsys
import math
import zlib
from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from just_walk_out.checkout.money import format_money
from just_walk_out.records import Cart, Interaction, Kind, Track
from just_walk_out.ros.conversions import to_time
from just_walk_out.store.model import Store

_WALL_HEIGHT = 0.4
_PERSON_HEIGHT = 1.7
_LIFETIME = Duration(sec=1)


def color_of(name: str, alpha: float = 1.0) -> ColorRGBA:
    """Return a bright colour that stays the same for a name."""
    red, green, blue = colorsys.hsv_to_rgb((zlib.crc32(name.encode()) % 360) / 360.0, 0.75, 0.95)
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)


def _marker(space: str, number: int, kind: int, stamp: int = 0) -> Marker:
    marker = Marker(ns=space, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id = "map"
    marker.header.stamp = to_time(stamp)
    marker.pose.orientation.w = 1.0
    return marker


def _line(space: str, number: int, points: Sequence[tuple[float, float]], color: ColorRGBA, z: float = 0.02) -> Marker:
    marker = _marker(space, number, Marker.LINE_STRIP)
    marker.scale.x, marker.color = 0.05, color
    marker.points = [Point(x=float(x), y=float(y), z=z) for x, y in points]
    return marker


def _text(space: str, number: int, x: float, y: float, z: float, text: str, stamp: int = 0) -> Marker:
    marker = _marker(space, number, Marker.TEXT_VIEW_FACING, stamp)
    marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = x, y, z
    marker.scale.z, marker.color, marker.text = 0.18, ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0), text
    return marker


def store_markers(store: Store) -> MarkerArray:
    """Draw floor, walls, gates, gondolas and plates; published once, latched."""
    grey, red = ColorRGBA(r=0.6, g=0.6, b=0.6, a=1.0), ColorRGBA(r=0.9, g=0.3, b=0.2, a=1.0)
    green = ColorRGBA(r=0.2, g=0.8, b=0.3, a=1.0)
    made: list[Any] = [_line("floor", 0, [*store.floor, store.floor[0]], grey)]
    made += [_line("walls", n, [wall.start, wall.end], grey, _WALL_HEIGHT) for n, wall in enumerate(store.walls)]
    for n, gate in enumerate(store.gates):
        made.append(_line("gates", n, [gate.start, gate.end], green if gate.admits else red))
        made.append(_text("gate_names", n, *gate.start, 0.3, gate.id))
    for n, gondola in enumerate(store.gondolas):
        corners = gondola.footprint()
        box = _marker("gondolas", n, Marker.CUBE)
        box.pose.position.x = sum(x for x, _ in corners) / 4
        box.pose.position.y = sum(y for _, y in corners) / 4
        box.pose.position.z = gondola.height / 2
        box.pose.orientation.z, box.pose.orientation.w = _half_turn(gondola.pose.yaw)
        box.scale.x, box.scale.y, box.scale.z = gondola.width, gondola.depth, gondola.height
        box.color = ColorRGBA(r=0.45, g=0.35, b=0.25, a=0.6)
        made.append(box)
        made.append(
            _text("gondola_names", n, box.pose.position.x, box.pose.position.y, gondola.height + 0.2, gondola.id)
        )
    for n, (plate, (x, y, z)) in enumerate(store.plate_position.items()):
        tile = _marker("plates", n, Marker.CUBE)
        tile.pose.position.x, tile.pose.position.y, tile.pose.position.z = x, y, z + 0.01
        tile.pose.orientation.z, tile.pose.orientation.w = _half_turn(store.gondola_of[plate].pose.yaw)
        tile.scale.x, tile.scale.y, tile.scale.z = store.plate[plate].width * 0.9, store.plate[plate].depth * 0.9, 0.02
        tile.color = color_of(store.skus_on[plate][0] if store.skus_on[plate] else plate, 0.9)
        made.append(tile)
    return MarkerArray(markers=made)


def moving_markers(
    store: Store, stamp: int, tracks: Sequence[Track], carts: dict[str, Cart], latest: Sequence[Interaction]
) -> MarkerArray:
    """Draw people, what they hold and the latest takes and returns.

    Args:
        store: the store.
        stamp: event time of the tracks, nanoseconds.
        tracks: everyone on the floor.
        carts: cart by track id.
        latest: interactions to show at their plates.
    """
    made: list[Any] = []
    for n, track in enumerate(tracks):
        body = _marker("people", n, Marker.CYLINDER, stamp)
        body.pose.position.x, body.pose.position.y, body.pose.position.z = track.x, track.y, _PERSON_HEIGHT / 2
        body.scale.x, body.scale.y, body.scale.z = 0.45, 0.45, _PERSON_HEIGHT
        body.color, body.lifetime = color_of(track.id, 0.4 + 0.5 * track.existence), _LIFETIME
        cart = carts.get(track.id)
        lines = [f"{line.quantity} x {line.name}" for line in cart.lines] if cart else []
        head = f"{cart.account}  {format_money(cart.total, cart.currency)}" if cart else track.id
        label = _text("carts", n, track.x, track.y, _PERSON_HEIGHT + 0.3, "\n".join([head, *lines]), stamp)
        label.lifetime = _LIFETIME
        made += [body, label]
    for n, item in enumerate(latest):
        x, y, z = store.plate_position[item.plates[0]]
        sign, what = "-" if item.kind is Kind.TAKE else "+", item.sku or "?"
        label = _text("interactions", n, x, y, z + 0.25, f"{sign}{item.quantity} {what}", stamp)
        label.lifetime = _LIFETIME
        made.append(label)
    return MarkerArray(markers=made)


def _half_turn(yaw: float) -> tuple[float, float]:
    return math.sin(yaw / 2), math.cos(yaw / 2)
