"""Tables of the tracking benchmark."""

from __future__ import annotations

from typing import Any


def table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table of single cameras, with means over the sequences."""
    lines = [f"{'sequence':<21}{'tracker':<15}{'HOTA':>7}{'MOTA':>7}{'IDF1':>7}{'IDs':>6}{'frames/s':>10}"]
    for sequence, trackers in figures.items():
        for number, (name, row) in enumerate(trackers.items()):
            lines.append(f"{'' if number else sequence:<21}{name:<15}{_row(row)}")
    if len(figures) > 1:
        names = [name for name in next(iter(figures.values())) if all(name in row for row in figures.values())]
        for number, name in enumerate(names):
            rows = [each[name] for each in figures.values()]
            mean = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
            lines.append(f"{'' if number else 'mean':<21}{name:<15}{_row(mean)}")
    lines.append("HOTA, MOTA, IDF1 in per cent by TrackEval; frames/s of the tracker alone on one core.")
    return "\n".join(lines)


def _row(row: dict[str, float]) -> str:
    shares = "".join(f"{row[name]:7.1f}" for name in ("hota", "mota", "idf1"))
    return f"{shares}{row['ids']:6.0f}{row['fps']:10.0f}"


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
        "  identity from        said   right   share of the time",
    ]
    total = sum(band["ticks"] for band in figures["identity"])
    lines += [
        f"    {band['from']:.2f}              {band['said']:.3f}   {band['right']:.3f}   {band['ticks'] / total:6.1%}"
        for band in figures["identity"]
    ]
    return "\n".join([*lines, f"12 cameras at 15 Hz, 30 people: {100.0 * figures['load']:.0f} % of one core"])
