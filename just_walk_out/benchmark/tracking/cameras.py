"""Several overlapping cameras: trackers of the floor on true or spoilt boxes of each view (WILDTRACK's layout).

``views_boxes.csv`` (frame, cam, person_id, x1, y1, x2, y2), ``gt_ground_m.csv`` (frame, person_id, x_m, y_m),
``extrinsic/extr_*.xml`` and ``intrinsic_zero/intr_*.xml``; cameras are numbered in the order of their names.
The trackers get boxes and calibrations, never a person's number. The area is the rectangle in which anybody is
annotated. It has no gates, so ``just_walk_out`` is the tracker of open areas; the store's own stands beside it, with
births allowed everywhere.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from just_walk_out.benchmark.tracking.scores import clear_and_identity
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.formats import read_wildtrack
from just_walk_out.records import PersonDetection, PersonDetectionArray, TrackState
from just_walk_out.store.model import Camera, EntrySettings, Store
from just_walk_out.tracking.area_tracker import AreaTracker
from just_walk_out.tracking.box_settings import BoxTrackerSettings
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.planes import FloorPlane
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.tracker import Tracker

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATE = 2.0
WITHIN = 0.5
_DROPPED, _JITTERED, _FALSE = 0.15, 0.04, 0.02
_JITTER = 0.1  # of a box's size, standard deviation of place and of size
_SECOND = 1_000_000_000
_START = 1_000 * _SECOND
_EXACT = 0.02  # metres, of places as annotated
_MARGIN = 1.0  # metres of floor around everybody who is in the truth

# For the store's tracker: nobody knows gates here, so births are allowed everywhere; pictures are half a second apart.
SETTINGS = TrackerSettings(
    tick=1.0 / RATE,
    camera_timeout=5.0,
    inside_evidence=2.0,
    birth_evidence=2.0,
    inside_time=0.0,
    single_camera=1.0,
    tentative_timeout=0.6,
    active_time=1.6,
    memory=5.0,
    acceleration=0.8,
    gate_distance=2.0,
)
# How well the feet of annotated boxes lie, in body heights.
_BOXES = BoxTrackerSettings(across=0.03, upright=0.03)


@dataclass(frozen=True)
class Views:
    """What several cameras see of one floor.

    Attributes:
        name: of the folder.
        cameras: in the order of their numbers.
        boxes: (N, 6): frame, camera, left, top, right, bottom.
        truth: (R, 4): frame, person, x, y in metres.
        frames: how many.
    """

    name: str
    cameras: tuple[Camera, ...]
    boxes: Floats
    truth: Floats
    frames: int


@dataclass(frozen=True)
class GroundScore:
    """Figures on the floor: shares in per cent, frames a second of the tracker alone with all cameras."""

    moda: float
    modp: float
    mota: float
    idf1: float
    ids: int
    fps: float

    def figures(self) -> dict[str, float]:
        """Return them for a JSON file."""
        shares = {name: round(getattr(self, name), 2) for name in ("moda", "modp", "mota", "idf1")}
        return {**shares, "ids": self.ids, "fps": round(self.fps, 1)}


def is_views(folder: Path) -> bool:
    """Whether a folder is laid out as several views with a truth on the floor."""
    return (folder / "views_boxes.csv").is_file() and (folder / "gt_ground_m.csv").is_file()


def read_views(folder: Path) -> Views:
    """Read a folder.

    Raises:
        ValueError: names the file and what was expected.
    """
    outer, inner = sorted((folder / "extrinsic").glob("extr_*.xml")), sorted((folder / "intrinsic_zero").glob("*.xml"))
    if not outer or len(outer) != len(inner):
        raise ValueError(
            f"{folder}: expected as many extrinsic/extr_*.xml ({len(outer)}) as intrinsic_zero ({len(inner)})"
        )
    cameras = []
    for number, (extrinsic, intrinsic) in enumerate(zip(outer, inner, strict=True)):
        cameras.append(read_wildtrack(extrinsic, intrinsic).camera(f"view_{number}", rate=RATE))
    boxes = _columns(folder / "views_boxes.csv", ("frame", "cam", "x1", "y1", "x2", "y2"))
    truth = _columns(folder / "gt_ground_m.csv", ("frame", "person_id", "x_m", "y_m"))
    if not len(truth) or boxes[:, 1].max(initial=0) >= len(cameras):
        raise ValueError(f"{folder}: expected people in gt_ground_m.csv, and boxes of cameras 0 to {len(cameras) - 1}")
    return Views(folder.name, tuple(cameras), boxes, truth, int(truth[:, 0].max()) + 1)


def spoilt(views: Views, seed: int) -> Floats:
    """Return the boxes with 15 % dropped, 4 % jittered and 2 % false ones added, in every view alike."""
    rng = np.random.default_rng([seed, len(views.boxes)])
    fate = rng.random(len(views.boxes))
    boxes = views.boxes.copy()
    size = boxes[:, 4:] - boxes[:, 2:4]
    shaken = (fate >= _DROPPED) & (fate < _DROPPED + _JITTERED)
    count = int(shaken.sum())
    middle = 0.5 * (boxes[shaken, 2:4] + boxes[shaken, 4:]) + _JITTER * size[shaken] * rng.normal(size=(count, 2))
    half = 0.5 * size[shaken] * np.exp(_JITTER * rng.normal(size=(count, 2)))
    boxes[shaken, 2:4], boxes[shaken, 4:] = middle - half, middle + half
    false = boxes[rng.integers(len(boxes), size=round(_FALSE * len(boxes)))]
    limits = np.array([(views.cameras[int(k)].width, views.cameras[int(k)].height) for k in false[:, 1]], dtype=float)
    extent = false[:, 4:] - false[:, 2:4]
    false[:, 2:4] = rng.random((len(false), 2)) * np.maximum(limits - extent, 1.0)
    false[:, 4:] = false[:, 2:4] + extent
    return np.concatenate([boxes[fate >= _DROPPED], false])


def track(views: Views, boxes: Floats) -> tuple[list[tuple[Ints, Floats]], float]:
    """Run the tracker of open areas over boxes.

    Args:
        views: the cameras.
        boxes: (N, 6) as in ``Views``.

    Returns:
        For each frame the numbers and places (N, 2) of everyone seen, and frames a second of the tracker alone.
    """
    return _follow(views, list(_records(views, boxes)))


def track_places(views: Views) -> tuple[list[tuple[Ints, Floats]], float]:
    """Run the same tracker over the annotated places themselves, shown by all cameras that look there; as ``track``.

    No box can say better where people are, so what is missed then is not missed for the boxes.
    """
    floor = FloorMap(_floor(views), views.cameras)
    spread = (_EXACT**2, 0.0, _EXACT**2)
    given = []
    for frame in range(views.frames):
        stamp = _START + round(frame * _SECOND / RATE)
        places = views.truth[views.truth[:, 0] == frame, 2:]
        seen = floor.seen_by(places)
        records = [
            PersonDetectionArray(
                stamp, camera.id, tuple(PersonDetection(x, y, spread, 1.0, ()) for x, y in places[seen[:, k]].tolist())
            )
            for k, camera in enumerate(views.cameras)
        ]
        given.append((stamp, records))
    return _follow(views, given)


def _follow(
    views: Views, given: list[tuple[int, list[PersonDetectionArray]]]
) -> tuple[list[tuple[Ints, Floats]], float]:
    low, high = _area(views)
    tracker = AreaTracker(FloorMap(_floor(views), views.cameras), low, high)
    start = time.process_time()
    results = [tracker.process(stamp, records) for stamp, records in given]
    busy = time.process_time() - start
    return _numbered([(each.ids.tolist(), each.places) for each in results]), views.frames / max(busy, 1e-9)


def track_as_store(views: Views, boxes: Floats) -> tuple[list[tuple[Ints, Floats]], float]:
    """Run the store's tracker over boxes, with births allowed everywhere; as ``track``."""
    tracker = Tracker(FloorMap(_floor(views), views.cameras), SETTINGS)
    given = list(_records(views, boxes))
    start = time.process_time()
    results = [tracker.process(stamp, records) for stamp, records in given]
    busy = time.process_time() - start
    found = []
    for tracks, _ in results:
        seen = [each for each in tracks if each.state is TrackState.CONFIRMED and each.cameras]
        places = np.array([(each.x, each.y) for each in seen], dtype=np.float64).reshape(-1, 2)
        found.append(([each.id for each in seen], places))
    return _numbered(found), views.frames / max(busy, 1e-9)


