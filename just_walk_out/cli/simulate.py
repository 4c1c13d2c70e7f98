"""``jwo simulate``: a store with people in it, in real time, that drives the same inputs as a real one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    from just_walk_out.simulation import run as simulation

    parser.add_argument("store", type=Path, help="folder of the store description")
    simulation.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Simulate until a signal comes; returns the exit status."""
    from just_walk_out.simulation import run as simulation
    from just_walk_out.store.place import StoreError

    try:
        return simulation.run(args)
    except (StoreError, ValueError, OSError) as error:
        print(f"jwo simulate: {error}", file=sys.stderr)
        return 2
