"""People as what differs from the empty store: for fixed, calibrated overview cameras; needs no weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.background import Background, BackgroundSettings
from just_walk_out.camera.detectors.base import Detections, Image
from just_walk_out.camera.detectors.extent import measure
from just_walk_out.camera.detectors.occupancy import Occupancy, OccupancySettings, Occupant
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import PersonSettings, edges
from just_walk_out.settings import setting
from just_walk_out.store.model import Camera, Store

Floats = NDArray[np.float64]
Mask = NDArray[np.uint8]

_SAME_PLACE = 0.3


@dataclass(frozen=True)
class MotionSettings:
    """How the motion detector works."""

    width: int = setting(480, "Width pictures are scaled down to", unit="px", minimum=80)
    least_blob: float = setting(
        0.002, "Smallest person without calibration, share of the picture", minimum=0.0, maximum=1.0
    )
    ghost_frames: int = setting(3, "Learned pictures in a row after which a ghost is erased", minimum=1)


class MotionDetector:
    """Background subtraction, then a fit of people on the floor; connected blobs without a store."""

    def __init__(
        self,
        camera: Camera,
        store: Store | None = None,
        settings: MotionSettings | None = None,
        *,
        background: BackgroundSettings | None = None,
        occupancy: OccupancySettings | None = None,
        person: PersonSettings | None = None,
    ) -> None:
        """Prepare for one camera.

        Args:
            camera: calibration; pictures must have its size.
            store: floor plan and fixtures; None finds connected blobs, without positions.
            settings: of the detector.
            background: of the background model.
            occupancy: of the fit.
            person: assumed body.
        """
        self._settings = settings or MotionSettings()
        self._person = person or PersonSettings()
        self._scale = min(1.0, self._settings.width / camera.width)
        self._size = (round(camera.width * self._scale), round(camera.height * self._scale))
        self._projector = FloorProjector(camera)
        self._background = Background(background)
        self._occupancy = None
        if store is not None:
            self._occupancy = Occupancy(camera, store, self._scale, occupancy, self._person)
        self._ghosts: list[tuple[Floats, int]] = []

    def detect(self, image: Image, stamp: int) -> Detections:
        """Find the people; see ``PersonDetector``."""
        if self._scale < 1.0:
            image = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        mask, doubtful = self._background.subtract(image, stamp)
        if self._occupancy is None:
            return self._blobs(mask, stamp)
        found = self._occupancy.fit(mask, doubtful)
        people = np.zeros_like(mask)
        for occupant in found:
            self._occupancy.paint(people, occupant, 1, 1.5)
        if self._background.learn(stamp, mask | doubtful, people):
            shapes = []
            for occupant in found:
                shape = np.zeros_like(mask)
                self._occupancy.paint(shape, occupant, 1, 1.25)
                shapes.append((occupant.position, _SAME_PLACE, shape & mask))
            self._look_for_ghosts(shapes)
        return self._report([each for each in found if not self._is_ghost(each.position, _SAME_PLACE)], mask)

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Refuse: a background belongs to one camera and its order of pictures.

        Raises:
            TypeError: always.
        """
        raise TypeError("the motion detector keeps one background and takes one picture at a time")

    def _report(self, found: list[Occupant], mask: Mask) -> Detections:
        if not found:
            return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2, 2)))
        positions = np.array([item.position for item in found])
        heights = np.array([item.height for item in found])
        sides = edges(self._projector, positions, heights)
        limits = np.array([self._projector.width, self._projector.height] * 2, dtype=np.float64)
        away = np.linalg.norm(positions - self._projector.centre[:2], axis=1)
        sides = measure(mask, np.nan_to_num(sides) * self._scale, away) / self._scale
        sides = np.clip(sides, 0.0, limits)
        boxes = np.concatenate([sides[:, :2], sides[:, 2:] - sides[:, :2]], axis=1)
        covariances = np.array([item.covariance for item in found])
        scores = np.array([item.share for item in found])
        return Detections(boxes, scores, positions, covariances, mask=mask)

    def _is_ghost(self, place: Floats, near: float) -> bool:
        return any(float(np.linalg.norm(other - place)) < near for other, _ in self._ghosts)

    def _look_for_ghosts(self, found: Sequence[tuple[Floats, float, Mask]]) -> None:
        """Find people who are only holes left in the background, and erase those who persist.

        Args:
            found: of each person the place, how near to it is the same place, and the foreground there; metres on
                the floor, or pixels without a store.
        """
        suspects: list[tuple[Floats, int]] = []
        for place, near, shape in found:
            if not self._background.is_ghost(shape):
                continue
            before = [count for other, count in self._ghosts if float(np.linalg.norm(other - place)) < near]
            count = 1 + max(before, default=0)
            if count >= self._settings.ghost_frames:
                self._background.reset(np.asarray(cv2.dilate(shape, np.ones((7, 7), np.uint8)), dtype=np.uint8))
            else:
                suspects.append((place, count))
        self._ghosts = suspects

    def _blobs(self, mask: Mask, stamp: int) -> Detections:
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))
        _, labels, facts, _ = cv2.connectedComponentsWithStats(joined)
        chosen = 1 + np.flatnonzero(facts[1:, cv2.CC_STAT_AREA] >= self._settings.least_blob * mask.size)
        large = facts[chosen].astype(np.float64)
        people = np.zeros_like(mask)
        for left, top, width, height, _ in large.astype(int):
            people[top : top + height, left : left + width] = 1
        places = large[:, :2] + 0.5 * large[:, 2:4]
        # without a floor, a place is the same within a quarter of the size of what stands there
        near = 0.25 * large[:, 2:4].max(axis=1, initial=1.0)
        if self._background.learn(stamp, mask, people):
            shapes = [mask * (labels == label).astype(np.uint8) for label in chosen]
            self._look_for_ghosts(list(zip(places, near, shapes, strict=True)))
        seen = np.array([not self._is_ghost(*each) for each in zip(places, near, strict=True)], dtype=bool)
        large = large[seen]
        boxes = large[:, :4] / self._scale
        scores = np.minimum(1.0, large[:, 4] / np.maximum(large[:, 2] * large[:, 3], 1.0) + 0.2)
        return Detections(boxes, scores, mask=mask)
