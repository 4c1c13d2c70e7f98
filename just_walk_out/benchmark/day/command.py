"""``jwo benchmark day``: whether what the pipeline keeps stays the same over a day.

A quiet day in the demo store goes through the whole pipeline, from detections of each camera and samples of each plate
to charges: sixteen hours in which people come, then eight in which nobody does. Twice an hour, when nobody has been
there for half a minute, all that hangs on each stage is counted, and the memory of the process is read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from just_walk_out.benchmark.day.kept import kept, reachable
from just_walk_out.benchmark.day.traffic import DaySensors, parties
from just_walk_out.benchmark.receipts.episode import benchmark_key
from just_walk_out.entry.keys import public_text
from just_walk_out.records import Charge
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.rehearsal import issue_codes
from just_walk_out.resources import share
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store

_START = 1_790_000_000_000_000_000
_HOUR = 3_600.0
_EMPTY = 30.0  # seconds without anybody before what is kept is counted
_QUICK = 0.5  # hours
_SETTLED = 0.25  # share of the counts that are left out of what grows: buffers fill first


@dataclass(frozen=True)
class Count:
    """What was kept at one time.

    Attributes:
        hours: since the beginning.
        charges: so far.
        kept: values that hang on each stage, by its name.
        resident: memory of the process, simulation included, bytes; 0 where the system does not tell.
        files: journals and ledger, bytes.
    """

    hours: float
    charges: int
    kept: dict[str, int]
    resident: int
    files: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--hours", type=float, default=24.0, help="from opening; 16 are open (default 24)")
    parser.add_argument("--hourly", type=float, default=20.0, help="parties that come in an hour (default 20)")
    parser.add_argument("--every", type=float, default=0.5, help="hours from one count to the next (default 0.5)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (default 1)")
    parser.add_argument("--quick", action="store_true", help="half an hour, counted every two minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")


def run(args: argparse.Namespace) -> int:
    """Play the day and print what is kept; returns the exit status."""
    hours, every = (_QUICK, _QUICK / 15.0) if args.quick else (args.hours, args.every)
    given = (hours, args.hourly, every)
    if not all(value > 0.0 for value in given):
        print(f"jwo benchmark day: expected --hours, --hourly and --every above 0, got {given}", file=sys.stderr)
        return 2
    store = load_store(share() / "config" / "demo_store")
    counts = play(store, args.seed, hours, args.hourly, every)
    print(table(counts, args.seed))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        figures = {"counts": [asdict(count) for count in counts], "growth": growth(counts)}
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def play(store: Store, seed: int, hours: float, hourly: float, every: float) -> list[Count]:
    """Send a day through the pipeline.

    Args:
        store: which.
        seed: of everything that is drawn.
        hours: how long.
        hourly: parties that come in an hour.
        every: hours from one count to the next, at least.
    """
    key = benchmark_key()
    store = replace(store, entry=replace(store.entry, public_keys=(public_text(key),)))
    coming = parties(store, seed, hours, hourly)
    world = World(store, Scenario("day", parties=coming), seed)
    sensors = DaySensors(world, seed, _START, issue_codes(coming, store, key, _START))
    counts: list[Count] = []
    charges, due, occupied = 0, every * _HOUR, 0.0
    with tempfile.TemporaryDirectory() as folder:
        stages = stages_of(store, Path(folder))
        pipeline, besides = Pipeline(stages), reachable([store])
        for record in sensors.run(hours * _HOUR):
            charges += sum(isinstance(each, Charge) for each in pipeline.push(record))
            now = world.now
            if world.people:
                occupied = now
            if now >= due and now - occupied >= _EMPTY:
                due = now + every * _HOUR
                held = {type(stage).__name__.removesuffix("Stage"): kept(stage, besides) for stage in stages}
                counts.append(Count(now / _HOUR, charges, held, _resident(), _size(Path(folder))))
    return counts


def growth(counts: Sequence[Count]) -> dict[str, float]:
    """Return by how many values each stage grows in an hour, by least squares over what is counted after a while."""
    late = counts[int(_SETTLED * len(counts)) :]
    if len(late) < 2:
        return {}
    hours = np.array([count.hours for count in late])
    return {name: float(np.polyfit(hours, [count.kept[name] for count in late], 1)[0]) for name in late[0].kept}


def table(counts: Sequence[Count], seed: int) -> str:
    """Return what is printed."""
    if not counts:
        return "nothing counted: the shop was never empty for half a minute"
    names = list(counts[0].kept)
    head = "".join(f"{name:>13}" for name in names)
    lines = [
        f"values kept by each stage, seed {seed}",
        f"{'hour':>6}{'charges':>9}{head}{'process MB':>12}{'files MB':>10}",
    ]
    for count in counts:
        values = "".join(f"{count.kept[name]:13,}" for name in names)
        lines.append(
            f"{count.hours:6.2f}{count.charges:9}{values}{count.resident / 1e6:12.1f}{count.files / 1e6:10.2f}"
        )
    grown = growth(counts)
    if grown:
        lines.append(f"{'an hour':>15}" + "".join(f"{grown[name]:+13.1f}" for name in names))
    return "\n".join(lines)


def _resident() -> int:
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if path.is_file() else 0


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
