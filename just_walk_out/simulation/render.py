"""What an overview camera sees: the store and the people in it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.body import Ball, Limb, Part, pose_body
from just_walk_out.simulation.figure import Colour, Figure
from just_walk_out.simulation.raycast import cast, project
from just_walk_out.simulation.scene import Quad
from just_walk_out.simulation.sensor import SensorNoise
from just_walk_out.store.model import Camera

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

_NEAREST = 0.25
_SHADOW = 0.34
_SHADOW_GAIN = 0.8
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 13)[:-1]


class OverviewCamera:
    """Draws people into a static picture of the store, with the fixtures' depth to hide them behind."""

    def __init__(self, camera: Camera, scene: Sequence[Quad], seed: int) -> None:
        """Render the empty store once.

        Args:
            camera: with calibration and pose.
            scene: of ``build_scene``.
            seed: of the simulation, for the noise of the sensor.
        """
        self.camera = camera
        self._extrinsic = camera.extrinsic()
        self.show(*cast(camera, scene))
        self._noise = SensorNoise(camera, np.random.default_rng([seed, zlib.crc32(camera.id.encode())]))

    def show(self, empty: Image, depth: NDArray[np.float32], floor: NDArray[np.bool_]) -> None:
        """Take another picture of the store without people: colours, depth, and where the floor is."""
        self._empty, self._depth, self._floor = empty, depth, floor
        self._shaded = np.clip(self._empty * _SHADOW_GAIN, 0, 255).astype(np.uint8)

    def render(self, figures: Sequence[Figure]) -> Image:
        """Return a frame (height, width, 3), BGR.

        Args:
            figures: the people.
        """
        image = self._empty.copy()
        bodies = [(figure, pose_body(figure)) for figure in figures]
        eye = np.linalg.inv(self._extrinsic)[:2, 3]
        bodies.sort(key=lambda body: -float(np.hypot(body[0].x - eye[0], body[0].y - eye[1])))
        for figure, _ in bodies:
            self._cast_shadow(image, figure)
        for _, parts in bodies:
            self._draw(image, parts)
        return self._noise.add(image)

    def _cast_shadow(self, image: Image, figure: Figure) -> None:
        ring = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1) * _SHADOW + (figure.x, figure.y)
        pixels, depth = project(self.camera, self._extrinsic, np.column_stack([ring, np.zeros(len(ring))]))
        if float(depth.min()) < _NEAREST:
            return
        box = self._window(pixels, np.zeros(len(pixels)))
        if box is None:
            return
        rows, columns = box
        mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        cv2.fillConvexPoly(mask, np.round(pixels - (columns.start, rows.start)).astype(np.int32), 1)
        on_floor = (mask > 0) & self._floor[rows, columns]
        np.copyto(image[rows, columns], self._shaded[rows, columns], where=on_floor[..., None])

    def _draw(self, image: Image, parts: Sequence[Part]) -> None:
        outlines = [_outline(part) for part in parts]
        points = np.concatenate([points for points, _ in outlines])
        counts = [len(points) for points, _ in outlines]
        radii = np.repeat([radius for _, radius in outlines], counts)
        pixels, depth = project(self.camera, self._extrinsic, points)
        if float(depth.min()) < _NEAREST:
            return
        spread = radii * self.camera.fx / depth
        box = self._window(pixels, spread)
        if box is None:
            return
        rows, columns = box
        dots = np.round(pixels - (columns.start, rows.start)).astype(np.int32)
        patch = np.zeros((rows.stop - rows.start, columns.stop - columns.start, 3), np.uint8)
        label = np.zeros(patch.shape[:2], np.uint8)
        first = np.cumsum([0, *counts[:-1]])
        means = np.add.reduceat(depth, first) / counts
        sizes = spread[first].tolist()
        for number in np.argsort(-means).tolist():
            begin = int(first[number])
            _paint(patch, label, parts[number], number + 1, dots[begin : begin + counts[number]], sizes[number])
        far = np.concatenate([[np.inf], means]).astype(np.float32)
        seen = far[label] < self._depth[rows, columns]
        np.copyto(image[rows, columns], patch, where=seen[..., None])

    def _window(self, pixels: Array, spread: Array) -> tuple[slice, slice] | None:
        """Rows and columns that hold all the points, or None if they lie outside the picture."""
        low = np.floor((pixels - spread[:, None]).min(axis=0)).astype(int) - 2
        high = np.ceil((pixels + spread[:, None]).max(axis=0)).astype(int) + 3
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(self.camera.width, int(high[0])), min(self.camera.height, int(high[1]))
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)


def _outline(part: Part) -> tuple[Array, float]:
    if isinstance(part, Limb):
        return np.array([part.start, part.end]), part.radius
    if isinstance(part, Ball):
        return part.centre[None, :], part.radius * part.stretch
    return part.points, 0.0


def _paint(
    patch: Image, label: NDArray[np.uint8], part: Part, number: int, dots: NDArray[np.int32], spread: float
) -> None:
    """Draw one part in its colour, with a lit side, and its number into ``label``."""
    lit = _scaled(part.colour, 1.18)
    if isinstance(part, Limb):
        (x, y), end = dots.tolist()
        thick = max(1, round(2.0 * spread))
        cv2.line(label, (x, y), end, number, thick)
        cv2.line(patch, (x, y), end, part.colour, thick)
        if thick >= 6:
            shift = thick // 5
            cv2.line(patch, (x - shift, y), (end[0] - shift, end[1]), lit, thick // 3)
    elif isinstance(part, Ball):
        x, y = dots[0].tolist()
        wide = max(1, round(spread / part.stretch))
        axes = (wide, max(1, round(spread)))
        cv2.ellipse(label, (x, y), axes, 0.0, 0.0, 360.0, number, -1)
        cv2.ellipse(patch, (x, y), axes, 0.0, 0.0, 360.0, part.colour, -1)
        if wide >= 4:
            cv2.circle(patch, (x - wide // 3, y - wide // 3), wide // 2, lit, -1)
    else:
        hull = cv2.convexHull(dots)[:, 0, :]
        cv2.fillConvexPoly(label, hull, number)
        cv2.fillConvexPoly(patch, hull, part.colour)
        middle = hull.mean(axis=0)
        inner = middle + (hull - middle) * (0.45, 0.8) - (0.2 * np.ptp(hull[:, 0]), 0.0)
        cv2.fillConvexPoly(patch, np.round(inner).astype(np.int32), lit)


def _scaled(colour: Colour, factor: float) -> Colour:
    b, g, r = (min(255, round(value * factor)) for value in colour)
    return (b, g, r)
