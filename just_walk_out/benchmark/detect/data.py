"""Videos of the benchmark of detectors: pictures, true boxes and calibration, from a file or a folder.

A folder holds ``video.*`` (or is given as the video itself), ``gt.txt`` in the layout of MOTChallenge
(frame from 1, id, left, top, width, height, flag, ...; pixels from 1; flag 0: not to be looked for), and
a calibration, ``calibration_tsai.xml``. Either may be missing: without true boxes only time is measured,
without calibration ``motion`` finds connected blobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.formats import read_tsai
from just_walk_out.store.model import Camera, EntrySettings, Pose, Store

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_KINDS = (".avi", ".mp4", ".mkv", ".mov", ".mjpg", ".webm")
_NOBODY: Floats = np.zeros((0, 4))
# The plan of a street that has none: as far as a person is this tall in the picture, and no farther than this.
_LEAST_TALL, _FARTHEST = 50.0, 60.0


@dataclass(frozen=True)
class Clip:
    """A video with what is known about it.

    Attributes:
        path: the file.
        width: of a picture, pixels.
        height: of a picture, pixels.
        rate: pictures a second.
        truths: frame (from 1) to (N, 4) true boxes, left, top, width, height, pixels from 0; None: not known.
        ignored: frame to (N,) which of them are not looked for.
        camera: its calibration; None: not known.
    """

    path: Path
    width: int
    height: int
    rate: float
    truths: dict[int, Floats] | None
    ignored: dict[int, NDArray[np.bool_]]
    camera: Camera | None

    def pictures(self, limit: int | None = None) -> Iterator[tuple[int, Image]]:
        """Yield (frame from 1, (height, width, 3) uint8 BGR)."""
        capture = cv2.VideoCapture(str(self.path))
        try:
            frame = 0
            while limit is None or frame < limit:
                good, image = capture.read()
                if not good:
                    return
                frame += 1
                yield frame, np.asarray(image, dtype=np.uint8)
        finally:
            capture.release()

    def boxes(self, frame: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the true boxes of a frame, and which are not looked for."""
        none = np.zeros(0, dtype=bool)
        return (self.truths or {}).get(frame, _NOBODY), self.ignored.get(frame, none)


def open_clip(path: Path) -> Clip:
    """Open a video file or a folder.

    Raises:
        ValueError: names what was expected and what came.
    """
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder; expected a video, or a folder with video.* and gt.txt")
    folder = path if path.is_dir() else path.parent
    video = path
    if path.is_dir():
        there = sorted(each for each in path.iterdir() if each.suffix.lower() in _KINDS)
        if len(there) != 1:
            names = ", ".join(each.name for each in there) or "none"
            raise ValueError(f"{path}: expected one video ({', '.join(_KINDS)}), found {names}")
        (video,) = there
    capture = cv2.VideoCapture(str(video))
    width, height = (int(capture.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    opened = capture.isOpened()
    capture.release()
    if not opened or width <= 0 or height <= 0:
        raise ValueError(f"{video}: expected a video that OpenCV can read")
    truths: dict[int, Floats] | None = None
    ignored: dict[int, NDArray[np.bool_]] = {}
    # a gt.txt beside a video of its folder is that of the folder's video alone
    own = path.is_dir() or video.stem == "video"
    if own and (folder / "gt.txt").is_file():
        truths, ignored = read_truths(folder / "gt.txt")
    camera = None
    if own and (folder / "calibration_tsai.xml").is_file():
        calibrated = read_tsai(folder / "calibration_tsai.xml")
        info = calibrated.info
        if (info.width, info.height) != (width, height):
            raise ValueError(
                f"{folder / 'calibration_tsai.xml'}: for {info.width}x{info.height}, the video is {width}x{height}"
            )
        camera = calibrated.camera("clip", rate=rate)
    return Clip(video, width, height, rate if 0.0 < rate < 1000.0 else 10.0, truths, ignored, camera)


def read_truths(path: Path) -> tuple[dict[int, Floats], dict[int, NDArray[np.bool_]]]:
    """Read a ``gt.txt`` of MOTChallenge.

    Returns:
        Frame to boxes (N, 4), pixels from 0; frame to flags (N,): not looked for.

    Raises:
        ValueError: names the file and the line.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = [float(part) for part in line.split(",")[:7]]
            if len(values) < 7 or not np.isfinite(values).all() or min(values[4:6]) <= 0.0:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{path}: line {number}: expected frame,id,left,top,width,height,flag, got {line[:60]!r}"
            ) from None
        rows.append(values)
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 7)
    frames = table[:, 0].astype(int)
    truths = {int(frame): table[frames == frame, 2:6] - (1.0, 1.0, 0.0, 0.0) for frame in np.unique(frames)}
    return truths, {int(frame): table[frames == frame, 6] == 0.0 for frame in np.unique(frames)}


def open_ground(camera: Camera) -> Store:
    """Return a store without fixtures: the ground a camera sees, as far as people are of use.

    Args:
        camera: calibrated.

    Raises:
        ValueError: the camera sees no ground.
    """
    projector = FloorProjector(camera)
    border = np.linspace(0.0, 1.0, 41)
    columns = (camera.width - 1) * border
    places: list[Floats] = []
    for column in columns:
        rows = (camera.height - 1) * np.linspace(1.0, 0.0, 121)
        ground = projector.to_floor(np.column_stack([np.full_like(rows, column), rows]))
        away = np.linalg.norm(ground - projector.centre[:2], axis=1)
        crowns = projector.to_pixels(np.column_stack([ground, np.full(len(ground), 1.7)]))
        tall = np.linalg.norm(crowns - np.column_stack([np.full_like(rows, column), rows]), axis=1)
        with np.errstate(invalid="ignore"):
            places.append(ground[(away < _FARTHEST) & (tall >= _LEAST_TALL)])
    ground = np.concatenate(places)
    if len(ground) < 3:
        raise ValueError(f"camera {camera.id}: its calibration shows no ground")
    hull = cv2.convexHull(ground.astype(np.float32)).reshape(-1, 2)
    floor = tuple((float(x), float(y)) for x, y in hull)
    return Store(
        id="ground", name="Ground", currency="EUR", floor=floor, walls=(), gates=(), cameras=(camera,), gondolas=(),
        buses=(), products=(), planogram=(), entry=EntrySettings(public_keys=()),
    )  # fmt: skip


def uncalibrated(clip: Clip) -> Camera:
    """Return a camera of the size of a clip whose calibration is not known."""
    focal = float(max(clip.width, clip.height))
    middle = (0.5 * clip.width, 0.5 * clip.height)
    return Camera("clip", str(clip.path), clip.width, clip.height, clip.rate, focal, focal, *middle, pose=Pose(z=3.0))
