"""The command ``jwo``: one verb a module of this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from just_walk_out.resources import version

# verb: one line of help; the verb's module has add_arguments(parser) and run(args) -> exit status
VERBS = {
    "demo": "run a simulated store end to end and compare receipts with the truth",
    "up": "run a real store: all nodes of its description, restarted when they die",
    "check": "check a store description and print a summary",
    "calibrate": "find lens, pose and latency of cameras, print boards; tare plates and find their scale",
    "token": "issue an entry code as text and as a QR picture",
    "ledger": "print the charges of a store",
    "account": "print what accounts owe; block one, or limit what it may owe",
    "review": "list what waits for a person, and decide about it",
    "visits": "list who is in the store, and what each holds",
    "pay": "pay in the store for what a visit holds",
    "restock": "begin or end to restock a gondola",
    "stock": "print stock levels, or say how many units there are",
    "record": "record a store's topics to a bag",
    "replay": "run a bag through the whole pipeline and print its receipts",
    "simulate": "run only the simulated devices of a store",
    "photos": "write photos of the simulated packs, for shelf cameras to tell products by",
    "train": "train what tells products by sight, on photos of them",
    "rehearse": "write the sensor bag of a scenario, without waiting and always the same",
    "benchmark": "measure what docs/benchmarks.md says, beside published baselines",
    "topics": "list the topics, what they carry and their quality of service",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `jwo ledger | head`
        return 0


def _run(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="jwo", description="A cashier-less store as a sensor network on ROS 2.")
    parser.add_argument("--version", action="version", version=f"just_walk_out {version()}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in VERBS.items():
        # only the chosen verb is imported, so that `jwo check` does not wait for OpenCV and ROS
        part = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
        if verb in given[:1]:
            import_module(f"just_walk_out.cli.{verb}").add_arguments(part)
    args = parser.parse_args(given)
    return int(import_module(f"just_walk_out.cli.{args.verb}").run(args))
