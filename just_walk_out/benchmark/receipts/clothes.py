"""What overview cameras see of the clothes of people in a simulated store.

None of it is a model: the simulation renders what each camera sees (fixtures and goods behind people, arms and bags
before them, noise of the sensor), each camera with a white balance of its own, and the camera room counts the colours
where the detector says that somebody stands, which is as far off as its places are. How far sights of one person and
of two are then apart, beside those of a real video, is what ``jwo benchmark receipts --clothes`` measures: of two
sights, one of the same person and one of somebody else, the former is the nearer 87 times of 100, there 85 times.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tracking.colours import GAIN
from just_walk_out.camera.appearance import AppearanceSampler
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import edges
from just_walk_out.camera.visibility import Occluders
from just_walk_out.simulation.figure import Figure
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scene import build_scene
from just_walk_out.store.model import Camera, Store

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]


class Clothes:
    """All overview cameras: the boxes of people and the colours in them."""

    def __init__(self, store: Store, cameras: Sequence[Camera], seed: int) -> None:
        """Render the empty store.

        Args:
            store: its fixtures and walls.
            cameras: those that look at people.
            seed: of the noise and of the cameras' colours.
        """
        scene, occluders = build_scene(store), Occluders(store.gondolas, store.walls)
        self._views = [OverviewCamera(camera, scene, seed) for camera in cameras]
        self._projectors = [FloorProjector(camera) for camera in cameras]
        self._samplers = [AppearanceSampler(projector, occluders) for projector in self._projectors]
        rng = np.random.default_rng([seed, len(cameras)])
        gains = rng.uniform(1.0 - GAIN, 1.0 + GAIN, (len(cameras), 1, 3))
        self._balance = np.clip(np.rint(np.arange(256)[:, None] * gains), 0, 255).astype(np.uint8)

    def look(
        self, index: int, figures: Sequence[Figure], rows: NDArray[np.intp], positions: Floats
    ) -> tuple[Floats, list[bytes]]:
        """Look at the people whom a camera finds.

        Args:
            index: of the camera.
            figures: everybody.
            rows: (N,) of those whom it finds.
            positions: (N, 2) where it places them, metres.

        Returns:
            Boxes (N, 4) left, top, width, height, pixels, and ``PersonDetection.appearance`` of each.
        """
        if not len(rows):
            return np.zeros((0, 4)), []
        projector = self._projectors[index]
        places = np.array([(figures[row].x, figures[row].y) for row in rows])
        heights = np.array([figures[row].appearance.height for row in rows])
        last = (projector.width - 1.0, projector.height - 1.0)
        outline = np.clip(edges(projector, places, heights), 0.0, (*last, *last))
        boxes = np.column_stack([outline[:, :2], outline[:, 2:] - outline[:, :2]])
        image = cv2.LUT(self._views[index].render(figures), self._balance[index][None])
        looks = self._samplers[index].sample(np.asarray(image, np.uint8), boxes, positions)
        return boxes, [each.tobytes() if each.any() else b"" for each in looks]
