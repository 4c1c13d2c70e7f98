"""QR codes that hold the time, which change on a screen at uneven moments, and when each of them stood there."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import segno
from numpy.typing import NDArray

from just_walk_out.camera.latency import Sight

MARK = "JWO"
QUIET_ZONE = 4
"""Modules around a code (ISO/IEC 18004)."""
# A camera may expose for a thirtieth of a second and a screen takes as long to change; a code stands longer than both.
# Even times would keep step with a camera of ten pictures a second, whose pictures would then all tell the same.
SHORTEST, LONGEST = 0.08, 0.16
_TEXT = re.compile(MARK + r"[0-9]{13}")


def modules(text: str) -> NDArray[np.bool_]:
    """Return the modules of a code with the quiet zone around it, (29, 29) for those of ``TimeCodes``; dark is true."""
    drawn = segno.make_qr(text, error="q").matrix
    return np.pad(np.array(drawn, dtype=np.bool_), QUIET_ZONE)


class TimeCodes:
    """Makes codes and keeps when each of them stood on the screen.

    A code holds the mark and the milliseconds since 1970 at which it was made. Times that are compared are those of
    a steady clock, as which picture shows which code does not depend on what the time of day is, or is set to.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Start with nothing shown; ``clock`` is the steady one, nanoseconds, which stamps the pictures, too."""
        self._clock = clock
        self._epoch = time.time_ns() - clock()
        self._shown: dict[str, int] = {}
        self._replaced: dict[str, int] = {}
        self._lock = threading.Lock()

    def make(self) -> str:
        """Return the text of the code that is shown next."""
        made = (self._epoch + self._clock()) // 1_000_000
        while (text := f"{MARK}{made:013d}") in self._shown:
            made += 1
        return text

    @contextlib.contextmanager
    def showing(self, text: str) -> Iterator[None]:
        """Draw a code inside this: it stands from before that, and the one before it to after that."""
        with self._lock:
            last = next(reversed(self._shown), None)
            self._shown[text] = self._clock()
        yield
        self._replace(last)

    def end(self) -> None:
        """Note that the last code has gone."""
        self._replace(next(reversed(self._shown), None))

    def _replace(self, text: str | None) -> None:
        with self._lock:
            if text is not None:
                self._replaced[text] = self._clock()

    def newest(self, texts: list[str]) -> str | None:
        """Return which of the texts in a picture is the code shown last; None where there is none of these codes."""
        with self._lock:
            return max((text for text in texts if text in self._shown), key=self._shown.__getitem__, default=None)

    @staticmethod
    def strange(texts: list[str]) -> bool:
        """Whether there are codes of this kind among the texts, of whichever screen."""
        return any(_TEXT.fullmatch(text) for text in texts)

    def sight(self, stamp: int, text: str) -> Sight:
        """Return what a picture tells in which a code was read that no longer stands on the screen."""
        with self._lock:
            return Sight(stamp, self._shown[text], self._replaced[text])
