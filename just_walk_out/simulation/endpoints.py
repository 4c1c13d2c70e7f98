"""Where the simulated sensors are found, by the ids of the store description."""

from __future__ import annotations

import os
import socket
from pathlib import Path

READY = "ready"


def camera_source(camera: str, base_port: int) -> str:
    """Return the URL of a simulated camera: MJPEG over HTTP, as an IP camera serves it."""
    return f"http://127.0.0.1:{base_port}/{camera}.mjpg"


def serial_port(run_dir: Path, device: str) -> str:
    """Return the path of a simulated serial port: a bus by its id, a scanner by the id of its gate."""
    return str(run_dir / device)


def say_ready(run_dir: Path, base_port: int) -> None:
    """Leave a file ``ready`` in the run folder: all sensors run, the cameras on this TCP port."""
    fresh = run_dir / f"{READY}.new"
    fresh.write_text(f"{base_port}\n", encoding="ascii")
    os.replace(fresh, run_dir / READY)


def ready_port(run_dir: Path) -> int:
    """Return the TCP port of the cameras of the simulation that runs in a folder.

    Raises:
        ValueError: none runs there.
    """
    try:
        return int((run_dir / READY).read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise ValueError(
            f"{run_dir}: expected the run folder of a jwo simulate that is up, it has no file {READY!r}"
        ) from None


def free_port() -> int:
    """Return a port of this computer that nobody listens on, for the simulated cameras."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
