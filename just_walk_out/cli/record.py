"""``jwo record``: write a bag."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from just_walk_out.deployment import NodePlan, command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument("bag", type=Path, help="folder of the bag to write; must not exist")
    parser.add_argument("--all", action="store_true", help="record all topics of the store, not the sensors alone")
    parser.add_argument("--namespace", default="", help="namespace the store runs in")


def run(args: argparse.Namespace) -> int:
    """Record until interrupted."""
    parameters = {"store": str(args.store.resolve()), "bag": str(args.bag), "all": args.all}
    try:
        return subprocess.call(command(NodePlan("recorder", "recorder", parameters), args.namespace))
    except KeyboardInterrupt:
        return 0  # the recorder got the signal too and finishes the bag
