"""``jwo benchmark tracking``: people followed in real sequences, against published trackers."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from just_walk_out.benchmark.tracking.cameras import (
    RATE,
    is_views,
    read_views,
    score_ground,
    spoilt,
    track,
    track_as_store,
    track_places,
)
from just_walk_out.benchmark.tracking.crowd import crowd
from just_walk_out.benchmark.tracking.data import Sequence, is_sequence, read_sequence
from just_walk_out.benchmark.tracking.detected import detected
from just_walk_out.benchmark.tracking.offline import likeliest
from just_walk_out.benchmark.tracking.ours import run_ours
from just_walk_out.benchmark.tracking.peers import PEERS, run_peer
from just_walk_out.benchmark.tracking.report import again_table, ground_table, hard_table, store_table, table
from just_walk_out.benchmark.tracking.scores import Row, averages, score, write_rows
from just_walk_out.benchmark.tracking.store import HARD, Conditions, load, simulated
from just_walk_out.benchmark.tracking.variants import backwards, jittered, moved, thinned
from just_walk_out.benchmark.tracking.visits import MOST
from just_walk_out.cli.refusal import refuse

OURS = "just_walk_out"
STORE = "store_tracker"
OFFLINE = "likeliest_paths"
_CROWDS = (10, 50)
_PASSES = 5  # of each tracker over a crowd, in turn; the quickest counts, as others may be at work on the machine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    from just_walk_out.benchmark.tracking import cameras, data

    parser.epilog = f"DIR. {data.__doc__}\n{cameras.__doc__}"
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="DIR",
        help="sequences or folders of sequences (default: people/ in JWO_DATA, the second halves of MOT17, a generated "
        "crowd and the simulated store)",
    )  # fmt: skip
    parser.add_argument("--start-frame", type=int, default=1, metavar="N", help="use only frames from N on (default 1)")
    parser.add_argument(
        "--half", action="store_true", help="use only the second half of sequences with classes (MOT17)"
    )
    parser.add_argument("--image-plane", action="store_true", help="leave calibrations of single cameras unused")
    parser.add_argument("--peers", nargs="*", choices=sorted(PEERS), default=list(PEERS), help="compare with these")
    parser.add_argument(
        "--detector", type=Path, metavar="FILE",
        help="track sequences with a video.avi on what this network (ONNX, NanoDet) finds in it, too "
        "(default without DIR, unless --quick: models/nanodet.onnx in JWO_DATA, where it is)",
    )  # fmt: skip
    parser.add_argument(
        "--moved", action="store_true", help="pan and shake the picture of sequences, as a camera in a hand does"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="use one picture of N of sequences, as a slower camera would"
    )
    parser.add_argument("--backwards", action="store_true", help="show the last picture of sequences first")
    parser.add_argument(
        "--again", type=int, default=0, metavar="N",
        help="track sequences N times more, with 5 %% of the boxes left out and the others jittered, for what of the "
        "figures is luck (default 0)",
    )  # fmt: skip
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="write result files of MOTChallenge")
    parser.add_argument("--draw", type=Path, metavar="FOLDER", help="write pictures of tracks (and over video.avi)")
    parser.add_argument(
        "--store",
        action="store_true",
        help="only the simulated store, as it is and made hard, and the load of 12 cameras",
    )
    parser.add_argument(
        "--shoppers", type=float, default=Conditions().present, metavar="N",
        help=f"how many are inside the simulated store at a time, on average, 1 to {MOST:.0f} (default 20)",
    )  # fmt: skip
    parser.add_argument("--crowd", action="store_true", help="only generated crowds of 10 and 50 people")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is generated or spoilt (default 1)")
    parser.add_argument(
        "--quick", action="store_true", help="a minute of the store instead of ten, shorter crowds and hard conditions"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    """Measure, print the tables and write what was asked for; returns the exit status."""
    try:
        if not 1.0 <= args.shoppers <= MOST:
            raise ValueError(f"--shoppers {args.shoppers:g}: expected 1 to {MOST:.0f}")
        if args.again < 0:
            raise ValueError(f"--again {args.again}: expected 0 or more")
        if args.every < 1:
            raise ValueError(f"--every {args.every}: expected 1 or more")
        figures: dict[str, Any] = {}
        everything = not (args.folders or args.store or args.crowd)
        sequences, views = _found(args.folders or ([_data()] if everything else []))
        if everything:
            args.half = True
        measured = [read_sequence(each, args.start_frame, args.half) for each in sequences]
        model = args.detector or (_model() if everything and not args.quick else None)
        if model is not None:
            filmed = [each for each in measured if each.video is not None]
            if args.detector is not None and not filmed:
                raise ValueError(f"--detector {model}: expected a sequence with video.avi in its folder, found none")
            measured += [detected(each, model) for each in filmed]
        measured = [_variant(each, args) for each in measured]
        for sequence in measured:
            figures[sequence.name] = _one(sequence, args)
        if args.again:
            again = {f"{sequence.name}_again": _again(sequence, args) for sequence in measured}
        if everything or args.crowd:
            for count in _CROWDS:
                sequence = crowd(count, 4.0 if args.quick else 20.0, args.seed)
                figures[sequence.name] = _one(sequence, args, 1 if args.quick else _PASSES)
        if figures:
            print(table(figures))
        if args.again and measured:
            figures.update(again)
            print(again_table(again, args.again))
        if views:
            ground = {}
            for folder in views:
                ground.update(_views(folder, args))
            figures.update(ground)
            print(ground_table(ground))
        if everything or args.store:
            busy = Conditions(present=args.shoppers)
            result = {**simulated(args.seed, 60.0 if args.quick else 600.0, busy), **load(args.seed, args.quick)}
            figures["simulated_store"] = {OURS: result}
            print(store_table(result, args.seed))
            seconds = 20.0 if args.quick else 120.0
            hard = {name: simulated(args.seed, seconds, conditions) for name, conditions in HARD.items()}
            figures["simulated_store_hard"] = {OURS: hard}
            print(hard_table(hard, args.seed))
        if args.json is not None:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(figures, indent=2) + "\n")
    except (OSError, ValueError) as error:
        refuse("benchmark tracking", error)
        return 2
    return 0


def _variant(sequence: Sequence, args: argparse.Namespace) -> Sequence:
    """Return what the arguments make of a sequence."""
    sequence = thinned(sequence, args.every)
    if args.backwards:
        sequence = backwards(sequence)
    return moved(sequence, args.seed) if args.moved else sequence


def _model() -> Path | None:
    """Return the network that lies beside the sequences, where it and what runs it are there."""
    path = Path(os.environ.get("JWO_DATA", "../shared")) / "models" / "nanodet.onnx"
    return path if path.is_file() and importlib.util.find_spec("onnxruntime") else None


def _data() -> Path:
    folder = Path(os.environ.get("JWO_DATA", "../shared"))
    for people in (folder / "data" / "people", folder / "people"):
        if people.is_dir():
            return people
    raise ValueError(f"{folder}: expected data/people with sequences; name folders or set JWO_DATA")


def _found(folders: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return the folders with sequences and those with views, among these and right below them."""
    sequences, views = [], []
    for folder in folders:
        within = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
        those = [each for each in (folder, *within) if is_sequence(each) or is_views(each)]
        if not those:
            raise ValueError(
                f"{folder}: expected det.txt, gt.txt and seqinfo.ini, or views_boxes.csv and gt_ground_m.csv"
            )
        sequences += [each for each in those if is_sequence(each)]
        views += [each for each in those if is_views(each)]
    return sequences, views


