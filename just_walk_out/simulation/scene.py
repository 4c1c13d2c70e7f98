"""The empty store as textured rectangles, for the cameras to look at."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.figure import Colour
from just_walk_out.store.model import Gondola, Point, Product, Store

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_FLOOR_PIXEL = 0.02
_OUTSIDE = 3.5
_CEILING = 3.3
_WALL = 3.3
_LIGHT = np.array([0.35, 0.25, 0.9])


@dataclass(frozen=True)
class Quad:
    """A rectangle in ``map``: a corner, two sides (metres), and its picture (BGR, row 0 at the corner).

    Attributes:
        corner: (3,) metres.
        across: (3,) side along the columns of the picture.
        along: (3,) side along the rows of the picture.
        texture: BGR.
        two_sided: whether it is seen from behind, too; the front is where across x along points.
        is_floor: whether shadows fall on it.
    """

    corner: Array
    across: Array
    along: Array
    texture: Image
    two_sided: bool = True
    is_floor: bool = False

    @property
    def shade(self) -> float:
        """How brightly the lamps under the ceiling light it, as a factor."""
        return float(0.72 + 0.3 * abs(np.dot(self.normal, _LIGHT / np.linalg.norm(_LIGHT))))

    @cached_property
    def normal(self) -> Array:
        """Unit vector out of its front."""
        (a, b, c), (d, e, f) = self.across, self.along
        normal = np.array([b * f - c * e, c * d - a * f, a * e - b * d])
        return np.asarray(normal / np.linalg.norm(normal))


def build_scene(store: Store, bare: Collection[str] = ()) -> list[Quad]:
    """Return floor, walls, gates, gondolas and the goods on them.

    Args:
        store: what is drawn.
        bare: ids of shelves that are drawn without goods.
    """
    quads = [_floor(store), _ceiling(store), *_walls(store)]
    for gondola in store.gondolas:
        quads += _gondola(gondola, store, bare)
    return quads


def _floor(store: Store) -> Quad:
    corners = np.array(store.floor)
    low, high = corners.min(axis=0) - _OUTSIDE, corners.max(axis=0) + _OUTSIDE
    width, height = (int(n) for n in np.ceil((high - low) / _FLOOR_PIXEL))
    rng = np.random.default_rng(7)
    grain = cv2.resize(rng.normal(0.0, 1.0, (height // 3, width // 3)).astype(np.float32), (width, height))
    picture = np.full((height, width, 3), (92, 94, 96), np.float32) + 4.0 * grain[..., None]
    inside = np.zeros((height, width), np.uint8)
    polygon = np.round((corners - low) / _FLOOR_PIXEL).astype(np.int32)
    cv2.fillPoly(inside, [polygon], 255)
    tiles = np.full((height, width, 3), (168, 176, 180), np.float32) + 3.0 * grain[..., None]
    tile = round(0.6 / _FLOOR_PIXEL)
    shades = rng.normal(0.0, 3.0, (height // tile + 1, width // tile + 1)).astype(np.float32)
    tiles += np.kron(shades, np.ones((tile, tile), np.float32))[:height, :width, None]
    tiles[::tile] -= 28.0
    tiles[:, ::tile] -= 28.0
    picture[inside > 0] = tiles[inside > 0]
    for gate in store.gates:
        start, end, inward = np.array(gate.start), np.array(gate.end), np.array(gate.inward)
        mat = np.array([start + 0.1 * inward, end + 0.1 * inward, end + 0.75 * inward, start + 0.75 * inward])
        colour = (96, 110, 84) if gate.admits else (84, 84, 112)
        cv2.fillPoly(picture, [np.round((mat - low) / _FLOOR_PIXEL).astype(np.int32)], colour)
    texture = np.clip(picture, 0, 255).astype(np.uint8)
    size = np.array([width, height]) * _FLOOR_PIXEL
    corner = np.array([low[0], low[1], 0.0])
    return Quad(corner, np.array([size[0], 0, 0]), np.array([0, size[1], 0]), texture, is_floor=True)


def _ceiling(store: Store) -> Quad:
    corners = np.array(store.floor)
    low, high = corners.min(axis=0) - _OUTSIDE, corners.max(axis=0) + _OUTSIDE
    texture = np.full((200, 200, 3), (196, 200, 202), np.uint8)
    texture[::20] = 170
    texture[10::40, 20:180] = 245
    span = high - low
    return Quad(np.array([*low, _CEILING]), np.array([span[0], 0, 0]), np.array([0, span[1], 0]), texture)


def _walls(store: Store) -> list[Quad]:
    quads = []
    corners = list(store.floor)
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))
    if area < 0:
        corners.reverse()
    for number, (start, end) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True)):
        if _is_doorway(start, end, store):
            quads.append(_upright(start, end, 2.2, _WALL - 2.2, _plain((120, 122, 125)), two_sided=False))
        else:
            quads.append(_upright(start, end, 0.0, _WALL, _wall_picture(math.dist(start, end), number), False))
    for wall in store.walls:
        height = _CEILING if wall.height is None else min(wall.height, _CEILING)
        quads.append(_upright(wall.start, wall.end, 0.0, height, _plain((150, 140, 120))))
    for gate in store.gates:
        for post in (gate.start, gate.end):
            quads += box(np.eye(4), (post[0] - 0.04, post[1] - 0.15, 0.0), (0.08, 0.3, 1.0), (70, 70, 74))
    return quads


def _is_doorway(start: Point, end: Point, store: Store) -> bool:
    first, second = np.array(start), np.array(end)
    side = second - first
    for gate in store.gates:
        centre = (np.array(gate.start) + np.array(gate.end)) / 2.0
        share = float(np.dot(centre - first, side) / np.dot(side, side))
        away = first + share * side - centre
        outward = -float(np.dot(away, gate.inward))
        if 0.0 <= share <= 1.0 and -0.05 <= outward <= 1.5 and float(np.linalg.norm(away)) <= outward + 0.05:
            return True
    return False


def _upright(start: Point, end: Point, low: float, height: float, texture: Image, two_sided: bool = True) -> Quad:
    across = np.array([end[0] - start[0], end[1] - start[1], 0.0])
    top = np.array([start[0], start[1], low + height])
    return Quad(top, across, np.array([0.0, 0.0, -height]), texture, two_sided)


def _wall_picture(length: float, number: int) -> Image:
    columns, rows = max(8, int(length * 50)), int(_WALL * 50)
    picture = np.full((rows, columns, 3), (190, 198, 202), np.uint8)
    picture[-52:-48] = (120, 130, 60)
    picture[-6:] = (95, 98, 100)
    for left in range(60, columns - 80, 190):
        colour = ((90, 140, 190), (150, 120, 80), (100, 150, 110))[(number + left // 190) % 3]
        cv2.rectangle(picture, (left, 45), (left + 60, 95), colour, -1)
        cv2.rectangle(picture, (left + 6, 51), (left + 54, 68), (235, 235, 230), -1)
    return picture


def _plain(colour: Colour) -> Image:
    return np.full((2, 2, 3), colour, np.uint8)


def box(
    base: Array,
    low: tuple[float, float, float],
    size: tuple[float, float, float],
    colour: Colour,
    front: Image | None = None,
) -> list[Quad]:
    """Return the five visible faces of a box, its front (low y) with a picture of its own.

    Args:
        base: 4x4, from the frame of the box to ``map``.
        low: its corner of least x, y, z, metres.
        size: along x, y, z, metres.
        colour: of the faces.
        front: picture of the front, row 0 on top; plain where None.
    """
    x, y, z = low
    w, d, h = size
    plain = _plain(colour)
    faces: list[tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float], Image]] = [
        ((x, y, z + h), (w, 0, 0), (0, 0, -h), front if front is not None else plain),
        ((x + w, y + d, z + h), (-w, 0, 0), (0, 0, -h), plain),
        ((x, y + d, z + h), (0, -d, 0), (0, 0, -h), plain),
        ((x + w, y, z + h), (0, d, 0), (0, 0, -h), plain),
        ((x, y + d, z + h), (w, 0, 0), (0, -d, 0), plain),
    ]
    turn = base[:3, :3]
    return [
        Quad(turn @ np.array(corner) + base[:3, 3], turn @ np.array(across), turn @ np.array(along), texture)
        for corner, across, along, texture in faces
    ]


def _gondola(gondola: Gondola, store: Store, bare: Collection[str]) -> list[Quad]:
    base = gondola.pose.matrix()
    w, d, h = gondola.width, gondola.depth, gondola.height
    frame: Colour = (86, 88, 92)
    quads = box(base, (0.0, 0.0, 0.0), (w, d, 0.16), (60, 62, 66))
    quads += box(base, (0.0, d - 0.03, 0.0), (w, 0.03, h), (150, 154, 158))
    for x in (0.0, w - 0.025):
        quads += box(base, (x, 0.02, 0.0), (0.025, d - 0.02, h * 0.97), frame)
    for shelf in gondola.shelves:
        placed = base @ shelf.pose.matrix()
        strip = np.full((4, 60, 3), (225, 228, 230), np.uint8)
        strip[:, 5::10] = (60, 60, 200)
        quads += box(placed, (0.0, 0.0, -0.045), (shelf.width, shelf.depth, 0.03), frame, strip)
        for plate in shelf.plates:
            corner = (plate.pose.x - plate.width / 2 + 0.004, plate.pose.y - plate.depth / 2, -0.015)
            quads += box(placed, corner, (plate.width - 0.008, plate.depth, 0.015), (175, 178, 180))
            skus = () if shelf.id in bare else store.skus_on[plate.id]
            for index, sku in enumerate(skus):
                product = store.product[sku]
                wide = 0.86 * plate.width / len(skus)
                left = plate.pose.x - 0.43 * plate.width + index * wide
                tall = float(np.clip(0.07 + 0.17 * product.weight ** (1.0 / 3.0), 0.08, 0.27))
                colour, label = _label(product)
                low = (left, plate.pose.y - 0.4 * plate.depth, 0.0)
                quads += box(placed, low, (wide * 0.94, 0.8 * plate.depth, tall), colour, label)
    return quads


def _label(product: Product) -> tuple[Colour, Image]:
    """Draw the front of a pack; its colours follow from the SKU."""
    rng = np.random.default_rng(zlib.crc32(product.sku.encode()))
    hue = np.array([[[int(rng.integers(180)), int(rng.integers(110, 220)), int(rng.integers(120, 230))]]], np.uint8)
    b, g, r = (int(value) for value in cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0])
    label = np.full((24, 16, 3), (b, g, r), np.uint8)
    label[5:12, 2:14] = (235, 235, 235)
    label[7:10, 4:12] = tuple(int(value) for value in rng.integers(0, 160, 3))
    label[15:17, 3:13] = (int(b * 0.6), int(g * 0.6), int(r * 0.6))
    return (int(b * 0.9), int(g * 0.9), int(r * 0.9)), label
