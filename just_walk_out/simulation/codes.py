"""The codes that shoppers carry on their phones, as their app got them from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path


class CodeBook:
    """Code texts by the id of the shopper who shows them."""

    def __init__(self, codes: dict[str, str] | None = None, path: Path | None = None) -> None:
        """Take codes as they are, or a JSON file that is read anew for each shopper who needs one."""
        self._codes = dict(codes or {})
        self._path = path

    def of(self, shopper: str) -> str:
        """Return a shopper's code, or a text that no reader can accept if there is none."""
        if self._path is not None:
            try:
                read = json.loads(self._path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                read = {}
            if isinstance(read, dict):
                self._codes.update({str(key): str(value) for key, value in read.items()})
        return self._codes.get(shopper, f"no code for {shopper}")
