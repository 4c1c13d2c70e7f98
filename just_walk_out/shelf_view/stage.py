"""From pictures of a shelf camera, shelf events and tracks to observations: which product, whose arm."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from just_walk_out.records import (
    EventState,
    ShelfEvent,
    ShelfEventArray,
    ShelfObservation,
    ShelfObservationArray,
    TrackArray,
    TrackState,
    Watermark,
)
from just_walk_out.shelf_view.arms import ArmCue
from just_walk_out.shelf_view.colours import changed_pixels
from just_walk_out.shelf_view.cues import Sight
from just_walk_out.shelf_view.pictures import Crop, Picture, Pictures
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Eye, Mask, PlateView, plate_views
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_LEAD = 300_000_000  # nanoseconds before a step's start at which a hand may be there already
_SILENT = 2 * _SECOND  # of tracks without a picture: the camera is dead, and nobody shall wait for it
_STEPS = 16  # ends of steps that are remembered a plate
_HIDDEN = 0.1  # share of a plate that may be behind somebody who stands still


class ShelfViewStage:
    """Answers each final shelf event of the shelves of one camera, once its plates are clear again.

    Pictures come in their own order; which ones are used follows from their stamps alone. A plate of whose goods
    nothing is seen in time is answered by arms only, or not at all; the watermark goes on either way.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfEventArray, TrackArray)
    outputs: ClassVar[tuple[type, ...]] = (ShelfObservationArray,)

    def __init__(self, store: Store, camera: str, settings: ShelfViewSettings, products: Sight | None) -> None:
        """Look at nothing yet.

        Args:
            store: fixtures and cameras.
            camera: id of a camera of role shelf.
            settings: times and thresholds.
            products: what tells products by sight; None where there are no photos.
        """
        self._store = store
        self._camera = store.camera[camera]
        self._settings = settings
        self._products = products
        self._views = plate_views(store, self._camera, settings)
        self._eye = Eye(self._camera)
        self._pictures = Pictures(self._views, settings)
        self._arms = ArmCue(self._eye, settings)
        self._stamps: list[int] = []
        self._places: list[dict[str, tuple[float, float]]] = []
        self._seen = dict.fromkeys(self._camera.shelves, 0)
        self._said = dict.fromkeys(self._camera.shelves, 0)
        self._pending: dict[str, ShelfEvent] = {}
        self._answered: dict[str, int] = {}
        self._steps: dict[str, deque[int]] = {plate: deque(maxlen=_STEPS) for plate in self._views}

    def restore(self) -> list[Any]:
        """Return nothing: what was seen before a restart is not known any more."""
        return []

    def push(self, record: ShelfEventArray | TrackArray | Picture) -> list[Any]:
        """Take shelf events, tracks or a picture; return observations."""
        if isinstance(record, Picture):
            if record.camera == self._camera.id:
                self._pictures.add(record)
        elif isinstance(record, TrackArray):
            self._take_tracks(record)
        else:
            for event in record.events:
                known = event.id in self._answered
                if event.state is EventState.FINAL and event.shelf in self._seen and not known:
                    if event.id not in self._pending:
                        for plate in set(event.plates) & set(self._steps):
                            self._steps[plate].append(event.end)
                    self._pending[event.id] = event
            for mark in record.watermarks:
                if mark.source in self._seen:
                    self._seen[mark.source] = max(mark.stamp, self._seen[mark.source])
        return self._answer()

    def _take_tracks(self, tracks: TrackArray) -> None:
        if self._stamps and tracks.stamp <= self._stamps[-1]:
            return
        self._stamps.append(tracks.stamp)
        known = {each.id: (each.x, each.y) for each in tracks.tracks if each.state is not TrackState.TENTATIVE}
        self._places.append(known)
        oldest = tracks.stamp - round(8.0 * self._settings.memory * _SECOND)
        gone = bisect_right(self._stamps, oldest)
        if gone > 64:
            del self._stamps[:gone], self._places[:gone]
            self._answered = {name: end for name, end in self._answered.items() if end > oldest}

    def _answer(self) -> list[Any]:
        made: list[ShelfObservation] = []
        for event in sorted(self._pending.values(), key=lambda item: (item.end, item.id)):
            found = self._observe(event)
            if found is not None:
                made += found
                del self._pending[event.id]
                self._answered[event.id] = event.end
        marks = []
        for shelf, seen in self._seen.items():
            starts = [event.start - 1 for event in self._pending.values() if event.shelf == shelf]
            stamp = min([seen, *starts])
            if stamp > self._said[shelf]:
                self._said[shelf] = stamp
                marks.append(Watermark(shelf, stamp))
        if not made and not marks:
            return []
        stamp = max([self._pictures.newest, *self._seen.values(), *self._stamps[-1:]])
        return [ShelfObservationArray(stamp, self._camera.id, tuple(marks), tuple(made))]

    def _observe(self, event: ShelfEvent) -> list[ShelfObservation] | None:
        """Return what is seen of an event; None while more may come."""
        tracked = self._stamps[-1] if self._stamps else 0
        latest = event.end + round(self._settings.after_wait * _SECOND)
        late = tracked >= latest + round(self._settings.grace * _SECOND)
        dead = tracked >= event.end and tracked > self._pictures.newest + _SILENT
        looked = min(self._pictures.newest, tracked)
        views = [self._views[plate] for plate in event.plates if plate in self._views]
        clear = {view.plate: self._pictures.clear_within(view.plate, event.end, min(latest, tracked)) for view in views}
        opened = [next((c.stamp for c in clear[view.plate] if self._open(view, c.stamp)), None) for view in views]
        stamps = [stamp for stamp in opened if stamp is not None]
        done = looked >= event.end and len(stamps) == len(opened)
        if not (done or late or dead or looked >= latest):
            return None
        # what came in beyond what was waited for must not matter
        until = max([event.end, *stamps]) if done else latest
        after = {plate: [crop for crop in crops if crop.stamp <= until] for plate, crops in clear.items()}
        people = [
            (mask, self._places_at(stamp))
            for stamp, mask in self._pictures.people_within(event.start - _LEAD, event.end, self._camera.width)
        ]
        changes = dict(zip(event.plates, event.change, strict=True))
        found = [self._of_plate(event, view, changes[view.plate], after[view.plate], people) for view in views]
        return [each for each in found if each is not None]

    def _of_plate(
        self,
        event: ShelfEvent,
        view: PlateView,
        change: float,
        after: Sequence[Crop],
        people: Sequence[tuple[Mask, Mapping[str, tuple[float, float]]]],
    ) -> ShelfObservation | None:
        arms = self._arms.scores(view, people)
        skus: tuple[str, ...] = ()
        scores: tuple[float, ...] = ()
        stamps = [event.start, event.end]
        seen = self._change(event, view, after) if self._products is not None else None
        if self._products is not None and seen is not None:
            before, later, changed = seen
            skus = self._products.skus
            scores = self._products.scores(before.image if change < 0 else later.image, changed)
            stamps = [before.stamp, later.stamp]
        if not skus and not arms:
            return None
        return ShelfObservation(
            f"{self._camera.id}:{event.id}:{view.plate}", self._camera.id, event.id, view.plate,
            min(stamps), max(stamps), skus, scores, tuple(arms), tuple(arms.values()),
        )  # fmt: skip

    def _change(self, event: ShelfEvent, view: PlateView, after: Sequence[Crop]) -> tuple[Crop, Crop, Mask] | None:
        """Return a picture before, one after, and the pixels that tell them apart; of several pairs the one with most.

        The last picture before may have somebody standing in the way; one from before they came shows more, if nothing
        happened on the plate since.
        """
        since = max((end for end in self._steps[view.plate] if end <= event.start), default=0)
        crops = [crop for crop in self._pictures.clear_before(view.plate, event.start) if crop.stamp > since]
        before = crops[:1] + [crop for crop in crops if self._open(view, crop.stamp)][:1]
        least = self._settings.least_pixels - 1
        best = None
        for first, later in itertools.product(before, [*after[:1], *after[-1:]]):
            changed = changed_pixels(first.image, later.image, view.mask, self._settings.change_level)
            if int(changed.sum()) > least:
                least, best = int(changed.sum()), (first, later, changed)
        return best

    def _places_at(self, stamp: int) -> dict[str, tuple[float, float]]:
        index = bisect_right(self._stamps, stamp) - 1
        return self._places[index] if index >= 0 else {}

    def _open(self, view: PlateView, stamp: int) -> bool:
        """Tell whether nobody stood between camera and plate at a moment."""
        for place in self._places_at(stamp).values():
            away = float(np.hypot(*(np.array(place) - self._eye.place[:2])))
            beyond = float(np.hypot(*(view.edge[:2] - self._eye.place[:2])))
            if away < beyond + 0.3:
                body = self._eye.body(*place)[view.rows, view.columns]
                if float(body[view.mask].mean()) > _HIDDEN:
                    return False
        return True
