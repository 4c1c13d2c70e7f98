"""Sequences to track: folders in the layout of MOTChallenge.

``det.txt`` (frame, -1, left, top, width, height, score, ...), ``gt.txt`` (frame, id, left, top, width,
height, flag, ...) and ``seqinfo.ini``; frames count from 1. The tables lie in the folder, or in ``det`` and ``gt``
of it, as MOTChallenge packs them. Scores that are all the same, such as -1, say nothing and count as 1.
``gt.txt`` of MOT16, MOT17 and MOT20 has nine columns (the eighth is a class), that of MOT15 has ten.
``cam_para.txt`` or ``calibration_tsai.xml`` is the camera over the floor, where there is one.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.formats import Calibrated, read_cam_para, read_tsai

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sequence:
    """One camera's detections and the truth.

    Attributes:
        name: of the folder.
        rate: frames a second.
        size: (width, height) of the pictures.
        first: number in the folder's files of the first frame that is used; 1 but where a part is used.
        frames: detections of each frame, (M, 5): left, top, width, height, score.
        truth: (R, columns) rows of ``gt.txt``, frames counted from 1 at ``first``.
        classes: whether the truth tells classes (MOT16 and later).
        calibrated: the camera, if its place over the floor is known.
        video: the pictures, if they are there.
    """

    name: str
    rate: float
    size: tuple[int, int]
    first: int
    frames: tuple[Floats, ...]
    truth: Floats
    classes: bool
    calibrated: Calibrated | None = None
    video: Path | None = None


def is_sequence(folder: Path) -> bool:
    """Whether a folder is laid out as a sequence of MOTChallenge."""
    return all(path.is_file() for path in (_part(folder, "det"), _part(folder, "gt"), folder / "seqinfo.ini"))


def _part(folder: Path, name: str) -> Path:
    """Return where a table of a sequence is, or is expected."""
    packed = folder / name / f"{name}.txt"
    return packed if packed.is_file() else folder / f"{name}.txt"


def read_sequence(folder: Path, first: int = 1, half: bool = False) -> Sequence:
    """Read a folder.

    Args:
        folder: with ``det.txt``, ``gt.txt``, ``seqinfo.ini`` and perhaps a calibration.
        first: number of the first frame that is used.
        half: use only the second half of a sequence whose truth has classes (frames > length // 2 + 1), as the
            public detectors of MOT17 were trained on the first.

    Raises:
        ValueError: names the file and what was expected.
    """
    info = configparser.ConfigParser()
    try:
        info.read_string((folder / "seqinfo.ini").read_text(encoding="utf-8"))
        part = info["Sequence"]
        rate, length = float(part["frameRate"]), int(part["seqLength"])
        size = (int(part["imWidth"]), int(part["imHeight"]))
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError, ValueError) as error:
        what = " ".join(str(error).split())
        raise ValueError(
            f"{folder / 'seqinfo.ini'}: expected [Sequence] with frameRate, seqLength, imWidth, imHeight: {what}"
        ) from error
    if rate <= 0 or length <= 0:
        raise ValueError(f"{folder / 'seqinfo.ini'}: expected frameRate and seqLength above 0")
    found, truth = (_table(_part(folder, name), 7) for name in ("det", "gt"))
    classes = truth.shape[1] == 9
    if half and classes:
        first = max(first, length // 2 + 2)
    if first > length:
        raise ValueError(f"{folder}: has {length} frames, so none from {first} on")
    if len(found) and (found[:, 6] == found[0, 6]).all():
        found[:, 6] = 1.0
    found, truth = found[found[:, 0] >= first], truth[truth[:, 0] >= first]
    truth[:, 0] -= first - 1
    order = np.argsort(found[:, 0], kind="stable")
    found = found[order]
    ends = np.searchsorted(found[:, 0], np.arange(first, length + 2))
    frames = tuple(found[a:b, 2:7] for a, b in pairwise(ends))
    video = folder / "video.avi"
    return Sequence(
        folder.name, rate, size, first, frames, truth, classes, _calibration(folder, size),
        video if video.is_file() else None,
    )  # fmt: skip


def _calibration(folder: Path, size: tuple[int, int]) -> Calibrated | None:
    if (folder / "calibration_tsai.xml").is_file():
        return read_tsai(folder / "calibration_tsai.xml")
    if (folder / "cam_para.txt").is_file():
        return read_cam_para(folder / "cam_para.txt", size)
    return None


def _table(path: Path, columns: int) -> Floats:
    """Read a table of numbers with at least so many columns."""
    rows: list[list[float]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = [float(word) for word in line.replace(",", " ").split()]
        except ValueError as error:
            raise ValueError(f"{path}: line {number}: expected numbers: {error}") from error
        if len(row) < columns or (rows and len(row) != len(rows[0])):
            wanted = f"{len(rows[0])}" if rows else f"{columns} or more"
            raise ValueError(f"{path}: line {number}: expected {wanted} columns, got {len(row)}")
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else columns)
