"""The simulated demo store in boxes: shoppers who cross and queue, seen by its overview cameras.

People move as the simulation has them. Each camera finds the outline of a body that is not hidden by fixtures or, to
70 %, by somebody nearer, with errors that a detector has, misses some, and invents some; boxes are then placed on the
floor and tracked as in the store. The tracker never learns who is who.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tracking.colours import Painter
from just_walk_out.benchmark.tracking.ledger import Ledger
from just_walk_out.benchmark.tracking.visits import filling, visits
from just_walk_out.camera.appearance import COLOURS, PARTS
from just_walk_out.camera.detectors.base import Detections, Image
from just_walk_out.camera.finder import PersonFinder
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import DISC_HEIGHTS, edges
from just_walk_out.camera.visibility import Occluders
from just_walk_out.records import PersonDetection, PersonDetectionArray
from just_walk_out.resources import share
from just_walk_out.simulation.figure import Figure, draw_appearance
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Camera, Store
from just_walk_out.tracking.stage import TrackerStage

Floats = NDArray[np.float64]

_SECOND = 1_000_000_000
_START = 1_700_000_000 * _SECOND
_INSIDE = -0.2  # metres outside the floor plan, below which somebody counts
_PHASE = 0.012  # seconds from one camera to the next
_HIDDEN, _MISSED, _FALSE = 0.7, 0.03, 0.02
_LOAD = (12, 15.0, 30)  # cameras, frames a second, people


class _NoDetector:
    """Stands where a detector would: the boxes are given."""

    def detect(self, image: Image, stamp: int) -> Detections:
        """Find nobody."""
        return Detections.none()

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Find nobody."""
        return [Detections.none() for _ in images]


class _Eye:
    """What the detector of one camera reports."""

    def __init__(self, store: Store, camera: Camera, seed: int, number: int) -> None:
        self.camera = camera
        self._rng = np.random.default_rng([seed, number])
        self._projector = FloorProjector(camera)
        self._occluders = Occluders(store.gondolas, store.walls)
        self._finder = PersonFinder(store, camera, detector=_NoDetector())
        self._painter = Painter(camera, [seed, number])

    def see(self, stamp: int, figures: list[Figure]) -> PersonDetectionArray:
        """Return the detections of a frame."""
        boxes: Floats = np.zeros((0, 4))
        scores: Floats = np.zeros(0)
        if figures:
            boxes, scores = self._found(figures)
        if self._rng.random() < _FALSE:
            tall = self._rng.uniform(60.0, 200.0)
            corner = self._rng.random(2) * (self.camera.width - 0.4 * tall, self.camera.height - tall)
            boxes = np.concatenate([boxes, [[*corner, 0.4 * tall, tall]]])
            scores = np.append(scores, self._rng.uniform(0.3, 0.7))
        return self._finder.report(stamp, Detections(boxes, scores), self._painter.paint(figures))

    def _found(self, figures: list[Figure]) -> tuple[Floats, Floats]:
        places = np.array([(each.x, each.y) for each in figures])
        heights = np.array([each.appearance.height for each in figures])
        body = edges(self._projector, places, heights)
        points = np.concatenate(
            [np.repeat(places[:, None], len(DISC_HEIGHTS), axis=1), (heights[:, None] * DISC_HEIGHTS)[..., None]],
            axis=2,
        )
        hidden = self._occluders.hidden(self._projector.centre, points)
        limits = np.array([self.camera.width - 1.0, self.camera.height - 1.0])
        low, high = np.clip(body[:, :2], 0.0, limits), np.clip(body[:, 2:], 0.0, limits)
        with np.errstate(invalid="ignore"):
            inside = ((high - low) > 8.0).all(axis=1) & np.isfinite(body).all(axis=1)
        # Feet behind a fixture: the box ends where the highest hidden part begins.
        feet_gone = hidden[:, 0] & ~hidden[:, -1]
        share_seen = 1.0 - hidden.mean(axis=1)
        high[:, 1] = np.where(feet_gone, low[:, 1] + share_seen * (high[:, 1] - low[:, 1]), high[:, 1])
        away = np.linalg.norm(places - self._projector.centre[:2], axis=1)
        shared_low, shared_high = np.maximum(low[:, None], low[None]), np.minimum(high[:, None], high[None])
        area = np.maximum((high - low).prod(axis=1), 1.0)
        shared = np.maximum(shared_high - shared_low, 0.0).prod(axis=2) / area[:, None]
        covered = np.where(away[None] < away[:, None], shared, 0.0).max(axis=1)
        seen = inside & (share_seen > 0.4) & (covered < _HIDDEN) & (self._rng.random(len(figures)) > _MISSED)
        size = high - low
        noise = self._rng.normal(0.0, 1.0, (len(figures), 4)) * np.maximum(0.03 * size[:, 1:], 1.5)
        edge = np.concatenate([low, high], axis=1) + noise
        boxes = np.concatenate([edge[:, :2], np.maximum(edge[:, 2:] - edge[:, :2], 4.0)], axis=1)
        scores = np.clip(0.9 - 0.4 * covered + self._rng.normal(0.0, 0.04, len(figures)), 0.05, 0.99)
        return boxes[seen], scores[seen]


@dataclass(frozen=True)
class Conditions:
    """How hard it is to follow people.

    Attributes:
        present: shoppers inside at a time, on average.
        rate: pictures a second of each camera.
        outfits: kinds of clothes that are worn; 0 for as many as the simulation draws.
        lost: cameras that do not work, from the last.
    """

    present: float = 20.0
    rate: float = 10.0
    outfits: int = 0
    lost: int = 0


