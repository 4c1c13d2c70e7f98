"""``jwo replay``: receipts from a bag, offline or through live nodes."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from just_walk_out.cli.refusal import refuse
from just_walk_out.deployment import NodePlan, command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("bag", type=Path, help="folder of the bag")
    parser.add_argument("--store", type=Path, help="store description instead of the one recorded in the bag")
    parser.add_argument("--config", type=Path, help="folder of parameter files instead of the installed one")
    parser.add_argument("--text", action="store_true", help="print receipts for people instead of JSON lines")
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="score the receipts by what truly happened (jwo rehearse --truth)"
    )
    parser.add_argument("--live", action="store_true", help="publish the bag with /clock instead, for nodes and rviz")
    parser.add_argument("--all", action="store_true", help="with --live: publish all topics, not the sensors alone")
    parser.add_argument("--rate", type=float, help="with --live: speed relative to real time (default 1)")
    parser.add_argument("--namespace", help="with --live: namespace to publish in")


def run(args: argparse.Namespace) -> int:
    """Replay and print."""
    if args.live:
        rate = 1.0 if args.rate is None else args.rate
        parameters = {"bag": str(args.bag), "all": args.all, "rate": rate, "wait_for": 0 if args.all else 1}
        return subprocess.call(command(NodePlan("player", "player", parameters), args.namespace or ""))
    for name in ("all", "rate", "namespace"):
        if getattr(args, name) not in (None, False):
            print(f"jwo replay: --{name} is for --live; without it nothing is published", file=sys.stderr)
            return 1
    from just_walk_out.checkout.bills import bills
    from just_walk_out.checkout.receipt import receipt_line, receipt_text
    from just_walk_out.records import Adjustment, Charge
    from just_walk_out.replay.bag import BagError, bag_span, read_store
    from just_walk_out.replay.offline import replay
    from just_walk_out.replay.scoring import read_truth, score, summary
    from just_walk_out.store.load import load_store
    from just_walk_out.store.place import StoreError

    try:
        store = load_store(args.store) if args.store else read_store(args.bag)
        departures = read_truth(args.truth)[0] if args.truth else None
        started = time.monotonic()
        outcomes: list[Charge | Adjustment] = []
        try:
            for outcome in replay(args.bag, store, args.config):
                outcomes.append(outcome)
        finally:
            for bill in bills(outcomes):
                page = f"{receipt_text(bill.charge, store.name, bill.adjustments)}\n" if args.text else ""
                print(page or receipt_line(bill.charge, bill.adjustments), flush=True)
        elapsed, span = time.monotonic() - started, bag_span(args.bag)
    except BrokenPipeError:
        raise
    except (BagError, StoreError, ValueError, OSError) as error:
        refuse("replay", error)
        return 1
    print(f"{span:.1f} s replayed in {elapsed:.1f} s ({span / max(elapsed, 1e-9):.1f} x real time)", file=sys.stderr)
    if departures is not None:
        charges = [each for each in outcomes if isinstance(each, Charge)]
        adjustments = [each for each in outcomes if isinstance(each, Adjustment)]
        print("\n".join(summary(score(departures, charges, adjustments))), file=sys.stderr)
    return 0
