"""``jwo photos``: photos of the simulated packs, as reference photos for shelf cameras."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from just_walk_out.cli.refusal import refuse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("store", type=Path, help="folder of the store description")
    parser.add_argument("folder", type=Path, help="where to write a folder of photos a product, named after its SKU")
    parser.add_argument("--count", type=int, default=6, metavar="N", help="photos a product (default 6)")
    parser.add_argument("--seed", type=int, default=1, help="of light and angle (default 1)")


def run(args: argparse.Namespace) -> int:
    """Write the photos; returns the exit status."""
    from just_walk_out.simulation.photos import write_photos
    from just_walk_out.store.load import load_store
    from just_walk_out.store.place import StoreError

    if args.count < 1:
        print(f"jwo photos: --count: expected at least 1 photo a product, got {args.count}", file=sys.stderr)
        return 2
    try:
        written = write_photos(load_store(args.store), args.folder, args.count, args.seed)
    except (StoreError, OSError) as error:
        refuse("photos", error)
        return 2
    print(f"{written} photos in {args.folder}")
    return 0
