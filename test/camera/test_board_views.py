"""Pictures to calibrate from: of a camera before which somebody holds a board, of a video, of folders."""

import cv2
import numpy as np
import pytest
from rendered import chessboard

from just_walk_out.camera.board import Board
from just_walk_out.camera.board_views import find_views, live_pictures, stored_pictures, take_picture

BOARD = Board.parse("chessboard:6x4:0.03")
PLACES = [(10, 10), (120, 20), (30, 110), (140, 120)]


def held(place):
    """A board held before the camera."""
    column, row = PLACES[place % len(PLACES)]
    drawn = chessboard(6, 4, dots=16)
    image = np.full((240, 320), 110, np.uint8)
    image[row : row + drawn.shape[0], column : column + drawn.shape[1]] = drawn
    return cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 0.7), cv2.COLOR_GRAY2BGR)


def test_a_live_camera_gives_a_picture_whenever_the_board_rests_elsewhere(server):
    told = []
    server.draw = lambda number, size: held(len(told))  # who holds it goes on when told that a view is taken
    server.start()
    pictures = list(live_pictures(server.url, BOARD, 4, 30.0, told.append))
    assert [name for name, _ in pictures] == ["view 1", "view 2", "view 3", "view 4"]
    assert "24 corners" in told[0] and told[-1].startswith("view 4 of 4")
    views, size, shown = find_views(iter(pictures), BOARD, told.append)
    corners = np.array([view.pixels.min(axis=0) for view in views])
    assert size == (320, 240) and shown("view 2").shape == (240, 320, 3)
    apart = np.linalg.norm(corners[:, None] - corners, axis=2) + 1e9 * np.eye(4)
    assert apart.min() > 30


def test_one_picture_is_taken_of_a_camera_and_a_missing_one_is_named(server):
    server.start()
    assert take_picture(server.url).shape == (120, 160, 3)
    server.stop()
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        take_picture(server.url, timeout=1.0)


def test_a_video_is_looked_at_frame_by_frame(tmp_path):
    path = tmp_path / "board.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for number in range(8):
        writer.write(held(number))
    writer.release()
    told = []
    views, _, _ = find_views(stored_pictures(path), BOARD, told.append)
    assert len(told) == len(views) == 8 and views[0].name == "frame 0"


def test_pictures_without_a_board_of_other_sizes_or_of_nothing_are_named(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="expected a chessboard of 6x4 in the pictures, 1 show none"):
        find_views(stored_pictures(tmp_path), BOARD, lambda _: None)
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((48, 60, 3), np.uint8))
    with pytest.raises(ValueError, match=r"b\.png: expected 64x48 like the pictures before it, got 60x48"):
        find_views(stored_pictures(tmp_path), BOARD, lambda _: None)
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"a\.png: expected a picture"):
        find_views(stored_pictures(tmp_path), BOARD, lambda _: None)
