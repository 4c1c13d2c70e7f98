from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import just_walk_out.simulation

ROOM = Path(just_walk_out.simulation.__file__).parent
LIBRARIES = {"numpy", "cv2", "segno", "cobs", "yaml"}
OWN = ("just_walk_out.store.", "just_walk_out.simulation.")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names.add(f"{node.module}.")
    return names


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.name)
def test_the_simulation_knows_nothing_of_the_rooms_it_drives(path: Path) -> None:
    for name in imported(path):
        root = name.split(".")[0]
        known = root in sys.stdlib_module_names or root in LIBRARIES or name.startswith(OWN)
        assert known, f"{path.name} imports {name}"
