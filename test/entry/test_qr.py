import cv2
import numpy as np
import pytest
import segno

from just_walk_out.entry.qr import CodeReader

SECOND = 1_000_000_000


def picture(text, pixels, height=480, width=640, seed=1):
    """Return a grey frame with a phone-like white card that shows the code, module size in pixels."""
    modules = np.array([[0 if dark else 255 for dark in row] for row in segno.make_qr(text).matrix_iter(border=4)])
    code = np.kron(modules, np.ones((pixels, pixels))).astype(np.uint8)
    frame = np.full((height, width), 110, np.uint8)
    top, left = (height - code.shape[0]) // 2, (width - code.shape[1]) // 2
    frame[top : top + code.shape[0], left : left + code.shape[1]] = code
    noise = np.random.default_rng(seed).normal(0.0, 4.0, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def warp(frame, degrees, tilt):
    height, width = frame.shape
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.9), [0, 0, 1]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[tilt, tilt], [-tilt, 0], [0, 0], [0, -tilt]], np.float32)
    return cv2.warpPerspective(
        frame, cv2.getPerspectiveTransform(corners, moved) @ turn, (width, height), borderValue=110
    )


def test_a_token_is_read_from_a_frame(door):
    text = door.token()
    assert CodeReader().read(picture(text, 6), 0) == [text]


@pytest.mark.parametrize(("degrees", "tilt"), [(0, 25), (12, 0), (-20, 20), (90, 10), (180, 15)])
def test_a_turned_and_tilted_token_is_read(door, degrees, tilt):
    text = door.token()
    frame = cv2.cvtColor(warp(picture(text, 6), degrees, tilt), cv2.COLOR_GRAY2BGR)
    assert CodeReader().read(frame, 0) == [text]


def test_tokens_are_read_at_nearly_any_angle_and_size(door):
    chance = np.random.default_rng(5)
    read = 0
    for seed in range(30):
        text = door.token()
        frame = warp(
            picture(text, int(chance.integers(3, 7)), seed=seed), chance.uniform(-45, 45), chance.uniform(0, 60)
        )
        read += CodeReader().read(frame, 0) == [text]
    assert read >= 29


def test_two_tokens_in_one_frame_are_both_read(door):
    texts = sorted([door.token("ann"), door.token("bob")])
    frame = np.hstack([picture(text, 5, width=360) for text in texts])
    assert sorted(CodeReader().read(frame, 0)) == texts


def test_a_small_token_is_read_by_magnification(door):
    text = door.token()
    assert CodeReader().read(picture(text, 2), 0) == [text]


def test_a_text_shown_on_is_one_scan_and_shown_again_is_another(door):
    text = door.token()
    frame, empty = picture(text, 5), np.full((480, 640), 90, np.uint8)
    reader = CodeReader()
    shown = [bool(reader.read(frame, second * SECOND)) for second in range(6)]
    assert shown == [True, False, False, False, False, False]
    assert reader.read(empty, 7 * SECOND) == []
    assert reader.read(frame, 9 * SECOND) == [text]


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 500), (480, 640, 3)])
def test_images_without_a_code_give_nothing(shape):
    image = np.random.default_rng(3).integers(0, 255, shape, dtype=np.uint8)
    assert CodeReader().read(image, 0) == []
