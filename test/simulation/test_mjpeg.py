from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from just_walk_out.simulation.endpoints import camera_source
from just_walk_out.simulation.mjpeg import CameraServer


@pytest.fixture
def server() -> Iterator[CameraServer]:
    server = CameraServer(["left", "right"], 0).start()
    over = threading.Event()

    def film() -> None:
        number = 0
        while not over.wait(0.03):
            number += 1
            for camera, level in (("left", 60), ("right", 200)):
                image = np.full((48, 64, 3), level, np.uint8)
                image[:, : number % 64] = 128
                server.feeds[camera].publish(cv2.imencode(".jpg", image)[1].tobytes())

    filming = threading.Thread(target=film)
    filming.start()
    yield server
    over.set()
    filming.join()
    server.close()


def test_opencv_opens_it_like_any_network_camera(server: CameraServer) -> None:
    for _ in range(2):
        captures = {name: cv2.VideoCapture(camera_source(name, server.port)) for name in ("left", "right")}
        for name, level in (("left", 60), ("right", 200)):
            for _ in range(3):
                good, image = captures[name].read()
                assert good and image.shape == (48, 64, 3)
            assert abs(int(image[24, 63, 0]) - level) < 12 or abs(int(image[24, 63, 0]) - 128) < 12
        for capture in captures.values():
            capture.release()


def test_a_client_that_stops_reading_does_not_hold_up_the_others(server: CameraServer) -> None:
    with urllib.request.urlopen(camera_source("left", server.port), timeout=5):
        capture = cv2.VideoCapture(camera_source("left", server.port))
        assert all(capture.read()[0] for _ in range(10))
        capture.release()


def test_an_unknown_camera_is_not_found(server: CameraServer) -> None:
    for path in ("middle.mjpg", "left", ""):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/{path}", timeout=5)
        assert caught.value.code == 404


def test_a_taken_port_is_refused(server: CameraServer) -> None:
    with pytest.raises(OSError):
        CameraServer(["left"], server.port)
