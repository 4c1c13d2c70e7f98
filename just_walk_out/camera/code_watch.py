"""Looks at a camera until it has shown enough codes that hold the time, or says what it has shown instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from just_walk_out.camera.capture import Capture
from just_walk_out.camera.capture_status import Image
from just_walk_out.camera.time_codes import TimeCodes

PICTURE_WAIT = 20.0
"""Seconds until a camera without any picture is given up."""
_LOOK = 0.2


@dataclass
class Watched:
    """What has been seen so far.

    Attributes:
        read: stamp of a picture, nanoseconds, and the code read in it.
        codes: different ones among them.
        pictures: looked at.
        size: (width, height) of the last one, pixels.
        strange: pictures with a code of this kind that this screen has not shown.
        error: the last trouble of the camera in one line.
    """

    read: list[tuple[int, str]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    pictures: int = 0
    size: tuple[int, int] = (0, 0)
    strange: int = 0
    error: str = ""

    def text(self, count: int) -> str:
        """Return in a few words how far it is, for who holds the screen."""
        if not self.pictures:
            return f"no picture yet{': ' if self.error else ''}{self.error}"
        shown = f"{self.pictures} pictures of {self.size[0]}x{self.size[1]}"
        return (
            f"{len(self.codes)} of {count} codes, {shown}" if self.codes else f"hold this before it; no code in {shown}"
        )


def watch(
    capture: Capture,
    decode: Callable[[Image, int], list[str]],
    codes: TimeCodes,
    count: int,
    timeout: float,
    tell: Callable[[Watched], None],
) -> Watched:
    """Read codes in a camera's pictures.

    Args:
        capture: of the camera, started, whose clock is that of the codes.
        decode: returns the texts in a picture of a stamp, nanoseconds.
        codes: that are on the screen meanwhile.
        count: of different codes that are enough.
        timeout: seconds without a new code, before the first or after any, until it is given up.
        tell: receives what has been seen so far, several times a second.

    Raises:
        ValueError: too few codes were read; says what the camera showed instead.
    """
    seen = Watched()
    last = time.monotonic()
    while len(seen.codes) < count:
        frame = capture.wait(_LOOK)
        seen.error = capture.status().error
        if frame is not None:
            seen.pictures += 1
            seen.size = (frame.image.shape[1], frame.image.shape[0])
            texts = decode(frame.image, frame.stamp)
            text = codes.newest(texts)
            if text is not None:
                seen.read.append((frame.stamp, text))
                if text not in seen.codes:
                    seen.codes.add(text)
                    last = time.monotonic()
            elif codes.strange(texts):
                seen.strange += 1
        tell(seen)
        waited = time.monotonic() - last
        if waited > (timeout if seen.pictures else min(timeout, PICTURE_WAIT)):
            raise ValueError(_missed(seen, count, waited))
    return seen


def _missed(seen: Watched, count: int, waited: float) -> str:
    if not seen.pictures:
        return f"no picture within {waited:.0f} s{': ' if seen.error else ''}{seen.error}"
    shown = f"{seen.pictures} pictures of {seen.size[0]}x{seen.size[1]}"
    if seen.codes:
        return f"expected {count} codes, got {len(seen.codes)} in {shown} and no other for {waited:.0f} s" + (
            f"; {seen.error}" if seen.error else ""
        )
    if seen.strange:
        return f"no code of this screen within {waited:.0f} s; {seen.strange} of {shown} show one of another screen"
    return f"no code within {waited:.0f} s in {shown}; " + (
        seen.error or "hold the screen nearer, straight and still, and dim it if it is a white blot in the picture"
    )
