"""Frames from any camera, for ever: a worker thread that opens, reads, loses and reopens a source.

The newest frame wins: a slow consumer sees gaps, never old pictures. Nothing here raises because of
a camera, and nothing blocks the caller; what goes wrong is in ``Capture.status()``.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.source import is_file, open_source
from just_walk_out.settings import setting
from just_walk_out.store.urls import without_password

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class CaptureSettings:
    """How a camera is opened, watched and reopened."""

    open_timeout: float = setting(5.0, "Give up opening a network camera after this time", unit="s", minimum=0.1)
    read_timeout: float = setting(3.0, "Take a camera that sends nothing for lost", unit="s", minimum=0.1)
    backoff_first: float = setting(0.5, "Wait before the first reopening", unit="s", minimum=0.01)
    backoff_limit: float = setting(15.0, "Longest wait between two reopenings", unit="s", minimum=0.01)
    frozen_timeout: float = setting(
        30.0, "Reopen a live camera whose picture is identical for this time; 0: never", unit="s", minimum=0.0
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

    @property
    def opening(self) -> bool:
        """Whether the first try to open the source is still going on: nothing has failed so far."""
        return not (self.connected or self.finished or self.failures or self.frames or self.error)


@dataclass
class _Shared:
    """State behind the lock."""

    status: CaptureStatus = field(default_factory=CaptureStatus)
    frame: Frame | None = None
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    answered: float = 0.0


class Capture:
    """Reads one source in a thread of its own.

    The source is a USB index (``"0"``), a V4L2 path (``/dev/video0``), an RTSP or HTTP (MJPEG) URL, or
    a video file; files are paced at their own frame rate.
    """

    def __init__(
        self,
        source: str,
        *,
        size: tuple[int, int] | None = None,
        rate: float = 0.0,
        clock: Callable[[], int] = time.time_ns,
        settings: CaptureSettings | None = None,
        on_frame: Callable[[], None] | None = None,
    ) -> None:
        """Prepare; nothing is opened before ``start``.

        Args:
            source: what to open.
            size: (width, height) the calibration is made for; a local camera is asked for it, frames of
                the same shape are scaled to it, frames of another shape are refused. None takes any.
            rate: frames a second a local camera is asked for; 0 leaves it alone.
            clock: gives the acquisition stamp, nanoseconds.
            settings: timeouts and options.
            on_frame: called in the worker thread after each new frame; must return at once.
        """
        self.source = source
        self._name = without_password(source)  # errors go to diagnostics, alerts and bags
        self._size = size
        self._asked_rate = rate
        self._clock = clock
        self._settings = settings or CaptureSettings()
        self._on_frame = on_frame
        self._shared = _Shared(answered=time.monotonic())
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Capture:
        """Start the worker; returns itself."""
        if self._thread is None:
            self._shared.answered = time.monotonic()
            self._thread = threading.Thread(target=self._run, name=f"capture {self._name}", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Ask the worker to stop and wait a moment for it; a read that hangs is left to its timeout."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def __enter__(self) -> Capture:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.close()

    def take(self) -> Frame | None:
        """Return the newest frame if nobody has taken it yet; never waits."""
        with self._changed:
            frame, self._shared.frame = self._shared.frame, None
            return frame

    def wait(self, timeout: float) -> Frame | None:
        """Return the newest frame, waiting up to ``timeout`` seconds for one."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._shared.frame is not None or self._stop.is_set() or self._shared.status.finished, timeout
            )
            frame, self._shared.frame = self._shared.frame, None
            return frame

    def status(self) -> CaptureStatus:
        """Return a snapshot of the state."""
        now = time.monotonic()
        with self._changed:
            recent = [at for at in self._shared.arrivals if now - at < 5.0]
            span = now - recent[0] if len(recent) > 1 else 0.0
            rate = (len(recent) - 1) / span if span > 0 else 0.0
            return replace(self._shared.status, rate=rate, silent=now - self._shared.answered)

    def _run(self) -> None:
        wait = self._settings.backoff_first
        delivered_before = False
        while not self._stop.is_set():
            delivered = False
            source = None
            try:
                source = self._open()
                if source is not None:
                    if delivered_before:
                        self._note(reconnects=self._shared.status.reconnects + 1)
                    delivered = self._read(source)
            except Exception as error:
                # OpenCV raises cv2.error and its backends anything; a camera must never end the thread.
                self._note(connected=False, error=f"{self._name}: {_one_line(error).replace(self.source, self._name)}")
            finally:
                if source is not None:
                    source.release()
            if self._shared.status.finished:
                return
            if delivered:
                delivered_before, wait = True, self._settings.backoff_first
                if is_file(self.source) and not self._shared.status.error:
                    continue
            self._stop.wait(wait)
            wait = min(2.0 * wait, self._settings.backoff_limit)

    def _open(self) -> Any:
        """Open the source; returns None, with the reason noted, where that fails."""
        self._shared.answered = time.monotonic()
        try:
            return open_source(
                self.source,
                size=self._size,
                rate=self._asked_rate,
                open_timeout=self._settings.open_timeout,
                read_timeout=self._settings.read_timeout,
                rtsp_transport=self._settings.rtsp_transport,
            )
        except OSError as error:
            return self._failed(str(error))

    def _failed(self, reason: str) -> None:
        self._note(connected=False, failures=self._shared.status.failures + 1, error=f"{self._name}: {reason}")

    def _read(self, source: Any) -> bool:
        """Read until the source ends or is lost; returns whether it delivered anything."""
        file = is_file(self.source)
        period = 1.0 / (source.get(cv2.CAP_PROP_FPS) or 25.0) if file else 0.0
        started = time.monotonic()
        count = 0
        still_since, last_sum = started, None
        while not self._stop.is_set():
            self._shared.answered = time.monotonic()
            good = source.grab()
            stamp = self._clock()
            good, image = source.retrieve() if good else (False, None)
            if not good or image is None:
                break
            count += 1
            fitted = self._fit(np.asarray(image, dtype=np.uint8))
            if fitted is not None:
                self._publish(stamp, fitted, image.shape)
            now = time.monotonic()
            if file:
                if self._stop.wait(max(0.0, started + count * period - now)):
                    break
            elif self._settings.frozen_timeout > 0:
                checksum = zlib.crc32(image[::4, ::4].tobytes())
                if checksum != last_sum:
                    still_since, last_sum = now, checksum
                elif now - still_since > self._settings.frozen_timeout:
                    self._note(connected=False, error=f"{self._name}: the picture is frozen")
                    return count > 0
        if self._stop.is_set():
            self._note(connected=False)
        elif file and count > 0:
            self._note(connected=self._settings.loop, finished=not self._settings.loop)
        else:
            self._note(connected=False, error=f"{self._name}: no frame for {self._settings.read_timeout:g} s or closed")
        return count > 0

    def _fit(self, image: Image) -> Image | None:
        """Scale a frame to the size of the calibration; None, with the reason noted, where that cannot be."""
        height, width = image.shape[:2]
        if image.ndim == 2:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
        if self._size is None or self._size == (width, height):
            return image
        if abs(width * self._size[1] - height * self._size[0]) > 0.01 * width * self._size[1]:
            wanted = f"{self._size[0]}x{self._size[1]}"
            self._note(error=f"{self._name}: frames are {width}x{height}, the calibration is for {wanted}")
            return None
        return np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _publish(self, stamp: int, image: Image, shape: tuple[int, ...]) -> None:
        with self._changed:
            shared = self._shared
            status = shared.status
            shared.status = replace(
                status,
                connected=True,
                frames=status.frames + 1,
                dropped=status.dropped + (shared.frame is not None),
                failures=0,
                width=shape[1],
                height=shape[0],
                last_stamp=stamp,
                error="",
            )
            shared.arrivals.append(time.monotonic())
            shared.frame = Frame(stamp, image, shared.status.frames)
            self._changed.notify_all()
        if self._on_frame is not None:
            self._on_frame()

    def _note(self, **changes: Any) -> None:
        with self._changed:
            self._shared.status = replace(self._shared.status, **changes)
            self._changed.notify_all()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
