"""Pictures for the tracking benchmark: people as flat shapes in the colours of their clothes, as one camera sees them.

Far cheaper than the simulation's pictures, and meant for one thing: every camera has its own white balance, light
varies from frame to frame and across the body, and whoever is nearer covers whoever is behind.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.simulation.figure import Colour, Figure
from just_walk_out.store.model import Camera

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_GAIN = 0.12  # how far the channels of two cameras are apart, share
_LIGHT = 0.15  # how far the light on somebody varies from frame to frame, share
_GRAIN = 6.0  # noise of a pixel
_SLACK = 48
# Bands of a body: lower and upper end as shares of the height, half width in metres.
_LEGS, _TORSO, _BAND, _HEAD = (0.03, 0.48, 0.14), (0.47, 0.84, 0.19), (0.6, 0.67, 0.19), (0.86, 1.0, 0.08)


class Painter:
    """Paints what one camera sees."""

    def __init__(self, camera: Camera, seed: Sequence[int]) -> None:
        """Draw the camera's colours and an empty store."""
        self._rng = np.random.default_rng([*seed, 77])
        self._projector = FloorProjector(camera)
        self._gain = self._rng.uniform(1.0 - _GAIN, 1.0 + _GAIN, 3)
        coarse = self._rng.integers(40, 220, (6, 8, 3)).astype(np.uint8)
        self._empty = cv2.resize(coarse, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
        size = (camera.height + _SLACK, camera.width + _SLACK, 3)
        self._grain = self._rng.normal(0.0, _GRAIN, size).round().astype(np.int16)

    def paint(self, figures: Sequence[Figure]) -> Image:
        """Return the picture (height, width, 3), BGR."""
        image = self._empty.copy()
        eye = self._projector.centre[:2]
        shapes: list[Floats] = []
        colours: list[Colour] = []
        for figure in sorted(figures, key=lambda each: -float(np.hypot(each.x - eye[0], each.y - eye[1]))):
            self._dress(figure, eye, shapes, colours)
        if shapes:
            outlines = self._projector.to_pixels(np.array(shapes))
            shown = np.asarray((np.abs(outlines) < 1e4).all(axis=(1, 2)))  # NaN behind the camera is not
            corners = np.rint(np.where(shown[:, None, None], outlines, 0.0)).astype(np.int32)
            for outline, colour in zip(corners[shown], itertools.compress(colours, shown), strict=True):
                cv2.fillConvexPoly(image, outline, colour)
        down, right = self._rng.integers(0, _SLACK, 2)
        grain = self._grain[down : down + image.shape[0], right : right + image.shape[1]]
        return np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), dtype=np.uint8)

    def _dress(self, figure: Figure, eye: Floats, shapes: list[Floats], colours: list[Colour]) -> None:
        """Add the rectangles (4, 3) of one person, metres, and their colours."""
        look = figure.appearance
        place = np.array([figure.x, figure.y])
        towards = place - eye
        across = np.array([-towards[1], towards[0]]) / max(float(np.hypot(*towards)), 1e-6)
        # Seen from the side a body is narrower.
        turned = abs(float(across @ (-np.sin(figure.heading), np.cos(figure.heading))))
        slim = look.girth * (0.65 + 0.35 * turned)
        light = self._rng.uniform(1.0 - _LIGHT, 1.0 + _LIGHT)
        bands = [(_LEGS, look.trousers), (_TORSO, look.top), (_HEAD, look.hair)]
        if look.stripe is not None:
            bands.insert(2, (_BAND, look.stripe))
        for (low, high, half), colour in bands:
            for left, right, shade in ((-1.0, 1.0, 1.0), (-0.6, 0.1, 1.18)):
                sides = place + half * slim * np.array([[left], [right], [right], [left]]) * across
                heights = look.height * np.array([[low], [low], [high], [high]])
                shapes.append(np.concatenate([sides, heights], axis=1))
                colours.append(self._rendered(colour, light * shade))

    def _rendered(self, colour: Colour, light: float) -> Colour:
        b, g, r = (int(value) for value in np.clip(np.array(colour) * self._gain * light, 0, 255))
        return (b, g, r)
