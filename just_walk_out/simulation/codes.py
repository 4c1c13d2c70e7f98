"""The codes that shoppers carry on their phones, as their app got them from elsewhere."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path


def read_codes(path: Path) -> dict[str, str]:
    """Return the codes that a JSON file has, by the id of the shopper who shows them.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is something else.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected a JSON object of shopper ids and codes, it is no JSON ({error})") from None
    if not isinstance(read, dict):
        raise ValueError(f"{path}: expected a JSON object of shopper ids and codes, got {type(read).__name__}")
    return {str(key): str(value) for key, value in read.items()}


class CodeBook:
    """Code texts by the id of the shopper who shows them."""

    def __init__(self, codes: dict[str, str] | None = None, path: Path | None = None) -> None:
        """Take codes as they are, or a JSON file that is read anew for each shopper who needs one."""
        self._codes = dict(codes or {})
        self._path = path

    def of(self, shopper: str) -> str:
        """Return a shopper's code, or a text that no reader can accept if there is none."""
        if self._path is not None:
            with suppress(OSError, ValueError):  # it may just be written anew
                self._codes.update(read_codes(self._path))
        return self._codes.get(shopper, f"no code for {shopper}")
