"""Frames from any camera, for ever: a worker thread that opens, reads, loses and reopens a source.

The newest frame wins: a slow consumer sees gaps, never old pictures, and a camera that sends the same picture
again and again is said to be frozen, not passed on as news. Nothing here raises because of a camera, and
nothing blocks the caller; what goes wrong is in ``Capture.status()``.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from just_walk_out.camera.calibration import same_shape
from just_walk_out.camera.capture_status import CaptureSettings, CaptureStatus, Frame, Image
from just_walk_out.camera.source import exposure_age, is_file, is_local, open_source
from just_walk_out.camera.stillness import Stillness
from just_walk_out.store.urls import without_password

__all__ = ["Capture", "CaptureSettings", "CaptureStatus", "Frame"]


@dataclass
class _Shared:
    """State behind the lock."""

    status: CaptureStatus = field(default_factory=CaptureStatus)
    frame: Frame | None = None
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    answered: float = 0.0
    jumped: float = -math.inf


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
        latency: float = 0.0,
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
            latency: seconds from the exposure to the arrival of a frame, where known.
            clock: read when a frame arrives, nanoseconds; less the latency, that is its acquisition stamp.
            settings: timeouts and options.
            on_frame: called in the worker thread after each new frame; must return at once.
        """
        self.source = source
        self._name = without_password(source)  # errors go to diagnostics, alerts and bags
        self._size = size
        self._asked_rate = rate
        self._latency = latency
        self._clock = clock
        self._stillness = Stillness()
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
            silent, since = now - self._shared.answered, now - self._shared.jumped
            return replace(self._shared.status, rate=rate, silent=silent, since_jump=since)

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
        before: tuple[int, float] | None = None
        while not self._stop.is_set():
            self._shared.answered = time.monotonic()
            good = source.grab()
            arrival, now = self._clock(), time.monotonic()
            good, image = source.retrieve() if good else (False, None)
            if not good or image is None:
                break
            count += 1
            before = self._watch_clock(before, (arrival, now))
            age = self._latency
            if is_local(self.source):
                age += exposure_age(source.get(cv2.CAP_PROP_POS_MSEC), now)
            picture = np.asarray(image, dtype=np.uint8)
            still = 0.0 if file else self._stillness.update(picture, now)
            if 0.0 < self._settings.frozen_after <= still:
                self._freeze(still)
                if 0.0 < self._settings.frozen_timeout <= now - started and still >= self._settings.frozen_timeout:
                    return True
            else:
                fitted = self._fit(picture)
                if fitted is not None:
                    self._publish(arrival - int(1e9 * age), fitted, picture.shape)
            if file and self._stop.wait(max(0.0, started + count * period - time.monotonic())):
                break
        if self._stop.is_set():
            self._note(connected=False)
        elif file and count > 0:
            self._note(connected=self._settings.loop, finished=not self._settings.loop)
        else:
            self._note(connected=False, error=f"{self._name}: no frame for {self._settings.read_timeout:g} s or closed")
        return count > 0

    def _watch_clock(self, before: tuple[int, float] | None, now: tuple[int, float]) -> tuple[int, float]:
        """Compare the clock of the stamps (ns) with the steady one (s) from frame to frame; returns ``now``."""
        if before is not None:
            jump = (now[0] - before[0]) / 1e9 - (now[1] - before[1])
            if abs(jump) > self._settings.jump_limit:
                self._shared.jumped = now[1]
                self._note(clock_jumps=self._shared.status.clock_jumps + 1, clock_jump=jump)
        return now

    def _freeze(self, still: float) -> None:
        self._note(
            connected=False,
            repeated=self._shared.status.repeated + 1,
            error=f"{self._name}: the picture is frozen, it has been the same for {still:.0f} s",
        )

    def _fit(self, image: Image) -> Image | None:
        """Scale a frame to the size of the calibration; None, with the reason noted, where that cannot be."""
        height, width = image.shape[:2]
        if image.ndim == 2:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
        if self._size is None or self._size == (width, height):
            return image
        if not same_shape((width, height), self._size):
            wanted = f"{self._size[0]}x{self._size[1]}"
            self._note(
                refused=self._shared.status.refused + 1,
                error=f"{self._name}: frames are {width}x{height}, the calibration is for {wanted}",
            )
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
