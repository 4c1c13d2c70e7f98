"""What shelf cameras would say of takes and returns, without pictures: fast enough for many visits.

How often a camera says anything of the product or of the arm, how its scores spread, how far those of the others stay
behind, and how late it answers are what ``jwo benchmark shelf_view`` measures on rendered pictures of four people
who browse one gondola (``scores`` of its ``--json``); nothing here is better than that.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from just_walk_out.benchmark.shelf_view.evidence import QUANTILES
from just_walk_out.benchmark.shelf_view.looks import REACH
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
from just_walk_out.simulation.handling import Handling
from just_walk_out.simulation.watched import SIDES, looks_down, shelf_camera
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
_SLACK = _SECOND // 2
_MEMORY = 120 * _SECOND

Spread = tuple[float, ...]


@dataclass(frozen=True)
class ViewRates:
    """What one camera says of one take or return; spreads are quantiles at ``QUANTILES``.

    Attributes:
        product_said: share of looks with evidence of the product.
        product_right: of them, share whose likeliest product is the true one.
        product: score of the true product where that is so, and where it is not.
        product_margin: how far another product stays behind it, likewise.
        arm_said: share of looks with evidence of the arm, where several people could reach the plate.
        arm_said_alone: the same where nobody else could.
        arm: score of whose arm it is.
        arm_margin: how far another person who could reach the plate stays behind.
        delay: seconds from the shelf event to the answer.
    """

    product_said: float
    product_right: float
    product: tuple[Spread, Spread]
    product_margin: tuple[Spread, Spread]
    arm_said: float
    arm_said_alone: float
    arm: Spread
    arm_margin: Spread
    delay: Spread


AT_ENDS = ViewRates(
    product_said=0.470,
    product_right=0.684,
    product=(
        (0.9, 2.47, 2.97, 4.08, 5.26, 5.8, 6, 6, 6, 6, 6, 6, 6),
        (-5.01, -1.29, -0.38, 1.1, 3.6, 4.36, 5.01, 5.13, 5.21, 5.25, 5.56, 5.81, 5.94),
    ),
    product_margin=(
        (0.14, 4.08, 4.58, 4.85, 5.11, 5.32, 5.39, 5.44, 5.49, 5.55, 5.56, 5.57, 5.57),
        (-5.31, -0.66, -0.02, 0.67, 2.4, 3.81, 4, 4.11, 4.14, 4.2, 4.25, 4.57, 4.63),
    ),
    arm_said=0.000,
    arm_said_alone=0.000,
    arm=(0.0,) * len(QUANTILES),
    arm_margin=(0.0,) * len(QUANTILES),
    delay=(0, 0, 0.15, 0.26, 0.35, 0.46, 0.81, 1.05, 1.16, 1.25, 1.35, 1.35, 2.85),
)
"""Of a camera at an end of a gondola, by ``jwo benchmark shelf_view --only browsing --episodes 6 --seed 31``, packs
of their own: people show it their backs, and it says nothing of arms."""

OVER_FRONT = ViewRates(
    product_said=0.346,
    product_right=0.514,
    product=(
        (4.88, 5.72, 5.96, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6),
        (-1.35, -1.1, 0, 3.67, 4.56, 4.71, 4.92, 4.93, 4.95, 5.03, 5.15, 5.27, 5.62),
    ),
    product_margin=(
        (0.11, 3.18, 4.59, 4.71, 4.84, 4.91, 5.07, 5.17, 5.23, 5.28, 5.42, 5.54, 5.56),
        (-5.3, -0.78, -0.06, 0.72, 3.51, 3.75, 3.89, 3.94, 4.03, 4.11, 4.23, 4.37, 4.39),
    ),
    arm_said=1.000,
    arm_said_alone=1.000,
    arm=(0.96, 2.96, 3.53, 4.33, 5.22, 5.7, 6, 6, 6, 6, 6, 6, 6),
    arm_margin=(-3.52, 0.66, 1.25, 2.06, 2.61, 3.04, 3.29, 3.54, 3.62, 3.65, 4.01, 4.05, 4.06),
    delay=(0, 0.06, 0.26, 0.26, 0.26, 0.35, 0.35, 0.35, 0.46, 0.46, 0.46, 1.05, 2.1),
)
"""Of the camera over its front, likewise."""

MEASURED = (AT_ENDS, OVER_FRONT)


def watched(store: Store) -> Store:
    """Return a store with three shelf cameras at every gondola instead of those that it has."""
    others = tuple(camera for camera in store.cameras if camera.role != "shelf")
    added = tuple(shelf_camera(gondola, side) for gondola in store.gondolas for side in SIDES)
    return replace(store, cameras=(*others, *added))


class ShelfGlances:
    """A stage in the place of ``ShelfViewStage``, for all shelf cameras of a store: it knows the truth and errs.

    What is drawn of an event follows from the seed and the event's id alone, so that the answer does not depend on
    how records are batched.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfEventArray, TrackArray)
    outputs: ClassVar[tuple[type, ...]] = (ShelfObservationArray,)

    def __init__(
        self,
        store: Store,
        handlings: Sequence[Handling],
        whose: Callable[[TrackArray], Mapping[str, str]],
        start: int,
        seed: int,
        rates: tuple[ViewRates, ViewRates] = MEASURED,
    ) -> None:
        """Look at nothing yet.

        Args:
            store: with shelf cameras, such as ``watched`` makes it.
            handlings: the truth, ``World.handlings``; may grow while this is used.
            whose: tells of tracks which is each shopper's, such as ``LightStore.whose``.
            start: stamp of second 0 of the scenario, nanoseconds.
            seed: of everything drawn.
            rates: what a camera at an end of a gondola says, and what one over its front says.
        """
        self._store = store
        self._handlings, self._whose, self._start = handlings, whose, start
        self._seed = seed
        self._cameras = [camera for camera in store.cameras if camera.role == "shelf"]
        self._rates = {camera.id: rates[looks_down(camera.id)] for camera in self._cameras}
        self._skus = tuple(sorted(store.product))
        self._tracks: list[TrackArray] = []
        self._seen = {shelf: 0 for camera in self._cameras for shelf in camera.shelves}
        self._said = {(camera.id, shelf): 0 for camera in self._cameras for shelf in camera.shelves}
        self._pending: dict[tuple[str, str], tuple[int, ShelfEvent]] = {}
        self._known: set[str] = set()

    def restore(self) -> list[Any]:
        """Return nothing: there is no memory to restore."""
        return []

    def push(self, record: ShelfEventArray | TrackArray) -> list[Any]:
        """Take shelf events or tracks; return observations of the cameras that answer by now."""
        if isinstance(record, TrackArray):
            if not self._tracks or record.stamp > self._tracks[-1].stamp:
                self._tracks.append(record)
                if self._tracks[0].stamp < record.stamp - 2 * _MEMORY:
                    self._tracks = [each for each in self._tracks if each.stamp >= record.stamp - _MEMORY]
            asked = {camera for (camera, _), (at, _) in self._pending.items() if at <= self._now()}
        else:
            for event in record.events:
                if event.state is EventState.FINAL and event.id not in self._known and event.shelf in self._seen:
                    self._known.add(event.id)
                    for camera in self._store.watchers[event.shelf]:
                        delay = _draw(self._rates[camera].delay, self._rng("delay", event.id, camera))
                        due = max(self._now(), event.end) + round(delay * _SECOND)
                        self._pending[(camera, event.id)] = (due, event)
            for mark in record.watermarks:
                if mark.source in self._seen:
                    self._seen[mark.source] = max(mark.stamp, self._seen[mark.source])
            told = [each.shelf for each in record.events] + [mark.source for mark in record.watermarks]
            asked = {camera for shelf in told for camera in self._store.watchers.get(shelf, ())}
        cameras = (camera for camera in self._cameras if camera.id in asked)
        return [answer for camera in cameras for answer in self._answer(camera.id, camera.shelves)]

    def _now(self) -> int:
        return self._tracks[-1].stamp if self._tracks else 0

    def _answer(self, camera: str, shelves: Sequence[str]) -> list[Any]:
        mine = [(key, at, event) for key, (at, event) in self._pending.items() if key[0] == camera]
        due = [key for key, at, _ in mine if at <= self._now()]
        events = sorted((self._pending.pop(key)[1] for key in due), key=lambda event: (event.end, event.id))
        made = [seen for event in events for seen in self._observe(camera, event)]
        marks = []
        for shelf in shelves:
            waiting = [event.start - 1 for key, at, event in mine if at > self._now() and event.shelf == shelf]
            stamp = min([self._seen[shelf], *waiting])
            if stamp > self._said[(camera, shelf)]:
                self._said[(camera, shelf)] = stamp
                marks.append(Watermark(shelf, stamp))
        if not made and not marks:
            return []
        return [ShelfObservationArray(max(self._now(), *self._seen.values()), camera, tuple(marks), tuple(made))]

    def _observe(self, camera: str, event: ShelfEvent) -> list[ShelfObservation]:
        found = []
        for plate in event.plates:
            handling = self._truth(event, plate)
            if handling is None:
                continue
            rng = self._rng("look", event.id, camera, plate)
            products = self._products(handling, self._rates[camera], rng)
            arms = self._arms(event, handling, self._rates[camera], rng)
            if products or arms:
                found.append(
                    ShelfObservation(
                        f"{camera}:{event.id}:{plate}", camera, event.id, plate, event.start, event.end,
                        tuple(products), tuple(products.values()), tuple(arms), tuple(arms.values()),
                    )
                )  # fmt: skip
        return found

    def _truth(self, event: ShelfEvent, plate: str) -> Handling | None:
        """Return whose hand moved what there meanwhile; of several that which moved most, of none None."""
        inside = [
            each
            for each in self._handlings
            if each.plate == plate
            and each.sku
            and self._start + each.start * _SECOND <= event.end + _SLACK
            and self._start + each.settled * _SECOND >= event.start - _SLACK
        ]
        return max(inside, key=lambda each: abs(each.change), default=None)

    def _products(self, handling: Handling, rates: ViewRates, rng: np.random.Generator) -> dict[str, float]:
        said, right = (rng.random() < share for share in (rates.product_said, rates.product_right))
        if not said:
            return {}
        which = 0 if right else 1
        score = _draw(rates.product[which], rng)
        margins = np.interp(rng.random(len(self._skus)), QUANTILES, rates.product_margin[which]).round(4).tolist()
        return {
            sku: score if sku == handling.sku else score - margin
            for sku, margin in zip(self._skus, margins, strict=True)
        }

    def _arms(
        self, event: ShelfEvent, handling: Handling, rates: ViewRates, rng: np.random.Generator
    ) -> dict[str, float]:
        near = self._near(event, handling.plate)
        # what is not known by the end of the event is not known when the camera answers
        stamp = min(self._start + round(handling.settled * _SECOND), event.end)
        index = bisect_right(self._tracks, stamp, key=lambda each: each.stamp) - 1
        person = self._whose(self._tracks[index]).get(handling.person, "") if index >= 0 else ""
        rate = rates.arm_said if len(near) > 1 else rates.arm_said_alone
        said, score = rng.random() < rate, _draw(rates.arm, rng)
        if not said or person not in near:
            return {}
        return {track: score if track == person else score - _draw(rates.arm_margin, rng) for track in near}

    def _near(self, event: ShelfEvent, plate: str) -> list[str]:
        front = self._store.front_of(plate)
        first = bisect_left(self._tracks, event.start, key=lambda each: each.stamp)
        return sorted(
            {
                track.id
                for record in self._tracks[first:]
                if record.stamp <= event.end
                for track in record.tracks
                if track.state is not TrackState.TENTATIVE and math.dist((track.x, track.y), front) <= REACH
            }
        )

    def _rng(self, *names: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, zlib.crc32("|".join(names).encode())])


def _draw(spread: Spread, rng: np.random.Generator) -> float:
    """Draw from a spread that is given by its quantiles, natural log-likelihoods or seconds."""
    return round(float(np.interp(rng.random(), QUANTILES, spread)), 4)
