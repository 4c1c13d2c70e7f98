"""From pictures of a shelf camera, shelf events and tracks to observations: which product, whose arm."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from just_walk_out.shelf_view.arms import AFTER, BEFORE, ArmCue, Scene
from just_walk_out.shelf_view.colours import changed_pixels
from just_walk_out.shelf_view.cues import Sight
from just_walk_out.shelf_view.pictures import Crop, Image, Picture, Pictures
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.stills import Still, compose
from just_walk_out.shelf_view.views import Eye, Mask, PlateView, fixtures, plate_views
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_CLEAR = 700_000_000  # nanoseconds before a step's start up to which its plate is looked at: then a hand is on its way
_SILENT = 2 * _SECOND  # of tracks without a picture: the camera is dead, and nobody shall wait for it
_STEPS = 16  # ends of steps that are remembered a plate
_HIDDEN = 0.1  # share of a plate that need not be in sight to answer at once
_LEAST, _MOST = 2, 5  # pictures in which a pixel must be in sight, and of which the median is taken
_EVERY, _LONG = 5, 21  # what is in sight for long: the median of so many pictures, each so many after the last


@dataclass(eq=False)
class Change:
    """How a plate changed by a step, as far as it has been in sight since.

    Attributes:
        before: what it may have looked like; nothing where it was not in sight.
        looked: time of the last picture that was looked at, nanoseconds.
        shown: pictures since the step, the last first.
        after: what it looks like since; None until enough is in sight.
        goods: (rows, columns) the pixels that changed.
        clear: nearly all of it was in sight, so that more pictures would not show more.
    """

    before: tuple[Still, ...]
    looked: int
    shown: list[Crop] = field(default_factory=list)
    after: Still | None = None
    goods: Mask = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    clear: bool = False

    def shown_before(self) -> Image:
        """Return what it looked like (rows, columns, 3), BGR; black where nothing was in sight."""
        image = np.zeros_like(self.before[0].image)
        for still in reversed(self.before):
            image[still.known] = still.image[still.known]
        return image


class ShelfViewStage:
    """Answers each final shelf event of the shelves of one camera, once its plates are clear again.

    Pictures come in their own order; which ones are used follows from their stamps alone. A plate of whose goods
    nothing is seen in time is answered by arms only, or not at all; the watermark goes on either way. Without photos
    there are arms only, and the answer comes ``AFTER`` the step.
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
        self._arms = ArmCue(self._eye, fixtures(store, self._camera, self._eye), settings)
        self._stamps: list[int] = []
        self._places: list[dict[str, tuple[float, float]]] = []
        self._seen = dict.fromkeys(self._camera.shelves, 0)
        self._said = dict.fromkeys(self._camera.shelves, 0)
        self._pending: dict[str, ShelfEvent] = {}
        self._answered: dict[str, int] = {}
        self._changes: dict[tuple[str, str], Change] = {}
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
        # a clear view is worth waiting for only to tell products, and what comes after a step only to tell arms
        shown = views if looked >= event.end and self._products is not None else []
        seen = [self._change(event, view, min(latest, tracked)) for view in shown]
        arms = any(self._arms.watches(view) for view in views)
        done = looked >= event.end + (AFTER[1] if arms else 0) and all(change.clear for change in seen)
        if not (done or late or dead or looked >= latest):
            return None
        around = event.start - BEFORE[0], min(event.end + AFTER[1], latest)
        people = [
            Scene(stamp, mask, self._places_at(stamp))
            for stamp, mask in self._pictures.people_within(*around, self._camera.width)
        ]
        changes = dict(zip(event.plates, event.change, strict=True))
        found = [self._of_plate(event, view, changes[view.plate], people) for view in views]
        return [each for each in found if each is not None]

    def _of_plate(
        self,
        event: ShelfEvent,
        view: PlateView,
        change: float,
        people: Sequence[Scene],
    ) -> ShelfObservation | None:
        arms = self._arms.scores(view, event.start, event.end, people)
        skus: tuple[str, ...] = ()
        scores: tuple[float, ...] = ()
        stamps = [event.start, event.end]
        seen = self._changes.pop((event.id, view.plate), None)
        enough = seen is not None and int(seen.goods.sum()) >= self._settings.least_pixels
        if self._products is not None and seen is not None and seen.after is not None and enough:
            skus = self._products.skus
            shows = seen.shown_before() if change < 0 else seen.after.image
            scores = self._products.scores(shows, seen.goods)
            stamps = [seen.before[0].start, seen.after.end]
        if not skus and not arms:
            return None
        return ShelfObservation(
            f"{self._camera.id}:{event.id}:{view.plate}", self._camera.id, event.id, view.plate,
            min(stamps), max(stamps), skus, scores, tuple(arms), tuple(arms.values()),
        )  # fmt: skip

    def _before(self, event: ShelfEvent, view: PlateView) -> tuple[Still, ...]:
        """Return what a plate may have looked like before a step: what was in sight for long, and what was lately.

        Somebody may have stood there without moving, so that only what was in sight for longer is the goods.
        """
        since = max((end for end in self._steps[view.plate] if end <= event.start), default=0)
        crops = self._pictures.crops_before(view.plate, since, event.start - _CLEAR)
        free = [self._open(view, crop.stamp) for crop in crops]
        found = (
            compose(crops[::_EVERY], free[::_EVERY], _LEAST, _LONG),
            compose(crops, free, _LEAST, _MOST),
        )
        return tuple(still for still in found if still is not None)

    def _change(self, event: ShelfEvent, view: PlateView, end: int) -> Change:
        """Return how a plate changed by a step: as soon as it is clear again, or by what is in sight up to a moment.

        What was looked at is kept for the next call, which goes on where this one ended.
        """
        key = (event.id, view.plate)
        if key not in self._changes:
            before = self._before(event, view)
            # where nothing was in sight before, nothing later tells what changed
            self._changes[key] = Change(before, event.end - 1, clear=not before)
        change = self._changes[key]
        for crop in self._pictures.crops_within(view.plate, change.looked + 1, end):
            if change.clear:
                break
            change.looked = crop.stamp
            change.shown.insert(0, crop)
            after = compose(change.shown, None, _LEAST, _MOST)
            if after is None:
                continue
            goods, else_ = changed_pixels(change.before, after, view.mask, self._settings.change_level)
            change.after, change.goods = after, goods
            change.clear = float((after.known & ~else_)[view.mask].mean()) >= 1.0 - _HIDDEN
        return change

    def _places_at(self, stamp: int) -> dict[str, tuple[float, float]]:
        index = bisect_right(self._stamps, stamp) - 1
        return self._places[index] if index >= 0 else {}

    def _open(self, view: PlateView, stamp: int) -> Mask:
        """Return the pixels of a plate's view (rows, columns) before which nobody stood at a moment."""
        free = np.ones(view.mask.shape, bool)
        for place in self._places_at(stamp).values():
            away = float(np.hypot(*(np.array(place) - self._eye.place[:2])))
            beyond = float(np.hypot(*(view.edge[:2] - self._eye.place[:2])))
            if away < beyond + 0.3:
                free &= ~self._eye.body(*place)[view.rows, view.columns]
        return free
