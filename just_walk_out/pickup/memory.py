"""What steps have shown, asked as of any moment: answers do not depend on what else has been told or restarted since.

Streams interleave as they like. When a step is decided, its fixture has been seen up to some moment; what began there
later may have been told already, or not. So only what began before counts, and of that only what had ended: something
longer that ends later is decided later, where both are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from just_walk_out.journal import RECENT
from just_walk_out.pickup.settings import PickupSettings

_SECOND = 1_000_000_000
_SPAN = 300 * _SECOND  # for which a shelf may go unseen in the middle of a step that is decided afterwards


class Learnt(Protocol):
    """Something that a step has shown."""

    @property
    def start(self) -> int:
        """When the step began, nanoseconds."""

    @property
    def stamp(self) -> int:
        """When it ended, nanoseconds."""

    @property
    def id(self) -> str:
        """Id of its first interaction."""


Item = TypeVar("Item", bound=Learnt)


@dataclass(frozen=True, slots=True)
class Moment:
    """As of when a step is decided, or shows something.

    Attributes:
        end: when the step ended, nanoseconds.
        known: up to when its fixture bears on it, nanoseconds: see ``EventQueue.known``.
        event: id of the shelf event whose own steps count too, where it is no longer being decided.
    """

    end: int
    known: int
    event: str = ""

    def counts(self, start: int, stamp: int, id: str) -> bool:
        """Tell whether a step at the same fixture counts.

        Args:
            start: when it began, nanoseconds.
            stamp: when it ended, nanoseconds.
            id: of its first interaction.
        """
        if stamp < self.end - RECENT:
            return False
        earlier = start < self.known and stamp <= max(self.end, self.known)
        return earlier or (bool(self.event) and id.startswith(f"{self.event}#"))

    def counts_elsewhere(self, stamp: int, lag: int) -> bool:
        """Tell whether a step at another fixture counts that ended at ``stamp`` and is decided within ``lag``."""
        return self.end - RECENT <= stamp <= self.end - lag


def longest_wait(settings: PickupSettings) -> int:
    """Return after how long a step is decided for certain, wherever the streams stand; nanoseconds of event time."""
    waits = max(settings.order_wait, settings.visit_wait, settings.view_wait)
    return round((waits + settings.doubt_wait + settings.doubt_step) * _SECOND)


class Memory(Generic[Item]):
    """The last things of one kind at one place, in the order of their time.

    As many as ever count are kept of those that count for whatever is decided from now on, and all that is newer: what
    must not count yet displaces nothing.
    """

    def __init__(self, most: int, settings: PickupSettings) -> None:
        """Remember nothing yet.

        Args:
            most: how many count at once.
            settings: how long decisions wait.
        """
        self._most = most
        self._lag = longest_wait(settings)
        self._items: list[Item] = []

    def put(self, item: Item) -> None:
        """Remember something, in place of what has the same id."""
        self._items = sorted((*(each for each in self._items if each.id != item.id), item), key=in_time)
        settled = self._items[-1].stamp - 2 * self._lag - _SPAN
        old = sum(each.stamp <= settled for each in self._items)
        del self._items[: max(old - self._most, 0)]

    def get(self, id: str) -> Item | None:
        """Return what has an id, if it is remembered."""
        return next((each for each in self._items if each.id == id), None)

    def here(self, moment: Moment) -> list[Item]:
        """Return what counts at the same fixture, the last of it."""
        return [each for each in self._items if moment.counts(each.start, each.stamp, each.id)][-self._most :]

    def elsewhere(self, moment: Moment) -> list[Item]:
        """Return what counts at another fixture, the last of it."""
        return [each for each in self._items if moment.counts_elsewhere(each.stamp, self._lag)][-self._most :]


def in_time(item: Learnt) -> tuple[int, str]:
    """Return what things are ordered by: when they ended, and their ids."""
    return (item.stamp, item.id)
