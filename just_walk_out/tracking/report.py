"""What is published of the tracks at a tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from just_walk_out.records import Track, TrackHand, TrackState
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]


def report(
    tracks: TrackTable,
    time: int,
    tick: int,
    cameras: Sequence[str],
    places: Floats,
    chances: Mapping[str, Mapping[str, float]],
    hands: Mapping[str, Sequence[TrackHand]],
) -> tuple[Track, ...]:
    """Say who is where, by id: everyone who is believed in, and who may be coming in at a gate.

    Args:
        tracks: as they are at the tick.
        time: the tick, nanoseconds.
        tick: nanoseconds from one to the next.
        cameras: ids, in the order of the columns.
        places: (N, 2) where people can be, metres.
        chances: of each track that is in doubt, with which others it may have been exchanged.
        hands: of each track, those that were seen since the last tick.
    """
    existence = 1.0 / (1.0 + np.exp(-0.5 * tracks.evidence))
    shown = [row for row in range(len(tracks)) if tracks.confirmed[row] or tracks.gates[row]]
    result = []
    for row in sorted(shown, key=lambda each: tracks.ids[each]):
        now = tracks.seen_by[row] > time - tick
        state = TrackState.TENTATIVE
        if tracks.confirmed[row]:
            state = TrackState.CONFIRMED if time - tracks.seen[row] <= 2 * tick else TrackState.COASTING
        doubts = sorted(chances.get(tracks.ids[row], {}).items())
        result.append(
            Track(
                tracks.ids[row],
                state,
                float(places[row, 0]),
                float(places[row, 1]),
                float(tracks.mean[row, 2]),
                float(tracks.mean[row, 3]),
                tuple(tracks.covariance[row].ravel().tolist()),
                float(existence[row]),
                int(tracks.born[row]),
                tracks.gates[row],
                tuple(sorted(camera for camera, seen in zip(cameras, now, strict=True) if seen)),
                float(np.prod([1.0 - chance for _, chance in doubts])),
                tuple(other for other, _ in doubts),
                tuple(chance for _, chance in doubts),
                tuple(hands.get(tracks.ids[row], ())),
            )
        )
    return tuple(result)
