"""What every pure stage of the pipeline looks like from outside."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class Stage(Protocol):
    """A step from records to records, moved by event time alone.

    A stage must give the same outputs for the same inputs whatever the order in which the streams
    interleave: it holds back what it cannot decide yet until the watermarks of its inputs allow it.
    It never reads a clock. What it must not forget goes into a journal before ``push`` returns it.
    """

    inputs: ClassVar[tuple[type, ...]]
    outputs: ClassVar[tuple[type, ...]]

    def push(self, record: Any) -> list[Any]:
        """Take one record and return what follows from it, in order."""
        ...

    def restore(self) -> list[Any]:
        """Return what a restarted stage must publish again; called once, before the first push."""
        ...
