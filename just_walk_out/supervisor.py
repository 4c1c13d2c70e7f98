"""Keeps processes running: starts them, starts them again when they die, stops them all together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_FIRST_WAIT = 0.5  # seconds before the first restart of a process that died
_LONGEST_WAIT = 10.0
_STEADY = 10.0  # seconds after which a process counts as started well
BAD_INPUT = 2  # exit status of a node with a wrong parameter: starting it again would not help


@dataclass
class Child:
    """One supervised process."""

    name: str
    command: Sequence[str]
    respawn: bool = True
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = _FIRST_WAIT
    due: float = 0.0
    starts: int = 0
    given_up: bool = False
    log: Path | None = None


@dataclass
class Supervisor:
    """Starts children, watches them in a thread, restarts those that die.

    Attributes:
        logs: folder for one log file a child; None lets them write to this terminal.
        environment: added to this process's environment.
        report: called with one line when something happens to a child.
    """

    logs: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    report: Callable[[str], None] = print

    def __post_init__(self) -> None:
        """Prepare; nothing is started."""
        self.children: dict[str, Child] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def start(self, name: str, command: Sequence[str], *, respawn: bool = True) -> None:
        """Start a child; with ``respawn`` it is started again whenever it ends."""
        child = Child(name, tuple(command), respawn)
        if self.logs is not None:
            self.logs.mkdir(parents=True, exist_ok=True)
            child.log = self.logs / f"{name}.log"
        with self._lock:
            self.children[name] = child
            self._spawn(child)

    def pid(self, name: str) -> int | None:
        """Return the process id of a running child."""
        process = self.children[name].process
        return process.pid if process is not None and process.poll() is None else None

    def kill(self, name: str) -> None:
        """Kill a child with SIGKILL, as a crash would; it is started again if it respawns."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def failed(self) -> list[str]:
        """Return the children that ended for good with an error."""
        return [child.name for child in self.children.values() if child.given_up]

    def wait(self, name: str, timeout: float) -> int | None:
        """Wait for a child that does not respawn; returns its exit status, None when it still runs."""
        process = self.children[name].process
        assert process is not None
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, names: Sequence[str] | None = None, timeout: float = 5.0) -> None:
        """End children: SIGTERM, and after ``timeout`` seconds SIGKILL. All of them when no names are given."""
        if names is None:
            self._stopping.set()
        with self._lock:
            chosen = [child for child in self.children.values() if names is None or child.name in names]
            for child in chosen:
                child.respawn = False
                if child.process is not None and child.process.poll() is None:
                    # not SIGINT: Python raises it in the middle of imports, which leaves a traceback a child
                    child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + timeout
        for child in chosen:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _spawn(self, child: Child) -> None:
        output = None if child.log is None else child.log.open("ab")
        try:
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                env={**os.environ, **self.environment},
                # its own session: Ctrl-C reaches this process alone, which then stops the children in order
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()
        child.started = time.monotonic()
        child.starts += 1

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            with self._lock:
                for child in self.children.values():
                    self._look_after(child)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            # stopped while it waited to be started again: it stays away
            if child.respawn and now >= child.due:
                self._restart(child, now)
            return
        status = child.process.poll()
        if status is None:
            if now - child.started > _STEADY:
                child.wait = _FIRST_WAIT
            return
        if not child.respawn or child.given_up:
            return
        if status == BAD_INPUT:
            child.given_up = True
            self.report(f"{child.name}: stopped because of its configuration, see {child.log or 'above'}")
            return
        self.report(f"{child.name}: ended with status {status}, starting again in {child.wait:.1f} s")
        child.process = None
        self._postpone(child, now)

    def _restart(self, child: Child, now: float) -> None:
        try:
            self._spawn(child)
        except OSError as error:  # e.g. out of memory or files; the watch over the others must go on
            self.report(f"{child.name}: cannot be started, trying again in {child.wait:.1f} s: {error}")
            self._postpone(child, now)

    @staticmethod
    def _postpone(child: Child, now: float) -> None:
        child.due = now + child.wait
        child.wait = min(2 * child.wait, _LONGEST_WAIT)
