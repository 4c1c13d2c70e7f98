"""What the verbs that ask running nodes share."""

from __future__ import annotations

import argparse
import os
from typing import Any

from just_walk_out.cli.refusal import refuse
from just_walk_out.deployment import environment


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Describe how the nodes are found."""
    parser.add_argument("--namespace", default="", help="namespace the store runs in")
    parser.add_argument("--timeout", type=float, default=15.0, metavar="S", help="longest wait for the node (15)")


def use_transports() -> None:
    """Speak DDS as the nodes of a store do."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)


def request(verb: str, args: argparse.Namespace, service: str, kind: str, **values: Any) -> int:
    """Ask a node and print its answer; returns the exit status: 1 when it refused or did not answer."""
    use_transports()
    from just_walk_out.ros.requests import RequestError, ask

    try:
        answer = ask(service, kind, values, args.namespace, args.timeout)
    except RequestError as error:
        refuse(verb, error)
        return 1
    print(answer.message)
    return 0
