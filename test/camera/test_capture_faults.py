"""What cameras do wrong while they go on sending: hang, change their size, live through a clock that is set."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mjpeg_camera import picture, until

from just_walk_out.camera.capture import Capture, CaptureSettings
from just_walk_out.camera.pace import Pace, SteadyTime
from just_walk_out.camera.source import exposure_age
from just_walk_out.camera.stillness import Stillness

QUICK = CaptureSettings(
    open_timeout=2.0, read_timeout=1.0, backoff_first=0.05, backoff_limit=0.2, frozen_after=0.3, frozen_timeout=60.0
)


def test_a_picture_that_hangs_is_said_and_not_passed_on_until_it_moves_again(server):
    server.start()
    with Capture(server.url, settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3)
        server.frozen.set()
        assert until(lambda: "the picture is frozen" in capture.status().error), capture.status()
        status, _ = capture.status(), capture.take()
        assert not status.connected and status.repeated > 0
        assert until(lambda: capture.status().repeated > status.repeated + 5)
        assert capture.take() is None and capture.status().frames == status.frames
        server.frozen.clear()
        assert until(lambda: capture.status().frames > status.frames + 3)
        assert capture.status().error == "" and capture.status().connected


def test_a_camera_that_hangs_is_opened_anew_and_what_hangs_still_is_no_news(server):
    server.start()
    with Capture(server.url, settings=replace(QUICK, frozen_timeout=0.6)) as capture:
        assert until(lambda: capture.status().frames > 3)
        # a server that freezes on one number shows the same picture to whoever comes anew
        server.frozen.set()
        assert until(lambda: capture.status().reconnects >= 1), capture.status()
        server.frozen.clear()
        assert until(lambda: capture.status().connected and capture.status().error == "")


def test_a_camera_that_changes_to_another_shape_is_refused_until_it_changes_back(server):
    server.start()
    with Capture(server.url, size=(160, 120), settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3)
        server.size = (160, 96)
        assert until(lambda: "frames are 160x96, the calibration is for 160x120" in capture.status().error)
        capture.take()
        refused = capture.status().refused
        assert until(lambda: capture.status().refused > refused + 3) and capture.take() is None
        server.size = (160, 120)
        assert until(lambda: capture.take() is not None) and until(lambda: capture.status().error == "")


def test_a_camera_that_changes_its_resolution_is_scaled_and_its_own_size_told(server):
    server.start()
    with Capture(server.url, size=(160, 120), settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3)
        server.size = (320, 240)
        assert until(lambda: capture.status().width == 320)
        assert until(lambda: (frame := capture.take()) is not None and frame.image.shape == (120, 160, 3))


def test_scaling_keeps_the_middle_of_the_pixels_where_the_intrinsics_have_them(tmp_path):
    import cv2

    big = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(big, (401, 201), 12, (255, 255, 255), -1, cv2.LINE_AA)
    path = tmp_path / "still.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    for _ in range(3):
        writer.write(big)
    writer.release()
    with Capture(str(path), size=(320, 240), settings=QUICK) as capture:
        seen = capture.wait(10.0).image[..., 0].astype(float)
    rows, columns = np.indices(seen.shape)
    middle = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum()
    assert middle == pytest.approx([(401 + 0.5) / 2 - 0.5, (201 + 0.5) / 2 - 0.5], abs=0.05)


def test_a_clock_that_is_set_is_counted_and_stamps_follow_it(server):
    shift = [0]
    server.start()
    with Capture(server.url, latency=0.25, clock=lambda: time.time_ns() + shift[0], settings=QUICK) as capture:
        assert until(lambda: capture.status().frames > 3)
        assert capture.status().clock_jumps == 0 and capture.status().since_jump > 1e9
        frame = capture.wait(5.0)
        assert 0.25 <= (time.time_ns() - frame.stamp) / 1e9 < 5.0
        shift[0] = -3_600 * 10**9
        assert until(lambda: capture.status().clock_jumps == 1)
        status = capture.status()
        assert status.clock_jump == pytest.approx(-3600, abs=0.2) and status.since_jump < 10
        assert until(lambda: (frame := capture.take()) is not None and frame.stamp < time.time_ns() - 3_000 * 10**9)
        shift[0] = 0
        assert until(lambda: capture.status().clock_jumps == 2)
        assert capture.status().clock_jump == pytest.approx(3600, abs=0.2)


STAMPS = st.lists(st.integers(0, 10**12), min_size=1, max_size=30)


@given(STAMPS, st.floats(0.01, 10.0), st.floats(0.0, 0.9))
def test_no_clock_that_is_set_stops_a_pace_for_longer_than_its_period(stamps, period, slack):
    pace, last = Pace(period, slack), None
    for stamp in stamps:
        due = pace.due(stamp)
        assert due == (last is None or stamp < last or stamp - last >= int(1e9 * period * (1 - slack)))
        last = stamp if due else last


@given(STAMPS)
def test_steady_time_never_goes_back_and_keeps_what_passes(stamps):
    steady = SteadyTime()
    times = [steady.of(stamp) for stamp in stamps]
    assert times == sorted(times) and times[0] == stamps[0]
    for before, after, first, second in zip(stamps, stamps[1:], times, times[1:], strict=False):
        assert second - first == max(after - before, 0)


def test_stillness_sees_a_single_pixel():
    stillness, image = Stillness(), picture(7)
    assert stillness.update(image, 10.0) == 0.0
    assert stillness.update(image.copy(), 13.0) == 3.0
    other = image.copy()
    other[1, 1, 0] ^= 1
    assert stillness.update(other, 14.0) == 0.0
    assert stillness.update(other.copy(), 14.5) == 0.5


def test_only_a_believable_time_of_a_driver_counts():
    assert exposure_age(99_950.0, 100.0) == pytest.approx(0.05)
    assert [exposure_age(position, 100.0) for position in (0.0, 101_000.0, 1.7e12)] == [0.0, 0.0, 0.0]
