"""Who was which track: exchanges, renamings, errors of the place, and how far ``Track.identity`` is to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from just_walk_out.records import Track, TrackArray, TrackState

_SECOND = 1_000_000_000
_WITHIN = 0.8  # metres between somebody and the track that is theirs
_START = 0.2  # metres by which another track must be nearer to be taken for theirs
_LASTING = 1.0  # seconds that make a match more than a passing one
_FORGIVEN = 3.0  # seconds within which an exchange may be taken back
_UNSAID = 0.95  # a track that is surer than this of who it is says nothing of an exchange
BANDS = (0.0, 0.5, 0.8, 0.95, 0.99)
"""Lower ends of the bands of ``Track.identity`` by which its reliability is told."""


@dataclass
class _Run:
    """Whom a track follows without a break: since when, and how it has been judged."""

    who: str
    since: int
    lasting: bool = False


@dataclass
class _Exchange:
    """A track that went on with somebody else."""

    stamp: int
    track: str
    owner: str
    said: bool
    taken_back: bool = False


class Ledger:
    """Holds the tracks of each tick against where people truly were."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._held: dict[str, str] = {}  # track of each person
        self._runs: dict[str, _Run] = {}
        self._owner: dict[str, str] = {}  # who a track has lastingly followed
        self._first: dict[str, str] = {}  # and whom first
        self._names: dict[str, set[str]] = {}
        self._exchanges: list[_Exchange] = []
        self._errors: list[float] = []
        self._present: list[int] = []
        self._claims: list[tuple[float, bool]] = []
        self._missed = self._inside = self._renamed = 0

    def add(self, people: Sequence[tuple[str, float, float]], array: TrackArray) -> None:
        """Take a tick.

        Args:
            people: id and place (metres) of everyone inside.
            array: what the tracker says.
        """
        tracks = [track for track in array.tracks if track.state is not TrackState.TENTATIVE]
        self._present.append(len(people))
        self._inside += len(people)
        if not people or not tracks:
            self._missed += len(people)
            return
        away = cdist([each[1:] for each in people], [(track.x, track.y) for track in tracks])
        cost = np.where(away <= _WITHIN, away, 1e3)
        # Among people who stand shoulder to shoulder a match that merely stays possible may long be wrong: who was
        # matched before has a start over others, no more.
        for row, (who, *_) in enumerate(people):
            for column, track in enumerate(tracks):
                if self._held.get(who) == track.id:
                    cost[row, column] -= _START
        matched = 0
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if away[row, column] > _WITHIN:
                continue
            matched += 1
            self._match(array.stamp, people[row][0], tracks[column])
            self._errors.append(float(away[row, column]))
        self._missed += len(people) - matched

    def _match(self, stamp: int, who: str, track: Track) -> None:
        self._held[who] = track.id
        run = self._runs.get(track.id)
        if run is None or run.who != who:
            run = self._runs[track.id] = _Run(who, stamp)
        if track.id in self._first:
            self._claims.append((track.identity, self._first[track.id] == who))
        if run.lasting or stamp - run.since < _LASTING * _SECOND:
            return
        run.lasting = True
        if track.id not in self._owner:
            self._renamed += who in self._names
            self._first[track.id] = who
        elif self._owner[track.id] != who:
            self._exchange(stamp, who, track)
        self._owner[track.id] = who
        self._names.setdefault(who, set()).add(track.id)

    def _exchange(self, stamp: int, who: str, track: Track) -> None:
        back = stamp - (_FORGIVEN + _LASTING) * _SECOND
        for each in reversed(self._exchanges):
            if each.track == track.id and each.owner == who and each.stamp >= back and not each.taken_back:
                each.taken_back = True
                return
        self._exchanges.append(_Exchange(stamp, track.id, self._owner[track.id], track.identity < _UNSAID))

    def figures(self) -> dict[str, Any]:
        """Return the counts.

        Returns:
            ``shoppers`` on average and ``most``, ``visits``, ``exchanges`` that lasted, how many of them the track
            told of (``said``), those ``taken_back`` within 3 s, people ``renamed``, median and 90 % of the ``error`` of
            the place (metres), the share of the time inside for which a shopper is ``found``, and ``identity``: for
            each band what tracks said on average, in how many of these ticks it was so, and how many there were.
        """
        errors = np.array(self._errors or [np.nan])
        lasting = [each for each in self._exchanges if not each.taken_back]
        return {
            "shoppers": round(float(np.mean(self._present or [0])), 1),
            "most": int(max(self._present, default=0)),
            "visits": len(self._names),
            "exchanges": len(lasting),
            "said": sum(each.said for each in lasting),
            "taken_back": len(self._exchanges) - len(lasting),
            "renamed": self._renamed,
            "error": float(np.median(errors)),
            "error_90": float(np.percentile(errors, 90)),
            "found": 1.0 - self._missed / max(self._inside, 1),
            "identity": self._reliability(),
        }

    def _reliability(self) -> list[dict[str, float]]:
        claims = np.array(self._claims, dtype=np.float64).reshape(-1, 2)
        band = np.searchsorted(BANDS, claims[:, 0], side="right") - 1
        return [
            {"from": low, "said": float(said), "right": float(right), "ticks": int((band == k).sum())}
            for k, low in enumerate(BANDS)
            if (band == k).any()
            for said, right in [claims[band == k].mean(axis=0)]
        ]
