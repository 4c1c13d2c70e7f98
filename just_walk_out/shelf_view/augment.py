"""Photos of packs as a shelf camera would see them: small, aslant, partly hidden, in another light.

A shelf camera shows a pack by what changed on a plate: its outline, with nothing around it. A photo is made like that.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.shelf_view.views import Mask

Image = NDArray[np.uint8]

GREY = 128
"""Value of the pixels that show no product."""

_MIDDLE = 0.6  # share of a photo's width and height, around its middle, that shows the product
_SLANT, _TURN = 0.35, 0.5  # shear, and radians
_FEWEST, _MOST = 10, 44  # pixels that a pack measures in a picture of a shelf


def cut_out(image: Image, changed: Mask, size: int) -> Image:
    """Return what changed (size, size, 3), BGR: its hull, enlarged to the whole, grey around.

    Args:
        image: (rows, columns, 3) BGR.
        changed: (rows, columns) pixels that changed; at least one.
        size: pixels of either side.
    """
    spots = cv2.findNonZero(changed.astype(np.uint8))
    left, top, wide, high = cv2.boundingRect(spots)
    hull = np.zeros(changed.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(spots), 1)
    part = np.where(hull[..., None] > 0, image, GREY)[top : top + high, left : left + wide].astype(np.uint8)
    side = max(wide, high)
    square = np.full((side, side, 3), GREY, np.uint8)
    down, right = (side - high) // 2, (side - wide) // 2
    square[down : down + high, right : right + wide] = part
    return np.asarray(cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def disturb(photo: Image, size: int, rng: np.random.Generator) -> Image:
    """Return a photo as a shelf camera might show it (size, size, 3), BGR.

    Args:
        photo: (height, width, 3) BGR; the product is in the middle.
        size: pixels of either side.
        rng: of slant, light, blur and what hides a part.
    """
    high, wide = photo.shape[:2]
    small = int(rng.integers(_FEWEST, _MOST + 1))
    scale = small / (_MIDDLE * max(high, wide)) * float(rng.uniform(0.9, 1.5))
    turn, slant = float(rng.normal(0.0, _TURN / 2.0)), rng.uniform(-_SLANT, _SLANT, 2)
    squeeze = rng.uniform(0.55, 1.0, 2)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = scale * rotation @ np.array([[squeeze[0], slant[0]], [slant[1], squeeze[1]]])
    shift = small / 2.0 - linear @ (np.array([wide, high]) / 2.0) + rng.uniform(-0.15, 0.15, 2) * small
    reduced = cv2.GaussianBlur(photo, (0, 0), max(0.3, 0.4 / scale))
    seen = cv2.warpAffine(
        reduced,
        np.column_stack([linear, shift]),
        (small, small),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    light = rng.uniform(0.65, 1.35) * rng.uniform(0.88, 1.12, 3)
    lit = seen.astype(np.float64) * light + rng.normal(0.0, 3.0, seen.shape)
    blurred = cv2.GaussianBlur(np.clip(lit, 0, 255).astype(np.uint8), (0, 0), float(rng.uniform(0.2, 0.9)))
    return cut_out(np.asarray(blurred, np.uint8), _part(small, rng), size)


def _part(small: int, rng: np.random.Generator) -> Mask:
    """Return the part (small, small) that is in sight: a polygon of a few corners."""
    count = int(rng.integers(4, 8))
    angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, count))
    radii = rng.uniform(0.35, 0.75, count) * small
    middle = small / 2.0 + rng.uniform(-0.15, 0.15, 2) * small
    corners = middle + np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None]
    mask = np.zeros((small, small), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(corners).astype(np.int32)), 1)
    if int(mask.sum()) < small:
        mask[:] = 1
    return np.asarray(mask > 0)
