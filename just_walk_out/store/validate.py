"""Runs the checks of a store description that go beyond single values."""

from __future__ import annotations

from typing import Any

from just_walk_out.store.place import Errors


def validate(sections: dict[str, Any], errors: Errors) -> None:
    """Report what is wrong."""
