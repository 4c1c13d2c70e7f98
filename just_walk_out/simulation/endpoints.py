"""Where the simulated sensors are found, by the ids of the store description."""

from __future__ import annotations

import socket
from pathlib import Path


def camera_source(camera: str, base_port: int) -> str:
    """Return the URL of a simulated camera: MJPEG over HTTP, as an IP camera serves it."""
    return f"http://127.0.0.1:{base_port}/{camera}.mjpg"


def serial_port(run_dir: Path, device: str) -> str:
    """Return the path of a simulated serial port: a bus by its id, a scanner by the id of its gate."""
    return str(run_dir / device)


def free_port() -> int:
    """Return a port of this computer that nobody listens on, for the simulated cameras."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
