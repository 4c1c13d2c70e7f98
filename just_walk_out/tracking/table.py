"""All tracks as columns, so that every step works on all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


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
        self.ids += ids
        self.gates += gates

    def keep(self, rows: Bools) -> None:
        """Drop all other rows."""
        if rows.all():
            return
        for name in ("mean", "covariance", "confirmed", "evidence", "born", "seen", "seen_by"):
            setattr(self, name, getattr(self, name)[rows])
        self.ids = [name for name, stays in zip(self.ids, rows, strict=True) if stays]
        self.gates = [name for name, stays in zip(self.gates, rows, strict=True) if stays]

    def take_over(self, lost: int, found: int) -> None:
        """Let a lost track go on with what a newer one has seen; the newer row is to be dropped."""
        for name in ("mean", "covariance", "evidence", "seen", "seen_by"):
            getattr(self, name)[lost] = getattr(self, name)[found]

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
            ids=list(values["ids"]),
            gates=list(values["gates"]),
        )
