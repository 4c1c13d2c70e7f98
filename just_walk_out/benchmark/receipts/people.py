"""What cameras, or cameras and a tracker, would report of the people of a simulated store.

Each overview camera sees whoever stands in its picture and is not behind a fixture, a wall or somebody else,
misses a few, and places them with the errors that the motion detector makes in rehearsed stores; the colours of their
clothes are counted in rendered pictures (``clothes``). The tracks
have the errors that remain after fusing: they lag, and drift while nobody looks. Nobody is taken for anybody else,
which the tracker itself does in one of a thousand close meetings of a full store (``jwo benchmark tracking --store``).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.receipts.clothes import Clothes
from just_walk_out.benchmark.receipts.hands import HandWatch
from just_walk_out.camera.visibility import Coverage
from just_walk_out.records import (
    Hand,
    PersonDetection,
    PersonDetectionArray,
    Track,
    TrackArray,
    TrackHand,
    TrackState,
    Watermark,
)
from just_walk_out.simulation.figure import Figure
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.model import Camera, Store

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PERIOD = 0.1

_WAIST, _HEAD, _BODY = 1.1, 1.75, 0.22
# Errors as the motion detector makes them in rehearsed stores, one standard deviation: across the ray, along it
# up to 4 m, and how that grows beyond, a metre. Half of it stays for a while; some are far off, as with hidden feet.
_ACROSS, _ALONG, _GROWTH = 0.065, 0.09, 0.35
_NEAR = 4.0
_FRESH, _SLOW, _SLOW_TIME = 0.85, 0.75, 0.3
_ASTRAY, _ASTRAY_FACTOR = 0.05, 3.5
_MISSED, _HIDDEN_SEEN = 0.03, 0.15
_CELL, _MARGIN = 0.1, 2.5
_BOX = (0.0, 0.0, 20.0, 60.0)  # where nobody looks

_FOLLOWED = 2.2
_TRACK_ERROR, _TRACK_TIME = 0.06, 0.8
_LOST_ERROR = 0.15
_LAG = 0.15


class _Views:
    """Which overview camera sees whom; looked up on a grid."""

    def __init__(self, store: Store) -> None:
        self.cameras: list[Camera] = [camera for camera in store.cameras if camera.role == "overview"]
        self.eyes = np.array([camera.pose.matrix()[:3, 3] for camera in self.cameras]).reshape(-1, 3)
        corners = np.asarray(store.floor, dtype=np.float64)
        self._low = corners.min(axis=0) - _MARGIN
        cells = np.ceil((corners.max(axis=0) + _MARGIN - self._low) / _CELL).astype(int) + 1
        xs, ys = (self._low[axis] + _CELL * np.arange(cells[axis]) for axis in (0, 1))
        grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)
        self._open = Coverage(store, self.cameras, _WAIST).sees(grid, 0.0)

    def of(self, places: Floats) -> tuple[Bools, Bools]:
        """Return (cameras, people) twice: who is in the picture past fixtures and walls, and who is behind people."""
        cell = np.rint((places - self._low) / _CELL).astype(int)
        cell = np.clip(cell, 0, np.array(self._open.shape[:2]) - 1)
        hidden = np.array([_behind_people(eye, places) for eye in self.eyes]).reshape(len(self.cameras), len(places))
        return self._open[cell[:, 0], cell[:, 1]].T, hidden


class Onlookers:
    """All overview cameras of a store: what they report of people on the floor."""

    def __init__(
        self, store: Store, rng: np.random.Generator, hands: HandWatch | None, clothes: Clothes | None
    ) -> None:
        """Place the cameras.

        Args:
            store: cameras, fixtures and walls.
            rng: of everything that is drawn.
            hands: finds wrists; None where detectors find none.
            clothes: looks at those whom a camera finds; None where colours and boxes do not matter.
        """
        self._views = _Views(store)
        self._rng = rng
        self._hands = hands
        self._clothes = clothes
        self._slow: dict[str, Floats] = {}

    def report(self, stamp: int, figures: list[Figure]) -> list[PersonDetectionArray]:
        """Return one record a camera.

        Args:
            stamp: of all pictures, nanoseconds.
            figures: everybody.
        """
        cameras = self._views.cameras
        names, places = [figure.id for figure in figures], _places(figures)
        shape = (len(cameras), len(names))
        fresh = self._rng.normal(size=(*shape, 2))
        drawn = self._rng.random((3, *shape))
        keep = math.exp(-PERIOD / _SLOW_TIME)
        slow = np.zeros((*shape, 2))
        for column, name in enumerate(names):
            before = self._slow.get(name)
            change = self._rng.normal(size=(shape[0], 2))
            self._slow[name] = change if before is None else keep * before + math.sqrt(1.0 - keep * keep) * change
            slow[:, column] = self._slow[name]
        self._slow = {name: self._slow[name] for name in names}
        if not names:
            return [PersonDetectionArray(stamp, camera.id) for camera in cameras]
        open_view, hidden = self._views.of(places)
        factor = np.where(drawn[2] < _ASTRAY, _ASTRAY_FACTOR, 1.0)
        seen = open_view & (drawn[0] > _MISSED) & (~hidden | (drawn[1] < _HIDDEN_SEEN))
        rays = self._hands.rays(figures, seen) if self._hands is not None else None
        records = []
        for index, camera in enumerate(cameras):
            error = _FRESH * fresh[index] + _SLOW * slow[index]
            error[:, 0] *= factor[index]
            wrists = rays[index] if rays is not None else [np.zeros((0, 3))] * len(names)
            rows = np.flatnonzero(seen[index])
            found, spread = _place(self._views.eyes[index], places[rows], error[rows])
            boxes, looks = np.tile(_BOX, (len(rows), 1)), [b""] * len(rows)
            if self._clothes is not None:
                boxes, looks = self._clothes.look(index, figures, rows, found)
            detections = tuple(
                PersonDetection(
                    float(found[k, 0]), float(found[k, 1]),
                    (float(spread[k, 0, 0]), float(spread[k, 0, 1]), float(spread[k, 1, 1])),
                    0.9, tuple(float(edge) for edge in boxes[k]),
                    tuple(Hand(0.0, 0.0, 0.9, tuple(float(part) for part in ray)) for ray in wrists[row]), looks[k],
                )
                for k, row in enumerate(rows.tolist())
            )  # fmt: skip
            records.append(PersonDetectionArray(stamp, camera.id, detections))
        return records


def _places(figures: list[Figure]) -> Floats:
    return np.array([(figure.x, figure.y) for figure in figures], dtype=np.float64).reshape(-1, 2)


def _place(eye: Floats, places: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Place people as a camera does.

    Args:
        eye: (3,) where it is, metres.
        places: (N, 2) where they truly stand, metres.
        error: (N, 2) along and across the ray, in deviations.

    Returns:
        Places (N, 2), metres, and what is known of their errors, (N, 2, 2), m^2.
    """
    way = places - eye[:2]
    flat = np.maximum(np.hypot(way[:, 0], way[:, 1]), 0.3)
    ray = way / flat[:, None]
    axes = np.stack([ray, np.column_stack([-ray[:, 1], ray[:, 0]])], axis=1)
    deviation = np.column_stack(
        [_ALONG * np.exp(_GROWTH * np.maximum(0.0, flat - _NEAR)), np.full(len(places), _ACROSS)]
    )
    found = places + np.einsum("na,nax->nx", deviation * error, axes)
    return found, np.einsum("na,nax,nay->nxy", deviation**2, axes, axes)


