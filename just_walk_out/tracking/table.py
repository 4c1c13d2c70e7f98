"""All tracks as columns, so that every step works on all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.appearance import COLOURS, PARTS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_COLUMNS = (
    "mean", "covariance", "confirmed", "evidence", "born", "seen", "seen_by",
    "look", "look_count", "fresh", "fresh_count", "crowded", "parting",
)  # fmt: skip


@dataclass
class TrackTable:
    """One row a track.

    Attributes:
        mean: (N, 4) x, y, vx, vy at the tracker's time.
        covariance: (N, 4, 4).
        confirmed: (N,) whether it is believed.
        evidence: (N,) hits less misses.
        born: (N,) stamp of the first detection, nanoseconds.
        seen: (N,) stamp of the last detection, nanoseconds.
        seen_by: (N, cameras) stamps of the last detection by each camera, 0 for never.
        look: (N, 2, COLOURS) learned clothes, see ``tracking.looks``.
        look_count: (N,) sights it was learned from.
        fresh: (N, 2, COLOURS) sum of the looks seen since it last was near somebody it may be taken for.
        fresh_count: (N,) how many.
        crowded: (N,) whether somebody is near enough to cover it; so far, of new ones, too.
        parting: (N,) whether it has met somebody and it is open who is who.
        ids: names.
        gates: gate of birth, or empty.
    """

    cameras: int
    mean: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    covariance: Floats = field(default_factory=lambda: np.zeros((0, 4, 4)))
    confirmed: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    evidence: Floats = field(default_factory=lambda: np.zeros(0))
    born: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    seen: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    seen_by: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    look: Floats = field(default_factory=lambda: np.zeros((0, PARTS, COLOURS)))
    look_count: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    fresh: Floats = field(default_factory=lambda: np.zeros((0, PARTS, COLOURS)))
    fresh_count: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    crowded: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    parting: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    ids: list[str] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Give the empty columns their width."""
        self.seen_by = self.seen_by.reshape(len(self.ids), self.cameras)

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.ids)

    def add(self, mean: Floats, covariance: Floats, stamp: int, camera: int, ids: list[str], gates: list[str]) -> None:
        """Append new, unconfirmed tracks seen once by one camera."""
        count = len(ids)
        by = np.zeros((count, self.cameras), dtype=np.int64)
        by[:, camera] = stamp
        self.mean = np.concatenate([self.mean, mean])
        self.covariance = np.concatenate([self.covariance, covariance])
        self.confirmed = np.concatenate([self.confirmed, np.zeros(count, dtype=bool)])
        self.evidence = np.concatenate([self.evidence, np.ones(count)])
        self.born = np.concatenate([self.born, np.full(count, stamp, dtype=np.int64)])
        self.seen = np.concatenate([self.seen, np.full(count, stamp, dtype=np.int64)])
        self.seen_by = np.concatenate([self.seen_by, by])
        blank, none = np.zeros((count, PARTS, COLOURS)), np.zeros(count, dtype=np.int64)
        self.look, self.fresh = np.concatenate([self.look, blank]), np.concatenate([self.fresh, blank])
        self.look_count = np.concatenate([self.look_count, none])
        self.fresh_count = np.concatenate([self.fresh_count, none])
        self.crowded = np.concatenate([self.crowded, np.ones(count, dtype=bool)])
        self.parting = np.concatenate([self.parting, np.zeros(count, dtype=bool)])
        self.ids += ids
        self.gates += gates

    def keep(self, rows: Bools) -> None:
        """Drop all other rows."""
        if rows.all():
            return
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name)[rows])
        self.ids = [name for name, stays in zip(self.ids, rows, strict=True) if stays]
        self.gates = [name for name, stays in zip(self.gates, rows, strict=True) if stays]

    def take_over(self, lost: int, found: int) -> None:
        """Let a lost track go on with what a newer one has seen; the newer row is to be dropped."""
        for name in ("mean", "covariance", "evidence", "seen", "seen_by"):
            getattr(self, name)[lost] = getattr(self, name)[found]

    def exchange(self, first: int, second: int) -> None:
        """Give two rows each other's identity: each goes on where and as it is, under the name of the other."""
        rows, back = [first, second], [second, first]
        for name in ("born", "look", "look_count"):
            column = getattr(self, name)
            column[rows] = column[back]
        for names in (self.ids, self.gates):
            names[first], names[second] = names[second], names[first]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrackTable:
        """Rebuild from what ``to_dict`` gave."""
        count = len(values["ids"])
        return cls(
            cameras=int(values["cameras"]),
            mean=np.asarray(values["mean"], dtype=np.float64).reshape(count, 4),
            covariance=np.asarray(values["covariance"], dtype=np.float64).reshape(count, 4, 4),
            confirmed=np.asarray(values["confirmed"], dtype=bool),
            evidence=np.asarray(values["evidence"], dtype=np.float64),
            born=np.asarray(values["born"], dtype=np.int64),
            seen=np.asarray(values["seen"], dtype=np.int64),
            seen_by=np.asarray(values["seen_by"], dtype=np.int64),
            look=np.asarray(values["look"], dtype=np.float64).reshape(count, PARTS, COLOURS),
            look_count=np.asarray(values["look_count"], dtype=np.int64),
            fresh=np.asarray(values["fresh"], dtype=np.float64).reshape(count, PARTS, COLOURS),
            fresh_count=np.asarray(values["fresh_count"], dtype=np.int64),
            crowded=np.asarray(values["crowded"], dtype=bool),
            parting=np.asarray(values["parting"], dtype=bool),
            ids=list(values["ids"]),
            gates=list(values["gates"]),
        )
