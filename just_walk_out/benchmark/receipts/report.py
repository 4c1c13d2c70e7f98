"""The receipts benchmark as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from just_walk_out.benchmark.layout import INK, PAPER, cell, plain
from just_walk_out.benchmark.receipts.episode import KITS

_COLUMNS = (
    ("F1", "f1", ".3f"), ("exact", "exact", ".3f"), ("wrong/1000", "wrong_per_1000", ".1f"),
    ("review", "review_rate", ".3f"), ("line s", "line_delay_median_s", ".2f"), ("p99", "line_delay_p99_s", ".2f"),
    ("charge s", "charge_delay_median_s", ".2f"), ("p99", "charge_delay_p99_s", ".2f"),
)  # fmt: skip
_COLOURS = {
    "ours": "#14506b",
    "ours_wrists": "#5d94a8",
    "ours_views": "#5fa58d",
    "ours_places": "#a9c0ca",
    "baseline": "#d08c60",
}


def scenarios(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the figures that are of single scenarios."""
    return {name: value for name, value in figures.items() if isinstance(value, dict) and "kind" in value}


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as text.

    Args:
        figures: as they are written to JSON.
    """
    lines = [" " * 49 + "visits" + "".join(title.rjust(_width(title)) for title, *_ in _COLUMNS)]
    shown = scenarios(figures)
    for name, both in shown.items():
        lines += _rows(name, both)
    if len(shown) > 1:
        for kind, both in {**figures["by_kind"], "all": figures["all"]}.items():
            lines += _rows(f"together: {kind}", both)
    lines.append("")
    lines.append(
        "F1: 2 TP / (charged + true units) of each receipt, averaged. Wrong: units charged and not taken, of 1,000"
    )
    lines.append(
        "charged. Review: lines that wait for a person and are not charged. Delays in event time, from an item"
    )
    lines.append(
        "leaving to its cart line, and from the exit to the charge. Ours: with wrists that overview cameras find and"
    )
    lines.append(
        "with shelf cameras; without either; and with plates and places of people alone, which is what the baseline,"
    )
    lines.append("the published reference rule, has.")
    for kit in KITS:
        calibration = figures["calibration"].get(kit.name)
        if calibration and calibration["decisions"]:
            bins = ", ".join(f"{mean:.2f}: {share:.2f} ({count})" for mean, share, count in calibration["bins"])
            error = 100.0 * calibration["expected_calibration_error"]
            lines.append(f"Confidence, {kit.text}: share that was right (decisions): {bins}.")
            lines.append(f"  Expected calibration error {error:.1f} % of {calibration['decisions']:,} decisions.")
    if len(shown) == 1:
        name, both = next(iter(shown.items()))
        lines += [
            f"{name}, {kit.text}: F1 {both[kit.name]['f1_listed']:.3f} if what is held were charged as it is listed."
            for kit in KITS
            if kit.name in both and both[kit.name]["f1_listed"] is not None
        ]
    for name, both in shown.items():
        if both["people_at_once"] >= 4.0 or len(shown) == 1:
            lines.append(
                f"{name}: {both['people_at_once']:.1f} people in the store on average, "
                f"{both['times_real_time']:.0f} x real time on one core."
            )
    if "seed" in figures:
        lines.append(f"Seed {figures['seed']}.")
    return "\n".join(lines)


def _rows(name: str, both: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    labels = {**{kit.name: kit.text for kit in KITS}, "baseline": "baseline"}
    for which, text in labels.items():
        if which in both:
            cells = [cell(both[which][key], form).rjust(_width(title)) for title, key, form in _COLUMNS]
            lines.append(f"{'' if lines else name:34}{text:15}{both[which]['visits']:6}" + "".join(cells))
    return lines


def _width(title: str) -> int:
    return max(8, len(title) + 2)


def draw(path: Path, figures: Mapping[str, Any]) -> None:
    """Draw F1 and wrong units of both methods by scenario, and the reliability of confidences.

    Args:
        path: PNG to write.
        figures: as they are written to JSON.
    """
    from matplotlib.figure import Figure

    shown = scenarios(figures)
    figure = Figure(figsize=(15, 9), facecolor=PAPER)
    scores = figure.add_axes((0.19, 0.07, 0.31, 0.83))
    wrong = figure.add_axes((0.53, 0.07, 0.19, 0.83))
    for axes, key, title in (
        (scores, "f1", "F1 of receipts"),
        (wrong, "wrong_per_1000", "units charged wrongly of 1,000"),
    ):
        plain(axes, title)
        for row, both in enumerate(shown.values()):
            there = [(which, colour) for which, colour in _COLOURS.items() if which in both]
            height = 0.8 / len(there)
            for place, (which, colour) in enumerate(there):
                value = both[which][key]
                if value is not None:
                    offset = (place - (len(there) - 1) / 2.0) * height
                    axes.barh(row + offset, value, height=0.95 * height, color=colour)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_yticks(range(len(shown)), list(shown) if key == "f1" else [""] * len(shown))
    scores.set_xlim(0.0, 1.0)
    reliability = figure.add_axes((0.78, 0.55, 0.20, 0.33))
    plain(reliability, "confidence and share right")
    reliability.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    calibrations = {kit: figures["calibration"][kit]["bins"] for kit in _COLOURS if kit in figures["calibration"]}
    for kit, bins in calibrations.items():
        reliability.plot([mean for mean, *_ in bins], [share for _, share, _ in bins], "o-", color=_COLOURS[kit])
    counts = figure.add_axes((0.78, 0.07, 0.20, 0.36))
    plain(counts, "decisions by confidence")
    for place, (kit, bins) in enumerate(calibrations.items()):
        wide = 0.08 / len(calibrations)
        means = [mean + (place - (len(calibrations) - 1) / 2.0) * wide for mean, *_ in bins]
        counts.bar(means, [count for *_, count in bins], width=wide, color=_COLOURS[kit])
    counts.set_yscale("log")
    figure.text(0.02, 0.945, "Receipts", fontsize=20, fontweight="bold", color=INK)
    labels = {**{kit.name: kit.text for kit in KITS}, "baseline": "published rule"}
    used = [which for which in _COLOURS if which == "baseline" or which in calibrations]
    for place, which in enumerate(used):
        figure.text(0.13 + 0.09 * place, 0.952, labels[which], color=_COLOURS[which], fontsize=12)
    figure.savefig(path, dpi=100)
