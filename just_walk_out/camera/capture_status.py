"""What a capture is told, delivers and says of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from just_walk_out.settings import setting

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class CaptureSettings:
    """How a camera is opened, watched and reopened."""

    open_timeout: float = setting(5.0, "Give up opening a network camera after this time", unit="s", minimum=0.1)
    read_timeout: float = setting(3.0, "Take a camera that sends nothing for lost", unit="s", minimum=0.1)
    backoff_first: float = setting(0.5, "Wait before the first reopening", unit="s", minimum=0.01)
    backoff_limit: float = setting(15.0, "Longest wait between two reopenings", unit="s", minimum=0.01)
    frozen_after: float = setting(
        5.0,
        "Pass on no more pictures of a live camera that are identical for this time; 0: never",
        unit="s",
        minimum=0.0,
    )
    frozen_timeout: float = setting(
        30.0, "Reopen a live camera whose picture is identical for this time; 0: never", unit="s", minimum=0.0
    )
    jump_limit: float = setting(
        0.5, "Tell of a clock that differs by this much from frame to frame", unit="s", minimum=0.01
    )
    loop: bool = setting(True, "Start a video file again at its end")
    rtsp_transport: str = setting("tcp", "Transport of RTSP streams: tcp or udp")


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        stamp: acquisition, integer nanoseconds of the injected clock.
        image: (height, width, 3) uint8, BGR.
        sequence: counts the frames read since the capture started; a jump is a frame nobody took.
    """

    stamp: int
    image: Image
    sequence: int


@dataclass(frozen=True)
class CaptureStatus:
    """What diagnostics want to know about a camera.

    Attributes:
        connected: whether the source is open and delivers.
        rate: frames a second over the last seconds.
        frames: frames read since the start.
        dropped: frames replaced by a newer one before anybody took them.
        reconnects: times the source was opened again after it had delivered.
        failures: failed attempts to open since the last frame.
        width: of the last frame as the camera sent it, pixels.
        height: of the last frame as the camera sent it, pixels.
        last_stamp: of the newest frame, nanoseconds; 0 before the first.
        silent: seconds since the worker last got an answer from the source.
        finished: a file that was to be played once is over.
        error: the last trouble in one line; empty while all is well.
        repeated: frames not passed on because the picture was frozen.
        refused: frames not passed on because their shape is not that of the calibration.
        clock_jumps: times the clock of the stamps was set while frames came.
        clock_jump: seconds it was set forward by the last time, negative for back.
        since_jump: seconds since then; infinite without.
    """

    connected: bool = False
    rate: float = 0.0
    frames: int = 0
    dropped: int = 0
    reconnects: int = 0
    failures: int = 0
    width: int = 0
    height: int = 0
    last_stamp: int = 0
    silent: float = 0.0
    finished: bool = False
    error: str = ""
    repeated: int = 0
    refused: int = 0
    clock_jumps: int = 0
    clock_jump: float = 0.0
    since_jump: float = math.inf

    @property
    def opening(self) -> bool:
        """Whether the first try to open the source is still going on: nothing has failed so far."""
        return not (self.connected or self.finished or self.failures or self.frames or self.error)
