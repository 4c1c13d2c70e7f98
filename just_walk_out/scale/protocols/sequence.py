"""Frame numbers of one board: what is missing, repeated, late, or begun anew."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum


class Order(Enum):
    """How a frame number follows the ones before it."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    LATE = "late"
    RESTART = "restart"


class SequenceMonitor:
    """Follows a counter that grows by one a frame and wraps.

    A number up to ``window`` behind is a repetition or a late frame. A board that restarts shortly
    after its start looks the same at first, hence ``patience``: that many in a row are a restart.
    """

    def __init__(self, modulus: int, window: int = 32, patience: int = 3) -> None:
        """Make a monitor of a counter that wraps at ``modulus``."""
        self._modulus = modulus
        self._window = window
        self._patience = patience
        self._last: int | None = None
        self._behind = 0
        self._seen: OrderedDict[int, None] = OrderedDict()

    def check(self, number: int) -> tuple[Order, int]:
        """Classify the next number; also return how many are missing directly before it."""
        if self._last is None:
            self._accept(number)
            return Order.NEXT, 0
        ahead = (number - self._last) % self._modulus
        if 0 < ahead < self._modulus // 2:
            self._accept(number)
            return Order.NEXT, ahead - 1
        behind = (self._last - number) % self._modulus
        self._behind += 1
        if behind > self._window or self._behind > self._patience:
            self._seen.clear()
            self._accept(number)
            return Order.RESTART, 0
        if number in self._seen:
            return Order.DUPLICATE, 0
        self._remember(number)
        return Order.LATE, 0

    def _accept(self, number: int) -> None:
        self._last = number
        self._behind = 0
        self._remember(number)

    def _remember(self, number: int) -> None:
        self._seen[number] = None
        while len(self._seen) > 2 * self._window:
            self._seen.popitem(last=False)
