"""``jwo record``: write a bag."""

from __future__ import annotations

import argparse
import signal
import subprocess
from pathlib import Path
from typing import Any

from just_walk_out.deployment import NodePlan, command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument("bag", type=Path, help="folder of the bag to write; must not exist")
    parser.add_argument("--all", action="store_true", help="record all topics of the store, not the sensors alone")
    parser.add_argument("--use-sim-time", action="store_true", help="take the time from /clock, as the nodes do")
    parser.add_argument("--namespace", default="", help="namespace the store runs in")


def run(args: argparse.Namespace) -> int:
    """Record until interrupted, and wait until the bag is finished."""
    parameters = {"store": str(args.store.resolve()), "bag": str(args.bag), "all": args.all}
    if args.use_sim_time:
        parameters["use_sim_time"] = True
    # in a session of its own it gets one signal, from here, however often Ctrl-C is pressed: a second one, or the
    # kill that subprocess.call sends after a quarter of a second, would leave a bag without an index
    recorder = subprocess.Popen(
        command(NodePlan("recorder", "recorder", parameters), args.namespace), start_new_session=True
    )

    def finish(*_: Any) -> None:
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.SIG_IGN)
        recorder.send_signal(signal.SIGTERM)

    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, finish)
    return recorder.wait()
