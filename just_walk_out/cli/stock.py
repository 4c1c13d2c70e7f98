"""``jwo stock``: print stock levels, or say how many units there are."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

from just_walk_out.checkout.receipt import iso_time
from just_walk_out.cli.asking import add_namespace, request
from just_walk_out.monitor.stock_book import StockBook


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("action", choices=("show", "count"), help="show levels from a file, or count a product anew")
    parser.add_argument("what", help="show: the file stock_keeper.sqlite; count: the SKU")
    parser.add_argument("units", nargs="?", type=int, help="count: how many there are")
    parser.add_argument("--by", metavar="NAME", default="", help="count: who counted")
    add_namespace(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when something is wrong."""
    if args.action == "show":
        return _show(Path(args.what))
    if args.units is None:
        print("jwo stock: expected the number of units after the SKU, got none", file=sys.stderr)
        return 1
    values = {"sku": args.what, "quantity": args.units, "by": args.by}
    return request("stock", args, "stock_keeper/count", "CountStock", **values)


def _show(path: Path) -> int:
    if not path.is_file():
        print(f"jwo stock: {path}: expected a stock file, found none", file=sys.stderr)
        return 1
    try:
        book = StockBook(path)
        levels = book.levels()
        book.close()
    except sqlite3.DatabaseError as error:
        print(f"jwo stock: {path}: not a stock file ({error})", file=sys.stderr)
        return 1
    print(f"{'units':>6}  {'counted':<28} {'changed':<28} sku")
    for level in levels:
        # without a count the quantity is only what came and went
        units = str(level.quantity) if level.counted else "?"
        counted = iso_time(level.counted) if level.counted else f"never, {_moved(level.quantity)}"
        print(f"{units:>6}  {counted:<28} {iso_time(level.changed):<28} {level.sku}")
    if not all(level.counted for level in levels):
        print("? until it is counted: jwo stock count SKU UNITS --by NAME")
    return 0


def _moved(quantity: int) -> str:
    """Say by how many units a level that was never counted has changed."""
    return f"{abs(quantity)} {'fewer' if quantity < 0 else 'more'} by now" if quantity else "as many as at first"
