"""What a fixed camera sees when nobody is there, kept up to date without swallowing people who stand still.

A running mean and noise level for each pixel. Pixels a person is believed to be on are all but
frozen; other foreground (a moved basket, an empty shelf) fades into the background within seconds. A
global change of light is taken out by a gain for each channel; a cast shadow is a pixel that got
darker but kept its colour (Horprasert et al. 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.settings import setting

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class BackgroundSettings:
    """How the background is learned and what counts as foreground."""

    period: float = setting(0.35, "Time between two pictures that are learned", unit="s", minimum=0.0, maximum=2.0)
    background_time: float = setting(8.0, "Time constant of the background where nobody is", unit="s", minimum=0.1)
    absorb_time: float = setting(20.0, "Time constant for things that are not people", unit="s", minimum=0.1)
    person_time: float = setting(600.0, "Time constant under a person who stands still", unit="s", minimum=1.0)
    sensitivity: float = setting(3.5, "Difference to the background, in noise deviations", minimum=1.0)
    least_difference: float = setting(14.0, "Smallest difference that counts", unit="grey levels", minimum=1.0)
    shadow_darkest: float = setting(0.6, "Darkest shadow, share of the background", minimum=0.0, maximum=1.0)
    shadow_colour: float = setting(0.05, "Greatest change of colour within a shadow, share", minimum=0.0)
    light_change: float = setting(
        0.55, "Share of foreground pixels from which the whole picture is taken for changed", minimum=0.05, maximum=1.0
    )


class Background:
    """The background model of one fixed camera."""

    def __init__(self, settings: BackgroundSettings | None = None) -> None:
        """Start without a model; the first picture becomes it."""
        self._settings = settings or BackgroundSettings()
        self._mean: NDArray[np.float32] | None = None
        self._noise: NDArray[np.float32] | None = None
        self._stamp = 0
        self._smooth: Image | None = None
        self._gain: NDArray[np.float64] = np.ones(3)

    def subtract(self, image: Image, stamp: int) -> tuple[Mask, Mask]:
        """Return the foreground of a picture and, apart from it, what may be foreground or its shadow; 0 or 1.

        Args:
            image: (height, width, 3) uint8, BGR, always of one size.
            stamp: acquisition, nanoseconds.
        """
        smooth = np.asarray(cv2.GaussianBlur(image, (3, 3), 0), dtype=np.uint8)
        if self._mean is None or self._mean.shape != smooth.shape:
            self._mean = smooth.astype(np.float32)
            self._noise = np.full(smooth.shape[:2], 4.0, dtype=np.float32)
            self._stamp = stamp
        self._smooth = smooth
        self._gain = self._measure_gain(smooth)
        expected = cv2.convertScaleAbs(self._mean) if np.allclose(self._gain, 1.0, atol=0.004) else self._lit()
        return self._foreground(smooth, np.asarray(expected, dtype=np.uint8))

    def learn(self, stamp: int, foreground: Mask, people: Mask) -> bool:
        """Take the last picture into the model, if the last one is long enough ago.

        Args:
            stamp: acquisition of that picture, nanoseconds.
            foreground: all that differs, shadows included.
            people: 1 where a person is believed to be, generously.

        Returns:
            Whether it was taken.
        """
        if self._mean is None or self._noise is None or self._smooth is None:
            return False
        elapsed = min((stamp - self._stamp) * 1e-9, 2.0)
        settings = self._settings
        if elapsed < settings.period:
            return False
        self._stamp = stamp
        if float(foreground.mean()) > settings.light_change:
            # The gain could not explain it: the lamps, the exposure or the camera itself changed.
            cv2.accumulateWeighted(self._smooth, self._mean, min(1.0, elapsed / 0.5))
            return True
        rate = np.full(foreground.shape, elapsed / (elapsed + settings.background_time), dtype=np.float32)
        rate[foreground > 0] = elapsed / (elapsed + settings.absorb_time)
        rate[people > 0] = elapsed / (elapsed + settings.person_time)
        lit = self._smooth.astype(np.float32) * (1.0 / self._gain).astype(np.float32)
        difference = cv2.subtract(lit, self._mean)
        cv2.accumulateProduct(difference, cv2.merge([rate, rate, rate]), self._mean)
        blue, green, red = cv2.split(np.abs(difference))
        largest = cv2.max(cv2.max(blue, green), red)
        rate[(foreground > 0) | (people > 0)] = 0.0
        self._noise += rate * (1.25 * largest - self._noise)
        np.clip(self._noise, 1.0, 20.0, out=self._noise)
        return True

    def reset(self, region: Mask) -> None:
        """Take the last picture as background where ``region`` is 1 (an uncovered place, a ghost)."""
        if self._mean is not None and self._smooth is not None:
            chosen = region > 0
            self._mean[chosen] = (self._smooth.astype(np.float32) / self._gain.astype(np.float32))[chosen]

    def is_ghost(self, shape: Mask) -> bool:
        """Whether a shape is in the model rather than in the picture.

        Who stood there when the model was learned leaves a person-shaped hole when they go: its edge is
        then sharp in the model and absent from the picture; with a real person it is the other way round.

        Args:
            shape: 1 on the pixels of the shape.
        """
        if self._mean is None or self._smooth is None:
            return False
        left, top, width, height = cv2.boundingRect(shape)
        rows, columns = slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2)
        part = shape[rows, columns]
        rim = cv2.morphologyEx(part, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        if int(rim.sum()) < 20:
            return False
        model = np.asarray(cv2.convertScaleAbs(self._mean[rows, columns]), dtype=np.uint8)
        return _edge_strength(model, rim) > 1.6 * _edge_strength(self._smooth[rows, columns], rim) + 4.0

    def _measure_gain(self, smooth: Image) -> NDArray[np.float64]:
        assert self._mean is not None
        now = smooth[4::9, 4::9].reshape(-1, 3).astype(np.float32)
        then = self._mean[4::9, 4::9].reshape(-1, 3)
        usable = ((then > 25) & (then < 235) & (now < 250)).all(axis=1)
        if usable.sum() < 100:
            return np.ones(3)
        return np.asarray(np.clip(np.median(now[usable] / then[usable], axis=0), 0.5, 2.0))

    def _lit(self) -> Image:
        assert self._mean is not None
        return np.asarray(cv2.convertScaleAbs(self._mean * self._gain.astype(np.float32)), dtype=np.uint8)

    def _foreground(self, smooth: Image, expected: Image) -> tuple[Mask, Mask]:
        assert self._noise is not None
        settings = self._settings
        blue, green, red = cv2.split(cv2.absdiff(smooth, expected))
        difference = cv2.max(cv2.max(blue, green), red)
        threshold = np.maximum(settings.sensitivity * self._noise, settings.least_difference)
        mask = (difference > threshold).astype(np.uint8)
        doubtful = np.zeros_like(mask)
        ys, xs = np.nonzero(mask)
        if len(ys):
            now = smooth[ys, xs].astype(np.float32) + 1.0
            ratio = now / (expected[ys, xs].astype(np.float32) + 1.0)
            level = ratio.mean(axis=1)
            # The darker the picture, the more its quantised colour wavers.
            slack = settings.shadow_colour + 2.0 / now.mean(axis=1)
            shadow = (level < 1.0) & (level > settings.shadow_darkest)
            shadow &= np.ptp(ratio, axis=1) < slack * level
            mask[ys[shadow], xs[shadow]] = 0
            doubtful[ys[shadow], xs[shadow]] = 1
        mask = cv2.medianBlur(mask, 3)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        doubtful = cv2.medianBlur(doubtful, 3)
        doubtful[mask > 0] = 0
        return np.asarray(mask, dtype=np.uint8), np.asarray(doubtful, dtype=np.uint8)


def _edge_strength(picture: Image, where: NDArray[np.bool_]) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(np.hypot(across, down)[where].mean()) / 4.0
