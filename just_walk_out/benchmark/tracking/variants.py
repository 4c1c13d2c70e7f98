"""Sequences as they might have been: shaken, with other luck, fewer pictures a second, or backwards.

A real sequence has few events, and whoever sets parameters has seen them all. What a tracker is worth shows in those
that it has not been made with: the same people with boxes that lie otherwise, at other rates, or going the other way.
Boxes and truth change alike, but where it says otherwise; the same arguments give the same sequence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from just_walk_out.benchmark.tracking.data import Sequence

# Of a picture 1920 pixels wide; pixels a second, and pixels from frame to frame.
_PAN, _TILT, _TREMOR, _WIDTH = 150.0, 40.0, 3.0, 1920.0
_LASTING = 1.0  # seconds for which a pan goes on in one direction
# Of boxes: share that is left out, and standard deviations of places, in heights, and of the logarithm of sizes.
_DROPPED, _MOVED, _SCALED = 0.05, 0.015, 0.02


def moved(sequence: Sequence, seed: int) -> Sequence:
    """Pan and shake the picture, as a camera in a hand does: ``<name>_moved``, without calibration."""
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


def jittered(sequence: Sequence, seed: int) -> Sequence:
    """Leave out 5 % of the boxes and jitter the rest; the truth stays, and so does the name."""
    rng = np.random.default_rng([seed, len(sequence.frames)])
    frames = []
    for found in sequence.frames:
        boxes = found[rng.random(len(found)) >= _DROPPED].copy()
        boxes[:, :2] += boxes[:, 3:4] * rng.normal(0.0, _MOVED, (len(boxes), 2))
        boxes[:, 2:4] *= np.exp(rng.normal(0.0, _SCALED, (len(boxes), 2)))
        frames.append(boxes)
    return replace(sequence, frames=tuple(frames))


def thinned(sequence: Sequence, every: int) -> Sequence:
    """Keep one picture of so many (>= 1), the first among them: ``<name>_every_N``, at so much less a second."""
    if every == 1:
        return sequence
    truth = sequence.truth[(sequence.truth[:, 0] - 1) % every == 0]
    truth[:, 0] = (truth[:, 0] - 1) // every + 1
    return replace(
        sequence, name=f"{sequence.name}_every_{every}", rate=sequence.rate / every, frames=sequence.frames[::every],
        truth=truth, video=None,
    )  # fmt: skip


def backwards(sequence: Sequence) -> Sequence:
    """Show the last picture first: ``<name>_backwards``."""
    truth = sequence.truth[::-1].copy()
    truth[:, 0] = len(sequence.frames) + 1 - truth[:, 0]
    return replace(sequence, name=f"{sequence.name}_backwards", frames=sequence.frames[::-1], truth=truth, video=None)
