"""Pictures of one shelf camera: what each plate looked like, and where people were in sight."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Mask, PlateView

Image = NDArray[np.uint8]

_SECOND = 1_000_000_000
_KEPT = 150  # crops of a plate
_AROUND = np.ones((5, 5), np.uint8)  # what lies so near to something that moves may be a part of it
_SCENES = 15  # pictures of which the empty scene is the median
HALF = 2
"""Factor by which the masks of people are smaller than the picture."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture (height, width, 3), BGR, of a camera, with its event time in nanoseconds."""

    stamp: int
    camera: str
    image: Image


@dataclass(frozen=True, eq=False)
class Crop:
    """The view of a plate: time in nanoseconds, its pixels, BGR, and which of them showed the same a moment before."""

    stamp: int
    image: Image
    still: Mask


class Pictures:
    """A short memory of pictures, taken in by their time."""

    def __init__(self, views: Mapping[str, PlateView], settings: ShelfViewSettings) -> None:
        """Remember nothing yet.

        Args:
            views: of the plates to watch.
            settings: thresholds and times.
        """
        self._views = views
        self._settings = settings
        self._grey: deque[tuple[int, Image]] = deque()
        self._crops: dict[str, deque[Crop]] = {plate: deque(maxlen=_KEPT) for plate in views}
        self._scenes: deque[Image] = deque(maxlen=_SCENES)
        self._scene: Image | None = None
        self._sampled = 0
        self._masks: deque[tuple[int, Image]] = deque()
        self.newest = 0
        """Event time of the last picture, nanoseconds; 0 before the first."""

    def add(self, picture: Picture) -> None:
        """Take in a picture; one that is not newer than the last is ignored."""
        if picture.stamp <= self.newest:
            return
        self.newest = picture.stamp
        image = picture.image
        grey = np.asarray(cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (3, 3), 0), np.uint8)
        gap = round(self._settings.motion_gap * _SECOND)
        while len(self._grey) > 1 and self._grey[1][0] <= picture.stamp - gap:
            self._grey.popleft()
        if self._grey and self._grey[0][0] <= picture.stamp - gap // 2:
            moved = (cv2.absdiff(grey, self._grey[0][1]) > self._settings.motion_level).astype(np.uint8)
            still = cv2.dilate(moved, _AROUND) == 0
            for plate, view in self._views.items():
                part = (view.rows, view.columns)
                self._crops[plate].append(Crop(picture.stamp, image[part].copy(), still[part].copy()))
        self._grey.append((picture.stamp, grey))
        self._watch(picture)

    def _watch(self, picture: Picture) -> None:
        small = cv2.resize(picture.image, None, fx=1.0 / HALF, fy=1.0 / HALF, interpolation=cv2.INTER_AREA)
        if self._scene is None or picture.stamp >= self._sampled + self._settings.background_period * _SECOND:
            self._sampled = picture.stamp
            self._scenes.append(np.asarray(small, np.uint8))
            self._scene = np.asarray(np.median(np.stack(self._scenes), axis=0), np.uint8)
        apart = cv2.absdiff(small, self._scene).max(axis=2)
        mask = (apart > self._settings.foreground_level).astype(np.uint8)
        self._masks.append((picture.stamp, np.packbits(mask, axis=1)))
        oldest = picture.stamp - round(self._settings.memory * _SECOND)
        while self._masks[0][0] < oldest:
            self._masks.popleft()

    def crops_before(self, plate: str, since: int, stamp: int) -> list[Crop]:
        """Return the crops of a plate after one moment and up to another, nanoseconds, the last first."""
        return self.crops_within(plate, since + 1, stamp)[::-1]

    def crops_within(self, plate: str, start: int, end: int) -> list[Crop]:
        """Return the crops of a plate between two moments, nanoseconds, the first first."""
        crops = self._crops[plate]
        first = bisect_left(crops, start, key=lambda crop: crop.stamp)
        last = bisect_right(crops, end, key=lambda crop: crop.stamp)
        return [crops[index] for index in range(first, last)]

    def people_within(self, start: int, end: int, width: int) -> list[tuple[int, Mask]]:
        """Return where people were in sight between two moments.

        Args:
            start: nanoseconds.
            end: nanoseconds.
            width: of the camera's picture, pixels.

        Returns:
            Stamps and masks of half the picture's size.
        """
        columns = width // HALF
        return [
            (stamp, np.unpackbits(mask, axis=1, count=columns).astype(bool))
            for stamp, mask in self._masks
            if start <= stamp <= end
        ]