def _numbered(found: Sequence[tuple[Sequence[Hashable], Floats]]) -> list[tuple[Ints, Floats]]:
    """Count those who were reported from 0, as TrackEval expects."""
    numbers: dict[Hashable, int] = {}
    return [
        (np.array([numbers.setdefault(each, len(numbers)) for each in ids], dtype=np.int64), places)
        for ids, places in found
    ]


def score_ground(views: Views, found: list[tuple[Ints, Floats]], fps: float) -> GroundScore:
    """Compare places with the truth: a match lies within half a metre.

    Raises:
        ValueError: TrackEval is not installed.
    """
    people, persons = np.unique(views.truth[:, 1], return_inverse=True)
    similarity, truths = [], []
    for frame, (_, places) in enumerate(found):
        rows = views.truth[:, 0] == frame
        truths.append(persons[rows].astype(np.int64))
        # TrackEval matches from 0.5 on, which is WITHIN then
        away = cdist(views.truth[rows, 2:], places) if len(places) else np.zeros((int(rows.sum()), 0))
        similarity.append(np.maximum(1.0 - 0.5 * away / WITHIN, 0.0))
    data = {
        "num_timesteps": len(found),
        "num_gt_ids": len(people),
        "num_tracker_ids": int(max((ids.max(initial=-1) for ids, _ in found), default=-1)) + 1,
        "num_gt_dets": sum(len(each) for each in truths),
        "num_tracker_dets": sum(len(ids) for ids, _ in found),
        "gt_ids": truths,
        "tracker_ids": [ids for ids, _ in found],
        "similarity_scores": similarity,
    }
    clear, identity = clear_and_identity(data)
    return GroundScore(
        100.0 * float(clear["MODA"]),
        100.0 * (2.0 * float(clear["MOTP"]) - 1.0),
        100.0 * float(clear["MOTA"]),
        100.0 * float(identity["IDF1"]),
        int(clear["IDSW"]),
        fps,
    )


