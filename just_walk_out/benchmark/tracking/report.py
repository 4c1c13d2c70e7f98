"""Tables of the tracking benchmark."""

from __future__ import annotations

from typing import Any


def table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table of single cameras, with means over the sequences."""
    wide = max(21, *(len(name) + 2 for name in figures))
    lines = [f"{'sequence':<{wide}}{'tracker':<15}{'HOTA':>7}{'MOTA':>7}{'IDF1':>7}{'IDs':>6}{'frames/s':>10}"]
    for sequence, trackers in figures.items():
        for number, (name, row) in enumerate(trackers.items()):
            lines.append(f"{'' if number else sequence:<{wide}}{name:<15}{_row(row)}")
    if len(figures) > 1:
        names = [name for name in next(iter(figures.values())) if all(name in row for row in figures.values())]
        for number, name in enumerate(names):
            rows = [each[name] for each in figures.values()]
            mean = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
            lines.append(f"{'' if number else 'mean':<{wide}}{name:<15}{_row(mean)}")
    lines.append("HOTA, MOTA, IDF1 in per cent by TrackEval; frames/s of the tracker alone on one core.")
    return "\n".join(lines)


def _row(row: dict[str, float]) -> str:
    shares = "".join(f"{row[name]:7.1f}" for name in ("hota", "mota", "idf1"))
    return f"{shares}{row['ids']:6.0f}{row['fps']:10.0f}"


def again_table(figures: dict[str, dict[str, dict[str, float]]], times: int) -> str:
    """Return the table of single cameras whose boxes were jittered: means of several draws."""
    wide = max(21, *(len(name.removesuffix("_again")) + 2 for name in figures))
    lines = ["", f"{f'{times} times jittered':<{wide}}{'tracker':<15}{'HOTA':>7}{'IDF1':>7}{'+-':>5}"]
    for sequence, trackers in figures.items():
        for number, (name, row) in enumerate(trackers.items()):
            shares = f"{row['hota']:7.1f}{row['idf1']:7.1f}{row['idf1_error']:5.1f}"
            lines.append(f"{'' if number else sequence.removesuffix('_again'):<{wide}}{name:<15}{shares}")
    lines.append("Means with 5 % of the boxes left out and the others jittered; +-: standard error of IDF1's.")
    return "\n".join(lines)


def ground_table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table of several cameras on one floor."""
    names = ("moda", "modp", "mota", "idf1")
    lines = [
        "",
        f"{'several cameras':<21}{'tracker':<15}"
        + "".join(f"{name.upper():>7}" for name in names)
        + f"{'IDs':>6}{'frames/s':>10}",
    ]
    for sequence, trackers in figures.items():
        for number, (tracker, row) in enumerate(trackers.items()):
            shares = "".join(f"{row[name]:7.1f}" for name in names)
            lines.append(f"{'' if number else sequence:<21}{tracker:<15}{shares}{row['ids']:6.0f}{row['fps']:10.0f}")
    lines.append(
        "Matched within 0.5 m; degraded: 15 % of the boxes dropped, 4 % jittered, 2 % false; a frame is all views."
    )
    for sequence, trackers in figures.items():
        for tracker, row in trackers.items():
            if "above_truth" in row:
                lines.append(
                    f"{sequence}, {tracker}: all moments weighed at once by what the truth tells of "
                    f"motion and borders;\ne^{row['above_truth']:.0f} times as likely as the annotated paths."
                )
    return "\n".join(lines)


def store_table(figures: dict[str, Any], seed: int) -> str:
    """Return what the simulated store says."""
    lines = [
        "",
        f"simulated store, {figures['minutes']:.0f} min, {figures['shoppers']} shoppers (at most {figures['most']}), "
        f"4 cameras, seed {seed}",
        f"  identity exchanges   {figures['exchanges']}, of which the track says {figures['said']}; "
        f"{figures['taken_back']} more were taken back within 3 s",
        f"  lost and renamed     {figures['renamed']}",
        f"  position error       {figures['error']:.3f} m median, {figures['error_90']:.3f} m at 90 %",
        f"  found                {100.0 * figures['found']:.1f} % of the time inside",
        *_identity(figures["identity"]),
    ]
    return "\n".join([*lines, f"12 cameras at 15 Hz, 30 people: {100.0 * figures['load']:.0f} % of one core"])


def hard_table(figures: dict[str, dict[str, Any]], seed: int) -> str:
    """Return what is said of the simulated store where it is hard to follow people, by what makes it so."""
    lines = ["", f"made hard, seed {seed:<14} min  shoppers  exchanges  told of  taken back  renamed   error m"]
    for name, row in figures.items():
        lines.append(
            f"  {name:<25}{row['minutes']:4.1f}{row['shoppers']:10.1f}{row['exchanges']:11}{row['said']:9}"
            f"{row['taken_back']:12}{row['renamed']:9}{row['error']:10.3f}"
        )
    bands: dict[float, list[dict[str, float]]] = {}
    for band in sorted((band for row in figures.values() for band in row["identity"]), key=lambda each: each["from"]):
        bands.setdefault(band["from"], []).append(band)
    together = []
    for low, parts in bands.items():
        ticks = sum(part["ticks"] for part in parts)
        mean = {key: sum(part[key] * part["ticks"] for part in parts) / ticks for key in ("said", "right")}
        together.append({"from": low, **mean, "ticks": ticks})
    return "\n".join([*lines, *_identity(together)])


def _identity(bands: list[dict[str, float]]) -> list[str]:
    total = sum(band["ticks"] for band in bands)
    lines = ["  identity from        said   right   share of the time"]
    for band in bands:
        share = band["ticks"] / total
        lines.append(f"    {band['from']:.2f}              {band['said']:.3f}   {band['right']:.3f}   {share:6.1%}")
    return lines
