"""MJPEG over HTTP, read without a decoder in between.

FFmpeg, as OpenCV uses it, takes the multipart stream for one video and has a picture only once the header of the next
one has come. Here each picture is complete with its own last byte, and keeps the size it was sent in.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.request
from collections import deque
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import cv2
import numpy as np
from numpy.typing import NDArray

_LARGEST = 64 << 20
"""Bytes of one part beyond which the stream is taken for something else."""
_CHUNK = 1 << 16


class MultipartParser:
    """Cuts a ``multipart/x-mixed-replace`` stream (RFC 2046, section 5.1) into the bodies of its parts."""

    def __init__(self, boundary: str) -> None:
        """Start before the first delimiter.

        Args:
            boundary: as the content type names it; many cameras put the dashes of the delimiter in there.
        """
        self._delimiter = re.compile(rb"-{2,}" + re.escape(boundary.strip("-").encode("latin-1", "replace")))
        self._buffer = bytearray()
        self._length: int | None = None
        self._inside = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; returns the bodies that are complete now.

        Raises:
            ValueError: a part is longer than any picture.
        """
        self._buffer += data
        found: list[bytes] = []
        while (body := self._next()) is not None:
            if body:
                found.append(body)
        if len(self._buffer) > _LARGEST or (self._length or 0) > _LARGEST:
            raise ValueError(f"a part of more than {_LARGEST >> 20} MB")
        return found

    def _next(self) -> bytes | None:
        """Move on by a header (returns nothing, but not None) or a body; None where more bytes are needed."""
        if not self._inside:
            match = self._delimiter.search(self._buffer)
            if match is None:
                # all but what may be the beginning of a delimiter is preamble
                del self._buffer[: max(0, len(self._buffer) - 256)]
                return None
            end = re.compile(rb"\r?\n\r?\n").search(self._buffer, match.end())
            if end is None:
                return None
            length = re.search(
                rb"(?im)^content-length:[ \t]*(\d{1,12})[ \t\r]*$", self._buffer[match.end() : end.end()]
            )
            self._length = int(length[1]) if length else None
            self._inside = True
            del self._buffer[: end.end()]
            return b""
        if self._length is not None:
            size = self._length
            if len(self._buffer) < size:
                return None
        else:
            match = self._delimiter.search(self._buffer)
            if match is None:
                return None
            size = match.start()
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._inside, self._length = False, None
        return body


class HttpMjpeg:
    """An MJPEG camera, with the methods of ``cv2.VideoCapture`` that a capture needs."""

    def __init__(self, url: str, open_timeout: float, read_timeout: float) -> None:
        """Connect.

        Args:
            url: ``http://``, with user and password in it where the camera asks for them (basic or digest).
            open_timeout: seconds the connection may take.
            read_timeout: seconds a frame may take.

        Raises:
            OSError: it cannot be reached, or says no.
            TypeError: what is there is no MJPEG stream.
        """
        self._timeout = read_timeout
        self._ready: deque[bytes] = deque()
        self._jpeg = b""
        try:
            self._response = _opener(url, read_timeout).open(_bare(url), timeout=open_timeout)
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP: {type(error).__name__}") from error
        headers: Message = self._response.headers
        boundary = headers.get_param("boundary")
        if headers.get_content_type() != "multipart/x-mixed-replace" or not isinstance(boundary, str):
            self.release()
            raise TypeError(f"expected multipart/x-mixed-replace, got {headers.get_content_type()}")
        self._parser = MultipartParser(boundary)

    def grab(self) -> bool:
        """Wait for the next picture; False where the stream ends or none comes in time."""
        end = time.monotonic() + self._timeout
        while not self._ready:
            try:
                data = self._response.read1(_CHUNK)
            except (OSError, http.client.HTTPException):
                return False
            if not data or time.monotonic() > end:
                return False
            self._ready.extend(self._parser.feed(data))
        self._jpeg = self._ready.popleft()
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Return the picture that was grabbed, (height, width, 3) BGR; False where it cannot be decoded."""
        image = cv2.imdecode(np.frombuffer(self._jpeg, np.uint8), cv2.IMREAD_COLOR)
        return image is not None, image

    def get(self, _: int) -> float:
        """Return 0: an MJPEG stream tells neither its rate nor the time of a frame."""
        return 0.0

    def release(self) -> None:
        """Hang up."""
        self._response.close()


def _bare(url: str) -> str:
    """Return the URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _opener(url: str, read_timeout: float) -> urllib.request.OpenerDirector:
    class Connection(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(read_timeout)

    class Handler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> Any:
            return self.do_open(Connection, req)

    # cameras hang in the store's own network: no proxy is asked for them
    handlers: list[urllib.request.BaseHandler] = [Handler(), urllib.request.ProxyHandler({})]
    parts = urlsplit(url)
    if parts.username is not None:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, _bare(url), unquote(parts.username), unquote(parts.password or ""))
        handlers += [
            urllib.request.HTTPDigestAuthHandler(passwords),
            urllib.request.HTTPBasicAuthHandler(passwords),
        ]
    return urllib.request.build_opener(*handlers)