def _behind_people(eye: Floats, places: Floats) -> NDArray[np.bool_]:
    """Tell for each person (N, 2) whether somebody nearer to the eye (3,) hides the upper body."""
    away = places - eye[:2]
    length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
    share = (away[:, None, :] * away[None, :, :]).sum(axis=2) / (length[:, None] ** 2)
    aside = np.abs(away[:, None, 0] * away[None, :, 1] - away[:, None, 1] * away[None, :, 0]) / length[:, None]
    height = eye[2] + share * (_WAIST - eye[2])
    blocked: NDArray[np.bool_] = (share > 0.02) & (share < 0.98) & (aside < _BODY) & (height < _HEAD)
    np.fill_diagonal(blocked, False)
    return np.asarray(blocked.any(axis=1))


class Watchers:
    """All cameras and a tracker together: where it says that people are."""

    def __init__(self, store: Store, rng: np.random.Generator, hands: HandWatch | None) -> None:
        """Place the cameras.

        Args:
            store: cameras, fixtures, walls and gates.
            rng: of everything that is drawn.
            hands: finds wrists; None where detectors find none.
        """
        self._hands = hands
        self._store = store
        self._views = _Views(store)
        self._rng = rng
        self._error: dict[str, Floats] = {}
        self._spread: dict[str, float] = {}
        self._smooth: dict[str, Floats] = {}
        self._id: dict[str, str] = {}
        self._born: dict[str, tuple[int, str]] = {}

    def report(self, stamp: int, figures: list[Figure]) -> list[TrackArray]:
        """Return where everyone is at one tick; see ``Onlookers.report``."""
        names, places = [figure.id for figure in figures], _places(figures)
        away = distance_outside(self._store.floor, places) if names else np.zeros(0)
        followed = [row for row, name in enumerate(names) if away[row] < _FOLLOWED]
        gone = sorted(set(self._id) - {names[row] for row in followed})
        ended = tuple(sorted(self._id[name] for name in gone))
        for name in gone:
            for kept in (self._id, self._born, self._error, self._spread, self._smooth):
                kept.pop(name, None)
        tracks = []
        if followed:
            open_view, hidden = self._views.of(places)
            seen = open_view & ~hidden
            rays = self._hands.rays(figures, seen) if self._hands is not None else []
            cameras = [camera.id for camera in self._views.cameras]
            for row in followed:
                hands = tuple(
                    TrackHand(camera, 0.9, tuple(float(part) for part in ray))
                    for camera, found in zip(cameras, rays, strict=False)
                    for ray in found[row]
                )
                track = self._track(stamp, names[row], places[row], bool(seen[:, row].any()))
                tracks.append(replace(track, hands=hands))
        return [TrackArray(stamp, (Watermark("tracks", stamp),), tuple(sorted(tracks, key=lambda t: t.id)), ended)]

    def names(self) -> dict[str, str]:
        """Return the track under which each person goes at the moment, by name of the person."""
        return dict(self._id)

    def _track(self, stamp: int, name: str, place: Floats, seen: bool) -> Track:
        if name not in self._id:
            self._id[name] = f"t{stamp // 100_000_000:x}-{len(self._id)}"
            self._born[name] = (stamp, self._gate_near(place))
            self._error[name] = self._rng.normal(0.0, _TRACK_ERROR, 2)
            self._spread[name], self._smooth[name] = _TRACK_ERROR, place
        keep = math.exp(-PERIOD / _TRACK_TIME)
        fresh = self._rng.normal(size=2)
        if seen:
            self._error[name] = keep * self._error[name] + math.sqrt(1.0 - keep * keep) * _TRACK_ERROR * fresh
            self._spread[name] += (_TRACK_ERROR - self._spread[name]) * (1.0 - keep)
        else:
            self._error[name] = self._error[name] + _LOST_ERROR * math.sqrt(PERIOD) * fresh
            self._spread[name] = math.hypot(self._spread[name], _LOST_ERROR * math.sqrt(PERIOD))
        before = self._smooth[name]
        self._smooth[name] = before + (place - before) * (1.0 - math.exp(-PERIOD / _LAG))
        velocity = (self._smooth[name] - before) / PERIOD
        x, y = (float(value) for value in self._smooth[name] + self._error[name])
        variance = 1.3 * self._spread[name] ** 2
        flat = (variance, 0.0, 0.0, 0.0, 0.0, variance, 0.0, 0.0, 0.0, 0.0, 0.04, 0.0, 0.0, 0.0, 0.0, 0.04)
        born, gate = self._born[name]
        state = TrackState.CONFIRMED if seen else TrackState.COASTING
        return Track(self._id[name], state, x, y, float(velocity[0]), float(velocity[1]), flat, 0.99, born, gate)

    def _gate_near(self, place: Floats) -> str:
        gates = sorted(self._store.gates, key=lambda gate: math.dist(place, np.add(gate.start, gate.end) / 2.0))
        return gates[0].id if gates else ""
