"""How far the cameras have come, each by the clock of its own stamps, and how far the store has come by them.

Stamps and what arrives are all there is to go by. A camera is silent once another has gone on by the timeout since it
last went on itself: that needs no clocks that agree. The store has come as far as most of the cameras that are not
silent, so that one whose clock runs ahead carries nobody away, and one that is the last alive goes on alone.
"""

from __future__ import annotations

from collections.abc import Sequence


class CameraClocks:
    """The newest stamp of each camera, and who has gone on since when."""

    def __init__(self, cameras: Sequence[str], timeout: int, jump_limit: int, longest_step: int) -> None:
        """Start with nothing heard.

        Args:
            cameras: ids of the cameras that are expected.
            timeout: nanoseconds that another camera goes on for until one that does not is silent.
            jump_limit: nanoseconds behind the last tick from which a camera is not reckoned with.
            longest_step: nanoseconds that one frame may count for: a clock that jumps makes nobody silent.
        """
        self.last: dict[str, int] = {}
        self._timeout, self._jump, self._longest = timeout, jump_limit, longest_step
        # by camera: how far each other has gone on since
        self._idle = {camera: dict.fromkeys(cameras, 0) for camera in cameras}

    def advance(self, camera: str, stamp: int) -> None:
        """Note that a camera has come to a stamp, later than all it had before."""
        step = min(stamp - self.last.get(camera, stamp), self._longest)
        for idle in self._idle.values():
            idle[camera] += step
        self.set(camera, stamp)

    def set(self, camera: str, stamp: int) -> None:
        """Note that the clock of a camera was set to a stamp."""
        self.last[camera] = stamp
        self._idle[camera] = dict.fromkeys(self._idle, 0)

    def forget(self, camera: str) -> None:
        """Take a camera for one that has not been heard yet."""
        del self.last[camera]

    def silent(self, camera: str) -> bool:
        """Tell whether a camera does not go on any more, or never began, while another does."""
        return max(self._idle[camera].values()) >= self._timeout

    def reached(self, over: int) -> int:
        """Return the stamp that the store has come to.

        That is the lower median of the cameras that have come to the last tick, or of all where most lag behind it:
        they are waited for. Of two halves the one behind counts, or the later where they are further apart than the
        jump limit: a clock that was never set is far behind.

        Args:
            over: stamp of the last tick, returned where there is nothing to go by.
        """
        alive = sorted(
            last for camera, last in self.last.items() if not self.silent(camera) and last >= over - self._jump
        )
        in_step = [last for last in alive if last >= over]
        counted = in_step if 2 * len(in_step) >= len(alive) else alive
        if not counted:
            return over
        low, high = counted[(len(counted) - 1) // 2], counted[len(counted) // 2]
        return low if high <= low + self._jump else high
