"""How a camera is, for diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.camera.capture_status import CaptureStatus
from just_walk_out.store.model import Camera

_OPENING = 10.0
"""Seconds that a source may take to open for the first time before that is a fault."""
_REMEMBERED = 60.0
"""Seconds for which a clock that was set is told of."""


@dataclass(frozen=True)
class CameraHealth:
    """State of one camera.

    Attributes:
        camera: as the store describes it.
        status: of its capture.
        fault: of what looks at its pictures; empty while all is well.
    """

    camera: Camera
    status: CaptureStatus
    fault: str = ""

    @property
    def opening(self) -> bool:
        """Whether it is being opened for the first time, which is no fault for a while."""
        return self.status.opening and self.status.silent < _OPENING

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps its pictures from being used; one line each."""
        if self.opening:
            return ()
        if not self.status.connected and not self.status.finished:
            return (self.status.error or "not open yet",)
        return tuple(trouble for trouble in (self.fault, self.status.error) if trouble)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What else somebody should look at; one line each."""
        if self.opening or self.errors:
            return ()
        status, camera, found = self.status, self.camera, []
        if status.since_jump < _REMEMBERED:
            found.append(f"the clock was set by {status.clock_jump:+.1f} s")
        if status.frames and (status.width, status.height) != (camera.width, camera.height):
            described = f"{camera.width}x{camera.height}"
            found.append(f"frames of {status.width}x{status.height} are scaled to the {described} of the description")
        if status.rate < 0.5 * camera.rate and not status.finished:
            found.append(f"{status.rate:.1f} frames/s instead of {camera.rate:.1f}")
        return tuple(found)
