"""How people look, as far as the colours of their clothes tell: compared by Bhattacharyya's coefficient.

A look is a unit vector of square roots of shares for each part of the body (upper, legs), so that the scalar product of
two is the coefficient. Parts that nobody has seen are 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.appearance import COLOURS, PARTS
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEUTRAL = 0.3
"""What an unseen part counts for, as 1 - coefficient: as much as one that speaks for nobody."""


def looks(appearances: Sequence[bytes]) -> Floats:
    """Turn the appearances of detections into looks (M, 2, COLOURS); one of another length is unknown."""
    size = PARTS * COLOURS
    flat = b"".join(each if len(each) == size else bytes(size) for each in appearances)
    return unit(np.frombuffer(flat, np.uint8).reshape(len(appearances), PARTS, COLOURS).astype(np.float64))


def unit(vectors: Floats) -> Floats:
    """Scale each part to length 1; 0 stays 0."""
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.where(length > 0.0, length, 1.0))


def known(vectors: Floats) -> Bools:
    """Which parts have been seen, (..., 2)."""
    return np.asarray(vectors.any(axis=-1))


def unlikeness(first: Floats, second: Floats) -> Floats:
    """Compare all with all.

    Args:
        first: looks (N, 2, COLOURS).
        second: looks (M, 2, COLOURS).

    Returns:
        (N, M): 1 - coefficient (squared Hellinger distance), summed over the parts, 0 to 2.
    """
    alike = np.einsum("npk,mpk->nmp", first, second, optimize=True)
    both = known(first)[:, None] & known(second)[None]
    return np.asarray(np.where(both, 1.0 - alike, NEUTRAL).sum(axis=2))


def exchange_evidence(before: Floats, after: Floats) -> float:
    """How much better two looks fit when exchanged, from -4 to 4.

    Args:
        before: (2, 2, COLOURS) of two people before they met.
        after: the same of the two tracks after it.
    """
    usable = known(before).all(axis=0) & known(after).all(axis=0)
    alike = np.einsum("apk,bpk->abp", before, after)[:, :, usable].sum(axis=2)
    return float(alike[0, 1] + alike[1, 0] - alike[0, 0] - alike[1, 1])


def learn(tracks: TrackTable, pairs: list[tuple[int, int]], found: Floats, memory: float) -> None:
    """Remember the clothes of people who stand free; of those who have just met somebody, beside those of before.

    Args:
        tracks: whose looks are learned.
        pairs: rows of tracks and of ``found``.
        found: looks (M, 2, COLOURS) of the detections of one picture.
        memory: sights after which is learned no slower.
    """
    pairs = [pair for pair in pairs if not tracks.crowded[pair[0]]]
    if not pairs:
        return
    rows, columns = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
    sight = found[columns]
    counted: Bools = np.asarray(known(sight).any(axis=1), dtype=np.bool_)
    parting = tracks.parting[rows]
    tracks.fresh[rows[parting]] += sight[parting]
    tracks.fresh_count[rows[parting]] += counted[parting]
    rows, sight = rows[~parting], sight[~parting]
    before = tracks.look[rows]
    tracks.look_count[rows] += counted[~parting]
    rate = 1.0 / np.clip(tracks.look_count[rows], 1.0, memory)[:, None, None]
    rate = np.where(known(before)[..., None], rate, 1.0)
    learned = unit(before + rate * (sight - before))
    tracks.look[rows] = np.where(known(sight)[..., None], learned, before)
