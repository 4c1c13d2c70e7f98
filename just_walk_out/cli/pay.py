"""``jwo pay``: pay in the store for what a visit holds."""

from __future__ import annotations

import argparse

from just_walk_out.cli.asking import add_namespace, request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("visit", help="id of the visit, as jwo visits lists it")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when nothing will be charged."""
    return request("pay", args, "checkout/pay", "Pay", visit=args.visit)
