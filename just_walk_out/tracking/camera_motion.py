"""How a camera that is not fixed moves its picture, told by the boxes of the people in it alone.

Everybody who is followed is found beside where he was expected, by an error of his own; what all share is the
camera's. The middle of the errors (a median in each coordinate) is that, and chance: how much of it is chance follows
from how far the errors are spread. The camera is taken to be fixed until such middles have lately been much larger than
chance makes them, so the boxes of a fixed one are not touched. (On real sequences of fixed cameras their mean square
is about that of chance and never came to seven times it; a camera in a hand makes it tens and hundreds of times.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST = 4  # people whose middle says anything
_MEMORY = 0.05  # share of a frame in what is learned
_FOLLOWED = 0.3  # share of a frame in the speed of the picture
_NORMAL = 1.4826  # standard deviation over median deviation
_MEDIAN = 1.57  # variance of the median of normal errors over that of their mean
_MOVING = 5.0  # mean square of middles, over that of chance, from which the camera moves


class CameraMotion:
    """Steps of the picture from frame to frame, pixels."""

    def __init__(self) -> None:
        """Take the camera to be fixed."""
        self._own: Floats | None = None  # variances (2,) of errors of one person's own
        self._chance, self._square = np.full(2, np.inf), np.zeros(2)
        self._rate, self._step = np.zeros(2), np.zeros(2)  # pixels a second, and since the last frame
        self._elapsed = 0.0

    def predict(self, elapsed: float) -> Floats | None:
        """Return how far (2,) the picture is expected to have moved in so many seconds; None if not at all."""
        self._elapsed, self._step = elapsed, self._rate * elapsed
        return self._step if self._moving().any() else None

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
        middle = _middle(errors)
        spread = (_NORMAL * _middle(np.abs(errors - middle[:, None]))) ** 2
        self._own = spread if self._own is None else self._own + _MEMORY * (spread - self._own)
        self._chance = _MEDIAN / count * self._own
        self._square += _MEMORY * ((self._step + middle) ** 2 - self._square)
        return self.correct(errors)

    def correct(self, errors: Floats) -> Floats | None:
        """Return how far (2,) the picture has moved besides all that was said of this frame; as ``learn``."""
        moving = self._moving()
        if errors.shape[1] < _FEWEST or not moving.any():
            self._rate = np.zeros(2)
            return None
        more = np.where(moving, _middle(errors), 0.0)
        self._step = self._step + more
        if self._elapsed > 0.0:
            self._rate = self._rate + _FOLLOWED * (self._step / self._elapsed - self._rate)
        return more

    def _moving(self) -> NDArray[np.bool_]:
        return np.asarray(self._square > _MOVING * self._chance)


def _middle(values: Floats) -> Floats:
    """Return the medians (2,) of (2, K); of an even number the upper of the two in the middle."""
    return np.asarray(np.sort(values, axis=1)[:, values.shape[1] // 2])
