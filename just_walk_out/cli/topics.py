"""``jwo topics``: the table of topics."""

from __future__ import annotations

import argparse

from just_walk_out.topics import TOPICS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    del args
    for topic in TOPICS:
        kind = f"just_walk_out/msg/{topic.record.__name__}"
        print(f"{topic.name:<28}{kind:<44}{topic.quality:<10}{topic.text}")
    return 0
