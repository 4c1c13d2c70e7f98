"""Who is there: tracks are born of detections that nobody explains, believed once there is enough for it, and over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.identity import Identities
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.table import TrackTable

Floats = NDArray[np.float64]

_SECOND = 1_000_000_000


class Presence:
    """Births at gates and elsewhere, and ends.

    Attributes:
        births: number of the last tick in which somebody was born, and how many were born in it before the last.
    """

    def __init__(self, floor: FloorMap, settings: TrackerSettings) -> None:
        """Take the store and how people are followed."""
        self._floor = floor
        self._settings = settings
        self._tick = round(settings.tick * _SECOND)
        self.births: tuple[int, int] = (0, 0)

    def spawn(self, tracks: TrackTable, time: int, camera: int, points: Floats, noises: Floats, scores: Floats) -> None:
        """Begin a track with each good detection that belongs to nobody.

        Args:
            tracks: gets them.
            time: of the picture, nanoseconds.
            camera: column of who took it.
            points: (M, 2) metres.
            noises: (M, 2, 2) m^2.
            scores: (M,) of the detector.
        """
        settings = self._settings
        good = scores >= settings.birth_score
        if not good.any():
            return
        good &= ~self._floor.in_fixture(points) & (self._floor.outside(points) < settings.outside_limit)
        points, noises = points[good], noises[good]
        if not len(points):
            return
        covariance = np.zeros((len(points), 4, 4))
        covariance[:, :2, :2] = noises
        covariance[:, 2:, 2:] = settings.birth_speed**2 * np.eye(2)
        mean = np.concatenate([points, np.zeros_like(points)], axis=1)
        gates = [self._floor.gate_near(float(x), float(y), settings.gate_radius) for x, y in points]
        tracks.add(mean, covariance, time, camera, [self._name(time) for _ in gates], gates)

    def _name(self, time: int) -> str:
        tick = -(-time // self._tick)
        count = self.births[1] + 1 if self.births[0] == tick else 0
        self.births = (tick, count)
        return f"t{tick:x}-{count}"

    def confirm(self, tracks: TrackTable, identities: Identities, time: int) -> None:
        """Believe new tracks with enough evidence, or find in them somebody who had been lost, at a stamp."""
        settings = self._settings
        tentative = np.flatnonzero(~tracks.confirmed)
        if not tentative.size:
            return
        looking = self._floor.seen_by(tracks.mean[tentative, :2]).sum(axis=1)
        cameras = (tracks.seen_by[tentative] > 0).sum(axis=1)
        alone = np.where((looking >= 2) & (cameras < 2), settings.single_camera, 1.0)
        evidence = tracks.evidence[tentative]
        ready = tentative[evidence >= settings.birth_evidence * alone]
        gone = identities.recover(tracks, ready, time)
        for row in tentative:
            x, y = (float(value) for value in tracks.mean[row, :2])
            # The first sight of somebody far outside may be metres off; whoever comes up to a gate is born there.
            if not tracks.gates[row] and self._floor.beyond_gate(x, y, 0.0):
                tracks.gates[row] = self._floor.gate_near(x, y, settings.gate_radius)
        at_gate = np.array([bool(tracks.gates[row]) for row in tentative])
        needed = np.where(at_gate, settings.birth_evidence, settings.inside_evidence) * alone
        age = (tracks.seen - tracks.born)[tentative] / _SECOND
        for row in tentative[(evidence >= needed) & (at_gate | (age >= settings.inside_time))]:
            if row not in gone and not identities.shadows(tracks, int(row)):
                tracks.confirmed[row] = True
        if gone:
            rows = np.ones(len(tracks), dtype=bool)
            rows[sorted(gone)] = False
            tracks.keep(rows)

    def over(self, tracks: TrackTable, time: int) -> set[int]:
        """Return the rows that are over at a stamp: left, never believed, or lost for too long."""
        settings = self._settings
        if not len(tracks):
            return set()
        unseen = (time - tracks.seen) / _SECOND
        over = ~tracks.confirmed & ((unseen > settings.tentative_timeout) | (tracks.evidence < -1.0))
        over |= unseen > settings.memory
        for row in np.flatnonzero(tracks.confirmed & (unseen >= settings.exit_time)):
            x, y, vx, vy = (float(value) for value in tracks.mean[row])
            outside = float(self._floor.outside([[x, y]])[0]) > settings.exit_distance
            left = self._floor.beyond_gate(x, y, settings.exit_distance)
            walking_out = unseen[row] > settings.active_time and self._floor.leaving(x, y, vx, vy, settings.gate_radius)
            over[row] |= outside or left or walking_out
        far = self._floor.outside(tracks.mean[:, :2]) > settings.outside_limit + 0.3
        return set(np.flatnonzero(over | far).tolist())
