"""``jwo simulate``: a store with people in it, in real time, that drives the same inputs as a real one."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from just_walk_out.cli.refusal import refuse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    from just_walk_out.simulation import run as simulation

    parser.add_argument("store", type=Path, help="folder of the store description")
    parser.add_argument("--key", type=Path, help="private key that signs the shoppers' codes, instead of --tokens")
    simulation.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Simulate until a signal comes; returns the exit status."""
    from just_walk_out.resources import scenario_path
    from just_walk_out.simulation import run as simulation
    from just_walk_out.store.place import StoreError

    try:
        args.scenario = scenario_path(str(args.scenario))
        if args.key is not None and args.tokens is not None:
            raise ValueError("expected --key or --tokens, got both")
        if args.key is not None:
            args.tokens = _issue(args)
        return simulation.run(args)
    except (StoreError, ValueError, OSError) as error:
        refuse("simulate", error)
        return 2


def _issue(args: argparse.Namespace) -> Path:
    """Write the code of each party of the scenario where the simulation reads them."""
    from just_walk_out.entry.keys import load_key
    from just_walk_out.replay.rehearsal import issue_codes
    from just_walk_out.simulation.scenario import load_scenario
    from just_walk_out.store.load import load_store

    store = load_store(args.store)
    parties = load_scenario(args.scenario, store).plan(store, args.seed)
    args.run_dir.mkdir(parents=True, exist_ok=True)
    path: Path = args.run_dir / "tokens.json"
    path.write_text(json.dumps(issue_codes(parties, store, load_key(args.key), time.time_ns())))
    return path
