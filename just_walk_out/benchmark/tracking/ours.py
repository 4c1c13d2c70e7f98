"""The project's tracker on the boxes of one camera."""

from __future__ import annotations

import time

from just_walk_out.benchmark.tracking.data import Sequence
from just_walk_out.benchmark.tracking.scores import Row
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.tracking.box_settings import BoxTrackerSettings
from just_walk_out.tracking.box_tracker import BoxTracker
from just_walk_out.tracking.planes import FloorPlane

_SECOND = 1_000_000_000


def run_ours(sequence: Sequence, on_floor: bool = True) -> tuple[list[Row], float]:
    """Run the tracker online, with its defaults.

    Args:
        sequence: what it is to track.
        on_floor: track on the floor where the sequence has a calibration, else in the picture.

    Returns:
        Rows of a result file, and frames a second of the tracker alone on one core.
    """
    settings = BoxTrackerSettings()
    plane = None
    if on_floor and sequence.calibrated is not None:
        plane = FloorPlane(FloorProjector(sequence.calibrated.camera(sequence.name)), settings)
    tracker = BoxTracker(plane, settings)
    # Files count pixels from 1, calibrations from 0.
    given = [
        (round(frame * _SECOND / sequence.rate), found[:, :4] - (1, 1, 0, 0), found[:, 4])
        for frame, found in enumerate(sequence.frames, 1)
    ]
    # The clock is read twice only: to read it for each frame takes longer than to track it on some machines.
    start = time.process_time()
    results = [tracker.process(*each) for each in given]
    busy = time.process_time() - start
    rows: list[Row] = []
    for frame, result in enumerate(results, 1):
        for who, (left, top, width, height), trust in zip(result.ids, result.boxes, result.scores, strict=True):
            rows.append((frame, int(who), left + 1.0, top + 1.0, width, height, float(trust)))
    return rows, len(sequence.frames) / max(busy, 1e-9)
