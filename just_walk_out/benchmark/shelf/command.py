"""``jwo benchmark shelf``: shelf events found in generated or recorded samples, against a published rule."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.shelf.bounds import bounds
from just_walk_out.benchmark.shelf.detectors import BATCH, make_store, ours, plates_in_real_time, records_of, rule
from just_walk_out.benchmark.shelf.matching import Tally, waits
from just_walk_out.benchmark.shelf.recorded import read_folder
from just_walk_out.benchmark.shelf.report import Example, draw, table
from just_walk_out.benchmark.shelf.signals import NOISES, RATE, ShelfSignal, Truth
from just_walk_out.benchmark.shelf.situations import SITUATIONS, idle_signal, situation_signal
from just_walk_out.benchmark.shelf.stock import Stock, draw_stock
from just_walk_out.cli.refusal import refuse
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.settings import validate

_FEWEST, _MOST = 6, 12
_IDLE_SECONDS = 600.0
_IDLE_BATCH = 600
_WINDOW = 0.2


@dataclass(frozen=True)
class Extent:
    """How much is generated.

    Attributes:
        seconds: of each signal.
        signals: for each noise.
        situation_signals: for each situation.
        idle_hours: plate-hours that nobody touches, for each noise.
        shelves: of the measurement of speed.
        speed_seconds: of signal for it.
    """

    seconds: float = 240.0
    signals: int = 24
    situation_signals: int = 8
    idle_hours: float = 100.0
    shelves: int = 51
    speed_seconds: float = 120.0


_QUICK = Extent(90.0, 2, 1, 4.0, 12, 40.0)


@dataclass
class Result:
    """One row: the same signals through both detectors, and how long our watermarks took to pass each event."""

    ours: Tally = field(default_factory=Tally)
    rule: Tally = field(default_factory=Tally)
    waits: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Return the figures of both."""
        return {"ours": self.ours.figures(), "baseline": self.rule.figures()}

    def watermark(self) -> dict[str, float | None]:
        """Return how long after a plate is free the watermark is past that moment, seconds; None without events."""
        median, most = np.percentile(self.waits, (50.0, 99.0)).tolist() if self.waits else (None, None)
        return {"wait_median_s": median, "wait_p99_s": most}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    from just_walk_out.benchmark.shelf import recorded

    parser.epilog = f"--input DIR. {recorded.__doc__}"
    parser.add_argument("--seed", type=int, default=1, help="of everything that is generated (default 1)")
    parser.add_argument("--quick", action="store_true", help="little of everything, in seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture (PNG)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another value of a parameter of shelf_events"
    )
    parser.add_argument("--input", type=Path, metavar="DIR", help="score recorded samples instead of generated ones")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write what was asked for; returns the exit status."""
    try:
        settings = settings_of(args.set)
        if args.input is not None:
            figures, text, results, example = _recorded(args.input, settings)
        else:
            figures, text, results, example = _generated(args.seed, _QUICK if args.quick else Extent(), settings)
        print(text)
        if args.json is not None:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(figures, indent=2) + "\n")
        if args.plot is not None:
            args.plot.parent.mkdir(parents=True, exist_ok=True)
            draw(args.plot, {name: (result.ours, result.rule) for name, result in results.items()}, example)
            print(f"picture: {args.plot}")
    except (OSError, ValueError) as error:
        refuse("benchmark shelf", error)
        return 2
    return 0


def settings_of(given: Sequence[str]) -> ShelfEventSettings:
    """Return the parameters of ``shelf_events`` with some of them set.

    Args:
        given: ``NAME=VALUE`` each.

    Raises:
        ValueError: there is no such parameter, or it cannot have that value.
    """
    known = {item.name for item in dataclasses.fields(ShelfEventSettings)}
    values: dict[str, float] = {}
    for each in given:
        name, _, value = each.partition("=")
        if name not in known:
            raise ValueError(f"--set {each}: expected NAME=VALUE with a parameter of shelf_events")
        try:
            values[name] = float(value)
        except ValueError:
            raise ValueError(f"--set {each}: expected a number") from None
    settings = ShelfEventSettings(**values)
    validate(settings)
    return settings


def _generated(
    seed: int, extent: Extent, settings: ShelfEventSettings
) -> tuple[dict[str, Any], str, dict[str, Result], Example]:
    results: dict[str, Result] = {}
    figures: dict[str, Any] = {}
    limits = {name: bounds(noise, _WINDOW) for name, noise in NOISES.items()}
    example: Example | None = None
    for name in (*NOISES, *SITUATIONS):
        began = time.monotonic()
        result = results[name] = Result()
        count = extent.signals if name in NOISES else extent.situation_signals
        for number in range(count):
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
            shown = _one_signal(result, name, extent.seconds, int(rng.integers(_FEWEST, _MOST + 1)), rng, settings)
            if name == "normal" and example is None:
                example = shown
        print(f"  {name}: {result.ours.truths} events in {time.monotonic() - began:.0f} s", file=sys.stderr)
    for name in NOISES:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), 1_000_000])
        idle = _idle(name, extent.idle_hours, rng, settings)
        both = results[name].figures()
        for which, tally in (("ours", idle.ours), ("baseline", idle.rule)):
            both[which]["false_per_plate_hour"] = round(tally.found / tally.plate_hours, 4)
        figures[name] = both
    rng = np.random.default_rng([seed, 2_000_000])
    third = max(1, extent.shelves // 3)
    for key, shelves, batch in (
        ("speed", extent.shelves, BATCH),
        ("speed_third", third, BATCH),
        ("speed_long_batches", extent.shelves, _IDLE_BATCH),
    ):
        figures[key] = {"plates_realtime": round(plates_in_real_time(shelves, extent.speed_seconds, rng, batch))}
    figures["bound"] = limits
    figures["watermark"] = {name: results[name].watermark() for name in NOISES}
    figures["situations"] = {name: results[name].figures() for name in SITUATIONS}
    if example is None:
        raise ValueError("nothing was generated")
    return figures, table(figures, extent.idle_hours), results, example


def _one_signal(
    result: Result, name: str, seconds: float, plates: int, rng: np.random.Generator, settings: ShelfEventSettings
) -> Example:
    signal, noise, vibration = situation_signal(name, seconds, plates, rng)
    weights = signal.read(noise, vibration)
    return _score(result, weights, signal.times, 1.0 / RATE, signal.truths, signal.stock, settings)


def _score(
    result: Result,
    weights: NDArray[np.float32],
    times: NDArray[np.float64],
    period: float,
    truths: Sequence[Truth],
    stock: Stock,
    settings: ShelfEventSettings,
) -> Example:
    plates = weights.shape[1]
    store = make_store([stock], plates)
    (shelf,) = store.shelf.values()
    hours = plates * len(times) * period / 3600.0
    found, marks = ours(store, records_of(shelf, weights, times, period), settings)
    result.ours.add(truths, found, hours)
    result.waits += waits(truths, marks)
    result.rule.add(truths, rule(weights, times, period), hours)
    return Example(times, weights, tuple(truths), tuple(found))


def _idle(name: str, hours: float, rng: np.random.Generator, settings: ShelfEventSettings) -> Result:
    """Count events of shelves that nobody touches; long batches, which change nothing but the time it takes."""
    result = Result()
    store = make_store([draw_stock(_MOST, rng, True)], _MOST)
    (shelf,) = store.shelf.values()
    while result.ours.plate_hours < hours:
        weights = idle_signal(NOISES[name], _IDLE_SECONDS, _MOST, rng)
        times = ShelfSignal(_IDLE_SECONDS, 1, rng).times
        part = _MOST * _IDLE_SECONDS / 3600.0
        found, _ = ours(store, records_of(shelf, weights, times, 1.0 / RATE, _IDLE_BATCH), settings)
        result.ours.add((), found, part)
        result.rule.add((), rule(weights, times, 1.0 / RATE), part)
    return result


def _recorded(folder: Path, settings: ShelfEventSettings) -> tuple[dict[str, Any], str, dict[str, Result], Example]:
    result = Result()
    example: Example | None = None
    start, plate_seconds = time.process_time(), 0.0
    for recording in read_folder(folder):
        shown = _score(
            result, recording.weights, recording.times, recording.period, recording.truths, recording.stock, settings
        )
        plate_seconds += recording.weights.size * recording.period
        example = example or shown
    if example is None:
        raise ValueError(f"{folder}: expected recordings")
    speed = {"plates_realtime": round(plate_seconds / max(time.process_time() - start, 1e-9))}
    figures = {"recorded": result.figures(), "speed": speed, "watermark": {"recorded": result.watermark()}}
    return figures, table(figures, 0.0), {"recorded": result}, example
