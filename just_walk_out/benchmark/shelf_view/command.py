"""``jwo benchmark shelf_view``: what shelf cameras add to weights and positions, on the same events."""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from just_walk_out.benchmark.shelf_view.episode import BareStores, Decided, play
from just_walk_out.benchmark.shelf_view.evidence import calibration_error, evidence, evidence_table
from just_walk_out.benchmark.shelf_view.looks import Look
from just_walk_out.benchmark.shelf_view.scenarios import CASES, dresses_of, watched_store
from just_walk_out.cli.refusal import refuse
from just_walk_out.deployment import settings_of
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.resources import share
from just_walk_out.shelf_view.colours import ColourCue, read_photos
from just_walk_out.shelf_view.cues import EmbeddingCue, Sight, product_sight
from just_walk_out.shelf_view.network import ModelError
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.training import Plan, read_folder, train
from just_walk_out.simulation.photos import write_photos
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store
from just_walk_out.store.place import StoreError

_EPISODES, _QUICK = 10, 1
_PHOTOS = 6
WITHOUT, WITH = "weights alone", "with shelf views"
OWN, ALIKE = "packs of their own", "two kinds of a brand"
PACKS = (OWN, ALIKE)
CUES = ("colours", "embedding", "both")


@dataclass
class Count:
    """What came of events: how many, and how many were decided rightly.

    Attributes:
        events: true takes and returns.
        product: of them, product and quantity right.
        person: of them, who did it right.
        both: of them, both right.
        wrong: of them, committed though product or person is wrong.
        review: of them, left to a person.
        confidences: of each decision, and whether it was right.
    """

    events: int = 0
    product: int = 0
    person: int = 0
    both: int = 0
    wrong: int = 0
    review: int = 0
    confidences: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, decided: Decided) -> None:
        """Count one event."""
        right = decided.product and decided.person
        self.events += 1
        self.product += decided.product
        self.person += decided.person
        self.both += right
        self.wrong += decided.committed and not right
        self.review += not decided.committed
        if decided.confidence > 0.0:
            self.confidences.append((decided.confidence, right))

    def figures(self) -> dict[str, Any]:
        """Return shares of the events, and the expected calibration error."""
        count = max(self.events, 1)
        names = ("product", "person", "both", "wrong", "review")
        shares = {name: round(getattr(self, name) / count, 4) for name in names}
        return {"events": self.events, **shares, "calibration_error": self._calibration_error()}

    def _calibration_error(self) -> float | None:
        if not self.confidences:
            return None
        return calibration_error(
            np.array([value for value, _ in self.confidences]),
            np.array([good for _, good in self.confidences], dtype=np.float64),
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (default 1)")
    parser.add_argument("--episodes", type=int, metavar="N", help=f"of each scenario (default {_EPISODES})")
    parser.add_argument("--quick", action="store_true", help="one episode of each scenario")
    parser.add_argument(
        "--cue", choices=CUES, default=CUES[0], help=f"what tells products (default {CUES[0]}); others train a network"
    )
    parser.add_argument("--epochs", type=int, default=40, metavar="N", help="of that training (default 40)")
    parser.add_argument("--only", metavar="TEXT", help="scenarios whose name holds this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture (PNG)")


def run(args: argparse.Namespace) -> int:
    """Measure, print the table and write what was asked for; returns the exit status."""
    cases = {name: make for name, make in CASES.items() if not args.only or args.only in name}
    if not cases:
        print(f"jwo benchmark shelf_view: --only {args.only}: expected a part of {', '.join(CASES)}", file=sys.stderr)
        return 2
    episodes = args.episodes or (_QUICK if args.quick else _EPISODES)
    try:
        plain = load_store(share() / "config" / "demo_store")
        figures = measure(plain, cases, args.seed, episodes, args.cue, args.epochs)
        for packs, part in figures.items():
            print(f"{packs}\n{table(part['decisions'])}\n")
        print(evidence_table({packs: part["evidence"] for packs, part in figures.items()}))
        if args.json is not None:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps({"seed": args.seed, **figures}, indent=2) + "\n")
        if args.plot is not None:
            args.plot.parent.mkdir(parents=True, exist_ok=True)
            draw(args.plot, {packs: part["decisions"] for packs, part in figures.items()})
            print(f"picture: {args.plot}")
    except (StoreError, ModelError, OSError, ValueError) as error:
        refuse("benchmark shelf_view", error)
        return 2
    return 0


