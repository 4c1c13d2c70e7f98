"""Who could have reached a plate: stance in front of the fixture against track positions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import Track, TrackArray, TrackState
from just_walk_out.store.model import Store


class ReachModel:
    """Keeps a while of tracks and tells how likely each person stood where a plate is reached from."""

    def __init__(self, store: Store, settings: PickupSettings, memory: float) -> None:
        """Prepare the geometry.

        Args:
            store: fixtures and policy.
            settings: stance and its spread.
            memory: seconds of tracks to keep.
        """
        self._store = store
        self._settings = settings
        self._memory = int(memory * 1e9)
        self._ticks: deque[TrackArray] = deque()
        self._to_gondola: dict[str, NDArray[np.float64]] = {
            gondola.id: np.asarray(np.linalg.inv(gondola.pose.matrix()), float) for gondola in store.gondolas
        }

    def push(self, tracks: TrackArray) -> None:
        """Remember one tick; older ones than the memory are dropped, repeated ones ignored."""
        if self._ticks and tracks.stamp <= self._ticks[-1].stamp:
            return
        self._ticks.append(tracks)
        while self._ticks[0].stamp < tracks.stamp - self._memory:
            self._ticks.popleft()

    @property
    def log_nobody(self) -> float:
        """Log-likelihood of the position when nobody known took it."""
        return -0.5 * self._settings.nobody_sigmas**2

    def near(self, plates: Sequence[str], start: int, end: int) -> dict[str, float]:
        """Return the log-likelihood of each person within reach having acted on the plates.

        A person must be in front of the fixture; the best moment of the span counts, since a hand is
        at the plate for a part of a slow lift only.

        Args:
            plates: plates of one shelf.
            start: last moment at the old weight, nanoseconds.
            end: first moment at the new weight, nanoseconds.

        Returns:
            Log-likelihood (0 at the ideal stance) by track id, only those within ``policy.reach``.
        """
        early = start - int(self._settings.lead_time * 1e9)
        gondola = self._store.gondola_of[plates[0]]
        inverse = self._to_gondola[gondola.id]
        along = [float((inverse @ np.array([*self._store.plate_position[p], 1.0]))[0]) for p in plates]
        scores: dict[str, list[float]] = {}
        for tick in self._ticks:
            if early <= tick.stamp <= end:
                for track in tick.tracks:
                    score = self._score(track, inverse, along)
                    if score is not None:
                        scores.setdefault(track.id, []).append(score)
        # the mean of the best third: one noisy tick must not decide
        return {
            track: sum(sorted(values, reverse=True)[: max(1, len(values) // 3)]) / max(1, len(values) // 3)
            for track, values in scores.items()
        }

    def _score(self, track: Track, inverse: NDArray[np.float64], along: Sequence[float]) -> float | None:
        if track.state is TrackState.TENTATIVE:
            return None
        settings = self._settings
        x, y, _, _ = inverse @ np.array([track.x, track.y, 0.0, 1.0])
        variance_x, variance_xy, _, _, _, variance_y = track.covariance[:6]
        sigma = math.sqrt(max(variance_x + variance_y, abs(variance_xy)) / 2.0)
        aside = min(abs(x - place) for place in along)
        if y > 0.2 + sigma or math.hypot(aside, max(-y, 0.0)) > self._store.policy.reach + sigma:
            return None
        spread_along = settings.stance_sigma_along**2 + sigma**2
        spread_across = settings.stance_sigma_across**2 + sigma**2
        return float(-0.5 * (aside**2 / spread_along + (y + settings.stance_distance) ** 2 / spread_across))
