"""A terminal that shows codes which hold the time, one after another, for a camera to look at."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.time_codes import LONGEST, SHORTEST, TimeCodes, modules

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_CLEAR = "\x1b[2J"
_PLAIN = "\x1b[0m"
_LINE = "\x1b[K"
# Black and bright white of the 256 colours, which themes leave alone.
_BLACK, _WHITE = 16, 231


def terminal_rows(dark: NDArray[np.bool_], scale: int) -> list[str]:
    """Return a code as rows of a terminal, two rows of modules in one; a module is ``scale`` columns wide.

    Half blocks are coloured both ways, so that the theme of the terminal does not matter.
    """
    wide = np.kron(dark, np.ones((scale, scale), np.bool_))
    wide = np.pad(wide, ((0, len(wide) % 2), (0, 0)))
    rows = []
    for upper, lower in zip(wide[::2], wide[1::2], strict=True):
        row, before = "", (-1, -1)
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            colours = (_BLACK if above else _WHITE, _BLACK if below else _WHITE)
            if colours != before:
                row += f"\x1b[38;5;{colours[0]};48;5;{colours[1]}m"
            row += "\u2580" if above != below else " "
            before = colours
        rows.append(row + _PLAIN)
    return rows


def check_terminal(terminal: TextIO) -> None:
    """Find out whether codes can be shown.

    Raises:
        ValueError: it is no terminal, too small, or cannot draw a code.
    """
    if not terminal.isatty():
        raise ValueError("expected a terminal to show the codes in, got a pipe or a file")
    if "utf" not in (terminal.encoding or "").lower():
        raise ValueError(f"expected a terminal of UTF-8 to draw the codes in, got {terminal.encoding}")
    side = len(modules(TimeCodes().make()))
    columns, lines = os.get_terminal_size(terminal.fileno())
    needed = (side + 1) // 2 + 1
    if columns < side or lines < needed:
        raise ValueError(f"expected a terminal of at least {side}x{needed} characters, got {columns}x{lines}")


class CodeScreen:
    """Shows codes on a terminal in a thread of its own, as large as there is room, and a line below them."""

    def __init__(self, terminal: TextIO, codes: TimeCodes) -> None:
        """Prepare; nothing is shown before it is entered.

        Args:
            terminal: to draw on; see ``check_terminal``.
            codes: makes them and learns when each stood there.
        """
        self._terminal = terminal
        self._codes = codes
        self._status = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="code screen", daemon=True)

    def __enter__(self) -> Callable[[str], None]:
        """Begin to show codes; returns what sets the line below them."""
        self._terminal.write(_ENTER)
        self._thread.start()
        return self._tell

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the terminal back as it was."""
        self._stop.set()
        self._thread.join()
        self._codes.end()
        self._terminal.write(_PLAIN + _LEAVE)
        self._terminal.flush()

    def _tell(self, status: str) -> None:
        self._status = status

    def _run(self) -> None:
        drawn: os.terminal_size | None = None
        pauses = random.Random()
        while True:
            text = self._codes.make()
            dark = modules(text)
            size = os.get_terminal_size(self._terminal.fileno())
            scale = max(1, min(size.columns // len(dark), 2 * (size.lines - 1) // len(dark)))
            rows = terminal_rows(dark, scale)
            clear, drawn = ("" if size == drawn else _CLEAR), size
            places = "".join(f"\x1b[{number};1H{row}" for number, row in enumerate(rows, 1))
            below = f"\x1b[{len(rows) + 1};1H{self._status[: size.columns - 1]}{_LINE}"
            with self._codes.showing(text):
                self._terminal.write(clear + places + below)
                self._terminal.flush()
            if self._stop.wait(pauses.uniform(SHORTEST, LONGEST)):
                return
