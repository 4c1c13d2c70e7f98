"""Changes a camera's entry in the YAML files of a store, and nothing else in them: comments and order stay."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from just_walk_out.store.documents import ROOT
from just_walk_out.store.load import load_store


def edit_cameras(path: Path, changes: Mapping[str, Mapping[str, str]], drop: Mapping[str, str]) -> dict[Path, str]:
    """Work out new texts of a store's files.

    Args:
        path: folder with ``store.yaml``, or that file.
        changes: by camera id: key and its new value as YAML in one line.
        drop: key that is taken out where the camera gets the key it is given for, e.g. ``horizontal_fov_deg`` for
            ``intrinsics``.

    Returns:
        The new text of each file that changes.

    Raises:
        ValueError: an entry is written in a way that cannot be changed in place; names it.
    """
    files = _files(path)
    found: dict[Path, str] = {}
    left = dict(changes)
    for file in files:
        text = file.read_text(encoding="utf-8")
        edits: list[tuple[int, int, str]] = []
        for entry in _entries(text):
            keys = {key.value: (key, value) for key, value in entry.value if isinstance(key, yaml.ScalarNode)}
            name = keys["id"][1].value if "id" in keys else ""
            if name in left:
                edits += _edits(text, f"{file.name}: camera {name}", keys, left.pop(name), drop, entry.flow_style)
        for start, stop, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[stop:]
        if edits:
            found[file] = text
    if left:
        raise ValueError(f"{files[0]}: expected the cameras {', '.join(left)} in this file or those it includes")
    return found


def _files(path: Path) -> list[Path]:
    """Return the main file of a store and those it includes."""
    main = path / ROOT if path.is_dir() else path
    top = yaml.safe_load(main.read_text(encoding="utf-8"))
    return [main, *(main.parent / name for name in top.get("include", []))]


def _entries(text: str) -> list[yaml.MappingNode]:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return []
    lists = [value for key, value in node.value if key.value == "cameras" and isinstance(value, yaml.SequenceNode)]
    return [entry for one in lists for entry in one.value if isinstance(entry, yaml.MappingNode)]


def _edits(
    text: str,
    where: str,
    keys: Mapping[str, tuple[yaml.ScalarNode, yaml.Node]],
    changes: Mapping[str, str],
    drop: Mapping[str, str],
    flow: bool,
) -> list[tuple[int, int, str]]:
    if flow:
        raise ValueError(f"{where}: expected its keys on lines of their own, it is written in braces")
    edits = []
    for name, value in changes.items():
        old = name if name in keys else drop.get(name, "")
        line = f"{name}: {value}"
        if old in keys:
            key, node = keys[old]
            # an alias leads to a value that stands elsewhere
            if not key.start_mark.index < node.start_mark.index:
                raise ValueError(f"{where}: {old}: expected a value, not an alias")
            if text[node.start_mark.index] == "&":
                raise ValueError(f"{where}: {old}: expected no anchor on a value that is replaced")
            edits.append((key.start_mark.index, _end(text, node), line))
        else:
            key, node = keys["id"]
            edits.append((_end(text, node), _end(text, node), f"\n{' ' * key.start_mark.column}{line}"))
    return edits


def _end(text: str, node: yaml.Node) -> int:
    """Return where a value ends: what follows a block up to the next key belongs to that, comments included."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        return max(_end(text, part) for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,)))
    return node.end_mark.index


def difference(changed: Mapping[Path, str]) -> str:
    """Return what changes as a unified diff; empty where nothing does."""
    parts: list[str] = []
    for file, text in changed.items():
        before = file.read_text(encoding="utf-8").splitlines(keepends=True)
        after = text.splitlines(keepends=True)
        parts += difflib.unified_diff(before, after, f"{file.name} now", f"{file.name} calibrated", n=2)
    return "".join(line if line.endswith("\n") else line + "\n" for line in parts)


def write_checked(path: Path, changed: Mapping[Path, str]) -> None:
    """Write new texts, if the store is valid with them.

    Raises:
        StoreError: it is not; nothing is written.
        ValueError: a file lies outside the store's folder.
    """
    files = _files(path)
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            trial = Path(folder) / os.path.relpath(file, files[0].parent)
            if not trial.resolve().is_relative_to(Path(folder).resolve()):
                raise ValueError(f"{file}: expected it in the folder of {files[0].name} or below")
            trial.parent.mkdir(parents=True, exist_ok=True)
            trial.write_text(changed.get(file, file.read_text(encoding="utf-8")), encoding="utf-8")
        load_store(Path(folder) / files[0].name)
    for file, text in changed.items():
        beside = file.with_name(f".{file.name}.new")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, file)
