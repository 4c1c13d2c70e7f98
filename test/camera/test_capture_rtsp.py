"""RTSP cameras that are not there, die, fall silent, hang, and come back."""

import pytest
from mjpeg_camera import until
from rtsp_camera import RtspServer

from just_walk_out.camera.capture import Capture, CaptureSettings

QUICK = CaptureSettings(
    open_timeout=3.0, read_timeout=1.0, backoff_first=0.05, backoff_limit=0.2, frozen_after=0.4, frozen_timeout=60.0
)


@pytest.fixture
def rtsp():
    made = RtspServer()
    yield made
    made.stop()


def test_an_rtsp_camera_that_dies_and_comes_back(rtsp):
    with Capture(rtsp.url, size=(160, 120), settings=QUICK) as capture:
        assert until(lambda: capture.status().failures >= 1) and rtsp.url in capture.status().error
        rtsp.start()
        assert until(lambda: capture.status().frames > 10), capture.status()
        assert capture.wait(5.0).image.shape == (120, 160, 3)
        rtsp.stop()
        assert until(lambda: not capture.status().connected), capture.status()
        before = capture.status().frames
        rtsp.start()
        assert until(lambda: capture.status().frames > before + 5), capture.status()
        assert capture.status().reconnects >= 1 and capture.status().error == ""


def test_an_rtsp_camera_that_hangs_or_falls_silent_is_told_of(rtsp):
    rtsp.start()
    with Capture(rtsp.url, settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3), capture.status()
        rtsp.frozen.set()
        assert until(lambda: "the picture is frozen" in capture.status().error), capture.status()
        rtsp.frozen.clear()
        assert until(lambda: capture.status().connected)
        rtsp.mute.set()
        assert until(lambda: not capture.status().connected), capture.status()
        rtsp.mute.clear()
        before = capture.status().frames
        assert until(lambda: capture.status().frames > before + 3), capture.status()


def test_an_rtsp_camera_that_changes_its_size_without_ending_its_session_is_scaled_or_refused(rtsp):
    rtsp.start()
    with Capture(rtsp.url, size=(160, 120), settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3), capture.status()
        rtsp.size = (320, 240)
        assert until(lambda: capture.status().width == 320), capture.status()
        assert until(lambda: (frame := capture.take()) is not None and frame.image.shape == (120, 160, 3))
        rtsp.size = (160, 96)
        assert until(lambda: "frames are 160x96, the calibration is for 160x120" in capture.status().error)
        assert capture.status().refused > 0
        rtsp.size = (160, 120)
        assert until(lambda: capture.status().error == "" and capture.status().width == 160), capture.status()
        assert capture.status().reconnects == 0
