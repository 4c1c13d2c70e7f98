"""``jwo calibrate latency`` as a person runs it: a terminal that an emulated camera looks at."""

import codecs
import contextlib
import fcntl
import os
import re
import shutil
import struct
import subprocess
import sys
import termios
import threading
import time
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from code_screens import Terminal, seen_by_a_camera
from rtsp_camera import RtspServer

from just_walk_out.camera.latency import Latency
from just_walk_out.cli.calibrate_latency import latency_in_force, latency_report
from just_walk_out.cli.code_screen import check_terminal
from just_walk_out.cli.main import main
from just_walk_out.store.load import load_store

COLUMNS, LINES = 70, 34
SOURCE = "rtsp://viewer:change-me@192.0.2.21:554/stream2"
DELAY = 0.4
START = """import sys
sys.path[:] = filter(None, sys.path)  # the package that is installed
from just_walk_out.cli.main import main
raise SystemExit(main())
"""


class Hall:
    """A terminal on which a command runs, and what stood on it when."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.written = ""
        self._before = deque([(0.0, np.zeros((2 * LINES, COLUMNS), np.uint8))], maxlen=400)
        self._drawn = deque(maxlen=400)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self):
        terminal, decoder = Terminal(COLUMNS, LINES), codecs.getincrementaldecoder("utf-8")()
        with contextlib.suppress(OSError):  # the terminal hangs up at the end
            while data := os.read(self.master, 65536):
                text = decoder.decode(data)
                self.written += text
                terminal.feed(text)
                self._before.append((time.monotonic(), terminal.cells.copy()))

    def run(self, *arguments):
        command = [sys.executable, "-c", START, *map(str, arguments)]
        running = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave)
        os.close(self.slave)
        self._thread.start()
        status = running.wait(60)
        self._thread.join(10.0)
        os.close(self.master)
        return status, self.written.rpartition("\x1b[?1049l")[2].replace("\r", "")

    def draw(self, number, size):
        """The picture of a camera whose pictures are ``DELAY`` old when they are sent."""
        now = time.monotonic()
        self._drawn.append(now)
        cells = next(cells for at, cells in reversed(self._before) if at <= now - DELAY)
        return seen_by_a_camera(cells, size)

    @property
    def period(self):
        """Seconds from picture to picture, within which each of them is drawn, packed and sent."""
        return float(np.median(np.diff(self._drawn)))


@pytest.fixture
def store(tmp_path, demo_path):
    folder = tmp_path / "store"
    shutil.copytree(demo_path, folder)
    return folder


def test_the_delay_of_a_camera_before_the_terminal_is_found_and_written(store):
    camera, hall = RtspServer(), Hall()
    camera.size, camera.draw = (320, 240), hall.draw
    camera.start()
    cameras = store / "cameras.yaml"
    cameras.write_text(cameras.read_text().replace(SOURCE, camera.url))
    try:
        status, out = hall.run("calibrate", "latency", store, "--camera", "cam_sw", "--codes", 24, "--write")
    finally:
        camera.stop()
    assert status == 0, out
    found = re.search(r"latency +([0-9.]+) s \+-([0-9.]+), eight of ten pictures [0-9.]+ to [0-9.]+ s\n", out)
    median, deviation = float(found[1]), float(found[2])
    # it cannot be less; above it there is what a busy machine takes to draw, to send and to receive
    assert DELAY - 3.0 * deviation < median < DELAY + hall.period + 0.1
    assert "described   0.000 s" in out and "written: cameras.yaml" in out
    assert load_store(store).camera["cam_sw"].latency == median
    assert re.search(r"cam_sw: \d+ of 24 codes, \d+ pictures of 320x240", hall.written)
    assert hall.written.count("\x1b[?25h") == 1


def test_a_camera_that_is_not_there_ends_in_one_line_on_a_terminal_as_it_was(store):
    cameras, hall = store / "cameras.yaml", Hall()
    cameras.write_text(cameras.read_text().replace(SOURCE, "http://me:secret@127.0.0.1:9/x.mjpg"))
    status, out = hall.run("calibrate", "latency", store, "--camera", "cam_sw", "--timeout", 1)
    assert status == 1 and out.count("\n") == 1, out
    assert re.match(r"jwo calibrate: cam_sw: no picture within \d s: http://", out)
    assert "secret" not in hall.written and hall.written.count("\x1b[?25h") == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--camera", "cam_x"), "--camera: expected one of cam_sw"),
        (("--camera", "cam_sw", "--codes", "19"), "--codes: expected at least 20, got 19"),
        (("--camera", "cam_sw", "--timeout", "0"), "--timeout: expected seconds above 0, got 0"),
        (("--camera", "cam_sw", "--timeout", "nan"), "--timeout: expected seconds above 0, got nan"),
        (("--camera", "cam_sw"), "jwo calibrate: expected a terminal to show the codes in"),
    ],
)
def test_wrong_arguments_end_in_one_line(store, capsys, arguments, part):
    assert main(["calibrate", "latency", str(store), *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == "" and part in err and err.count("\n") == 1, err


@contextlib.contextmanager
def terminal_of(columns, lines):
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    with open(slave, "w", encoding="utf-8") as terminal:
        yield terminal
    os.close(master)


@pytest.mark.parametrize(("columns", "lines"), [(28, 60), (120, 15)])
def test_a_terminal_without_room_for_a_code_is_refused(columns, lines):
    with terminal_of(columns, lines) as terminal, pytest.raises(ValueError) as raised:
        check_terminal(terminal)
    assert str(raised.value) == f"expected a terminal of at least 29x16 characters, got {columns}x{lines}"


def test_a_video_file_is_refused(store, capsys, monkeypatch):
    cameras = store / "cameras.yaml"
    cameras.write_text(cameras.read_text().replace(SOURCE, "walk.avi"))
    with terminal_of(COLUMNS, LINES) as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["calibrate", "latency", str(store), "--camera", "cam_sw"]) == 1
    expected = "cam_sw: expected a camera that looks at this screen, its source is the file walk.avi"
    assert capsys.readouterr().err == f"jwo calibrate: {expected}\n"


def test_a_latency_that_cannot_be_is_refused(demo_store):
    found = Latency(-0.05, -0.06, -0.04, 0.004, 130, 0.12)
    with pytest.raises(ValueError, match=r"0\.050 s before they were shown: the driver's time is off"):
        latency_in_force(found)
    assert latency_in_force(replace(found, median=-0.003)) == 0.0
    assert latency_in_force(replace(found, median=0.2134)) == 0.2134
    camera = replace(demo_store.camera["cam_sw"], latency=0.25)
    assert "described   0.250 s, -0.300 s now" in latency_report(camera, found)
