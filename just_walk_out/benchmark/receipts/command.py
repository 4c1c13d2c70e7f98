"""``jwo benchmark receipts``: whose receipt each item lands on, simulated or recorded, against a published rule."""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from just_walk_out.benchmark.receipts.episode import KITS, Kit, Outcome, play
from just_walk_out.benchmark.receipts.report import draw, table
from just_walk_out.benchmark.receipts.scenarios import CASES, Case, Shop
from just_walk_out.cli.refusal import refuse
from just_walk_out.resources import share
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store
from just_walk_out.store.place import StoreError

Outcomes = dict[str, Outcome]
"""What came of a scenario, by name of the kit."""

_VISITS, _QUICK_VISITS = 200, 4
_CAMERAS = "10 shoppers, by cameras"
_QUICK = ("single", "side by side, at once", "same weight, wrong place, retaken", "2 shoppers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    from just_walk_out.benchmark.receipts import recorded

    parser.epilog = f"--input DIR. {recorded.__doc__}"
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (default 1)")
    parser.add_argument("--quick", action="store_true", help="a few scenarios with a few visits each, in seconds")
    parser.add_argument("--visits", type=int, metavar="N", help=f"least visits a scenario (default {_VISITS})")
    parser.add_argument(
        "--evidence",
        default=",".join(kit.name for kit in KITS),
        metavar="LIST",
        help=f"what there is to tell by: of {', '.join(kit.name for kit in KITS)} (default all)",
    )
    parser.add_argument("--only", metavar="TEXT", help="scenarios whose name or kind holds this")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture (PNG)")
    parser.add_argument(
        "--clothes", action="store_true", help="measure only how far clothes tell people apart in the row by cameras"
    )
    parser.add_argument("--input", type=Path, metavar="DIR", help="score a recording instead of simulated scenarios")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write what was asked for; returns the exit status."""
    try:
        if args.clothes:
            return _clothes(args)
        if args.input is not None:
            from just_walk_out.benchmark.receipts.replay import replay_recording

            kinds = {"recorded": "recorded"}
            outcomes: dict[str, Outcomes] = {"recorded": {KITS[0].name: replay_recording(args.input)}}
        else:
            kinds, outcomes = _simulated(args)
        figures = _figures(kinds, outcomes)
        if args.input is None:
            figures["seed"] = args.seed
        print(table(figures))
        if args.json is not None:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(figures, indent=2) + "\n")
        if args.plot is not None:
            args.plot.parent.mkdir(parents=True, exist_ok=True)
            draw(args.plot, figures)
            print(f"picture: {args.plot}")
    except StoreError as error:
        print(f"jwo benchmark receipts: {error.errors[0]}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        refuse("benchmark receipts", error)
        return 2
    return 0


def _clothes(args: argparse.Namespace) -> int:
    from just_walk_out.benchmark.receipts import sights

    case, store = next(case for case in CASES if case.shoppers == 10), _demo_store()
    rng = _rng(_CAMERAS, args.seed, 0)
    seconds = 20.0 if args.quick else 180.0
    seen = sights.simulated(store, case.make(Shop(store, rng)), int(rng.integers(2**31)), seconds)
    measured = {"simulated": sights.figures(seen, args.seed)}
    filmed = None if args.quick else sights.filmed()
    if filmed is not None:
        measured["pets09_s2l1, filmed"] = sights.figures(filmed, args.seed)
    print(sights.table(measured))
    if filmed is None and not args.quick:
        print(f"pets09_s2l1, filmed: absent, expected {sights.VIDEO}/video.avi in JWO_DATA")
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({"clothes": measured, "seed": args.seed}, indent=2) + "\n")
    return 0


def _kits(names: str) -> list[Kit]:
    known = {kit.name: kit for kit in KITS}
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise ValueError(f"--evidence {names}: expected some of {','.join(known)}, got {unknown[0]!r}")
    return [kit for name, kit in known.items() if name in names.split(",")]


def _simulated(args: argparse.Namespace) -> tuple[dict[str, str], dict[str, Outcomes]]:
    store, kits = _demo_store(), _kits(args.evidence)
    visits = args.visits or (_QUICK_VISITS if args.quick else _VISITS)
    cases = [(case, False) for case in CASES]
    ten = next(case for case in CASES if case.shoppers == 10)
    cases.append((Case(_CAMERAS, "traffic", ten.make, ten.shoppers), True))
    if args.quick:
        cases = [item for item in cases if item[0].name in _QUICK]
    if args.only:
        cases = [item for item in cases if args.only in item[0].name or args.only == item[0].kind]
    if not cases:
        raise ValueError(f"--only {args.only}: expected a part of one of {', '.join(case.name for case in CASES)}")
    outcomes: dict[str, Outcomes] = {}
    with ProcessPoolExecutor(max(1, args.jobs)) as pool:
        for case, cameras in cases:
            began = time.monotonic()
            outcomes[case.name] = {kit.name: Outcome() for kit in kits}
            count = number = 0
            # Who is still inside when an episode ends for its length has no receipt: more are played then.
            while count < visits:
                numbers = list(_episodes(case, store, args.seed, number, visits - count))
                number = numbers[-1] + 1
                jobs = [(case.name, cameras, args.seed, each, kits) for each in numbers]
                for played in pool.map(_play, jobs) if args.jobs > 1 else map(_play, jobs):
                    for kit, outcome in zip(kits, played, strict=True):
                        outcomes[case.name][kit.name].join(outcome)
                count = len(outcomes[case.name][kits[0].name].ours.receipts)
            took = time.monotonic() - began
            print(f"  {case.name}: {count} visits in {took:.0f} s", file=sys.stderr, flush=True)
    return {case.name: case.kind for case, _ in cases}, outcomes


def _episodes(case: Case, store: Store, seed: int, first: int, visits: int) -> Iterator[int]:
    """Yield numbers of episodes, from the first, in which so many visits begin."""
    for number in itertools.count(first):
        visits -= len(case.make(Shop(store, _rng(case.name, seed, number))).parties)
        yield number
        if visits <= 0:
            return


def _rng(name: str, seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), number])


@functools.cache
def _demo_store() -> Store:
    return load_store(share() / "config" / "demo_store")


def _play(job: tuple[str, bool, int, int, list[Kit]]) -> list[Outcome]:
    name, cameras, seed, number, kits = job
    store = _demo_store()
    make = next(case.make for case in CASES if case.name == name or name.startswith(f"{case.name}, by"))
    scenario = make(Shop(store, _rng(name, seed, number)))
    return play(store, scenario, int(_rng(name, seed, number).integers(2**31)), cameras, kits)


def _figures(kinds: dict[str, str], outcomes: dict[str, Outcomes]) -> dict[str, Any]:
    """Return the figures by scenario, of all together, and of the confidences."""
    figures: dict[str, Any] = {}
    together: dict[str, Outcomes] = {}
    whole: Outcomes = {}
    for name, by_kit in outcomes.items():
        figures[name] = {"kind": kinds[name], **_all(by_kit)}
        for kit, outcome in by_kit.items():
            together.setdefault(kinds[name], {}).setdefault(kit, Outcome()).join(outcome)
            whole.setdefault(kit, Outcome()).join(outcome)
    figures["by_kind"] = {kind: _all(by_kit) for kind, by_kit in together.items()}
    figures["all"] = _all(whole)
    figures["calibration"] = {kit: _calibration(outcome) for kit, outcome in whole.items()}
    return figures


def _calibration(outcome: Outcome) -> dict[str, Any]:
    error = outcome.reliability.error()
    return {
        "expected_calibration_error": None if error is None else round(error, 4),
        "decisions": len(outcome.reliability.confidences),
        "bins": [[round(mean, 4), round(share, 4), count] for mean, share, count in outcome.reliability.bins()],
    }


def _all(by_kit: Outcomes) -> dict[str, Any]:
    first = next(iter(by_kit.values()))
    return {
        **{kit: outcome.ours.figures() for kit, outcome in by_kit.items()},
        "baseline": first.rule.figures(),
        "people_at_once": round(first.person_seconds / max(first.seconds, 1e-9), 1),
        "times_real_time": round(first.seconds / max(first.pipeline_seconds, 1e-9), 1),
    }
