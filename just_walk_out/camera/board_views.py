"""Pictures to calibrate from: a folder, a video file, or the camera itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.board import Board
from just_walk_out.camera.calibrate_intrinsics import LEAST_POINTS, View, covered
from just_walk_out.camera.capture import Capture, CaptureSettings
from just_walk_out.camera.source import is_file

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_FRAMES = 150
"""Most frames of a video that are looked at, evenly spread."""
_MOVED, _STILL = 0.04, 0.003
"""Shares of the picture's diagonal: by which a live view must differ from the others, and may still move."""


def read_picture(path: Path) -> Image:
    """Read one picture, BGR.

    Raises:
        ValueError: it is none.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: expected a picture")
    return np.asarray(image, np.uint8)


def stored_pictures(path: Path) -> Iterator[tuple[str, Image]]:
    """Yield name and picture of each picture of a folder, or of frames of a video file.

    Raises:
        ValueError: there are none.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
        if not files:
            raise ValueError(f"{path}: expected pictures ({', '.join(PICTURES)}) in this folder")
        for file in files:
            yield file.name, read_picture(file)
        return
    video = cv2.VideoCapture(str(path))
    if not path.is_file() or not video.isOpened():
        raise ValueError(f"{path}: expected a folder of pictures or a video file")
    step = max(1, round(video.get(cv2.CAP_PROP_FRAME_COUNT) / _FRAMES))
    number = 0
    while video.grab():
        if number % step == 0:
            good, image = video.retrieve()
            if good:
                yield f"frame {number}", np.asarray(image, np.uint8)
        number += 1
    video.release()


def find_views(
    pictures: Iterator[tuple[str, Image]], board: Board, tell: Callable[[str], None]
) -> tuple[list[View], tuple[int, int], Callable[[str], Image]]:
    """Look for the board in pictures.

    Args:
        pictures: name and picture.
        board: to look for.
        tell: receives a line for each picture.

    Returns:
        The views; the size (width, height) of the pictures; and what shows the picture of a view by its name.

    Raises:
        ValueError: the board is in none of them, or they differ in size.
    """
    views: list[View] = []
    size: tuple[int, int] | None = None
    kept: dict[str, NDArray[np.uint8]] = {}
    looked = 0
    for name, image in pictures:
        looked += 1
        own = (image.shape[1], image.shape[0])
        if size is not None and own != size:
            raise ValueError(f"{name}: expected {size[0]}x{size[1]} like the pictures before it, got {own[0]}x{own[1]}")
        size = own
        ids, pixels = board.find(image)
        tell(f"{name}: {len(ids)} of {len(board.points)} corners" if len(ids) else f"{name}: no board")
        if len(ids):
            views.append(View(name, board.points[ids], pixels))
            # compressed: a video would not fit into memory otherwise
            kept[name] = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    if not views or size is None:
        raise ValueError(f"expected a {board.kind} of {board.columns}x{board.rows} in the pictures, {looked} show none")
    return views, size, lambda name: np.asarray(cv2.imdecode(kept[name], cv2.IMREAD_COLOR), np.uint8)


def live_pictures(
    source: str, board: Board, count: int, timeout: float, tell: Callable[[str], None]
) -> Iterator[tuple[str, Image]]:
    """Yield pictures of a camera in which the board is held still at a new place.

    Args:
        source: as in the store description.
        board: to look for.
        count: of pictures.
        timeout: seconds after which it ends.
        tell: receives what a person in front of the camera should know.

    Raises:
        ValueError: the camera gives no picture.
    """
    taken: list[View] = []
    last: View | None = None
    end = time.monotonic() + timeout
    settings = CaptureSettings(loop=False, frozen_after=0.0)
    with Capture(source, settings=settings) as capture:
        while len(taken) < count and time.monotonic() < end and not capture.status().finished:
            frame = capture.wait(1.0)
            if frame is None:
                if capture.status().error and not capture.status().frames:
                    raise ValueError(capture.status().error)
                continue
            size = (frame.image.shape[1], frame.image.shape[0])
            ids, pixels = board.find(frame.image)
            view = View("", board.points[ids], pixels)
            before, last = last, view
            if len(ids) < LEAST_POINTS:
                continue
            far = float(np.hypot(*size))
            resting = before is not None and _shift(before, view) < _STILL * far
            if not resting and not is_file(source):
                continue
            if any(_shift(other, view) < _MOVED * far for other in taken):
                continue
            taken.append(view)
            share = covered(np.concatenate([one.pixels for one in taken]), size).mean()
            tell(f"view {len(taken)} of {count}: {len(ids)} corners, {100 * share:.0f} % of the picture covered")
            yield f"view {len(taken)}", frame.image


def take_picture(source: str, timeout: float = 20.0) -> Image:
    """Return one picture of a camera.

    Raises:
        ValueError: there is none in time.
    """
    with Capture(source) as capture:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            frame = capture.wait(1.0)
            if frame is not None:
                return frame.image
        raise ValueError(capture.status().error or f"no picture within {timeout:g} s")


def _shift(one: View, other: View) -> float:
    """Mean distance of the corners both views have, pixels; infinite where they have none in common."""
    a = {tuple(point): pixel for point, pixel in zip(one.points.tolist(), one.pixels, strict=True)}
    b = {tuple(point): pixel for point, pixel in zip(other.points.tolist(), other.pixels, strict=True)}
    common = a.keys() & b.keys()
    return float(np.mean([np.linalg.norm(a[key] - b[key]) for key in common])) if common else float("inf")
