"""The shelf benchmark as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.layout import INK, PAPER, cell, plain
from just_walk_out.benchmark.shelf.matching import Found, Tally
from just_walk_out.benchmark.shelf.signals import Truth

_COLUMNS = (
    ("F1", "f1", ".3f"), ("prec.", "precision", ".3f"), ("recall", "recall", ".3f"), ("sigma g", "sigma_g", ".2f"),
    ("median s", "latency_median_s", ".2f"), ("p99 s", "latency_p99_s", ".2f"),
    ("false/plate-h", "false_per_plate_hour", ".3f"),
)  # fmt: skip
_FAINT, _OURS, _RULE = "#b9b4a8", "#1f6f8b", "#d08c60"
_GOALS = (0.35, 0.8)
_SHOWN = 60.0


@dataclass(frozen=True)
class Example:
    """A signal to be shown: (samples,) seconds, (samples, plates) kilograms, and what was true and found."""

    times: NDArray[np.float64]
    weights: NDArray[np.float32]
    truths: tuple[Truth, ...]
    found: tuple[Found, ...]


def table(figures: Mapping[str, Any], idle_hours: float) -> str:
    """Return the figures as text.

    Args:
        figures: as they are written to JSON.
        idle_hours: plate-hours behind the false events of each noise; 0 where they are those of the signals.
    """
    situations = figures.get("situations", {})
    noises = {name: value for name, value in figures.items() if isinstance(value, dict) and "ours" in value}
    lines = [" " * 36 + "".join(title.rjust(_width(title)) for title, *_ in _COLUMNS)]
    for name, both in (*noises.items(), *situations.items()):
        for which, label in (("ours", name), ("baseline", "")):
            cells = [cell(both[which][key], form).rjust(_width(title)) for title, key, form in _COLUMNS]
            lines.append(f"{label:26}{which:10}" + "".join(cells) + (_limit(figures, name) if which == "ours" else ""))
    lines.append("")
    if idle_hours:
        lines.append(f"False events of {', '.join(noises)}: on {idle_hours:g} plate-hours that nobody touches;")
        lines.append("of a situation: while it goes on.")
    for name, limit in figures.get("bound", {}).items():
        lines.append(
            f"Bound of {name} noise: sigma {limit['sigma_g']:.2f} g over 0.2 s; latency "
            f"{limit['latency_quick_s']:.2f} s after a quick take, {limit['latency_slow_s']:.2f} s after 24 g over 5 s."
        )
    for name, wait in figures.get("watermark", {}).items():
        median, most = (cell(wait[key], ".2f") for key in ("wait_median_s", "wait_p99_s"))
        lines.append(f"Watermark, {name}: past an event {median} s after the plate is free, 99 %: {most} s.")
    speed = figures["speed"]["plates_realtime"]
    if "speed_third" in figures:
        third, long = (figures[key]["plates_realtime"] for key in ("speed_third", "speed_long_batches"))
        lines.append(f"Speed, batches of 12 samples: {speed:,} plates in real time on one core;")
        lines.append(f"with a third of the plates: {third:,}; in batches of 10 s: {long:,}.")
    else:
        lines.append(f"Speed, reading and both detectors: {speed:,} plates in real time on one core.")
    return "\n".join(lines)


def _limit(figures: Mapping[str, Any], name: str) -> str:
    """Return what noise allows where the goal of a row is missed."""
    most = figures[name]["ours"]["latency_p99_s"] if name in figures.get("bound", {}) else None
    if most is None or most <= _GOALS[1]:
        return ""
    return f"  (p99 goal {_GOALS[1]:.2f}, bound {figures['bound'][name]['latency_slow_s']:.2f})"


def _width(title: str) -> int:
    return max(10, len(title) + 2)


def draw(path: Path, results: Mapping[str, tuple[Tally, Tally]], example: Example) -> None:
    """Draw F1 of both detectors, latency and error of ours, and a minute of a signal.

    Args:
        path: PNG to write.
        results: ours and the rule's, by noise or situation.
        example: signal to be shown.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 9), facecolor=PAPER)
    _draw_scores(figure.add_axes((0.17, 0.36, 0.33, 0.56)), results)
    _draw_latency(figure.add_axes((0.57, 0.67, 0.40, 0.25)), results)
    _draw_errors(figure.add_axes((0.57, 0.36, 0.40, 0.22)), results)
    _draw_example(figure.add_axes((0.05, 0.06, 0.92, 0.22)), example)
    figure.text(0.02, 0.955, "Shelf events", fontsize=20, fontweight="bold", color=INK)
    figure.savefig(path, dpi=100)


