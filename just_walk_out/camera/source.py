"""Opening what OpenCV can read: local cameras, network streams and video files."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import cv2

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_LIVE_OPTIONS = "fflags;nobuffer|flags;low_delay|max_delay;200000|reorder_queue_size;0"
_URL_KINDS = ("rtsp://", "rtsps://", "http://", "https://", "rtmp://", "udp://", "tcp://")
_environment = threading.Lock()


def is_local(source: str) -> bool:
    """Whether the source is a camera of this computer: an index or a device path."""
    return source.isdigit() or source.startswith("/dev/")


def is_file(source: str) -> bool:
    """Whether the source is a video file."""
    return not is_local(source) and not source.lower().startswith(_URL_KINDS)


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
        An opened ``cv2.VideoCapture``.

    Raises:
        OSError: it cannot be opened; says why in a few words.
    """
    if is_local(source):
        opened = _open_local(source, size, rate)
    else:
        if is_file(source) and not Path(source).is_file():
            raise FileNotFoundError("no such file")
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
