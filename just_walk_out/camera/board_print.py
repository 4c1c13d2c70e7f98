"""Boards and tags as pages to print, in true size: PDF, SVG or PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from just_walk_out.camera.board import Board, dictionary

SUFFIXES = (".pdf", ".svg", ".png")
_INCH = 25.4
_FOOT = 14.0
"""Millimetres below the pattern for the text and the ruler."""
_PIXELS = 300
"""Dots an inch of a PNG."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        width: millimetres.
        height: millimetres.
        black: (N, 4) black rectangles: left, bottom, width, height, millimetres.
        text: what is printed at the foot.
    """

    width: float
    height: float
    black: NDArray[np.float64]
    text: str


def board_page(board: Board) -> Page:
    """Return the page of a board; its margin is one square wide, so that the outermost corners are found, too."""
    side = 1000.0 * board.square
    columns, rows = board.squares
    text = f"{board.kind} {board.columns} x {board.rows}, squares of {side:g} mm"
    if board.kind == "charuco":
        text += f", markers of {1000.0 * board.marker:g} mm, {board.family}"
    black = _rectangles(np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1, side, side)
    if board.kind == "charuco":
        black = np.concatenate([black, *_markers(board, side)])
    return Page((columns + 2) * side, (rows + 2) * side + _FOOT, black, text)


def tag_page(family: str, number: int, size: float) -> Page:
    """Return the page of a tag.

    Args:
        family: name of its dictionary.
        number: of the tag.
        size: side of its black square, metres.

    Raises:
        ValueError: there is no such dictionary or number.
    """
    tags = dictionary(family)
    if not 0 <= number < len(tags.bytesList):
        raise ValueError(f"tag {number}: expected 0 to {len(tags.bytesList) - 1}, which is what {family} has")
    bits = int(tags.markerSize) + 2
    side = 1000.0 * size
    margin = 2.0 * side / bits
    black = _rectangles(_marker(family, number), side / bits, margin)
    text = f"{family} {number}, black square of {side:g} mm, this edge towards the reader"
    return Page(side + 2 * margin, side + 2 * margin + _FOOT, black, text)


def save(pages: Sequence[Page], path: Path) -> None:
    """Write pages in true size: one PDF, or one SVG or PNG that holds a single page.

    Raises:
        ValueError: the name ends otherwise, or there are several pages for one picture.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")
    if path.suffix.lower() == ".pdf":
        with PdfPages(path, metadata={"CreationDate": None}) as document:
            for page in pages:
                document.savefig(_figure(page))
        return
    if len(pages) != 1:
        raise ValueError(f"{path}: expected a PDF for {len(pages)} pages")
    # without a salt the ids in an SVG differ from run to run
    with matplotlib.rc_context({"svg.hashsalt": "board"}):
        _figure(pages[0]).savefig(path, dpi=_PIXELS, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _figure(page: Page) -> Figure:
    figure = Figure(figsize=(page.width / _INCH, page.height / _INCH), dpi=_PIXELS)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0.0, page.width)
    axes.set_ylim(0.0, page.height)
    axes.axis("off")
    patches = [Rectangle((left, bottom), width, height) for left, bottom, width, height in page.black]
    axes.add_collection(PatchCollection(patches, facecolor="black", edgecolor="none", antialiased=False))
    ruler = 50.0 if page.width > 60.0 else 20.0
    axes.add_collection(
        PatchCollection([Rectangle((4.0, 3.0), ruler, 0.4)], facecolor="black", edgecolor="none", antialiased=False)
    )
    text = f"{page.text}\nprint at 100 %, then measure: this line is {ruler:g} mm"
    axes.text(4.0, 4.4, text, fontsize=min(7.0, page.width / 16.0), va="bottom", linespacing=1.3)
    return figure


def _marker(family: str, number: int) -> NDArray[np.bool_]:
    """Return which modules of a tag, its black border included, are white."""
    tags = dictionary(family)
    size = int(tags.markerSize) + 2
    return np.asarray(tags.generateImageMarker(number, size) > 127)


def _rectangles(white: NDArray[np.bool_], cell: float, margin: float) -> NDArray[np.float64]:
    """Return the black runs of each row as rectangles, the first row on top, above the foot."""
    found = []
    height = len(white) * cell
    for row, line in enumerate(white):
        edges = np.flatnonzero(np.diff(np.concatenate([[True], line, [True]]).astype(int)))
        for start, stop in edges.reshape(-1, 2):
            bottom = _FOOT + margin + height - (row + 1) * cell
            found.append([margin + start * cell, bottom, (stop - start) * cell, cell])
    return np.array(found)


def _markers(board: Board, side: float) -> list[NDArray[np.float64]]:
    """Return the tags in the white squares of a charuco board."""
    found = []
    size = 1000.0 * board.marker
    for number, corners in zip(board.charuco.getIds().ravel(), board.charuco.getObjPoints(), strict=True):
        modules = _marker(board.family, int(number))
        one = _rectangles(modules, size / len(modules), 0.0)
        one[:, 0] += side + 1000.0 * corners[0][0]
        one[:, 1] += side + board.rows * side - 1000.0 * corners[0][1] - size
        found.append(one)
    return found
