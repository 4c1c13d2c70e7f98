"""The laws of the structure, read off the imports."""

import ast
from pathlib import Path

import pytest

from just_walk_out.resources import share

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "just_walk_out"
ROS = (
    "rclpy",
    "just_walk_out.msg",
    "just_walk_out.srv",
    "std_srvs",
    "rcl_interfaces",
    "builtin_interfaces",
    "launch",
    "launch_ros",
)
DOORS = [path for path in PACKAGE.rglob("*.py") if path.name.endswith("_node.py") or path.parent.name == "ros"]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path not in DOORS)


def imports(path):
    found = set()
    for item in ast.walk(ast.parse(path.read_text())):
        if isinstance(item, ast.Import):
            found |= {alias.name for alias in item.names}
        elif isinstance(item, ast.ImportFrom) and item.module:
            found.add(item.module)
    return found


def is_ros(name):
    return name.startswith(ROS) or name.split(".")[0].endswith("_msgs")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_doors_know_ros(path):
    assert not {name for name in imports(path) if is_ros(name)}


def test_the_simulation_knows_nothing_but_the_store():
    for path in (PACKAGE / "simulation").glob("*.py"):
        inside = {name for name in imports(path) if name.startswith("just_walk_out.")}
        assert all(name.split(".")[1] in ("simulation", "store", "settings", "resources") for name in inside), path.name


def test_every_node_has_a_main_and_is_installed():
    nodes = {path.stem.removesuffix("_node"): path for path in PACKAGE.glob("*/*_node.py")}
    assert len(nodes) >= 12
    for path in nodes.values():
        assert "def main() -> int:" in path.read_text()
    installed = share().parents[1] / "lib" / "just_walk_out"
    if installed.is_dir():
        assert {path.name for path in installed.iterdir()} == set(nodes)


def test_the_package_init_is_a_docstring_only():
    (only,) = ast.parse((PACKAGE / "__init__.py").read_text()).body
    assert isinstance(only, ast.Expr)


def test_the_version_stands_in_one_place():
    assert "<version>" in (ROOT / "package.xml").read_text()
    assert "version =" not in (ROOT / "pyproject.toml").read_text().split("[tool")[0]