def _area(views: Views) -> tuple[Floats, Floats]:
    """Return the corners (2,) of the rectangle in which people are annotated."""
    return views.truth[:, 2:].min(axis=0), views.truth[:, 2:].max(axis=0)


def _floor(views: Views) -> Store:
    """Return an empty store whose floor is where people are."""
    low, high = _area(views)
    low, high = low - _MARGIN, high + _MARGIN
    corners = ((low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1]))
    floor = tuple((float(x), float(y)) for x, y in corners)
    return Store(
        id=views.name, name=views.name, currency="EUR", floor=floor, walls=(), gates=(), cameras=views.cameras,
        gondolas=(), buses=(), products=(), planogram=(), entry=EntrySettings(()),
    )  # fmt: skip


def _records(views: Views, boxes: Floats) -> Iterator[tuple[int, list[PersonDetectionArray]]]:
    planes = [FloorPlane(FloorProjector(camera), _BOXES) for camera in views.cameras]
    for frame in range(views.frames):
        stamp = _START + round(frame * _SECOND / RATE)
        records = []
        for number, (camera, plane) in enumerate(zip(views.cameras, planes, strict=True)):
            corners = boxes[(boxes[:, 0] == frame) & (boxes[:, 1] == number), 2:]
            sights = plane.sights(corners.T)
            sound = np.isfinite(sights.points).all(axis=0) & np.isfinite(sights.noises).all(axis=0)
            people = tuple(
                PersonDetection(x, y, spread, 1.0, (left, top, right - left, bottom - top))
                for x, y, spread, (left, top, right, bottom) in zip(
                    *sights.points[:, sound].tolist(),
                    zip(*sights.noises[:, sound].tolist(), strict=True),
                    corners[sound].tolist(),
                    strict=True,
                )
            )
            records.append(PersonDetectionArray(stamp, camera.id, people))
        yield stamp, records


def _columns(path: Path, names: tuple[str, ...]) -> Floats:
    """Read columns of numbers by their headings."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            absent = [name for name in names if name not in (reader.fieldnames or ())]
            if absent:
                raise ValueError(f"no column {absent[0]}")
            rows = [[float(row[name]) for name in names] for row in reader]
    except (OSError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected columns {', '.join(names)} of numbers: {error}") from error
    return np.array(rows, dtype=np.float64).reshape(-1, len(names))
