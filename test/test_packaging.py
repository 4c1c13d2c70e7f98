"""What is handed on holds all that is needed: a source distribution builds what the repository builds."""

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("cmake", "config", "docs", "firmware", "just_walk_out", "launch", "msg", "srv", "test")
FILES = {"CHANGELOG.rst", "CMakeLists.txt", "LICENSE", "Makefile", "README.md", "package.xml", "pyproject.toml"}


def test_a_source_distribution_holds_every_file(tmp_path):
    options = ["egg_info", "--egg-base", tmp_path, "sdist", "--dist-dir", tmp_path]
    subprocess.run([sys.executable, "setup.py", "--quiet", *options], cwd=ROOT, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        held = {name.partition("/")[2] for name in tar.getnames()}
    below = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    wanted = FILES | {str(path.relative_to(ROOT)) for path in below if "__pycache__" not in path.parts}
    assert wanted <= held, f"not in the source distribution: {sorted(wanted - held)}"