def _draw_scores(axes: Any, results: Mapping[str, tuple[Tally, Tally]]) -> None:
    plain(axes, "F1 of shelf events")
    shown = {name: both for name, both in results.items() if both[0].truths}
    for row, (ours, rule) in enumerate(shown.values()):
        better, worse = ours.figures()["f1"] or 0.0, rule.figures()["f1"] or 0.0
        axes.plot([worse, better], [row, row], color=_FAINT, linewidth=2, zorder=1)
        axes.scatter(
            worse, row, color=_RULE, s=45, zorder=2, clip_on=False, label="published rule" if row == 0 else None
        )
        axes.scatter(better, row, color=_OURS, s=45, zorder=3, clip_on=False, label="ours" if row == 0 else None)
        axes.text(1.02, row, f"{better:.3f}", va="center", fontsize=9, color=_OURS)
    axes.set_yticks(range(len(shown)), list(shown))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(-0.03, 1.0)
    axes.legend(loc="lower left", frameon=False, fontsize=9)


def _draw_latency(axes: Any, results: Mapping[str, tuple[Tally, Tally]]) -> None:
    plain(axes, "Latency from the moment the plate is free to the event, ours, s")
    for name, color in zip(list(results)[:3], (_OURS, "#5fa55a", "#b0413e"), strict=False):
        delays = np.sort(results[name][0].latencies)
        axes.plot(delays, np.arange(1, len(delays) + 1) / max(1, len(delays)), color=color, label=name)
    for goal in _GOALS:
        axes.axvline(goal, color=_FAINT, linestyle=":")
    axes.set_xlim(-0.2, 2.0)
    axes.set_ylim(0.0, 1.02)
    axes.legend(loc="lower right", frameon=False, fontsize=9)


def _draw_errors(axes: Any, results: Mapping[str, tuple[Tally, Tally]]) -> None:
    plain(axes, "Error of the change, ours, g")
    for name, color in zip(list(results)[:3], (_OURS, "#5fa55a", "#b0413e"), strict=False):
        axes.hist(
            1000.0 * np.asarray(results[name][0].errors), bins=np.linspace(-6.0, 6.0, 61).tolist(), histtype="step",
            color=color, density=True,
        )  # fmt: skip
    axes.set_yticks([])


def _draw_example(axes: Any, example: Example) -> None:
    plain(axes, "A minute of one shelf, kg above the start; bars: true events, triangles: events as published")
    first = max(0.0, example.truths[0].start - 3.0) if example.truths else 0.0
    inside = (example.times >= first) & (example.times < first + _SHOWN)
    weights = example.weights[inside]
    for plate in range(weights.shape[1]):
        axes.plot(example.times[inside], weights[:, plate] - np.nanmedian(weights[:30, plate]), linewidth=0.8)
    low, high = (float(np.nanpercentile(weights - weights[:1], share)) for share in (0.05, 99.95))
    for truth in example.truths:
        if first <= truth.start < first + _SHOWN:
            axes.axvspan(truth.start, truth.end, color=_FAINT, alpha=0.6)
    known = [event.published for event in example.found if first <= event.published < first + _SHOWN]
    axes.scatter(known, [low - 0.1] * len(known), marker="^", color=_OURS, s=40)
    axes.set_xlim(first, first + _SHOWN)
    axes.set_ylim(low - 0.25, high + 0.15)
