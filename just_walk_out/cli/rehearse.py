"""``jwo rehearse``: a scenario through drivers and detectors into a bag, without DDS and without waiting."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from just_walk_out.cli.refusal import refuse
from just_walk_out.resources import scenario_path, share

_START = 1_790_000_000_000_000_000  # nanoseconds; always the same, so that the bag is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scenario", help="name in config/scenarios, or a file")
    parser.add_argument("bag", type=Path, help="folder of the bag to write; must not exist")
    parser.add_argument("--store", type=Path, help="store description (default: the installed demo store)")
    parser.add_argument("--key", type=Path, help="private key of its codes (default: demo_private_key.pem beside it)")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn at random (default: 1)")
    parser.add_argument("--noise", choices=("quiet", "normal", "rough"), help="of the scales (default: the scenario's)")
    parser.add_argument("--longest", type=float, default=600.0, help="seconds after which the scenario is cut off")
    parser.add_argument("--namespace", default="", help="namespace of the topics in the bag")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write there what truly happened, as JSON lines")


def run(args: argparse.Namespace) -> int:
    """Write the bag; 1 when something that is given is wrong."""
    from just_walk_out.replay.bag import BagError
    from just_walk_out.store.place import StoreError

    try:
        return _rehearse(args)
    except StoreError as error:
        print("\n".join(error.errors), file=sys.stderr)
    except (BagError, ValueError, OSError) as error:
        refuse("rehearse", error)
    return 1


def _rehearse(args: argparse.Namespace) -> int:
    from just_walk_out.entry.keys import load_key
    from just_walk_out.replay.bag import DESCRIPTION_TOPIC, BagWriter
    from just_walk_out.replay.rehearsal import issue_codes, sensor_records
    from just_walk_out.ros.serialization import serialize, serialize_text
    from just_walk_out.simulation.offline import OfflineStore
    from just_walk_out.simulation.scenario import load_scenario
    from just_walk_out.store.load import load_store
    from just_walk_out.store.store_map_node import public_description
    from just_walk_out.topics import BY_RECORD

    began = time.monotonic()
    path: Path = args.store or share() / "config" / "demo_store"
    store = load_store(path)
    scenario = load_scenario(scenario_path(args.scenario), store)
    key = load_key(args.key or (path if path.is_dir() else path.parent) / "demo_private_key.pem")
    codes = issue_codes(scenario.plan(store, args.seed), store, key, _START)
    simulated = OfflineStore(
        store, scenario, args.seed, start=_START, codes=codes, noise=args.noise, longest=args.longest
    )
    bag = BagWriter(args.bag, canonical=True)
    last = _START
    try:
        description = topic_in(args.namespace, DESCRIPTION_TOPIC)
        bag.add(description, "std_msgs/msg/String", latched=True)
        bag.write(description, _START, serialize_text(public_description(store)))
        for last, record in sensor_records(store, simulated):
            kind, topic = type(record), BY_RECORD[type(record)]
            name = topic_in(args.namespace, topic.name.format(camera=getattr(record, "camera", "")))
            bag.add(name, f"just_walk_out/msg/{kind.__name__}", latched=topic.quality != "sensor")
            bag.write(name, last, serialize(record))
    finally:
        bag.close()
    if args.truth:
        args.truth.parent.mkdir(parents=True, exist_ok=True)
        args.truth.write_text("".join(json.dumps(line) + "\n" for line in simulated.truth()))
    span = (last - _START) / 1e9
    print(f"{args.bag}: {bag.count} messages, {span:.1f} s of the store in {time.monotonic() - began:.1f} s")
    return 0


def topic_in(namespace: str, name: str) -> str:
    """Return the absolute name of a topic of a store in a namespace."""
    return "/".join(["", *filter(None, (namespace.strip("/"), name))])
