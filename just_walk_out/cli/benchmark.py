"""``jwo benchmark``: measure a room, beside a baseline, on this machine."""

from __future__ import annotations

import argparse
from importlib import import_module

BENCHMARKS = ("drivers", "shelf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare one sub-command a benchmark, with the options of those that are there."""
    parts = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    for name in BENCHMARKS:
        try:
            module = import_module(f"just_walk_out.benchmark.{name}")
        except ModuleNotFoundError:
            continue
        module.add_arguments(parts.add_parser(name, help=str(module.__doc__).partition("\n")[0]))


def run(args: argparse.Namespace) -> int:
    """Run the chosen benchmark and return its exit status."""
    return int(import_module(f"just_walk_out.benchmark.{args.benchmark}").run(args))
