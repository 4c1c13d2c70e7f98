"""Where the package's shared files lie: configuration, launch files and message definitions."""

from __future__ import annotations

from pathlib import Path


def share() -> Path:
    """Return ``share/just_walk_out`` of the installation.

    Raises:
        FileNotFoundError: the package is not installed (it was imported from its source folder).
    """
    # <prefix>/lib/python3.x/site-packages/just_walk_out (Debian's colcon: <prefix>/local/lib/python3.x/dist-packages)
    for prefix in Path(__file__).resolve().parents:
        folder = prefix / "share" / "just_walk_out"
        if (folder / "package.xml").is_file():
            return folder
    source = Path(__file__).resolve().parents[1]
    if (source / "package.xml").is_file():
        return source
    raise FileNotFoundError("just_walk_out is not installed: no share/just_walk_out beside its modules")


def version() -> str:
    """Return the version, which stands in package.xml alone."""
    from xml.etree import ElementTree

    return ElementTree.parse(share() / "package.xml").getroot().findtext("version", "unknown")


def scenario_path(name: str) -> Path:
    """Return the scenario file that a name or a path stands for.

    Raises:
        ValueError: there is neither such a file nor such a scenario; names those there are.
    """
    if Path(name).is_file():
        return Path(name)
    folder = share() / "config" / "scenarios"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in folder.glob("*.yaml")))
        raise ValueError(f"scenario {name!r}: expected a file, or one of {known}")
    return path
