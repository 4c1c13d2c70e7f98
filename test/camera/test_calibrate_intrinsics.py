"""Boards rendered through known lenses, and whether the lens comes out."""

import numpy as np
import pytest
from rendered import board_poses, chessboard, look, rays
from scipy.spatial.transform import Rotation

from just_walk_out.camera.board import Board
from just_walk_out.camera.calibrate_intrinsics import View, calibrate_intrinsics
from just_walk_out.store.lens import Lens

SIZE = (640, 480)
BOARD = Board.parse("chessboard:8x6:0.03")
CHARUCO = Board.parse("charuco:7x5:0.045:0.034:4x4_50")
LENSES = {
    "pinhole": ((441.0, 438.5, 324.5, 235.2), "plumb_bob", (-0.21, 0.06, 0.0008, -0.0006, 0.0)),
    "fisheye": ((283.0, 284.5, 315.4, 244.1), "equidistant", (-0.03, 0.006, -0.002, 0.0003)),
}


def texture(board):
    """Texture, metres a texel, and where its first texel lies in the board's frame."""
    if board.kind == "chessboard":
        return chessboard(board.columns, board.rows), board.square / 40, (-2 * board.square, -2 * board.square)
    columns, rows = board.squares
    drawn = board.charuco.generateImage((columns * 40, rows * 40), marginSize=0)
    drawn = np.pad(np.where(drawn > 127, 235, 20).astype(np.uint8), 40, constant_values=235)
    return drawn, board.square / 40, (-2 * board.square, -2 * board.square)


def shot(name, board, count=14, seed=1):
    lens, model, d = LENSES[name]
    seen = rays(SIZE, lens, model, d)
    spread = 0.36 if name == "pinhole" else 0.55
    drawn, texel, origin = texture(board)
    views = []
    middle = np.array([*board.points.mean(axis=0)[:2], 0.0])
    for number, (rotation, shift) in enumerate(board_poses(count, 0.5 if name == "pinhole" else 0.3, spread, seed)):
        picture = look(seen, [(drawn, texel, origin, rotation, shift - rotation @ middle)], seed=number)
        ids, pixels = board.find(picture)
        if len(ids):
            views.append(View(f"{number:02d}.png", board.points[ids], pixels))
    return views


@pytest.fixture(
    scope="module", params=[("pinhole", BOARD), ("fisheye", CHARUCO)], ids=["pinhole chessboard", "fisheye charuco"]
)
def case(request):
    name, board = request.param
    return name, shot(name, board)


def off_from_truth(name, result):
    """Pixels between the true and the found lens over the picture, but for a turn that the camera's pose takes up."""
    lens, model, d = LENSES[name]
    u, v = np.meshgrid(np.linspace(20, SIZE[0] - 21, 13), np.linspace(20, SIZE[1] - 21, 9))
    grid = np.column_stack([u.ravel(), v.ravel()])
    true, found = Lens(*lens, model, d).rays(grid), result.optics()
    back = found.rays(grid)
    known = np.isfinite(back).all(axis=1)
    turn, _ = Rotation.align_vectors(back[known], true[known])
    return np.linalg.norm(found.project(turn.apply(true)) - grid, axis=1)


def test_the_lens_comes_out(case):
    name, views = case
    assert len(views) >= 10
    result = calibrate_intrinsics(views, SIZE, name)
    true = LENSES[name][0]
    assert result.rms < 0.25 and result.coverage > 0.6
    assert result.lens[:2] == pytest.approx(true[:2], rel=0.006)
    assert result.lens[2:] == pytest.approx(true[2:], abs=4.0)
    assert np.abs(np.subtract(result.lens, true) / result.deviations).max() < 5
    off = off_from_truth(name, result)
    assert np.nanmedian(off) < 1.0 and np.nanmax(off) < 2.0


@pytest.fixture(scope="module")
def simple():
    """Corners without pictures: projected, and off by a tenth of a pixel."""
    lens, model, d = LENSES["pinhole"]
    optics, rng = Lens(*lens, model, d), np.random.default_rng(4)
    views = []
    for number, (rotation, shift) in enumerate(board_poses(12, 0.5, 0.36)):
        pixels = optics.project((BOARD.points - BOARD.points.mean(axis=0)) @ rotation.T + shift)
        views.append(View(f"{number:02d}.png", BOARD.points, pixels + rng.normal(0.0, 0.1, pixels.shape)))
    return "pinhole", views


def test_pictures_that_say_nothing_or_lie_are_left_out_and_named(simple):
    name, views = simple
    twin = View("twin.png", views[0].points, views[0].pixels + 0.3)
    few = View("few.png", views[1].points[:4], views[1].pixels[:4])
    bent = np.array(views[2].pixels)
    bent[:, 0] += 4.0 * np.sin(np.arange(len(bent)))
    result = calibrate_intrinsics([*views, twin, few, View("lie.png", views[2].points, bent + 30)], SIZE, name)
    assert "same view as" in result.left_out["twin.png"] and "too few" in result.left_out["few.png"]
    assert "pixels, where" in result.left_out["lie.png"]
    assert result.lens == pytest.approx(calibrate_intrinsics(views, SIZE, name).lens, abs=0.5)


def test_too_few_views_end_in_one_line(simple):
    name, views = simple
    with pytest.raises(ValueError, match="at least 4 different views of the board, 3 are usable") as error:
        calibrate_intrinsics([*views[:3], *views[:3]], SIZE, name)
    assert "\n" not in str(error.value)


def test_what_makes_a_result_doubtful_is_said():
    places = ((60, 60), (90, 160), (150, 60), (190, 160), (120, 110))
    flat = [View(str(at), BOARD.points, BOARD.points[:, :2] * 900 + at) for at in places]
    said = " ".join(calibrate_intrinsics(flat, SIZE, "pinhole").warnings)
    assert "held flat" in said and "only 5 views" in said and "right, top, bottom of the picture" in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("chess:9x6:0.02", "expected chessboard:COLUMNSxROWS"),
        ("chessboard:9x6", "expected chessboard:COLUMNSxROWS"),
        ("chessboard:2x6:0.02", "at least 3x3"),
        ("chessboard:9x6:25", "less than 2 metres"),
        ("charuco:9x6:0.02:0.03", "markers smaller than the squares"),
        ("charuco:9x6:0.03:0.02:7x7_99", "expected one of"),
        ("charuco:30x20:0.03:0.02:4x4_50", "at least 300 tags"),
        ("chessboard:9x6:0..5", "could not convert"),
    ],
)
def test_a_wrong_board_ends_in_one_line(text, part):
    with pytest.raises(ValueError, match=part) as error:
        Board.parse(text)
    assert text in str(error.value) and "\n" not in str(error.value)
