"""``jwo check``: says what a store description holds, or everything that is wrong with it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from just_walk_out.store.load import StoreError, load_store
from just_walk_out.store.summary import summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, help="folder with store.yaml, or that file")


def run(args: argparse.Namespace) -> int:
    """Print the summary and return 0, or print each error on a line of stderr and return 1."""
    try:
        store = load_store(args.store)
    except StoreError as error:
        for line in error.errors:
            print(line, file=sys.stderr)
        return 1
    print(summary(store))
    return 0
