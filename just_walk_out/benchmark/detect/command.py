"""``jwo benchmark detect``: people in a real video, each detector beside what OpenCV offers, with the time it takes."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.detect.data import Clip, open_clip, open_ground, uncalibrated
from just_walk_out.benchmark.detect.peers import Hog, Subtraction
from just_walk_out.benchmark.detect.report import save, table
from just_walk_out.benchmark.detect.scoring import Tally
from just_walk_out.camera.detectors.base import Detections
from just_walk_out.camera.detectors.choice import make_detector
from just_walk_out.cli.refusal import refuse
from just_walk_out.store.model import Camera, Detector, Store

_PETS = Path("data") / "people" / "pets09_s2l1"
_NANODET = Path("models") / "nanodet.onnx"
# Precision over recall needs the doubtful boxes, too.
_ALL = 0.05
_SECOND = 1_000_000_000


class _Finds(Protocol):
    def detect(self, image: NDArray[np.uint8], stamp: int) -> Detections: ...


@dataclass
class Row:
    """One detector of the table.

    Attributes:
        name: of the detector.
        ours: whether it is one of the project's.
        threshold: score from which it reports in a store; of the peers, from which the recipe does.
        memory: whether it must see every picture.
        make: makes it; raises what is printed instead of figures.
        tally: boxes of the pictures that were scored.
        spent: CPU seconds of each picture.
        absent: why there are no figures.
    """

    name: str
    ours: bool
    threshold: float
    memory: bool
    make: Callable[[], _Finds]
    tally: Tally = field(default_factory=Tally)
    spent: list[float] = field(default_factory=list)
    absent: str = ""

    def figures(self) -> dict[str, Any]:
        """Return what is printed and written."""
        if self.absent:
            return {"ours": self.ours, "absent": self.absent}
        ap50, (recall, precision) = self.tally.average_precision(), self.tally.at(self.threshold)
        # the first picture warms caches up
        times = self.spent[1:] or self.spent
        return {
            "ours": self.ours,
            "ap50": None if ap50 is None else round(100.0 * ap50, 2),
            "recall": None if recall is None else round(recall, 4),
            "precision": None if precision is None else round(precision, 4),
            "threshold": self.threshold,
            "ms_per_frame": round(1000.0 * float(np.mean(times)), 2) if times else None,
            "frames": self.tally.pictures,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from just_walk_out.benchmark.detect import data, scoring

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"{data.__doc__}\n{scoring.__doc__}"
    parser.add_argument(
        "video", nargs="?", type=Path, metavar="VIDEO|DIR", help=f"default: $JWO_DATA/{_PETS.as_posix()}"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="score every N-th picture (default 1)")
    parser.add_argument("--frames", type=int, metavar="N", help="only the first N pictures")
    parser.add_argument("--only", metavar="NAME,...", help="only the rows whose names contain one of these")
    parser.add_argument(
        "--onnx", type=Path, metavar="FILE", help=f"ONNX file; default: $JWO_DATA/{_NANODET.as_posix()}"
    )
    parser.add_argument("--head", default="nanodet", help="head of that file (default nanodet)")
    parser.add_argument(
        "--torchvision", action="append", metavar="NAME[:FILE]", help="torchvision networks (default: Faster R-CNN)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="write pictures with boxes, every 50th scored one")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write what was asked for; returns the exit status."""
    try:
        if args.every < 1 or (args.frames is not None and args.frames < 1):
            raise ValueError("--every and --frames: expected 1 or more")
        clip = open_clip(args.video if args.video is not None else _data() / _PETS)
        rows = _rows(args, clip)
        wanted = [part for part in (args.only or "").split(",") if part]
        rows = [row for row in rows if not wanted or any(part in row.name for part in wanted)]
        if not rows:
            raise ValueError(f"--only {args.only}: none of {', '.join(row.name for row in _rows(args, clip))}")
        for row in rows:
            _measure(row, clip, args)
    except (OSError, ValueError) as error:
        refuse("benchmark detect", error)
        return 2
    facts = {
        "video": clip.path.parent.name + "/" + clip.path.name,
        "machine": f"{os.cpu_count()}-core {platform.machine()}",
        "every": args.every,
        "detectors": {row.name: row.figures() for row in rows},
    }
    print(table(facts))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 0


def _data() -> Path:
    return Path(os.environ.get("JWO_DATA", Path.cwd().parent / "shared"))


def _rows(args: argparse.Namespace, clip: Clip) -> list[Row]:
    camera = clip.camera or uncalibrated(clip)
    store = open_ground(camera) if clip.camera is not None else None
    onnx = args.onnx if args.onnx is not None else _data() / _NANODET

    def own(detector: Detector, least: float, plan: Store | None) -> Callable[[], _Finds]:
        return lambda: _make(replace(camera, detector=replace(detector, score=least)), plan)

    rows = [Row("motion", True, 0.5, True, own(Detector("motion"), _ALL, store))]
    if store is not None:
        rows.append(Row("motion, not calibrated", True, 0.5, True, own(Detector("motion"), _ALL, None)))
    rows.append(Row(f"onnx {onnx.stem}", True, 0.5, False, own(Detector("onnx", str(onnx)), _ALL, None)))
    for name in args.torchvision or ["fasterrcnn_resnet50_fpn_v2"]:
        made = own(Detector("torchvision", name), _ALL, None)
        rows.append(Row(f"torchvision {name.partition(':')[0]}", True, 0.5, False, made))
    rows += [
        Row("OpenCV MOG2, contours", False, 0.0, True, lambda: Subtraction("mog2")),
        Row("OpenCV KNN, contours", False, 0.0, True, lambda: Subtraction("knn")),
        Row("OpenCV HOG people", False, 0.5, False, Hog),
    ]
    return rows


def _make(camera: Camera, store: Store | None) -> _Finds:
    made = make_detector(camera, store)
    assert made is not None
    return made


def _measure(row: Row, clip: Clip, args: argparse.Namespace) -> None:
    began = time.monotonic()
    try:
        detector = row.make()
    except (ImportError, OSError, ValueError) as error:
        row.absent = " ".join(str(error).split())
        return
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for frame, image in clip.pictures(args.frames):
            scored = (frame - 1) % args.every == 0
            if not (scored or row.memory):
                continue
            before = time.process_time()
            found = detector.detect(image, round((frame - 1) / clip.rate * _SECOND))
            row.spent.append(time.process_time() - before)
            if not scored:
                continue
            truths, ignored = clip.boxes(frame)
            if clip.truths is None:  # then a box is neither right nor wrong
                row.tally.pictures += 1
            else:
                row.tally.add(found.boxes, found.scores, truths, ignored)
            if args.save is not None and (row.tally.pictures - 1) % 50 == 0:
                save(args.save, row.name, frame, image, found, truths[~ignored], row.threshold)
    finally:
        cv2.setNumThreads(threads)
    print(f"  {row.name}: {row.tally.pictures} pictures in {time.monotonic() - began:.0f} s", file=sys.stderr)
