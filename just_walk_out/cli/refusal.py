"""How a verb says in one line that it cannot do what was asked."""

from __future__ import annotations

import sys


def refuse(verb: str, error: Exception) -> None:
    """Print what was wrong; of a file, its name and why, without the number of the system's error."""
    print(f"jwo {verb}: {text_of(error)}", file=sys.stderr)


def text_of(error: Exception) -> str:
    """Return what an error says to people."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    return str(error)
