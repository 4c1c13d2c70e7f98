import itertools
import socket
import time

import cv2
import pytest
from mjpeg_camera import picture, until

from just_walk_out.camera.capture import Capture, CaptureSettings

QUICK = CaptureSettings(open_timeout=2.0, read_timeout=1.0, backoff_first=0.05, backoff_limit=0.2)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (160, 120))
    for number in range(10):
        writer.write(picture(number))
    writer.release()
    return str(path)


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
