"""The rooms work where there is no ROS."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "just_walk_out"

BLOCK = """
import importlib, sys

class NoRos:
    def find_spec(self, name, path=None, target=None):
        root = name.split(".")[0]
        if root in ("rclpy", "launch", "launch_ros", "builtin_interfaces") or root.endswith(("_msgs", "_srvs")):
            raise ImportError(f"no ROS here: {name}")
        if name in ("just_walk_out.msg", "just_walk_out.srv"):
            raise ImportError("no messages here")

sys.meta_path.insert(0, NoRos())
failed = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if "no ROS here" in str(error) or "no messages here" in str(error):
            failed.append(f"{name}: {error}")
print("\\n".join(failed))
"""


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(ROOT).with_suffix("")
        if path.name.endswith("_node.py") or path.parent.name == "ros" or path.name == "__main__.py":
            continue
        parts = place.parts[:-1] if place.name == "__init__" else place.parts
        yield ".".join(parts)


def test_no_room_imports_ros_not_even_by_another(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", BLOCK, *modules()], cwd=tmp_path, timeout=120, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == ""


def test_the_plan_starts_only_nodes_that_are_built():
    built = {path.stem.removesuffix("_node") for path in PACKAGE.glob("*/*_node.py")}
    from just_walk_out.deployment import PIPELINE_NODES

    assert {
        *PIPELINE_NODES,
        "store_map",
        "monitor",
        "camera",
        "shelf_view",
        "load_cells",
        "recorder",
        "player",
    } == built
    for recipe in ("CMakeLists.txt", "setup.py"):
        assert "*/*_node.py" in (ROOT / recipe).read_text()


def test_the_number_of_the_version_stands_in_the_manifest_alone():
    from just_walk_out.resources import version

    for path in [*PACKAGE.rglob("*.py"), ROOT / "setup.py", ROOT / "CMakeLists.txt", ROOT / "pyproject.toml"]:
        text = path.read_text()
        assert f'"{version()}"' not in text and "__version__" not in text, path.name
