from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from just_walk_out.simulation.codes import CodeBook
from just_walk_out.simulation.reader import Pose, ReaderCamera, compose, draw_phone
from just_walk_out.simulation.world import Showing
from just_walk_out.store.model import Camera, Store

TEXT = "JWO1." + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 5


@pytest.fixture
def camera(store: Store) -> Camera:
    return next(camera for camera in store.cameras if camera.role == "reader")


@pytest.mark.parametrize("roll", [0.0, 0.4, 1.57, 3.1])
@pytest.mark.parametrize(("pitch", "yaw"), [(0.0, 0.0), (0.25, 0.0), (0.0, -0.25)])
def test_the_code_is_laid_out_in_perspective(camera: Camera, roll: float, pitch: float, yaw: float) -> None:
    wall = np.full((camera.height, camera.width, 3), 120, np.uint8)
    picture, mask = draw_phone("SHORT CODE")
    distance = camera.fx * 0.06 / 150.0
    image = compose(wall, camera, picture, mask, Pose(0.0, 0.0, distance, pitch, yaw, roll), 0.9)
    text, corners, _ = cv2.QRCodeDetector().detectAndDecode(image)
    assert text == "SHORT CODE"
    assert np.ptp(corners[0, :, 0]) == pytest.approx(150.0 * (abs(np.cos(roll)) + abs(np.sin(roll))), rel=0.15)


def test_every_shopper_gets_a_code_across(camera: Camera) -> None:
    detector = cv2.QRCodeDetector()
    for number in range(12):
        shopper = f"shopper {number}"
        reader = ReaderCamera(camera, CodeBook({shopper: TEXT}), number)
        showing = Showing("gate", shopper, 1.0, 2.3)
        frames = (reader.render([showing], float(time)) for time in np.arange(1.05, 3.3, 0.2))
        assert any(detector.detectAndDecode(frame)[0] == TEXT for frame in frames), shopper


def test_the_idle_view_shows_no_code_and_hardly_changes(camera: Camera) -> None:
    reader = ReaderCamera(camera, CodeBook({"a": TEXT}), 1)
    first, second = reader.render([], 0.0), reader.render([Showing("gate", "a", 5.0, 2.0)], 4.9)
    assert first.shape == (camera.height, camera.width, 3)
    assert cv2.QRCodeDetector().detectAndDecode(first)[0] == ""
    assert 0.5 < np.abs(first.astype(float) - second).mean() < 6.0


def test_codes_come_from_the_file_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    book = CodeBook(path=path)
    assert book.of("ada") == "no code for ada"
    path.write_text('{"ada": "first"}', encoding="utf-8")
    assert book.of("ada") == "first"
    path.write_text('{"ada": "second"', encoding="utf-8")
    assert book.of("ada") == "first"
