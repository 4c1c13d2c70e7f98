"""What tables and pictures of benchmarks have in common."""

from __future__ import annotations

from typing import Any

INK, PAPER = "#2b2b2b", "#fbfaf7"


def cell(value: float | None, form: str) -> str:
    """Return a value of a table as text, by a format specification; a dash where there is none."""
    return "-" if value is None else format(value, form)


def plain(axes: Any, title: str) -> None:
    """Give axes of matplotlib a title, our colours and no more lines than two."""
    axes.set_facecolor(PAPER)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
