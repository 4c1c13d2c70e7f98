"""Trackers to compare with, on the same detections: those of roboflow's ``trackers`` (Apache-2.0).

They get boxes and scores alone, as ours does; no pictures, so no appearance and no compensation of camera motion.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from just_walk_out.benchmark.tracking.data import Sequence
from just_walk_out.benchmark.tracking.scores import Row, missing

PEERS = {"botsort": "BoTSORTTracker", "bytetrack": "ByteTrackTracker", "ocsort": "OCSORTTracker", "sort": "SORTTracker"}


def run_peer(name: str, sequence: Sequence) -> tuple[list[Row], float]:
    """Run a peer with its own defaults.

    Args:
        name: one of ``PEERS``.
        sequence: what it is to track.

    Returns:
        Rows of a result file, and frames a second of the tracker alone on one core.

    Raises:
        ValueError: the package is not installed.
    """
    try:
        import supervision
        import trackers
    except ImportError as error:
        raise missing(error) from error
    options: dict[str, Any] = {"enable_cmc": False} if name == "botsort" else {}
    tracker = getattr(trackers, PEERS[name])(frame_rate=sequence.rate, **options)
    given = []
    for found in sequence.frames:
        corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
        kinds = np.zeros(len(found), dtype=int)
        given.append(supervision.Detections(xyxy=corners, confidence=found[:, 4].copy(), class_id=kinds))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        results = [tracker.update(each) for each in given]
        busy = time.process_time() - start
    rows: list[Row] = []
    for frame, result in enumerate(results, 1):
        for (left, top, right, bottom), who in zip(result.xyxy, result.tracker_id, strict=True):
            if who >= 0:
                rows.append((frame, int(who) + 1, left, top, right - left, bottom - top, 1.0))
    return rows, len(sequence.frames) / max(busy, 1e-9)