def measure(
    plain: Store, cases: dict[str, Callable[..., Any]], seed: int, episodes: int, cue: str = "colours", epochs: int = 40
) -> dict[str, Any]:
    """Return figures by kind of packs: of decisions, by scenario and by what is known, and of what cameras said.

    Args:
        plain: without shelf cameras.
        cases: scenarios by name.
        seed: of everything drawn, packs and photos included.
        episodes: of each scenario.
        cue: what tells products, of ``CUES``.
        epochs: of the training of a network, on the same photos.
    """
    bare: BareStores = {}
    figures: dict[str, Any] = {}
    for packs in PACKS:
        with TemporaryDirectory() as folder:
            dresses = dresses_of(plain, seed, packs == ALIKE)
            write_photos(plain, Path(folder), _PHOTOS, seed, dresses)
            store = watched_store(plain, Path(folder))
            sight = _sight(store, Path(folder), cue, epochs)
            figures[packs] = _measure(store, cases, seed, episodes, dresses, bare, sight)
    return figures


def _sight(store: Store, photos: Path, cue: str, epochs: int) -> Sight | None:
    settings = settings_of("shelf_view", ShelfViewSettings)
    if cue == CUES[0]:
        return product_sight(store, settings)
    trained = train(read_folder(photos), Plan(epochs=epochs), lambda line: print(f"  {line}", file=sys.stderr))
    print(f"  photos kept aside: {trained.accuracy:.1%} right, log loss {trained.log_loss:.3f}", file=sys.stderr)
    learnt = EmbeddingCue(trained.model, store)
    return Sight([learnt] if cue == "embedding" else [ColourCue(read_photos(store), settings), learnt], settings)


def _measure(
    store: Store,
    cases: dict[str, Callable[..., Any]],
    seed: int,
    episodes: int,
    dresses: dict[str, str],
    bare: BareStores,
    sight: Sight | None,
) -> dict[str, Any]:
    decisions: dict[str, Any] = {}
    looks: list[Look] = []
    whole = {WITHOUT: Count(), WITH: Count()}
    for name, make in cases.items():
        began = time.process_time()
        counts = {WITHOUT: Count(), WITH: Count()}
        for number in range(episodes):
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
            place, scenario = make(store, rng)
            played = play(place, scenario, int(rng.integers(2**31)), PickupSettings(), sight, dresses, bare)
            looks += played.looks
            for key, decided in ((WITHOUT, played.blind), (WITH, played.seeing)):
                for each in decided:
                    counts[key].add(each)
                    whole[key].add(each)
        decisions[name] = {key: count.figures() for key, count in counts.items()}
        print(f"  {name}: {time.process_time() - began:.0f} s of processor", file=sys.stderr, flush=True)
    decisions["all"] = {key: count.figures() for key, count in whole.items()}
    return {"decisions": decisions, "evidence": evidence(looks)}


def table(figures: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = [
        f"{'scenario':<32} {'evidence':<17} {'events':>6} {'product':>8} {'person':>8} {'both':>8} "
        f"{'wrong':>8} {'review':>8} {'ECE':>7}"
    ]
    for name, both in figures.items():
        for key, row in both.items():
            shares = " ".join(f"{row[part]:>8.1%}" for part in ("product", "person", "both", "wrong", "review"))
            error = "-" if row["calibration_error"] is None else f"{row['calibration_error']:.1%}"
            lines.append(f"{name:<32} {key:<17} {row['events']:>6} {shares} {error:>7}")
    lines.append("product, person, both: share of true takes and returns decided rightly, committed or not;")
    lines.append("wrong: committed though not right; review: left to a person; ECE: expected calibration error")
    return "\n".join(lines)


def draw(path: Path, figures: dict[str, Any]) -> None:
    """Write a picture: how often product and person are right, without and with shelf views.

    Args:
        path: of the picture.
        figures: of decisions, by kind of packs.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.4 * len(figures)), layout="constrained")
    axes = figure.subplots(len(figures), 2, sharey=True, squeeze=False)
    for row, (packs, part) in zip(axes, figures.items(), strict=True):
        names = list(part)
        for axis, what in zip(row, ("product", "person"), strict=True):
            for offset, (key, colour) in zip((0.2, -0.2), ((WITHOUT, "#b0b7c3"), (WITH, "#2f6db3")), strict=True):
                values = [100.0 * part[name][key][what] for name in names]
                axis.barh(np.arange(len(names)) + offset, values, 0.38, color=colour, label=key)
            axis.set_yticks(np.arange(len(names)), names)
            axis.set_xlim(0.0, 100.0)
            axis.set_title(packs, fontsize="medium")
            axis.set_xlabel(f"{what} right, % of takes and returns")
    axes[0, 0].invert_yaxis()
    axes[0, 1].legend(loc="lower left")
    figure.savefig(path, dpi=120)
