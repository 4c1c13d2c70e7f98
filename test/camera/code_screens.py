"""A screen of the tests' own: what a terminal shows, as a picture, and a camera before it."""

import re

import cv2
import numpy as np

_ESCAPE = re.compile(r"\x1b\[(\??[0-9;]*)([a-zA-Z])|([^\x1b])", re.DOTALL)


class Terminal:
    """Draws what is written to a terminal's other screen: two pixels, one above the other, a character; else dark."""

    def __init__(self, columns, lines):
        self.cells = np.zeros((2 * lines, columns), np.uint8)
        self.text = np.full((lines, columns), " ")
        self._row = self._column = 0
        self._colours = (200, 0)
        self._rest = ""
        self._other = False

    def feed(self, written):
        text = self._rest + written
        # an escape sequence may come in two parts
        cut = text.rfind("\x1b")
        if cut >= 0 and not re.match(r"\x1b\[\??[0-9;]*[a-zA-Z]", text[cut:]):
            text, self._rest = text[:cut], text[cut:]
        else:
            self._rest = ""
        for values, command, character in _ESCAPE.findall(text):
            if command == "H":
                self._row, self._column = (int(part) - 1 for part in values.split(";"))
            elif command == "m":
                self._colour(values.split(";"))
            elif command == "J":
                self.cells[:], self.text[:] = 0, " "
            elif command == "K":
                self._erase()
            elif values == "?1049":
                self._other = command == "h"
            elif character:
                self._put(character)
            elif values != "?25":
                raise AssertionError(f"what a terminal should do with {values}{command} is not known here")

    def _colour(self, values):
        if values == ["0"]:
            self._colours = (200, 0)
            return
        kind, five, front, also, _, back = (int(value) for value in values)
        assert (kind, five, also) == (38, 5, 48)
        grey = {16: 0, 231: 255}
        self._colours = (grey[front], grey[back])

    def _erase(self):
        self.text[self._row, self._column :] = " "
        self.cells[2 * self._row : 2 * self._row + 2, self._column :] = 0

    def _put(self, character):
        if not self._other:
            return
        front, back = self._colours
        upper, lower = (front, back) if character == "\u2580" else (back, back)
        self.cells[2 * self._row, self._column], self.cells[2 * self._row + 1, self._column] = upper, lower
        self.text[self._row, self._column] = character
        self._column += 1


def seen_by_a_camera(grey, size):
    """Return what a camera of a size (width, height) sees of a screen held before it, somewhat askew."""
    width, height = size
    screen = cv2.resize(grey, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    high, wide = screen.shape
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    side = 0.8 * min(size)
    scale = side / max(wide, high)
    middle = np.array([0.5 * width, 0.5 * height], np.float32)
    place = (corners - [0.5 * wide, 0.5 * high]) * scale
    turn = np.deg2rad(6.0)
    place = place @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    place *= np.array([[1.0], [0.96], [1.0], [0.94]])
    shape = cv2.getPerspectiveTransform(corners, (place + middle).astype(np.float32))
    view = cv2.warpPerspective(screen, shape, size, flags=cv2.INTER_AREA, borderValue=90)
    return cv2.cvtColor(cv2.GaussianBlur(view, (3, 3), 0), cv2.COLOR_GRAY2BGR)
