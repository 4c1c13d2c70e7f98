import itertools
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from just_walk_out.camera.capture import Capture, CaptureSettings

QUICK = CaptureSettings(open_timeout=2.0, read_timeout=1.0, backoff_first=0.05, backoff_limit=0.2)


def until(condition, timeout=15.0):
    """Wait for something that happens in another thread; the condition itself may wait."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


def picture(number, size=(160, 120)):
    image = np.full((size[1], size[0], 3), 40, np.uint8)
    cv2.putText(image, str(number), (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (255, 255, 255), 3)
    return image


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (160, 120))
    for number in range(10):
        writer.write(picture(number))
    writer.release()
    return str(path)


class Server:
    """An MJPEG camera that can be switched off and on."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = None
        self.mute = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/cam.mjpg"

    def start(self):
        self.stopping = threading.Event()
        stopping, mute = self.stopping, self.mute

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for number in itertools.count():
                        if stopping.wait(0.03):
                            return
                        if mute.is_set():
                            continue
                        data = cv2.imencode(".jpg", picture(number))[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                        self.wfile.write(head.encode() + data + b"\r\n")
                except OSError:
                    return

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.stopping.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None


@pytest.fixture
def server():
    made = Server()
    yield made
    made.stop()


def test_a_file_is_paced_loops_and_is_stamped_by_the_given_clock(video):
    ticks = itertools.count(1000)
    with Capture(video, clock=lambda: next(ticks), settings=QUICK) as capture:
        started = time.monotonic()
        frames = [capture.wait(5.0) for _ in range(15)]
        assert time.monotonic() - started > 0.5
        assert all(frame is not None for frame in frames)
        stamps = [frame.stamp for frame in frames]
        assert stamps == sorted(stamps) and stamps[0] >= 1000
        assert capture.status().frames >= 15 and capture.status().connected


def test_a_file_can_end(video):
    with Capture(video, settings=CaptureSettings(loop=False)) as capture:
        assert until(lambda: capture.status().finished)
        assert capture.status().frames == 10
        assert capture.take().sequence == 10
        assert capture.take() is None


def test_the_newest_frame_wins_and_the_others_are_counted(video):
    with Capture(video, settings=CaptureSettings(loop=False)) as capture:
        assert until(lambda: capture.status().finished)
        assert capture.status().dropped == 9


@pytest.mark.parametrize("source", ["/dev/video-none", "missing.mp4", "http://127.0.0.1:9/none.mjpg", "98"])
def test_a_camera_that_is_being_opened_has_not_failed_until_it_has(source):
    capture = Capture(source, settings=QUICK)
    assert capture.status().opening
    with capture.start():
        assert until(lambda: capture.status().failures >= 1)
        assert not capture.status().opening


@pytest.mark.parametrize("source", ["/dev/video-none", "missing.mp4", "http://127.0.0.1:9/none.mjpg", "98"])
def test_a_missing_camera_is_retried_and_never_blocks(source):
    with Capture(source, settings=QUICK) as capture:
        assert capture.take() is None
        assert until(lambda: capture.status().failures >= 2)
        status = capture.status()
        assert not status.connected and source in status.error and "\n" not in status.error


def test_what_is_said_of_a_camera_never_tells_its_password():
    with Capture("http://viewer:secret@127.0.0.1:9/none.mjpg", settings=QUICK) as capture:
        assert until(lambda: capture.status().failures >= 1)
        assert "http://127.0.0.1:9/none.mjpg" in capture.status().error
        assert "secret" not in capture.status().error


def test_a_server_that_dies_and_comes_back(server):
    with Capture(server.url, settings=QUICK) as capture:
        assert until(lambda: capture.status().failures >= 1)
        server.start()
        assert until(lambda: capture.status().frames > 10), capture.status()
        server.stop()
        assert until(lambda: not capture.status().connected), capture.status()
        assert server.url in capture.status().error
        before = capture.status().frames
        server.start()
        assert until(lambda: capture.status().frames > before + 5), capture.status()
        assert capture.status().reconnects >= 1 and capture.status().error == ""


def test_a_stream_that_falls_silent_is_given_up(server):
    server.start()
    with Capture(server.url, settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3)
        server.mute.set()
        assert until(lambda: not capture.status().connected)
        server.mute.clear()
        before = capture.status().frames
        assert until(lambda: capture.status().frames > before + 3)


def test_frames_are_scaled_to_the_calibration_and_other_shapes_refused(video):
    with Capture(video, size=(80, 60), settings=QUICK) as capture:
        assert capture.wait(5.0).image.shape == (60, 80, 3)
    with Capture(video, size=(160, 90), settings=QUICK) as capture:
        assert until(lambda: "calibration" in capture.status().error)
        assert capture.take() is None


def test_closing_is_quick_also_while_nothing_answers():
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(1)
    capture = Capture(f"http://127.0.0.1:{hole.getsockname()[1]}/x.mjpg", settings=QUICK).start()
    started = time.monotonic()
    capture.close()
    assert time.monotonic() - started < 1.5
    hole.close()


def test_a_file_of_garbage_is_an_error_and_not_the_end(tmp_path):
    path = tmp_path / "noise.avi"
    path.write_bytes(bytes(range(256)) * 40)
    with Capture(str(path), settings=QUICK) as capture:
        assert until(lambda: capture.status().failures >= 2)
