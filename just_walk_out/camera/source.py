"""Opening what OpenCV can read: local cameras, network streams and video files."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import cv2

from just_walk_out.camera.mjpeg import HttpMjpeg

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_LIVE_OPTIONS = "fflags;nobuffer|flags;low_delay|max_delay;200000|reorder_queue_size;0"
_URL_KINDS = ("rtsp://", "rtsps://", "http://", "https://", "rtmp://", "udp://", "tcp://")
_BELIEVED_AGE = 2.0
"""Seconds; a driver that tells of older frames counts by another clock."""
_environment = threading.Lock()


def is_local(source: str) -> bool:
    """Whether the source is a camera of this computer: an index or a device path."""
    return source.isdigit() or source.startswith("/dev/")


def is_file(source: str) -> bool:
    """Whether the source is a video file."""
    return not is_local(source) and not source.lower().startswith(_URL_KINDS)


def exposure_age(position: float, now: float) -> float:
    """Return how long ago a local camera took a frame, seconds.

    Args:
        position: CAP_PROP_POS_MSEC; V4L2 drivers give the time of the frame by the steady clock there, others 0.
        now: the steady clock, seconds.
    """
    age = now - position / 1000.0
    return age if 0.0 <= age < _BELIEVED_AGE else 0.0


def open_source(
    source: str,
    *,
    size: tuple[int, int] | None,
    rate: float,
    open_timeout: float,
    read_timeout: float,
    rtsp_transport: str,
) -> Any:
    """Open a source; blocks up to ``open_timeout``.

    Args:
        source: USB index, V4L2 path, URL or video file.
        size: (width, height) a local camera is asked for.
        rate: frames a second a local camera is asked for; 0 leaves it alone.
        open_timeout: seconds, network streams and files.
        read_timeout: seconds a later read may take, network streams and files.
        rtsp_transport: "tcp" or "udp".

    Returns:
        An opened ``cv2.VideoCapture``, or what has its methods.

    Raises:
        OSError: it cannot be opened; says why in a few words.
    """
    if is_local(source):
        opened = _open_local(source, size, rate)
    else:
        if is_file(source) and not Path(source).is_file():
            raise FileNotFoundError("no such file")
        if source.lower().startswith("http://"):
            try:
                return HttpMjpeg(source, open_timeout, read_timeout)
            except TypeError:
                pass  # a stream of another kind, which FFmpeg may know
        opened = _open_ffmpeg(source, open_timeout, read_timeout, rtsp_transport)
    if not opened.isOpened():
        opened.release()
        raise OSError("cannot be opened")
    return opened


def _open_local(source: str, size: tuple[int, int] | None, rate: float) -> Any:
    if source.startswith("/dev/") and not Path(source).exists():
        raise FileNotFoundError("no such device")
    backend = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
    opened = cv2.VideoCapture(int(source) if source.isdigit() else source, backend)
    if opened.isOpened():
        # Uncompressed frames of several cameras exceed what one USB bus carries.
        opened.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        opened.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if size is not None:
            opened.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
            opened.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        if rate > 0:
            opened.set(cv2.CAP_PROP_FPS, rate)
    return opened


def _open_ffmpeg(source: str, open_timeout: float, read_timeout: float, rtsp_transport: str) -> Any:
    timeouts = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(1000 * open_timeout)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(1000 * read_timeout)),
    ]
    with _environment:
        # FFmpeg's options can only be handed to OpenCV through the environment of the process.
        own = not is_file(source) and _OPTIONS not in os.environ
        if own:
            os.environ[_OPTIONS] = f"rtsp_transport;{rtsp_transport}|{_LIVE_OPTIONS}"
        try:
            return cv2.VideoCapture(source, cv2.CAP_FFMPEG, timeouts)
        finally:
            if own:
                del os.environ[_OPTIONS]
