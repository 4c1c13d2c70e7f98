"""Sequences as a camera in a hand would see them: boxes and truth alike are panned and shaken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from just_walk_out.benchmark.tracking.data import Sequence

# Of a picture 1920 pixels wide; pixels a second, and pixels from frame to frame.
_PAN, _TILT, _TREMOR, _WIDTH = 150.0, 40.0, 3.0, 1920.0
_LASTING = 1.0  # seconds for which a pan goes on in one direction


def moved(sequence: Sequence, seed: int) -> Sequence:
    """Move the picture of each frame; same arguments, same sequence: ``<name>_moved``, without calibration."""
    rng = np.random.default_rng([seed, len(sequence.frames)])
    scale, stay = sequence.size[0] / _WIDTH, np.exp(-1.0 / (_LASTING * sequence.rate))
    speed, place, places = np.zeros(2), np.zeros(2), []
    for _ in sequence.frames:
        speed = stay * speed + np.sqrt(1.0 - stay**2) * scale * rng.normal(0.0, (_PAN, _TILT))
        place = place + speed / sequence.rate
        places.append(place + rng.normal(0.0, _TREMOR * scale, 2))
    frames, truth = [], sequence.truth.copy()
    for found, shift in zip(sequence.frames, places, strict=True):
        boxes = found.copy()
        boxes[:, :2] += shift
        frames.append(boxes)
    truth[:, 2:4] += np.array(places)[truth[:, 0].astype(int) - 1]
    return replace(
        sequence, name=f"{sequence.name}_moved", frames=tuple(frames), truth=truth, calibrated=None, video=None
    )
