"""Lines of a serial code scanner: bytes in, texts out, whatever the bytes are."""

from __future__ import annotations

import re

_ENDS = re.compile(rb"[\r\n\x00]+")
# Scanners prefix lines with start-of-text or an AIM identifier's control characters; codes have none.
_CONTROL = dict.fromkeys([*range(0x20), 0x7F])


class LineSplitter:
    """Cuts a stream of bytes into lines at CR, LF or NUL.

    A line longer than the limit is dropped as a whole and counted in ``dropped``: it cannot be a code
    and must not fill the memory (wrong baud rate, garbage).
    """

    def __init__(self, limit: int = 1024) -> None:
        """Start with nothing read; ``limit`` is the longest line kept, bytes."""
        self._limit = limit
        self._rest = b""
        self._overlong = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes and return the lines they complete, without control characters and blanks."""
        *complete, rest = _ENDS.split(self._rest + data)
        lines = []
        for line in complete:
            overlong, self._overlong = self._overlong or len(line) > self._limit, False
            if overlong:
                self.dropped += 1
                continue
            text = line.decode("utf-8", errors="replace").translate(_CONTROL).strip()
            if text:
                lines.append(text)
        if len(rest) > self._limit:
            rest, self._overlong = b"", True
        self._rest = rest
        return lines
