"""The benchmark of detectors as a table and as pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.layout import cell
from just_walk_out.camera.detectors.base import Detections

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

# BGR
_TRUE, _FOUND, _DOUBTFUL = (170, 170, 170), (60, 200, 40), (40, 140, 240)


def table(facts: Mapping[str, Any]) -> str:
    """Return the figures as text.

    Args:
        facts: as they are written to JSON.
    """
    rows = facts["detectors"]
    wide = max(len(name) for name in rows) + 2
    lines = [f"{facts['video']}, every {facts['every']}. picture" if facts["every"] > 1 else f"{facts['video']}"]
    lines.append(" " * wide + "   AP50   recall   prec.   ms a frame")
    for name, row in rows.items():
        if "absent" in row:
            lines.append(f"{name:{wide}}absent: {row['absent']}")
            continue
        columns = (("ap50", 7, ".1f"), ("recall", 9, ".3f"), ("precision", 8, ".3f"), ("ms_per_frame", 13, ".1f"))
        lines.append(f"{name:{wide}}" + "".join(cell(row[key], form).rjust(width) for key, width, form in columns))
    lines.append(
        "AP50: in %, all points, over all scores; recall and precision: at the score from which a store reports;"
    )
    lines.append(f"ms: CPU time on one core, {facts['machine']}.")
    return "\n".join(lines)


def save(
    folder: Path, name: str, frame: int, image: Image, found: Detections, truths: Floats, threshold: float
) -> None:
    """Write a picture with boxes: true ones grey, found ones green, those down to half the threshold orange and thin.

    Args:
        folder: where to; made if it is missing.
        name: of the detector.
        frame: number of the picture.
        image: (height, width, 3) uint8 BGR.
        found: of the detector.
        truths: (N, 4) left, top, width, height.
        threshold: score from which a store reports.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = image.copy()
    for box in truths:
        _box(shown, box, _TRUE, 1)
    for box, score in zip(found.boxes, found.scores, strict=True):
        if score < 0.5 * threshold:
            continue
        sure = bool(score >= threshold)
        _box(shown, box, _FOUND if sure else _DOUBTFUL, 2 if sure else 1)
        place = (int(box[0]), max(10, int(box[1]) - 3))
        cv2.putText(shown, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, _FOUND if sure else _DOUBTFUL)
    if found.hands is not None:
        for u, v, score in found.hands[np.isfinite(found.hands).all(axis=-1)]:
            cv2.circle(shown, (round(u), round(v)), 3, _FOUND if score >= threshold else _DOUBTFUL, -1)
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    cv2.imwrite(str(folder / f"{plain}_{frame:05d}.png"), shown)


def _box(image: Image, box: Floats, colour: tuple[int, int, int], thick: int) -> None:
    left, top, width, height = (round(float(value)) for value in box)
    cv2.rectangle(image, (left, top), (left + width, top + height), colour, thick)
