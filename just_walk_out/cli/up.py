"""``jwo up``: a real store without ``ros2 launch``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from just_walk_out.cli.refusal import refuse
from just_walk_out.deployment import NodePlan, command, environment, of_host, plan, simulated_endpoints
from just_walk_out.simulation.endpoints import ready_port
from just_walk_out.store.load import load_store
from just_walk_out.store.place import StoreError
from just_walk_out.supervisor import Supervisor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument("--host", default="", help="start the nodes of this host alone (default: all)")
    parser.add_argument("--config", type=Path, help="folder of parameter files instead of the installed one")
    parser.add_argument(
        "--state-dir", type=Path, help="folder of journals and the ledger (default with --simulated: RUN_DIR/state)"
    )
    parser.add_argument("--namespace", default="", help="namespace for all nodes, so that two stores run side by side")
    parser.add_argument("--record", type=Path, metavar="BAG", help="record the sensors to this bag")
    sensors = parser.add_mutually_exclusive_group()
    sensors.add_argument("--no-sensors", action="store_true", help="start no drivers: a bag will be played in")
    sensors.add_argument(
        "--simulated", type=Path, metavar="RUN_DIR", help="use the devices of the jwo simulate that runs in this folder"
    )
    parser.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")
    parser.add_argument("--logs", type=Path, help="folder for one log file a node instead of this terminal")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warn", "error"), help="of all nodes")


def run(args: argparse.Namespace) -> int:
    """Run until interrupted; 1 when a node gave up because of its configuration."""
    try:
        store = load_store(args.store)
    except StoreError as error:
        print("\n".join(error.errors), file=sys.stderr)
        return 1
    if args.config is not None and not args.config.is_dir():
        print(f"jwo up: --config: expected a folder of parameter files, got {str(args.config)!r}", file=sys.stderr)
        return 1
    endpoints, state_dir = None, args.state_dir
    if args.simulated is not None:
        run_dir = args.simulated.resolve()
        try:
            endpoints = simulated_endpoints(store, run_dir, ready_port(run_dir))
        except ValueError as error:
            print(f"jwo up: --simulated: {error}", file=sys.stderr)
            return 1
        # what simulated shoppers do has no place in the ledger of a store
        state_dir = state_dir or run_dir / "state"
    nodes = plan(
        store,
        args.store,
        config=args.config,
        state_dir=state_dir,
        endpoints=endpoints,
        use_sim_time=args.use_sim_time,
        sensors=not args.no_sensors,
    )
    try:
        nodes = of_host(nodes, args.host)
    except ValueError as error:
        refuse("up", error)
        return 1
    if args.record:
        parameters: dict[str, Any] = {"store": str(args.store.resolve()), "bag": str(args.record)}
        if args.use_sim_time:
            parameters["use_sim_time"] = True
        nodes.append(NodePlan("recorder", "recorder", parameters))
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    supervisor = Supervisor(args.logs, environment())
    for node in nodes:
        supervisor.start(node.name, command(node, args.namespace, args.log_level), respawn=node.name != "recorder")
    print(f"{store.name}: {len(nodes)} nodes started; Ctrl-C stops them", flush=True)
    while not stop.wait(0.5) and not supervisor.failed():
        pass
    supervisor.stop()
    return 1 if supervisor.failed() else 0