def _one(sequence: Sequence, args: argparse.Namespace, passes: int = 1) -> dict[str, dict[str, float]]:
    """Run ours and the peers on one sequence, several times in turn where it is their speed that matters."""
    runs: dict[str, Callable[[], tuple[list[Row], float]]] = {OURS: lambda: run_ours(sequence, not args.image_plane)}
    runs |= {name: partial(run_peer, name, sequence) for name in args.peers}
    results: dict[str, tuple[list[Row], float]] = {}
    for _ in range(passes):
        for name, run_one in runs.items():
            rows, fps = run_one()
            results[name] = (rows, max(fps, results[name][1] if name in results else 0.0))
    figures = {}
    for name, (rows, fps) in results.items():
        figures[name] = score(sequence, rows, fps).figures()
        if args.results is not None:
            write_rows(args.results / name / "data" / f"{sequence.name}.txt", rows)
    if args.draw is not None:
        from just_walk_out.benchmark.tracking.draw import draw_sequence

        for path in draw_sequence(args.draw, sequence, results[OURS][0]):
            print(f"written: {path}")
    return figures


def _again(sequence: Sequence, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Run ours and the peers on a sequence with other luck, as often as asked for."""
    plain = argparse.Namespace(**{**vars(args), "results": None, "draw": None})
    runs = [_one(jittered(sequence, args.seed + number), plain) for number in range(args.again)]
    return {name: averages([run[name] for run in runs]) for name in runs[0]}


def _views(folder: Path, args: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    views = read_views(folder)
    figures = {}
    for name, boxes in ((views.name, views.boxes), (f"{views.name}_degraded", spoilt(views, args.seed))):
        found, fps = track(views, boxes)
        figures[name] = {OURS: score_ground(views, found, fps).figures()}
        figures[name][STORE] = score_ground(views, *track_as_store(views, boxes)).figures()
        if args.draw is not None:
            from just_walk_out.benchmark.tracking.draw import draw_floor

            print(f"written: {draw_floor(args.draw / f'{name}.png', views, found)}")
    # What no better boxes could reach: the tracker on the places of the truth.
    found, fps = track_places(views)
    start = time.process_time()
    paths, above = likeliest(views.truth, 1.0 / RATE, found)
    offline = score_ground(views, paths, views.frames / max(time.process_time() - start, 1e-9))
    figures[f"{views.name}_annotated"] = {
        OURS: score_ground(views, found, fps).figures(),
        OFFLINE: {**offline.figures(), "above_truth": round(above, 1)},
    }
    return figures
