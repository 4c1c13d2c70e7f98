"""Codes before an emulated network camera, read by the real capture and decoder; time is the test's own."""

import itertools
import re
import socket
import threading

import numpy as np
import pytest
from code_screens import Terminal, seen_by_a_camera
from hypothesis import given, settings
from hypothesis import strategies as st
from mjpeg_camera import until

from just_walk_out.camera.capture import Capture, CaptureSettings
from just_walk_out.camera.code_watch import watch
from just_walk_out.camera.latency import estimate
from just_walk_out.camera.time_codes import LONGEST, SHORTEST, TimeCodes, modules
from just_walk_out.cli.code_screen import terminal_rows
from just_walk_out.entry.qr import CodeReader

QUICK = CaptureSettings(open_timeout=2.0, read_timeout=20.0, backoff_first=0.05, backoff_limit=0.2)
SIZE = (320, 240)
PERIOD = 100_000_000


def bright(text):
    return np.where(np.kron(modules(text), np.ones((2, 2), bool)), 0, 255).astype(np.uint8)


class World:
    """A screen and a camera in a time that goes from picture to picture, however busy the machine is.

    The camera exposes the next picture when the one before it has arrived. What the clock says in the capture's thread
    is when a picture arrives, else what it is on the screen.
    """

    def __init__(self, latency, seed):
        self._rng = np.random.default_rng(seed)
        self._latency = latency
        self._now = self._change = 1_000_000_000
        self._exposed = 0
        self._arrived = threading.Semaphore(1)
        self.codes = TimeCodes(lambda: self._now)
        self._text = ""

    def draw(self, number, size):
        assert self._arrived.acquire(timeout=20.0)
        self._exposed += PERIOD
        while self._change <= 1_000_000_000 + self._exposed:
            self._now = self._change
            self._text = self.codes.make()
            with self.codes.showing(self._text):
                pass
            self._change += int(1e9 * self._rng.uniform(SHORTEST, LONGEST))
        self._now = 1_000_000_000 + self._exposed
        return seen_by_a_camera(bright(self._text), size)

    def end(self):
        self.codes.end()
        self._arrived.release()

    def clock(self):
        self._arrived.release()
        return 1_000_000_000 + self._exposed + int(1e9 * self._rng.normal(self._latency, 0.002))


@pytest.mark.parametrize("latency", [0.237, 1.9])
def test_a_known_latency_comes_through_capture_and_decoder(server, latency):
    world = World(latency, 3)
    server.size, server.draw = SIZE, world.draw
    server.start()
    told = []
    with Capture(server.url, clock=world.clock, settings=QUICK) as capture:
        seen = watch(capture, CodeReader().decode, world.codes, 40, 30.0, lambda so_far: told.append(so_far.text(40)))
    world.end()
    found = estimate([world.codes.sight(stamp, text) for stamp, text in seen.read])
    assert found.median == pytest.approx(latency, abs=0.012)
    assert abs(found.median - latency) < 3.0 * found.deviation
    assert found.pictures >= 40 and seen.pictures - found.pictures <= 3
    assert told[-1] == f"40 of 40 codes, {seen.pictures} pictures of 320x240"


def watched(server, draw, codes, timeout=0.7):
    server.size, server.draw = SIZE, draw
    server.start()
    with Capture(server.url, settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 0)
        with pytest.raises(ValueError) as raised:
            watch(capture, CodeReader().decode, codes, 20, timeout, lambda _: None)
    return str(raised.value)


def noise(number, size):
    return np.random.default_rng(number).integers(0, 255, (size[1], size[0], 3), np.uint8)


def test_pictures_without_a_code_are_said(server):
    assert re.fullmatch(
        r"no code within \d s in \d+ pictures of 320x240; hold the screen nearer, .*",
        watched(server, noise, TimeCodes()),
    )


def test_codes_of_another_screen_are_said(server):
    other = TimeCodes().make()
    text = watched(server, lambda number, size: seen_by_a_camera(bright(other), size), TimeCodes())
    assert re.fullmatch(r"no code of this screen within \d s; \d+ of \d+ pictures .* show one of another screen", text)


def test_a_picture_that_stays_is_one_code_however_often_it_is_read(server):
    codes = TimeCodes()
    text = codes.make()
    with codes.showing(text):
        pass
    said = watched(server, lambda number, size: seen_by_a_camera(bright(text), size), codes)
    assert re.fullmatch(r"expected 20 codes, got 1 in \d+ pictures of 320x240 and no other for \d s", said)


def test_a_camera_that_is_not_there_is_said():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://user:secret@127.0.0.1:{probe.getsockname()[1]}/cam.mjpg"
        with Capture(url, settings=QUICK) as capture, pytest.raises(ValueError) as raised:
            watch(capture, CodeReader().decode, TimeCodes(), 20, 0.8, lambda _: None)
    assert re.match(r"no picture within \d s: http://.*127\.0\.0\.1", str(raised.value))
    assert "secret" not in str(raised.value)


def test_a_clock_that_is_set_makes_no_code_twice_and_no_moment_wrong(monkeypatch):
    steady = itertools.count(5_000_000_000, 400_000)
    codes = TimeCodes(lambda: next(steady))
    made = []
    for day in (2_000_000_000_000_000_000, 1_000_000_000_000_000_000):
        monkeypatch.setattr("time.time_ns", lambda day=day: day)
        for _ in range(20):
            made.append(codes.make())
            with codes.showing(made[-1]):
                pass
    codes.end()
    assert len(set(made)) == len(made) == 40 and all(TimeCodes.strange([text]) for text in made)
    for before, text in itertools.pairwise(codes.sight(0, text) for text in made):
        assert before.shown < text.shown < before.replaced < text.replaced


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**13 - 1), st.integers(1, 4))
def test_what_a_terminal_shows_is_the_code(at, scale):
    text = f"JWO{at:013d}"
    dark = modules(text)
    rows = terminal_rows(dark, scale)
    side = len(dark) * scale
    terminal = Terminal(side, (side + 1) // 2)
    terminal.feed("\x1b[?1049h" + "".join(f"\x1b[{number};1H{row}" for number, row in enumerate(rows, 1)))
    assert (terminal.cells[:side] == np.where(np.kron(dark, np.ones((scale, scale), bool)), 0, 255)).all()
    picture = seen_by_a_camera(terminal.cells, (480, 360))
    assert CodeReader().decode(picture, 0) == [text]
