"""How a camera that is not fixed moves its picture, told by the boxes of the people in it alone.

Everybody who is followed is found beside where he was expected, by an error of his own; what all share is the
camera's. The middle of the errors (a median in each coordinate) is that, and chance: how much of it is chance follows
from how far the errors are spread. The camera is taken to be fixed until such middles have lately been much larger than
chance makes them, so the boxes of a fixed one are not touched. (On real sequences of fixed cameras their mean square
is about that of chance and never came to seven times it; a camera in a hand makes it tens and hundreds of times.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST = 4  # people whose middle says anything
_MEMORY = 0.05  # share of a frame in what is learned
_FOLLOWED = 0.3  # share of a frame in the speed of the picture
_NORMAL = 0.7413  # standard deviation over the distance of the quartiles
_MEDIAN = 1.57  # variance of the median of normal errors over that of their mean
_MOVING = 5.0  # mean square of middles, over that of chance, from which the camera moves


@dataclass
class _Axis:
    """One coordinate of the picture: plain numbers, which are quicker than arrays of two."""

    own: float = -1.0  # variance of errors of one person's own, once there is any
    chance: float = np.inf  # of their middle, lately
    square: float = 0.0  # mean square of middles
    rate: float = 0.0  # pixels a second
    step: float = 0.0  # pixels since the last frame

    def moving(self) -> bool:
        return self.square > _MOVING * self.chance

    def learn(self, middle: float, spread: float, count: int) -> None:
        # Products, as powers of plain numbers raise where they overflow.
        away, variance = self.step + middle, _NORMAL * spread * _NORMAL * spread
        self.own = variance if self.own < 0.0 else self.own + _MEMORY * (variance - self.own)
        self.chance = _MEDIAN / count * self.own
        self.square += _MEMORY * (away * away - self.square)

    def correct(self, middle: float, elapsed: float) -> float:
        if not self.moving():
            self.rate = 0.0
            return 0.0
        self.step += middle
        if elapsed > 0.0:
            self.rate += _FOLLOWED * (self.step / elapsed - self.rate)
        return middle


class CameraMotion:
    """Steps of the picture from frame to frame, pixels."""

    def __init__(self) -> None:
        """Take the camera to be fixed."""
        self._axes = (_Axis(), _Axis())
        self._elapsed = 0.0

    def predict(self, elapsed: float) -> Floats | None:
        """Return how far (2,) the picture is expected to have moved in so many seconds; None if not at all."""
        self._elapsed = elapsed
        for axis in self._axes:
            axis.step = axis.rate * elapsed
        return _step([axis.step for axis in self._axes])

    def learn(self, errors: Floats) -> Floats | None:
        """Take the errors of a frame, once all have been moved by what was predicted.

        Args:
            errors: (2, K) seen less expected places of people who were followed, pixels.

        Returns:
            How far (2,) the picture has moved besides; None if not at all.
        """
        count = errors.shape[1]
        if count < _FEWEST:
            return None
        ordered = np.sort(errors, axis=1)
        # Plain numbers from here on: arrays of two cost more to make than to work with.
        low, middle, high = (ordered[:, at].tolist() for at in (count // 4, count // 2, 3 * count // 4))
        for axis, at, least, most in zip(self._axes, middle, low, high, strict=True):
            axis.learn(at, most - least, count)
        return self._correct(middle)

    def correct(self, errors: Floats) -> Floats | None:
        """Return how far (2,) the picture has moved besides all that was said of this frame; as ``learn``."""
        count = errors.shape[1]
        return None if count < _FEWEST else self._correct(np.sort(errors, axis=1)[:, count // 2].tolist())

    def _correct(self, middles: list[float]) -> Floats | None:
        return _step([axis.correct(at, self._elapsed) for axis, at in zip(self._axes, middles, strict=True)])


def _step(values: list[float]) -> Floats | None:
    return np.array(values) if any(values) else None
