from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
import serial
from cobs import cobs

from just_walk_out.simulation.endpoints import camera_source, ready_port, serial_port
from just_walk_out.store.model import Store

CONFIG = Path(__file__).parents[2] / "config"
LIMIT = 30.0


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def frames(port: serial.Serial, count: int) -> list[bytes]:
    """Read so many whole frames; a reader that joins in mid-frame sees a broken one first."""
    found: list[bytes] = []
    port.read_until(b"\x00")
    while len(found) < count:
        piece = port.read_until(b"\x00")
        assert piece.endswith(b"\x00"), "the line fell silent"
        with suppress(cobs.DecodeError):
            found.append(cobs.decode(piece[:-1]))
    return found


class Simulation:
    def __init__(self, run_dir: Path, port: int, *extra: str) -> None:
        self.run_dir, self.port = run_dir, port
        command = [sys.executable, "-m", "just_walk_out.simulation", "--store", str(CONFIG / "demo_store")]
        command += ["--run-dir", str(run_dir), "--base-port", str(port), *extra]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    folder = tmp_path_factory.mktemp("run")
    script = folder / "scenario.yaml"
    script.write_text("shoppers: [{id: ada, arrival: 0, gate: entry_2, actions: [{walk: [2, 2]}]}]", encoding="utf-8")
    (folder / "tokens.json").write_text('{"ada": "CODE OF ADA"}', encoding="utf-8")
    simulation = Simulation(
        folder, free_port(), "--scenario", str(script), "--tokens", str(folder / "tokens.json"), "--wait-for-go"
    )
    until((folder / "ready").exists, simulation.process)
    yield simulation
    assert simulation.stop() == 0
    assert simulation.process.communicate()[1] == ""
    assert not any(path.is_symlink() for path in folder.iterdir())


def test_sensors_run_before_the_scenario(store: Store, running: Simulation) -> None:
    for bus in store.buses:
        for _ in range(2 if bus.protocol == "board" else 0):
            with serial.Serial(serial_port(running.run_dir, bus.id), bus.baudrate, timeout=5) as port:
                boards = {payload[1] for payload in frames(port, 40)}
            assert boards == {channel.board for channel in bus.channels}
    assert ready_port(running.run_dir) == running.port
    for camera in store.cameras:
        capture = cv2.VideoCapture(camera_source(camera.id, running.port))
        good, image = capture.read()
        capture.release()
        assert good and image.shape == (camera.height, camera.width, 3)
    assert not (running.run_dir / "truth.jsonl").exists()


def test_scales_answer_whoever_asks(store: Store, running: Simulation) -> None:
    with serial.Serial(serial_port(running.run_dir, "bus_c"), store.bus["bus_c"].baudrate, timeout=5) as port:
        # unit 2, function 3, two registers from 0, and the checksum of the specification
        port.write(bytes.fromhex("020300000002c438"))
        assert port.read(3) == bytes((2, 3, 4)) and len(port.read(6)) == 6
    with serial.Serial(serial_port(running.run_dir, "bus_d"), store.bus["bus_d"].baudrate, timeout=5) as port:
        port.write(b"SIR\r\n")
        for _ in range(5):
            assert port.read_until(b"\r\n").endswith(b" g\r\n")


def test_a_bus_can_be_unplugged_and_plugged_in_again(store: Store, running: Simulation) -> None:
    bus = store.buses[0]
    link = Path(serial_port(running.run_dir, bus.id))
    mark = running.run_dir / f"unplug_{bus.id}"
    with serial.Serial(str(link), bus.baudrate, timeout=5) as port:
        frames(port, 2)
        mark.touch()
        with pytest.raises((serial.SerialException, AssertionError)):
            frames(port, 10_000)
    until(lambda: not link.is_symlink(), running.process)
    mark.unlink()
    until(link.is_symlink, running.process)
    with serial.Serial(str(link), bus.baudrate, timeout=5) as port:
        frames(port, 5)


def test_the_scenario_starts_on_go(running: Simulation) -> None:
    truth = running.run_dir / "truth.jsonl"
    with serial.Serial(serial_port(running.run_dir, "entry_2"), 115200, timeout=LIMIT) as scanner:
        (running.run_dir / "go").touch()
        assert scanner.readline() == b"CODE OF ADA\r\n"
    before = time.time_ns()
    until(lambda: truth.exists() and '"entered"' in truth.read_text(encoding="utf-8"), running.process)
    lines = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["code", "entered"]
    assert before - 5_000_000_000 < lines[1]["entered"] <= time.time_ns()
    positions = (running.run_dir / "positions.jsonl").read_text(encoding="utf-8").splitlines()
    stamps = [json.loads(line)["stamp"] for line in positions]
    assert len(stamps) > 20 and stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        (["--scenario", "no_such.yaml"], "no_such.yaml"),
        (["--scenario", str(CONFIG / "scenarios" / "plain.yaml"), "--store", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(tmp_path: Path, extra: list[str], complaint: str) -> None:
    simulation = Simulation(tmp_path, 1, *extra)
    output = simulation.process.communicate(timeout=LIMIT)
    assert simulation.process.returncode == 2
    assert complaint in output[1] and output[1].count("\n") == 1
