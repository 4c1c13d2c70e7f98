"""Pictures for the tracking benchmark: people as flat shapes in the colours of their clothes, as one camera sees them.

Far cheaper than the simulation's pictures, and meant for one thing: every camera has its own white balance, light
varies from frame to frame and across the body, and whoever is nearer covers whoever is behind.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.simulation.figure import Figure
from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

GAIN = 0.12  # how far the channels of two cameras are apart, share
_LIGHT = 0.15  # how far the light on somebody varies from frame to frame, share
_GRAIN = 6.0  # noise of a pixel
_SLACK = 48
# Bands of a body: lower and upper end as shares of the height, half width in metres.
_SIDES = ((-1.0, 1.0, 1.0), (-0.6, 0.1, 1.18))  # from left to right, as shares of that, and their light
_LEGS, _TORSO, _BAND, _HEAD = (0.03, 0.48, 0.14), (0.47, 0.84, 0.19), (0.6, 0.67, 0.19), (0.86, 1.0, 0.08)


class Painter:
    """Paints what one camera sees."""

    def __init__(self, camera: Camera, seed: Sequence[int]) -> None:
        """Draw the camera's colours and an empty store."""
        self._rng = np.random.default_rng([*seed, 77])
        self._projector = FloorProjector(camera)
        self._gain = self._rng.uniform(1.0 - GAIN, 1.0 + GAIN, 3)
        coarse = self._rng.integers(40, 220, (6, 8, 3)).astype(np.uint8)
        self._empty = cv2.resize(coarse, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
        size = (camera.height + _SLACK, camera.width + _SLACK, 3)
        self._grain = self._rng.normal(0.0, _GRAIN, size).round().astype(np.int16)

    def paint(self, figures: Sequence[Figure]) -> Image:
        """Return the picture (height, width, 3), BGR."""
        image = self._empty.copy()
        if figures:
            shapes, colours = self._dress(figures)
            outlines = self._projector.to_pixels(shapes)
            shown = np.asarray((np.abs(outlines) < 1e4).all(axis=(1, 2)))  # NaN behind the camera is not
            corners = np.rint(np.where(shown[:, None, None], outlines, 0.0)).astype(np.int32)
            for outline, colour in zip(corners[shown], colours[shown].tolist(), strict=True):
                cv2.fillConvexPoly(image, outline, colour)
        down, right = self._rng.integers(0, _SLACK, 2)
        grain = self._grain[down : down + image.shape[0], right : right + image.shape[1]]
        return np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), dtype=np.uint8)

    def _dress(self, figures: Sequence[Figure]) -> tuple[Floats, Floats]:
        """Return rectangles (N, 4, 3), metres, from far to near and from back to front, and their colours (N, 3)."""
        eye = self._projector.centre[:2]
        towards = np.array([(each.x, each.y) for each in figures]) - eye
        far = np.hypot(*towards.T)
        order = np.argsort(-far, kind="stable")
        across = np.column_stack([-towards[:, 1], towards[:, 0]]) / np.maximum(far, 1e-6)[:, None]
        heading = np.array([each.heading for each in figures])
        # Seen from the side a body is narrower.
        turned = np.abs(np.cos(heading) * across[:, 1] - np.sin(heading) * across[:, 0])
        slim = np.array([each.appearance.girth for each in figures]) * (0.65 + 0.35 * turned)
        light = self._rng.uniform(1.0 - _LIGHT, 1.0 + _LIGHT, len(figures))
        who, bands, paint = [], [], []
        for number, at in enumerate(order.tolist()):
            look = figures[at].appearance
            worn = [(_LEGS, look.trousers), (_TORSO, look.top), (_HEAD, look.hair)]
            if look.stripe is not None:
                worn.insert(2, (_BAND, look.stripe))
            for (low, high, half), colour in worn:
                for left, right, shade in _SIDES:
                    who.append(at)
                    bands.append((low, high, half * left, half * right))
                    paint.append((*colour, light[number] * shade))
        rows, band, colours = np.array(who), np.array(bands), np.array(paint)
        low, high, left, right = (band * np.column_stack([*[_heights(figures)[rows]] * 2, *[slim[rows]] * 2])).T
        shapes = np.empty((len(rows), 4, 3))
        places = towards + eye
        shapes[..., :2] = (
            places[rows][:, None] + np.stack([left, right, right, left], 1)[..., None] * across[rows][:, None]
        )
        shapes[..., 2] = np.stack([low, low, high, high], axis=1)
        return shapes, np.trunc(np.clip(colours[:, :3] * self._gain * colours[:, 3:], 0.0, 255.0))


def _heights(figures: Sequence[Figure]) -> Floats:
    return np.array([each.appearance.height for each in figures])
