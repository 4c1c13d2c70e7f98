"""A serial line without hardware: a pseudo-terminal under a stable name."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from pathlib import Path

_STANDARD_SPEEDS = {
    int(name[1:]): getattr(termios, name) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()
}


class SerialLine:
    """The far end of a serial line: what is sent reaches whoever has the port open, and nobody else.

    The port is a symbolic link to a pseudo-terminal. Bytes sent while nobody has it open are lost, as
    on a real line, and so are bytes that the reader does not fetch in time. A reader that sets
    another baud rate than the line's gets garbage.
    """

    def __init__(self, path: Path, baudrate: int) -> None:
        """Remember the name; ``plug`` makes the port appear.

        Args:
            path: of the symbolic link.
            baudrate: of the line.
        """
        self.path = path
        self._speed = _STANDARD_SPEEDS.get(baudrate)
        self._master = -1

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""
        return self._master >= 0

    def plug(self) -> None:
        """Make the port appear."""
        if self.plugged:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        link = self.path.with_name(self.path.name + ".new")
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        link.replace(self.path)
        # With our end of the port closed, the kernel tells when nobody else has it open.
        os.close(slave)
        self._master = master

    def unplug(self) -> None:
        """Make the port disappear; a reader sees a hang-up."""
        if not self.plugged:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._master)
        self._master = -1

    def send(self, data: bytes) -> bool:
        """Send bytes; returns whether somebody has the port open."""
        if not self.plugged or not data or not self.open:
            return False
        if self._wrong_speed():
            data = _garbled(data)
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)
        return True

    @property
    def open(self) -> bool:
        """Whether somebody has the port open."""
        return self.plugged and not self._events() & select.POLLHUP

    def receive(self) -> bytes:
        """Return what whoever has the port open has written since the last call."""
        if not self.plugged or not self._events() & select.POLLIN:
            return b""
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return b""
        return _garbled(data) if self._wrong_speed() else data

    def fileno(self) -> int:
        """Return the descriptor to wait on for written bytes; the line must be plugged."""
        return self._master

    def _events(self) -> int:
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        ready = poll.poll(0)
        return ready[0][1] if ready else 0

    def _wrong_speed(self) -> bool:
        speed = termios.tcgetattr(self._master)[5]
        known = speed in _STANDARD_SPEEDS.values()
        return self._speed is not None and known and speed != self._speed


def _garbled(data: bytes) -> bytes:
    return bytes((byte * 37 + 91) & 0xFF for byte in data[::2])
