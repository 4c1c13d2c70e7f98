"""A serial line read and written in a thread of its own, that comes back whatever happens to the port."""

from __future__ import annotations

import errno
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import serial

from just_walk_out.settings import setting, validate
from just_walk_out.store.bus import Framing

Chunk = tuple[int, bytes]
Request = tuple[bytes, int, int | None]
_LINK_READ_SIZE = 1024
_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
# A request waits this long at most for the silence that has to come before it.
_LONGEST_PAUSE = 0.05
_SECOND = 1_000_000_000
# Nothing is due so much later: the clock was set back.
_FAR = 5 * _SECOND


@dataclass(frozen=True)
class TransportSettings:
    """How a port is opened and read."""

    read_timeout: float = setting(
        0.2, "Longest wait for bytes before the thread looks up.", unit="s", minimum=0.01, maximum=5.0
    )
    link_timeout: float = setting(
        0.02, "The same for network links, which deliver at the end of the wait.", unit="s", minimum=0.001, maximum=1.0
    )
    poll_timeout: float = setting(
        0.01, "The same while the devices of the line have to be asked.", unit="s", minimum=0.001, maximum=1.0
    )
    write_timeout: float = setting(
        0.2, "Longest wait for a port to take what is written.", unit="s", minimum=0.01, maximum=5.0
    )
    first_retry: float = setting(0.1, "Wait before the first reopening.", unit="s", minimum=0.01, maximum=10.0)
    longest_retry: float = setting(2.0, "Longest wait between reopenings.", unit="s", minimum=0.01, maximum=600.0)
    queue_limit: int = setting(1000, "Chunks kept for a slow consumer; the oldest are dropped.", minimum=1)

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate(self)


@dataclass(frozen=True)
class TransportState:
    """What the line has been through.

    Attributes:
        connected: whether the port is open now.
        error: the last failure, one line; empty when there was none.
        connections: how often the port has been opened.
        bytes: bytes received.
        dropped: chunks dropped because nobody fetched them.
        sent: bytes written.
        unsent: requests dropped because the port did not take them.
        held: whether the last failure was that another process has the port.
    """

    connected: bool = False
    error: str = ""
    connections: int = 0
    bytes: int = 0
    dropped: int = 0
    sent: int = 0
    unsent: int = 0
    held: bool = False

    @property
    def reconnects(self) -> int:
        """How often the port came back."""
        return max(0, self.connections - 1)