HARD = {
    "34 pressed together": Conditions(present=34.0),
    "two kinds of clothes": Conditions(outfits=2),
    "4 pictures a second": Conditions(rate=4.0),
    "two of four cameras": Conditions(lost=2),
}
"""Conditions under which people are taken for each other now and then, so that it shows whether tracks say so."""


@dataclass(frozen=True)
class Moment:
    """A tick: where everyone inside truly is, and what cameras have sent since the tick before.

    Attributes:
        stamp: nanoseconds.
        people: id and place (metres) of everyone inside.
        records: of all cameras.
    """

    stamp: int
    people: list[tuple[str, float, float]]
    records: list[PersonDetectionArray]


def moments(store: Store, conditions: Conditions, seed: int, seconds: float) -> Iterator[Moment]:
    """Play a busy store from its opening.

    Args:
        store: which.
        conditions: how hard it is.
        seed: of people and detections.
        seconds: how long.
    """
    parties = visits(store, seed, seconds, conditions.present)
    world = World(store, Scenario("busy", parties=parties), seed)
    cameras = [each for each in store.cameras if each.role == "overview"]
    eyes = [_Eye(store, camera, seed, number) for number, camera in enumerate(cameras)]
    for tick in range(round(seconds * conditions.rate)):
        now = tick / conditions.rate
        world.advance(now)
        figures = world.figures(now)
        away = distance_outside(store.floor, np.array([(f.x, f.y) for f in figures]).reshape(-1, 2))
        people = [(f.id, f.x, f.y) for f, out in zip(figures, away, strict=True) if out < _INSIDE]
        records = []
        for number, eye in enumerate(eyes[: len(eyes) - conditions.lost]):
            moment = now + _PHASE * number
            seen = [_dressed(each, conditions.outfits) for each in world.figures(moment)]
            records.append(eye.see(_START + round(moment * _SECOND), seen))
        yield Moment(_START + round(now * _SECOND), people, records)


def _dressed(figure: Figure, outfits: int) -> Figure:
    """Return somebody in one of so many outfits, by their id."""
    if not outfits:
        return figure
    number = zlib.crc32(figure.id.encode()) % outfits
    uniform = draw_appearance(np.random.default_rng([number, outfits]), number)
    worn = replace(figure.appearance, top=uniform.top, stripe=uniform.stripe, trousers=uniform.trousers)
    return replace(figure, appearance=worn)


def simulated(
    seed: int, seconds: float, conditions: Conditions = Conditions(), lead: float | None = None
) -> dict[str, Any]:
    """Track a busy store.

    Args:
        seed: of people and detections.
        seconds: that are counted.
        conditions: how hard it is.
        lead: seconds before them in which the store fills; as many as that takes, unless given.

    Returns:
        ``minutes``, and what ``Ledger.figures`` counts.
    """
    store = load_store(share() / "config" / "demo_store")
    stage = TrackerStage(store)
    truth: dict[int, list[tuple[str, float, float]]] = {}
    ledger = Ledger()
    lead = filling(conditions.present) if lead is None else lead
    begin = _START + round(lead * _SECOND)
    for moment in moments(store, conditions, seed, seconds + lead):
        if moment.stamp >= begin:
            truth[moment.stamp] = moment.people
        for record in moment.records:
            for array in stage.push(record):
                if array.stamp in truth:
                    ledger.add(truth.pop(array.stamp), array)
    return {"minutes": seconds / 60.0, **ledger.figures()}


def load(seed: int, quick: bool) -> dict[str, float]:
    """Measure what tracking 30 people over 12 cameras at 15 Hz costs.

    Returns:
        ``load``: seconds of one core a second of the store, tracker stage alone.
    """
    cameras, rate, people = _LOAD
    store = load_store(share() / "config" / "demo_store")
    overview = [each for each in store.cameras if each.role == "overview"]
    many = tuple(replace(overview[number % len(overview)], id=f"cam_{number}") for number in range(cameras))
    stage = TrackerStage(replace(store, cameras=many))
    seconds = 8.0 if quick else 30.0
    records = list(_milling(many, rate, people, seconds, seed))
    start = time.process_time()
    for record in records:
        stage.push(record)
    return {"load": (time.process_time() - start) / seconds}


def _milling(
    cameras: tuple[Camera, ...], rate: float, people: int, seconds: float, seed: int
) -> Iterator[PersonDetectionArray]:
    """Yield detections of people who come in at a gate and mill about on a grid of places, seen by every camera."""
    rng = np.random.default_rng([seed, people])
    home = np.column_stack([np.linspace(0.8, 7.6, people), rng.uniform(0.9, 5.8, people)])
    looks = [rng.integers(0, 80, PARTS * COLOURS).astype(np.uint8).tobytes() for _ in range(people)]
    phase, pace = rng.uniform(0, 2 * np.pi, people), rng.uniform(0.3, 0.6, people)
    for frame in range(round(seconds * rate)):
        for number, camera in enumerate(cameras):
            now = frame / rate + number / (rate * len(cameras))
            swing = 0.5 * np.column_stack([np.cos(pace * now + phase), np.sin(pace * now + phase)])
            places = home + swing + rng.normal(0.0, 0.05, (people, 2))
            found = tuple(
                PersonDetection(float(x), float(y), (0.01, 0.0, 0.01), 0.9, (0.0, 0.0, 40.0, 100.0), (), look)
                for (x, y), look in zip(places, looks, strict=True)
            )
            yield PersonDetectionArray(_START + round(now * _SECOND), camera.id, found)
