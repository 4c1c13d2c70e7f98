"""``jwo benchmark``: figures that anyone can measure again."""

from __future__ import annotations

import argparse
from importlib import import_module

# each is a folder of just_walk_out.benchmark; its command has add_arguments(parser) and run(args) -> exit status
BENCHMARKS = ("day", "detect", "drivers", "receipts", "shelf", "shelf_view", "tracking")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmarks and their arguments."""
    parts = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    for name in BENCHMARKS:
        module = import_module(f"just_walk_out.benchmark.{name}.command")
        summary = (module.__doc__ or "").splitlines()[0].rpartition("``: ")[2]
        summary = summary[:1].upper() + summary[1:]
        part = parts.add_parser(name, help=summary, description=summary)
        module.add_arguments(part)
        part.epilog = part.epilog and part.epilog.replace("``", "`")  # as in Markdown, which people read more often


def run(args: argparse.Namespace) -> int:
    """Run one benchmark; returns its exit status."""
    return int(import_module(f"just_walk_out.benchmark.{args.benchmark}.command").run(args))
