"""What packs look like: a colour, a second one, a pattern and the printed name, all drawn from the SKU.

A dress says something else to draw from: ``BRAND/KIND`` gives all kinds of a brand its colour and its pattern, as
the flavours of one maker have them, and a second colour of their own.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.figure import Colour
from just_walk_out.simulation.scene import Quad, box
from just_walk_out.simulation.stock import Unit
from just_walk_out.store.model import Product, Store

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

_WIDE, _TALL = 96, 128
_ROWS, _LEVELS = 7, 2
_LOWEST, _HIGHEST = 0.06, 0.17
_GAP = 0.002


def pack_size(product: Product, width: float, depth: float) -> tuple[float, float, float]:
    """Return width, depth and height of a pack, metres, where a lane is so wide and a plate so deep."""
    tall = float(np.clip(0.05 + 0.13 * product.weight ** (1.0 / 3.0), _LOWEST, _HIGHEST))
    return 0.88 * width, 0.92 * depth / _ROWS, tall


@functools.lru_cache(maxsize=512)
def pack_front(dress: str, name: str) -> tuple[Colour, Image]:
    """Return the colour of the sides and the picture of the front (rows, columns, 3), BGR.

    Args:
        dress: what the looks are drawn from: a SKU, or ``BRAND/KIND``.
        name: what is printed on the front.
    """
    brand, _, kind = dress.partition("/")
    rng = np.random.default_rng(zlib.crc32(f"pack {brand}".encode()))
    own = np.random.default_rng(zlib.crc32(f"pack {dress}".encode())) if kind else rng
    hue = int(rng.integers(180))
    main = _colour(hue, int(rng.integers(120, 230)), int(rng.integers(120, 235)))
    second = _colour((hue + int(own.integers(35, 145))) % 180, int(own.integers(90, 230)), int(own.integers(90, 240)))
    front = np.full((_TALL, _WIDE, 3), main, np.uint8)
    pattern = int(rng.integers(5))
    step = int(rng.integers(14, 30))
    if pattern == 0:
        for top in range(0, _TALL, step):
            front[top : top + step // 3] = second
    elif pattern == 1:
        for left in range(0, _WIDE, step):
            front[:, left : left + step // 3] = second
    elif pattern == 2:
        for y in range(step // 2, _TALL, step):
            for x in range(step // 2, _WIDE, step):
                cv2.circle(front, (x, y), step // 3, second, -1)
    elif pattern == 3:
        for start in range(-_TALL, _WIDE, step):
            cv2.line(front, (start, _TALL), (start + _TALL, 0), second, step // 3)
    else:
        cv2.circle(front, (_WIDE // 2, int(rng.integers(40, 90))), int(rng.integers(22, 40)), second, -1)
    top = int(rng.integers(12, 70))
    cv2.rectangle(front, (4, top), (_WIDE - 5, top + 30), (240, 240, 240), -1)
    ink = _colour(hue, 255, 90)
    for line, word in enumerate(name.split()[:2]):
        cv2.putText(front, word[:9], (7, top + 13 + 13 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.38, ink, 1, cv2.LINE_AA)
    side = tuple(int(0.92 * value) for value in main)
    return (side[0], side[1], side[2]), front


def goods_on(store: Store, plate: str, units: Sequence[Unit], dresses: Mapping[str, str] | None = None) -> list[Quad]:
    """Return the packs on a plate: a lane a product, filled from the back, two high.

    What does not belong there stands in front of the lane that has most room, as somebody leaves it.

    Args:
        store: fixtures and catalogue.
        plate: its id.
        units: what stands there; what was put last stands in front.
        dresses: by SKU, of those that are not drawn from it.
    """
    planned = store.skus_on[plate]
    strays = [unit.sku for unit in units if unit.sku not in planned]
    count = max(1, len(planned))
    shelf = store.shelf[plate.rsplit("/", 1)[0]]
    base = store.gondola_of[plate].pose.matrix() @ shelf.pose.matrix()
    where = store.plate[plate]
    back = where.pose.y + where.depth / 2.0
    quads: list[Quad] = []

    def stand(sku: str, lane: int, row: int, bottom: float) -> float:
        wide, deep, tall = pack_size(store.product[sku], where.width / count, where.depth)
        left = where.pose.x - where.width / 2.0 + (lane + 0.06) * where.width / count
        colour, front = pack_front((dresses or {}).get(sku, sku), store.product[sku].name)
        low = (left, back - (row + 1) * where.depth / _ROWS, bottom)
        quads.extend(box(base, low, (wide, deep, tall * 0.98), colour, front))
        return bottom + tall

    rows, tops = [0] * count, [0.0] * count
    for lane, sku in enumerate(planned):
        for index in range(min(sum(unit.sku == sku for unit in units), _ROWS * _LEVELS)):
            row, level = divmod(index, _LEVELS)
            tops[lane] = stand(sku, lane, row, tops[lane] if level else _GAP)
            rows[lane] = row + 1
    for sku in strays[:_ROWS]:
        lane = rows.index(min(rows))
        full = rows[lane] >= _ROWS
        rows[lane] += not full
        # where a lane is full up to its edge there is only the top of what is in front
        tops[lane] = stand(sku, lane, rows[lane] - 1, tops[lane] if full else _GAP)
    return quads


def _colour(hue: int, saturation: int, value: int) -> Colour:
    b, g, r = cv2.cvtColor(np.array([[[hue, saturation, value]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return (int(b), int(g), int(r))
