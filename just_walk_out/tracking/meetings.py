"""Who may have been taken for whom: the probability that two people who met are exchanged, from meeting to parting.

While two tracks are nearer to each other than positions tell them apart, it is open which detection is whose, and
nothing is learned of their clothes. Once they are apart, their clothes are compared with those of before: a clear
exchange is taken back, what stays open is said on both tracks for as long as they last.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.tracking.looks import exchange_evidence, unit
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SECOND = 1_000_000_000
# Chances of an exchange below this are not worth telling.
_LEAST = 0.01
# An exchange less probable than this is not taken back: on the toss of a coin nobody should change their name.
_BETTER = 0.6
# So many doubts are kept of a track at least, the greatest.
_MOST = 12
# Standard deviation of the place of somebody who is seen, metres.
_SEEN = 0.1
# Tracks further apart than this have nothing to do with each other, metres.
_FAR = 1.5


@dataclass
class Meeting:
    """Two tracks that have met and are not yet told apart.

    Attributes:
        chance: probability that positions alone have exchanged them, 0..0.5.
        last: stamp at which they were last too near, nanoseconds.
    """

    chance: float
    last: int


class Meetings:
    """Meetings that are open, and what is left in doubt of those that are over."""

    def __init__(self, settings: TrackerSettings) -> None:
        """Start without any."""
        self._settings = settings
        self._open: dict[tuple[str, str], Meeting] = {}
        self._doubts: dict[tuple[str, str], float] = {}
        self._near: dict[tuple[str, str], int] = {}

    def update(
        self, tracks: TrackTable, time: int, shown: Mapping[tuple[str, str], int] | None = None
    ) -> tuple[str, ...]:
        """Notice meetings and partings at a tick; takes exchanges back by giving two rows each other's identity.

        Args:
            tracks: as they are at the tick; ``crowded`` and ``parting`` are set.
            time: the tick, nanoseconds.
            shown: stamps at which two tracks were last surely two, by their ids in order.

        Returns:
            Ids of tracks whose exchange was taken back, in pairs.
        """
        self._meet(tracks, time, shown or {})
        verdicts: list[tuple[float, tuple[str, str]]] = []
        rows = {name: row for row, name in enumerate(tracks.ids)}
        for pair, meeting in self._open.items():
            a, b = rows.get(pair[0]), rows.get(pair[1])
            if a is None or b is None:  # one has gone: nobody can tell any more
                verdicts.append((meeting.chance, pair))
                continue
            odds = self._odds(tracks, a, b, meeting)
            if odds is None:  # in a queue it may take long until both are seen on their own
                continue
            chance = 1.0 / (1.0 + math.exp(-odds))
            sure = min(chance, 1.0 - chance) < self._settings.doubt
            if sure or time - meeting.last > self._settings.parting_time * _SECOND:
                verdicts.append((chance, pair))
        exchanged: list[str] = []
        for chance, pair in sorted(verdicts, key=lambda each: (-each[0], each[1])):
            a, b = rows.get(pair[0]), rows.get(pair[1])
            swap = chance > _BETTER and a is not None and b is not None
            if swap and set(pair) & set(exchanged):
                continue  # its rows have just changed hands: judged anew at the next tick
            del self._open[pair]
            if swap:
                assert a is not None and b is not None
                tracks.exchange(a, b)
                exchanged += pair
                chance = 1.0 - chance
            self._doubt(pair, chance)
        self._mark(tracks)
        return tuple(exchanged)

    def _meet(self, tracks: TrackTable, time: int, shown: Mapping[tuple[str, str], int]) -> None:
        """Open a meeting for each pair of tracks that positions do not tell apart."""
        tracks.crowded[:] = False
        before, self._near = self._near, {}
        if len(tracks) < 2:
            return
        place = tracks.mean[:, :2]
        away = np.linalg.norm(place[:, None] - place[None], axis=2)
        np.fill_diagonal(away, np.inf)
        tracks.crowded[:] = (away < self._settings.elbow_room).any(axis=1)
        for a, b in np.argwhere(np.triu(away < _FAR)):
            if not (tracks.confirmed[a] and tracks.confirmed[b]):
                continue
            first, second = tracks.ids[a], tracks.ids[b]
            pair = (first, second) if first < second else (second, first)
            self._near[pair] = before.get(pair, time)
            unclear = (time - max(self._near[pair], shown.get(pair, 0))) / _SECOND
            chance = self._chance(tracks, int(a), int(b), float(away[a, b]), unclear)
            if chance < _LEAST:
                continue
            meeting = self._open.setdefault(pair, Meeting(0.0, time))
            meeting.chance, meeting.last = max(meeting.chance, chance), time
            tracks.fresh[[a, b]] = 0.0
            tracks.fresh_count[[a, b]] = 0

    def _chance(self, tracks: TrackTable, a: int, b: int, away: float, unclear: float) -> float:
        """Probability that two tracks have just been taken for each other.

        Each of them must then have gone to the other's place: the likelihood of both ways of going on, each as likely
        beforehand, by the mean of their covariances, for while one of them is hidden it may be either of them that is
        seen. After a while in which they were not surely two, they may have come towards each other. Whoever is lost
        may be at many places: it counts how likely they are to be at just this one.

        Args:
            tracks: all of them.
            a: row of one.
            b: row of the other.
            away: their distance, metres.
            unclear: seconds for which they were not surely two, while they are near.
        """
        settings = self._settings
        apart = tracks.mean[a, :2] - tracks.mean[b, :2]
        left = max(0.0, away - settings.mixing_speed * max(0.0, unclear)) / max(away, 1e-6)
        spread = 0.5 * (tracks.covariance[a, :2, :2] + tracks.covariance[b, :2, :2]) + settings.bias**2 * np.eye(2)
        squared = 2.0 * left * left * float(apart @ np.linalg.solve(spread, apart))
        certain = min(1.0, (settings.bias**2 + _SEEN**2) / math.sqrt(float(np.linalg.det(spread))))
        odds = certain * math.exp(-0.5 * squared)
        return odds / (1.0 + odds)

    def _odds(self, tracks: TrackTable, a: int, b: int, meeting: Meeting) -> float | None:
        """Log odds of an exchange, once enough is seen of both on their own; else None."""
        rows = [a, b]
        if (tracks.fresh_count[rows] < self._settings.parting_sights).any():
            return None
        evidence = exchange_evidence(tracks.look[rows], unit(tracks.fresh[rows]))
        chance = min(max(meeting.chance, 1e-6), 1.0 - 1e-6)
        return math.log(chance / (1.0 - chance)) + 0.5 * evidence / self._settings.look_deviation**2

    def _doubt(self, pair: tuple[str, str], chance: float) -> None:
        before = self._doubts.pop(pair, 0.0)
        chance = before * (1.0 - chance) + (1.0 - before) * chance
        if chance >= _LEAST:
            self._doubts[pair] = chance

    def _mark(self, tracks: TrackTable) -> None:
        """Say of each row whether its clothes are to be compared, not learned."""
        parting = {name for pair in self._open for name in pair}
        tracks.parting[:] = [name in parting for name in tracks.ids]

    def chances(self) -> dict[str, dict[str, float]]:
        """Return for each track that is in doubt the probability that it was exchanged with each other one."""
        result: dict[str, dict[str, float]] = {}
        for pair in sorted(self._open.keys() | self._doubts.keys()):
            before, now = self._doubts.get(pair, 0.0), self._open.get(pair)
            chance = before if now is None else before * (1.0 - now.chance) + (1.0 - before) * now.chance
            for name, other in (pair, pair[::-1]):
                result.setdefault(name, {})[other] = chance
        return result

    def forget(self, ids: set[str], present: set[str]) -> None:
        """Drop what is known of pairs of which nobody is there any more.

        Args:
            ids: tracks that are over.
            present: those that are not.
        """
        for pair in [pair for pair in self._open if ids & set(pair)]:
            self._doubt(pair, self._open.pop(pair).chance)
        kept: dict[tuple[str, str], float] = {}
        told: Counter[str] = Counter()
        for pair, chance in sorted(self._doubts.items(), key=lambda each: (-each[1], each[0])):
            here = present & set(pair)
            # Who stays all day (staff) may have been exchanged with many who have left: the likeliest are enough.
            if len(here) == 2 or any(told[name] < _MOST for name in here):
                kept[pair] = chance
                told.update(here)
        self._doubts = kept

    def snapshot(self) -> dict[str, Any]:
        """Return what is known as JSON values."""
        return {
            "open": [[*pair, asdict(meeting)] for pair, meeting in self._open.items()],
            "doubts": [[*pair, chance] for pair, chance in self._doubts.items()],
            "near": [[*pair, since] for pair, since in self._near.items()],
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._open = {(a, b): Meeting(**values) for a, b, values in state["open"]}
        self._doubts = {(a, b): float(chance) for a, b, chance in state["doubts"]}
        self._near = {(a, b): int(since) for a, b, since in state["near"]}
