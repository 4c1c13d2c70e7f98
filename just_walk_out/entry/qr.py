"""Reading QR codes in camera images."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.settings import setting

NANOSECONDS = 1_000_000_000
# The quiet zone around a code is 4 of at least 21 modules wide (ISO/IEC 18004).
QUIET_ZONE = 4.0 / 21.0
MOST_RETRIES = 4


@dataclass(frozen=True)
class CodeReaderSettings:
    """How codes are looked for and when a text counts as shown again."""

    repeat: float = setting(3.0, "a text seen again sooner than this is the same scan", unit="s", minimum=0.0)
    largest: int = setting(1280, "images are shrunk to this many pixels on the longer side", minimum=64, maximum=8192)
    upright: int = setting(
        360, "side of the upright square into which a code found but not read is drawn", minimum=64, maximum=4096
    )
    upscale: float = setting(2.5, "magnification of the image when nothing is found", minimum=1.0, maximum=8.0)
    retry_interval: float = setting(
        0.5, "event time between tries on the whole magnified image when nothing is found", unit="s", minimum=0.0
    )
    retry_largest: int = setting(
        800, "images with a longer side than this are not magnified as a whole", minimum=0, maximum=4096
    )


class CodeReader:
    """Finds QR codes in images and reports each showing once.

    OpenCV's detector (the one that finds the three corner patterns as markers, which is faster and
    steadier under rotation) works on the image as it is; what it found but could not read is drawn
    upright and tried again. Image sizes and tries are limited, so that a frame costs a bounded time.
    """

    def __init__(self, settings: CodeReaderSettings | None = None) -> None:
        """Start with nothing seen."""
        self._settings = CodeReaderSettings() if settings is None else settings
        self._detector = cv2.QRCodeDetectorAruco()
        self._seen: dict[str, int] = {}
        self._retried = -(2**62)

    def read(self, image: NDArray[np.uint8], stamp: int) -> list[str]:
        """Return the texts that are newly shown in this image.

        Args:
            image: (height, width) grey or (height, width, 3) BGR.
            stamp: event time of the image, nanoseconds.

        Returns:
            Texts in alphabetical order, without those seen less than ``repeat`` ago.
        """
        horizon = stamp - round(self._settings.repeat * NANOSECONDS)
        self._seen = {text: seen for text, seen in self._seen.items() if seen > horizon}
        texts = self.decode(image, stamp)
        new = [text for text in texts if text not in self._seen]
        self._seen.update((text, stamp) for text in texts)
        return new

    def decode(self, image: NDArray[np.uint8], stamp: int) -> list[str]:
        """Return all texts in this image, sorted; see ``read``."""
        if image.size == 0 or image.ndim not in (2, 3):
            return []
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        scale = self._settings.largest / max(grey.shape)
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        texts = self._detect(grey)
        if not texts and self._may_retry(grey, stamp):
            self._retried = stamp
            factor = self._settings.upscale
            texts = self._detect(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))
        return sorted(texts)

    def _may_retry(self, grey: NDArray[np.uint8], stamp: int) -> bool:
        interval = round(self._settings.retry_interval * NANOSECONDS)
        return max(grey.shape) <= self._settings.retry_largest and stamp - self._retried >= interval

    def _detect(self, grey: NDArray[np.uint8]) -> set[str]:
        texts, quadrilaterals = self._try(grey)
        unread = [corners for text, corners in zip(texts, quadrilaterals, strict=False) if not text]
        for corners in unread[:MOST_RETRIES]:
            texts += self._try(self._upright(grey, corners))[0]
        return {text for text in texts if text}

    def _try(self, grey: NDArray[np.uint8]) -> tuple[list[str], list[NDArray[np.float32]]]:
        """Return the text (empty: not read) and the corners of each code found."""
        try:
            _, texts, corners, _ = self._detector.detectAndDecodeMulti(grey)
        except cv2.error:
            # The detector throws on some degenerate quadrilaterals; to a reader that is "no code".
            return [], []
        return list(texts), [] if corners is None else list(np.asarray(corners, np.float32).reshape(-1, 4, 2))

    def _upright(self, grey: NDArray[np.uint8], corners: NDArray[np.float32]) -> NDArray[np.uint8]:
        side = self._settings.upright
        margin = round(QUIET_ZONE * side)
        low, high = float(margin), float(margin + side)
        square = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
        turn = cv2.getPerspectiveTransform(corners, square)
        size = (side + 2 * margin, side + 2 * margin)
        return np.asarray(cv2.warpPerspective(grey, turn, size, flags=cv2.INTER_CUBIC, borderValue=255), np.uint8)
