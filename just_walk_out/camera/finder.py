"""From a frame to people on the floor: detector, calibration and floor plan of one camera together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from just_walk_out.camera.appearance import AppearanceSampler
from just_walk_out.camera.detectors.base import Detections, Floats, Image, PersonDetector
from just_walk_out.camera.detectors.choice import make_detector
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.pace import SteadyTime
from just_walk_out.camera.person import BoxPlacer, PersonSettings
from just_walk_out.camera.visibility import Occluders
from just_walk_out.records import Hand, PersonDetection, PersonDetectionArray
from just_walk_out.settings import setting
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.model import Camera, Store


@dataclass(frozen=True)
class FinderSettings:
    """Which of the people found are reported."""

    margin: float = setting(2.2, "How far beyond the floor plan people are reported", unit="m", minimum=0.0)


class PersonFinder:
    """Finds the people one camera sees and places them on the floor."""

    def __init__(
        self,
        store: Store,
        camera: Camera,
        settings: FinderSettings | None = None,
        *,
        person: PersonSettings | None = None,
        detector: PersonDetector | None = None,
    ) -> None:
        """Make the detector the camera asks for, unless one is given.

        Raises:
            ValueError: the camera asks for no detector, or for one that does not exist.
            ModuleNotFoundError: the detector needs an extra that is not installed.
            FileNotFoundError: the detector's model file is missing.
        """
        made = detector or make_detector(camera, store)
        if made is None:
            raise ValueError(f"camera {camera.id}: its detector is 'none', so it finds nobody")
        self._detector = made
        self._camera = camera
        self._store = store
        self._settings = settings or FinderSettings()
        self._time = SteadyTime()
        self._projector = FloorProjector(camera)
        occluders = Occluders(store.gondolas, store.walls)
        self._placer = BoxPlacer(self._projector, occluders, person)
        self._sampler = AppearanceSampler(self._projector, occluders)

    def process(self, stamp: int, image: Image) -> PersonDetectionArray:
        """Find the people in a frame.

        Args:
            stamp: acquisition, nanoseconds.
            image: (height, width, 3) uint8, BGR, of the size of the calibration.

        Raises:
            ValueError: the picture has another size.
        """
        if image.shape[:2] != (self._camera.height, self._camera.width):
            wanted = f"{self._camera.width}x{self._camera.height}"
            raise ValueError(
                f"camera {self._camera.id}: frame of {image.shape[1]}x{image.shape[0]}, calibrated for {wanted}"
            )
        return self.report(stamp, self._detector.detect(image, self._time.of(stamp)), image)

    def report(self, stamp: int, found: Detections, image: Image | None = None) -> PersonDetectionArray:
        """Place detections on the floor and leave out those that are not in the store.

        Args:
            stamp: acquisition, nanoseconds.
            found: by the detector.
            image: in which it found them, for the colours of clothes; they are unknown without it.
        """
        positions, covariances = found.positions, found.covariances
        if positions is None or covariances is None:
            placed = self._placer.place(found.boxes)
            positions, covariances = placed.positions, placed.covariances
        sound = np.asarray(np.isfinite(positions).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2)))
        away = distance_outside(self._store.floor, np.where(sound[:, None], positions, 0.0))
        chosen = np.flatnonzero(sound & (away <= self._settings.margin))
        looks = [b""] * len(chosen)
        if image is not None:
            sampled = self._sampler.sample(image, found.boxes[chosen], positions[chosen], found.mask)
            looks = [look.tobytes() if look.any() else b"" for look in sampled]
        return PersonDetectionArray(
            stamp,
            self._camera.id,
            tuple(
                PersonDetection(
                    float(positions[k, 0]),
                    float(positions[k, 1]),
                    (float(covariances[k, 0, 0]), float(covariances[k, 0, 1]), float(covariances[k, 1, 1])),
                    float(found.scores[k]),
                    tuple(float(value) for value in found.boxes[k]),
                    self._hands(found.hands[k]) if found.hands is not None else (),
                    look,
                )
                for k, look in zip(chosen, looks, strict=True)
            ),
        )

    def _hands(self, hands: Floats) -> tuple[Hand, ...]:
        """Return the hands (2, 3) of one person that were seen, with their rays."""
        seen = hands[np.isfinite(hands).all(axis=1)]
        rays = self._projector.rays(seen[:, :2])
        return tuple(
            Hand(float(u), float(v), float(score), tuple(float(value) for value in ray))
            for (u, v, score), ray in zip(seen, rays, strict=True)
        )
