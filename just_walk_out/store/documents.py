"""Reads the YAML files of a store description into one set of top-level sections."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from just_walk_out.store.place import Errors, Place, StoreError, shown

ROOT = "store.yaml"


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice and reads ``2e-6`` as a number, as YAML 1.2 does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Construct a mapping after looking for keys given twice."""
        seen = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {shown(key_node.value)} is given twice", key_node.start_mark
                    )
                seen.add(key_node.value)
        constructed: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return constructed


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+.0123456789")
)


@dataclass(frozen=True)
class Documents:
    """Top-level sections with the place of each; ``complete`` is false where a file could not be read."""

    sections: dict[str, tuple[Place, Any]]
    root: Place
    complete: bool


def read_documents(path: Path, errors: Errors) -> Documents:
    """Read ``store.yaml`` and the files it includes.

    Args:
        path: the store's folder, or its main file.
        errors: receives what is wrong.

    Raises:
        StoreError: there is no main file.
    """
    main = path / ROOT if path.is_dir() else path
    if not _is_file(main):
        raise StoreError((f"{path}: expected a folder holding {ROOT}, or that file",))
    root = Place(main.name)
    top = read_yaml(main, root, errors)
    if top is None:
        return Documents({}, root, complete=False)
    included = top.pop("include", [])
    sections = {name: (root.key(name), value) for name, value in top.items()}
    complete = True
    if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
        errors.add(root.key("include"), f"expected a list of file names, got {shown(included)}")
        return Documents(sections, root, complete=False)
    for index, name in enumerate(included):
        at = root.key("include").item(index)
        file = main.parent / name
        if not _is_file(file):
            errors.add(at, f"expected a YAML file beside {main.name}, there is no {shown(name)}")
            complete = False
            continue
        content = read_yaml(file, Place(name), errors)
        complete = complete and content is not None
        for key, value in (content or {}).items():
            if key in sections:
                errors.add(Place(name).key(key), f"given already in {sections[key][0].file}; expected it once")
            else:
                sections[key] = (Place(name).key(key), value)
    return Documents(sections, root, complete)


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        # a name that no file system takes: too long, or with characters that cannot be encoded
        return False


def read_yaml(file: Path, at: Place, errors: Errors) -> dict[Any, Any] | None:
    """Return the mapping that a YAML file holds; None, and an error, where it holds none.

    Args:
        file: what to read.
        at: how errors name it.
        errors: receives what is wrong.
    """
    try:
        value = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        errors.add(at, f"{where}expected valid YAML; {error.problem or error.context}")
        return None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        errors.add(at, f"expected valid YAML in UTF-8; {str(error)[:200]}")
        return None
    except OSError as error:
        errors.add(at, f"expected a readable file; {error.strerror}")
        return None
    if not isinstance(value, dict):
        errors.add(at, f"expected a mapping of sections, got {shown(value)}")
        return None
    return value
