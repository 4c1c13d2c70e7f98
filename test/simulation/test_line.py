from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from just_walk_out.simulation.line import SerialLine

BAUD = 460800


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialLine]:
    line = SerialLine(tmp_path / "bus_x", BAUD)
    line.plug()
    yield line
    line.unplug()


def test_bytes_arrive_unchanged(line: SerialLine) -> None:
    message = bytes(range(256)) * 4
    with serial.Serial(str(line.path), BAUD, timeout=2) as port:
        assert line.send(message)
        assert port.read(len(message)) == message


def test_what_is_sent_while_nobody_listens_is_lost(line: SerialLine) -> None:
    assert not line.send(b"early")
    with serial.Serial(str(line.path), BAUD, timeout=2) as port:
        assert line.send(b"hello")
        assert port.read(5) == b"hello"
    assert not line.send(b"between")
    with serial.Serial(str(line.path), BAUD, timeout=2) as port:
        assert line.send(b"again")
        assert port.read(5) == b"again"


def test_a_reader_that_does_not_read_does_not_stop_the_line(line: SerialLine) -> None:
    with serial.Serial(str(line.path), BAUD, timeout=2):
        for _ in range(200):
            assert line.send(bytes(1000))


def test_another_baud_rate_gets_garbage(line: SerialLine) -> None:
    with serial.Serial(str(line.path), 9600, timeout=2) as port:
        line.send(b"hello world!")
        assert port.read(6) != b"hello "


def test_pulling_the_plug_hangs_up_and_plugging_in_starts_over(line: SerialLine) -> None:
    with serial.Serial(str(line.path), BAUD, timeout=5) as port:
        pull = threading.Timer(0.1, line.unplug)
        pull.start()
        with pytest.raises(serial.SerialException):
            while port.read(1) == b"":
                pass
        pull.join()
    assert not line.path.is_symlink() and not line.plugged
    assert not line.send(b"nobody")
    line.plug()
    with serial.Serial(str(line.path), BAUD, timeout=2) as port:
        assert line.send(b"back")
        assert port.read(4) == b"back"
