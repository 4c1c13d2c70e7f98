"""``jwo restock``: begin or end to restock a gondola."""

from __future__ import annotations

import argparse

from just_walk_out.cli.asking import add_namespace, request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument(
        "action", choices=("begin", "end"), help="from now on its changes move the stock, or carts again"
    )
    parser.add_argument("gondola", help="id of the gondola")
    parser.add_argument("--by", metavar="NAME", required=True, help="who restocks")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when nothing was changed."""
    values = {"gondola": args.gondola, "active": args.action == "begin", "by": args.by}
    return request("restock", args, "stock_keeper/set_restock_mode", "SetRestockMode", **values)