class SerialTransport:
    """Reads and writes a port until it is stopped; opening, waiting and reopening happen in its thread.

    The port may be a device path, a link to one, or any URL of pyserial (``socket://``,
    ``rfc2217://``, ``loop://``, ``spy://``). A device is locked, so that no two processes take each other's bytes.
    """

    def __init__(
        self,
        port: str,
        baudrate: int,
        settings: TransportSettings | None = None,
        clock: Callable[[], int] = time.time_ns,
        notify: Callable[[], None] | None = None,
        framing: Framing | None = None,
        talk: Callable[[int, bytes], Request] | None = None,
    ) -> None:
        """Prepare the transport; nothing is opened before ``start``.

        Args:
            port: what ``serial.serial_for_url`` takes.
            baudrate: speed of the line, baud.
            settings: retry and queue limits.
            clock: gives the arrival stamps, nanoseconds.
            notify: called from the thread after something was put into the queue.
            framing: of a byte.
            talk: for lines whose devices have to be asked; takes what comes in place of the queue. Called from
                the thread with the stamp and the bytes that came, none when the port was opened or it is time,
                it returns the bytes to write, the stamp before which they must not be written, and the stamp at
                which to call it again if no bytes come before (None for never).
        """
        self._port = port
        self._baudrate = baudrate
        self._settings = settings or TransportSettings()
        self._clock = clock
        self._notify = notify
        self._framing = framing or Framing()
        self._talk = talk
        self._state = TransportState()
        self._queue: deque[Chunk] = deque()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"serial {port}", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and wait for the thread to end."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def state(self) -> TransportState:
        """Return a snapshot for diagnostics."""
        with self._changed:
            return self._state

    def fetch(self, timeout: float = 0.0) -> list[Chunk]:
        """Return all (arrival stamp in nanoseconds, bytes) received since the last call.

        Args:
            timeout: how long to wait for the first of them, seconds.
        """
        with self._changed:
            if timeout > 0.0:
                self._changed.wait_for(lambda: self._queue or self._stopped.is_set(), timeout)
            chunks = list(self._queue)
            self._queue.clear()
            return chunks

    def wait_for(self, condition: Callable[[TransportState], bool], timeout: float) -> bool:
        """Wait until the state fulfils a condition; False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._state), timeout)

    def _run(self) -> None:
        retry = self._settings.first_retry
        while not self._stopped.is_set():
            received = self._state.bytes
            try:
                self._session()
            # Whatever a port or its driver throws, the line must come back: nothing may end the thread.
            except Exception as error:
                held = isinstance(error, OSError) and error.errno in (errno.EWOULDBLOCK, errno.EBUSY)
                text = "another process has this port open" if held else _one_line(error)
                text = text if self._port in text else f"{self._port}: {text}"
                self._update(connected=False, error=text, held=held)
            else:
                self._update(connected=False)
            if self._state.bytes > received:
                retry = self._settings.first_retry
            self._stopped.wait(retry)
            retry = min(2 * retry, self._settings.longest_retry)

    def _session(self) -> None:
        link = "://" in self._port
        timeout = self._settings.link_timeout if link else self._settings.read_timeout
        if self._talk is not None:
            timeout = min(timeout, self._settings.poll_timeout)
        with serial.serial_for_url(
            self._port,
            baudrate=self._baudrate,
            bytesize=self._framing.data_bits,
            parity=_PARITY[self._framing.parity],
            stopbits=self._framing.stop_bits,
            timeout=timeout,
            # pyserial has none for RFC 2217; its socket waits for five seconds at most.
            write_timeout=None if self._port.startswith("rfc2217:") else self._settings.write_timeout,
            exclusive=True,
        ) as port:
            self._update(connected=True, connections=self._state.connections + 1, held=False)
            due = None if self._talk is None else self._exchange(port, self._talk, b"")
            while not self._stopped.is_set():
                data = port.read(_LINK_READ_SIZE if link else max(1, port.in_waiting))
                if self._talk is not None:
                    if data or (due is not None and not 0 < due - self._clock() < _FAR):
                        due = self._exchange(port, self._talk, data)
                elif data:
                    self._put((self._clock(), data))

    def _exchange(self, port: serial.SerialBase, talk: Callable[[int, bytes], Request], data: bytes) -> int | None:
        """Hand over what has come and write what is said to it; return when to do so again."""
        said, at, due = talk(self._clock(), data)
        state = replace(self._state, bytes=self._state.bytes + len(data))
        if said:
            self._stopped.wait(min(max(0, at - self._clock()) / _SECOND, _LONGEST_PAUSE))
            try:
                port.write(said)
            except serial.SerialTimeoutException:
                state = replace(state, unsent=state.unsent + 1)
            else:
                state = replace(state, sent=state.sent + len(said))
        self._update(bytes=state.bytes, sent=state.sent, unsent=state.unsent)
        return due

    def _put(self, chunk: Chunk) -> None:
        with self._changed:
            dropped = self._state.dropped
            if len(self._queue) >= self._settings.queue_limit:
                self._queue.popleft()
                dropped += 1
            self._queue.append(chunk)
            self._state = replace(self._state, bytes=self._state.bytes + len(chunk[1]), dropped=dropped)
            self._changed.notify_all()
        if self._notify is not None:
            self._notify()

    def _update(self, **values: object) -> None:
        with self._changed:
            self._state = replace(self._state, **values)  # type: ignore[arg-type]
            self._changed.notify_all()


def _one_line(error: Exception) -> str:
    """Return what went wrong: pyserial wraps an error of the system in its own: two numbers, and the port twice."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = re.sub(r"\[Errno \d+\] ", "", " ".join(said.split()))
    return re.sub(r"(: [^:]+): '[^']*'$", r"\1", said) or type(error).__name__
