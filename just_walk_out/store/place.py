"""Where something stands in a store description, and what is wrong there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


class StoreError(Exception):
    """A store description that cannot be used.

    Attributes:
        errors: one line each, naming file, YAML path and what was expected.
    """

    def __init__(self, errors: tuple[str, ...]) -> None:
        """Keep the lines; the message is all of them."""
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Place:
    """A place in one of the YAML files, as ``fixtures.yaml: gondolas[1].shelves[3]``."""

    file: str
    path: str = ""

    def key(self, name: Any) -> Place:
        """Return the place of a mapping's key."""
        text = name if isinstance(name, str) and _PLAIN_KEY.fullmatch(name) else shown(name)
        return Place(self.file, f"{self.path}.{text}" if self.path else text)

    def item(self, index: int) -> Place:
        """Return the place of a list's item."""
        return Place(self.file, f"{self.path}[{index}]")

    @property
    def section(self) -> str:
        """The top-level key this place is under."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]

    def __str__(self) -> str:
        """Return file and path."""
        return f"{self.file}: {self.path}" if self.path else self.file


def shown(value: Any) -> str:
    """Return a value as short text on one line."""
    if isinstance(value, int) and abs(value) > 10**18:
        return "a huge number"
    if isinstance(value, (str, int, float)):
        text = repr(value)
        return text if len(text) <= 60 else text[:57] + "..."
    names = {dict: "a mapping", list: "a list", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")


@dataclass
class Errors:
    """Collects what is wrong, and knows which sections are affected."""

    found: list[tuple[Place, str]] = field(default_factory=list)

    def add(self, at: Place, message: str) -> None:
        """Record one error."""
        self.found.append((at, message))

    def spoiled(self, *sections: str) -> bool:
        """Whether one of the sections already has an error, so that checks building on it would mislead."""
        return any(at.section in sections for at, _ in self.found)

    def lines(self) -> tuple[str, ...]:
        """Return one line for each error."""
        return tuple(" ".join(f"{at}: {message}".split()) for at, message in self.found)
