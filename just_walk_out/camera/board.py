"""Calibration boards and tags: what is printed, where its corners are, and how they are found in a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

DICTIONARIES = {
    name.removeprefix("DICT_").lower(): int(getattr(cv2.aruco, name))
    for name in dir(cv2.aruco)
    if name.startswith("DICT_")
}
"""Families of tags that OpenCV knows, by name in small letters."""
DEFAULT_DICTIONARY = "apriltag_36h11"
_SPEC = re.compile(r"(chessboard|charuco):(\d{1,2})x(\d{1,2}):([0-9.]+)(?::([0-9.]+))?(?::(\w+))?")
_LARGEST = 4000
"""Pixels of the longer side up to which a picture is enlarged to look for small tags."""
EXPECTED = (
    "expected chessboard:COLUMNSxROWS:SQUARE with inner corners and metres, e.g. chessboard:9x6:0.025, or "
    "charuco:COLUMNSxROWS:SQUARE:MARKER[:DICTIONARY] with squares, e.g. charuco:11x8:0.03:0.022:5x5_100"
)


def dictionary(name: str) -> Any:
    """Return a family of tags of ``cv2.aruco``.

    Raises:
        ValueError: there is none of that name; names those there are.
    """
    if name.lower() not in DICTIONARIES:
        raise ValueError(f"dictionary {name!r}: expected one of {', '.join(sorted(DICTIONARIES))}")
    return cv2.aruco.getPredefinedDictionary(DICTIONARIES[name.lower()])


@dataclass(frozen=True)
class Board:
    """A flat board.

    Attributes:
        kind: of pattern.
        columns: inner corners (chessboard) or squares (charuco) across.
        rows: the same, down.
        square: side of a square, metres.
        marker: side of a tag in a white square of a charuco board, metres.
        family: name of the tags' dictionary.
    """

    kind: Literal["chessboard", "charuco"]
    columns: int
    rows: int
    square: float
    marker: float = 0.0
    family: str = "5x5_100"

    @classmethod
    def parse(cls, text: str) -> Board:
        """Read ``chessboard:9x6:0.025`` or ``charuco:11x8:0.03:0.022:5x5_100``.

        Raises:
            ValueError: says what was expected.
        """
        match = _SPEC.fullmatch(text)
        try:
            if match is None:
                raise ValueError(EXPECTED)
            kind, columns, rows = match[1], int(match[2]), int(match[3])
            square, marker = float(match[4]), float(match[5] or 0.0)
            least = 3 if kind == "chessboard" else 4
            if min(columns, rows) < least or not 0.0 < square < 2.0:
                raise ValueError(f"expected at least {least}x{least} and squares of less than 2 metres")
            if kind == "chessboard":
                if match[5] or match[6]:
                    raise ValueError(EXPECTED)
                return cls("chessboard", columns, rows, square)
            if not 0.0 < marker < square:
                raise ValueError("expected markers smaller than the squares: " + EXPECTED)
            family = match[6] or cls.family
            if len(dictionary(family).bytesList) < columns * rows // 2:
                raise ValueError(f"expected a dictionary of at least {columns * rows // 2} tags, {family} has fewer")
        except ValueError as error:
            raise ValueError(f"board {text!r}: {error}") from None
        return cls("charuco", columns, rows, square, marker, family)

    @cached_property
    def squares(self) -> tuple[int, int]:
        """Columns and rows of squares."""
        extra = 1 if self.kind == "chessboard" else 0
        return self.columns + extra, self.rows + extra

    @cached_property
    def points(self) -> Floats:
        """Corners (N, 3) in the board's frame: metres from its first inner corner, x across, y down, z = 0."""
        columns, rows = (count - 1 for count in self.squares)
        y, x = np.mgrid[:rows, :columns]
        return np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3) * self.square

    @cached_property
    def charuco(self) -> Any:
        """The same as a ``cv2.aruco.CharucoBoard``."""
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square, self.marker, dictionary(self.family))

    @cached_property
    def _detector(self) -> Any:
        return cv2.aruco.CharucoDetector(self.charuco)

    def find(self, image: Image) -> tuple[NDArray[np.int64], Floats]:
        """Find the corners in a picture.

        Args:
            image: (height, width[, 3]) uint8.

        Returns:
            Numbers (N,) of ``points``, and their pixels (N, 2); empty where the board is not seen. A chessboard is
            found as a whole or not at all.
        """
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if self.kind == "charuco":
            corners, ids, _, _ = self._detector.detectBoard(gray)
            if ids is None or corners is None:
                return np.zeros(0, np.int64), np.zeros((0, 2))
            return ids.ravel().astype(np.int64), np.asarray(corners, np.float64).reshape(-1, 2)
        flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
        found, corners = cv2.findChessboardCornersSB(gray, (self.columns, self.rows), flags=flags)
        if not found:
            return np.zeros(0, np.int64), np.zeros((0, 2))
        return np.arange(len(self.points)), np.asarray(corners, np.float64).reshape(-1, 2)


@dataclass(frozen=True)
class Sighting:
    """A tag seen in a picture: its number and its corners (4, 2), pixels, from the top left clockwise."""

    id: int
    corners: Floats


class TagFinder:
    """Finds the tags of one family."""

    def __init__(self, family: str = DEFAULT_DICTIONARY) -> None:
        """Prepare the detector.

        Raises:
            ValueError: there is no such family.
        """
        settings = cv2.aruco.DetectorParameters()
        settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        settings.cornerRefinementWinSize = 4
        # small tags seen aslant: look at the middle of each module, and for wider squares, too
        settings.perspectiveRemovePixelPerCell = 8
        settings.perspectiveRemoveIgnoredMarginPerCell = 0.3
        settings.adaptiveThreshWinSizeMax = 53
        self._detector = cv2.aruco.ArucoDetector(dictionary(family), settings)

    def find(self, image: Image) -> list[Sighting]:
        """Return the tags of a picture, by number; of a number that is seen twice, none."""
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found: dict[int, Sighting] = {}
        twice: set[int] = set()
        # modules of two or three pixels, as tags far away have, are only read enlarged
        for scale in (1, 2, 4):
            if scale > 1 and scale * max(gray.shape) > _LARGEST:
                break
            large = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else gray
            corners, ids, _ = self._detector.detectMarkers(large)
            numbers = [] if ids is None else [int(number) for number in ids.ravel()]
            twice |= {number for number in numbers if numbers.count(number) > 1}
            for number, quad in zip(numbers, corners, strict=False):
                at = (np.asarray(quad, np.float64).reshape(4, 2) + 0.5) / scale - 0.5
                found.setdefault(number, Sighting(number, at))
        return [found[number] for number in sorted(found) if number not in twice]
