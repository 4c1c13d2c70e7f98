"""Pictures of tracks: over the video where there is one, and over the floor plan where places are in metres."""

from __future__ import annotations

import colorsys
from collections import defaultdict, deque
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tracking.cameras import Views
from just_walk_out.benchmark.tracking.data import Sequence
from just_walk_out.benchmark.tracking.scores import Row
from just_walk_out.camera.floor import FloorProjector

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Image = NDArray[np.uint8]

_TAIL = 40  # frames of the way behind somebody that are drawn
_STILL = 0.5  # the picture is taken this far through the sequence


def colour(who: int) -> tuple[float, float, float]:
    """Return the colour of a track, RGB 0..1; numbers that follow each other differ."""
    return colorsys.hsv_to_rgb((0.61803398875 * who) % 1.0, 0.85, 0.95)


def draw_sequence(folder: Path, sequence: Sequence, rows: list[Row]) -> list[Path]:
    """Draw the tracks of one camera.

    Args:
        folder: is made.
        sequence: what was tracked.
        rows: what the tracker reported.

    Returns:
        The files: a picture; a video where the sequence has one; the floor where it has a calibration.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        frames[row[0]].append(row)
    written = [_draw_picture(folder, sequence, frames)]
    if sequence.video is not None:
        written.append(folder / f"{sequence.name}.avi")
    if sequence.calibrated is not None:
        ways: dict[int, list[tuple[float, float]]] = defaultdict(list)
        feet = np.array([(row[2] + 0.5 * row[4] - 1.0, row[3] + row[5] - 1.0) for row in rows]).reshape(-1, 2)
        places = FloorProjector(sequence.calibrated.camera(sequence.name)).to_floor(feet)
        for row, (x, y) in zip(rows, places, strict=True):
            if np.isfinite((x, y)).all():
                ways[row[1]].append((float(x), float(y)))
        written.append(_draw_ways(folder / f"{sequence.name}_floor.png", sequence.name, dict(ways)))
    return written


def draw_floor(path: Path, views: Views, found: list[tuple[Ints, Floats]]) -> Path:
    """Draw the ways of everyone on the floor of several cameras, and the cameras; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ways: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for ids, places in found:
        for who, (x, y) in zip(ids.tolist(), places.tolist(), strict=True):
            ways[who].append((x, y))
    eyes = {camera.id: (camera.pose.x, camera.pose.y) for camera in views.cameras}
    return _draw_ways(path, views.name, dict(ways), eyes)


def _draw_picture(folder: Path, sequence: Sequence, frames: dict[int, list[Row]]) -> Path:
    """Write a still, and the video beside it where there are pictures."""
    width, height = sequence.size
    tails: dict[int, deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=_TAIL))
    still = max(1, round(_STILL * len(sequence.frames)))
    path = folder / f"{sequence.name}.png"
    source = cv2.VideoCapture(str(sequence.video)) if sequence.video is not None else None
    writer = None
    if source is not None:
        source.set(cv2.CAP_PROP_POS_FRAMES, sequence.first - 1)
        codec = cv2.VideoWriter.fourcc(*"MJPG")
        writer = cv2.VideoWriter(str(folder / f"{sequence.name}.avi"), codec, sequence.rate, (width, height))
        if not writer.isOpened():
            raise OSError(f"{folder / sequence.name}.avi: cannot be written")
    for frame in range(1, len(sequence.frames) + 1):
        picture: Image = np.full((height, width, 3), 40, dtype=np.uint8)
        if source is not None:
            read, shown = source.read()
            if read and shown.shape[:2] == (height, width):
                picture = np.asarray(shown, dtype=np.uint8)
        _mark(picture, frames.get(frame, []), tails)
        if writer is not None:
            writer.write(picture)
        if frame == still and not cv2.imwrite(str(path), picture):
            raise OSError(f"{path}: cannot be written")
    if source is not None and writer is not None:
        source.release()
        writer.release()
    return path


def _mark(picture: Image, rows: list[Row], tails: dict[int, deque[tuple[int, int]]]) -> None:
    """Draw boxes, numbers and the ways behind them into a picture."""
    for _, who, left, top, width, height, _ in rows:
        red, green, blue = (int(255 * part) for part in colour(who))
        tone = (blue, green, red)
        tails[who].append((round(left + 0.5 * width), round(top + height)))
        cv2.polylines(picture, [np.array(tails[who], dtype=np.int32)], False, tone, 2, cv2.LINE_AA)
        corner = (round(left), round(top))
        cv2.rectangle(picture, corner, (round(left + width), round(top + height)), tone, 2)
        cv2.putText(picture, str(who), (corner[0], corner[1] - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, tone, 2, cv2.LINE_AA)


def _draw_ways(
    path: Path,
    title: str,
    ways: dict[int, list[tuple[float, float]]],
    cameras: dict[str, tuple[float, float]] | None = None,
) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    axes = figure.add_subplot()
    for who, way in ways.items():
        points = np.array(way)
        axes.plot(points[:, 0], points[:, 1], color=colour(who), linewidth=1.2)
        axes.annotate(str(who), points[-1], fontsize=7, color=colour(who))
    if ways:
        everywhere = np.concatenate([np.array(way) for way in ways.values()])
        low, high = np.percentile(everywhere, [1, 99], axis=0)
        margin = 0.1 * (high - low).max() + 0.5
        axes.set_xlim(low[0] - margin, high[0] + margin)
        axes.set_ylim(low[1] - margin, high[1] + margin)
    for name, (x, y) in (cameras or {}).items():
        axes.plot(x, y, "k^")
        axes.annotate(name, (x, y), fontsize=8)
    axes.set_aspect("equal")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    axes.set_title(f"{title}: {len(ways)} tracks on the floor")
    figure.savefig(path, dpi=130)
    return path
