"""What shelf cameras said of true takes and returns: each look beside the truth.

The truth is the simulation's: what was moved, and under which name the tracker followed whoever moved it at that time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from just_walk_out.records import (
    EventState,
    ShelfEvent,
    ShelfEventArray,
    ShelfObservation,
    ShelfObservationArray,
    TrackArray,
    TrackState,
)
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_SLACK = _SECOND // 2
REACH = 1.2
"""Metres on the floor from the middle of a plate's front within which somebody comes into question."""


@dataclass(frozen=True)
class Look:
    """What one camera said of one true take or return.

    Attributes:
        camera: its id.
        plate: where.
        sku: what was moved.
        take: whether it was taken; else it was put there.
        person: track of who moved it.
        near: tracks of everybody who could have reached the plate meanwhile, sorted.
        products: log-likelihoods by SKU, in relation to an unknown thing; empty where nothing is said.
        arms: log-likelihoods by track, in relation to nobody's arm; empty where none was seen.
        delay: seconds from the shelf event's arrival to the camera's answer; NaN where none came.
    """

    camera: str
    plate: str
    sku: str
    take: bool
    person: str
    near: tuple[str, ...]
    products: Mapping[str, float]
    arms: Mapping[str, float]
    delay: float


@dataclass
class LookBook:
    """Collects shelf events, tracks and observations of a pipeline with their times of arrival.

    Attributes:
        store: with shelf cameras.
    """

    store: Store
    _events: dict[str, tuple[int, ShelfEvent]] = field(default_factory=dict)
    _said: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    _seen: dict[tuple[str, str, str], ShelfObservation] = field(default_factory=dict)
    _places: dict[int, dict[str, tuple[float, float]]] = field(default_factory=dict)

    def see(self, arrival: int, record: Any) -> None:
        """Take one record with its time of arrival, nanoseconds."""
        if isinstance(record, ShelfEventArray):
            for event in record.events:
                if event.state is EventState.FINAL:
                    self._events.setdefault(event.id, (arrival, event))
        elif isinstance(record, TrackArray):
            known = [each for each in record.tracks if each.state is not TrackState.TENTATIVE]
            self._places[record.stamp] = {each.id: (each.x, each.y) for each in known}
        elif isinstance(record, ShelfObservationArray):
            for mark in record.watermarks:
                self._said.setdefault((record.camera, mark.source), []).append((mark.stamp, arrival))
            for each in record.observations:
                self._seen[(each.event, each.camera, each.plate)] = each

    def looks(self, handled: Sequence[Mapping[str, Any]], names: Callable[[int], Mapping[str, str]]) -> list[Look]:
        """Return what each camera said of each true take or return that a shelf event of its own tells of.

        Where one event holds several of a plate, nothing can be said of either, and they are left out.

        Args:
            handled: lines of the truth: ``start`` and ``settled`` in nanoseconds, ``plate``, ``sku``, ``weight``
                and ``shopper``.
            names: gives the track of each shopper at a stamp, the truth, too.
        """
        found: list[Look] = []
        for arrival, event in sorted(self._events.values(), key=lambda item: (item[1].end, item[1].id)):
            for plate in event.plates:
                inside = [
                    line
                    for line in handled
                    if line["plate"] == plate
                    and line["start"] <= event.end + _SLACK
                    and line["settled"] >= event.start - _SLACK
                ]
                if len(inside) == 1:
                    for camera in self.store.watchers.get(event.shelf, ()):
                        found.append(self._look(event, arrival, camera, inside[0], names))
        return found

    def _look(
        self,
        event: ShelfEvent,
        arrival: int,
        camera: str,
        line: Mapping[str, Any],
        names: Callable[[int], Mapping[str, str]],
    ) -> Look:
        seen = self._seen.get((event.id, camera, line["plate"]))
        marks = self._said.get((camera, event.shelf), [])
        answered = next((at for stamp, at in marks if stamp >= event.start), None)
        near = set()
        front = self.store.front_of(line["plate"])
        for at, places in self._places.items():
            if event.start <= at <= event.end:
                near |= {track for track, place in places.items() if math.dist(place, front) <= REACH}
        return Look(
            camera,
            line["plate"],
            line["sku"],
            line["weight"] < 0.0,
            names(line["settled"]).get(line["shopper"], ""),
            tuple(sorted(near)),
            dict(zip(seen.skus, seen.product_scores, strict=True)) if seen else {},
            dict(zip(seen.tracks, seen.track_scores, strict=True)) if seen else {},
            math.nan if answered is None else (answered - arrival) / _SECOND,
        )
