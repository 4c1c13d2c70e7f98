"""Let pip build what colcon builds: run CMake into a staging folder and put the result into the wheel."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from setuptools import Distribution, setup
from setuptools.command.build import build

ROOT = Path(__file__).resolve().parent
NAME = "just_walk_out"
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()
NODES = sorted(path for path in (ROOT / NAME).glob("*/*_node.py"))


def ros_prefix() -> Path:
    """Return the prefix whose share/ holds ament_cmake: a venv with the ROS wheels, or pip's build folder."""
    candidates = [Path(entry).parents[2] for entry in sys.path if entry.endswith("site-packages")]
    candidates += [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if prefix]
    for prefix in candidates:
        if (prefix / "share" / "ament_cmake").is_dir():
            return prefix
    raise SystemExit("setup.py: ament_cmake is not installed; install the build requirements of pyproject.toml first")


class CMakeBuild(build):
    """Build messages, modules, executables and shared files with CMake."""

    def run(self) -> None:
        """Configure, build and stage; then hand the staged files to setuptools."""
        prefix = ros_prefix()
        (ROOT / "build").mkdir(exist_ok=True)
        # CMake remembers absolute paths: only a lasting prefix may keep its build folder for the next time
        folder = ROOT / "build" / f"pip-{sys.version_info.major}.{sys.version_info.minor}"
        if not prefix.samefile(sys.prefix):
            folder = Path(tempfile.mkdtemp(prefix="isolated-", dir=ROOT / "build"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        staging = folder / "staging"
        shutil.rmtree(staging, ignore_errors=True)
        environment = dict(os.environ)
        environment["AMENT_PREFIX_PATH"] = str(prefix)
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        libraries = [prefix / "lib", *sorted(prefix.glob("lib/python*/site-packages/ros_*.libs"))]
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, libraries))
        subprocess.check_call(
            [
                "cmake",
                f"-S{ROOT}",
                f"-B{folder / 'cmake'}",
                f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DCMAKE_INSTALL_PREFIX={staging}",
                f"-DPython3_EXECUTABLE={sys.executable}",
                f"-DPYTHON_EXECUTABLE={sys.executable}",
                "-DCMAKE_BUILD_TYPE=Release",
                "-DBUILD_TESTING=OFF",
                "-Wno-dev",
                "--log-level=WARNING",
            ],
            env=environment,
        )
        jobs = str(os.cpu_count() or 1)
        subprocess.check_call(["cmake", "--build", str(folder / "cmake"), "--parallel", jobs], env=environment)
        with (folder / "install.log").open("w") as log:
            subprocess.check_call(["cmake", "--install", str(folder / "cmake")], env=environment, stdout=log)

        (modules,) = staging.glob(f"lib/python*/site-packages/{NAME}")
        shutil.rmtree(Path(self.build_lib), ignore_errors=True)
        shutil.copytree(modules, Path(self.build_lib) / NAME, ignore=shutil.ignore_patterns("__pycache__"))
        shared: dict[str, list[str]] = {}
        for path in sorted(staging.rglob("*")):
            place = path.relative_to(staging)
            # pip makes the console scripts itself, and the modules went into the wheel's root above
            if path.is_file() and place.parts[0] != "bin" and "site-packages" not in place.parts:
                shared.setdefault(str(place.parent), []).append(os.path.relpath(path, ROOT))
        self.distribution.data_files = list(shared.items())


class BinaryDistribution(Distribution):
    """A distribution with compiled message support: its wheel is bound to the platform."""

    def has_ext_modules(self) -> bool:
        """Say that the wheel is not pure."""
        return True


def console_scripts() -> list[str]:
    """Return `jwo` and one `jwo_<node>` for each node module."""
    nodes = [(path.stem.removesuffix("_node"), path.parent.name, path.stem) for path in NODES]
    scripts = [f"jwo_{node} = {NAME}.{room}.{module}:main" for node, room, module in nodes]
    return [f"jwo = {NAME}.cli.main:main", *scripts]


setup(
    name=NAME,
    version=MANIFEST.findtext("version"),
    description=MANIFEST.findtext("description"),
    license=MANIFEST.findtext("license"),
    packages=[],
    cmdclass={"build": CMakeBuild},
    distclass=BinaryDistribution,
    entry_points={"console_scripts": console_scripts()},
    zip_safe=False,
)
