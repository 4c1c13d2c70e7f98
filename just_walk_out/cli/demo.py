"""``jwo demo``: a simulated store and all nodes as separate processes over real DDS."""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from just_walk_out.cli.refusal import refuse
from just_walk_out.resources import scenario_path, share

_NAMESPACE = "demo"
_SEEN_FOR = 1_000_000_000  # nanoseconds for which every shelf must have been seen before the store opens
_START_LIMIT = 180.0  # seconds until every node must be up: long on a busy machine; what fails is told at once
_CORRECTION_LIMIT = 20.0  # seconds a correction may take after the operator has decided
_SETTLE_LIMIT = 20.0  # seconds a charge may take after its party has left before the demo gives up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--store", type=Path, help="store description (default: the installed demo store)")
    parser.add_argument("--key", type=Path, help="private key of the store's codes (default: the demo store's)")
    parser.add_argument("--scenario", default="demo", help="name in config/scenarios, or a file (default: demo)")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn at random (default: 1)")
    parser.add_argument("--noise", choices=("quiet", "normal", "rough"), help="of the scales (default: the scenario's)")
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="folder for bag, picture and logs, made anew"
    )
    parser.add_argument("--limit", type=float, default=170.0, help="seconds after which the demo ends anyhow")
    parser.add_argument("--domain", type=int, help="ROS domain (default: the environment's)")
    parser.add_argument(
        "--shelf-views",
        metavar="GONDOLA",
        help="hang three shelf cameras at a gondola, e.g. g1, in a copy of the store that lies in --out",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 unless every receipt is exact")


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0 when it ran through and live and replayed receipts agree."""
    if args.domain is not None:
        os.environ["ROS_DOMAIN_ID"] = str(args.domain)
    from just_walk_out.store.load import load_store
    from just_walk_out.store.place import StoreError

    try:
        path = args.store or share() / "config" / "demo_store"
        store = load_store(path)
        scenario = scenario_path(args.scenario)
    except StoreError as error:
        print("\n".join(error.errors), file=sys.stderr)
        return 1
    except ValueError as error:
        refuse("demo", error)
        return 1
    out: Path = args.out
    if out.exists() and not (out / ".jwo_demo").exists() and any(out.iterdir()):
        print(f"jwo demo: {out}: is no folder of an earlier demo, and not empty; choose another --out", file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / ".jwo_demo").touch()
    if args.shelf_views is not None:
        from just_walk_out.simulation.watched import write_watched

        print(f"hanging shelf cameras at {args.shelf_views}, with photos of every product", flush=True)
        try:
            write_watched(path, out / "store", [args.shelf_views])
        except ValueError as error:
            print(f"jwo demo: --shelf-views: {error}", file=sys.stderr)
            return 1
        path = out / "store"
        store = load_store(path)
    return Demo(args, store, path, scenario, out).run()


class Demo:
    """One run: start, watch, compare, draw, replay."""

    def __init__(self, args: argparse.Namespace, store: Any, path: Path, scenario: Path, out: Path) -> None:
        """Prepare; nothing is started."""
        from just_walk_out.supervisor import Supervisor

        self._args, self._store, self._path, self._scenario, self._out = args, store, path, scenario, out
        self._run_dir = out / "run"
        self._run_dir.mkdir()
        self._bag = out / "bag"
        self._began = time.monotonic()
        self._supervisor = Supervisor(out / "logs", self._environment(), self._say)

    @staticmethod
    def _environment() -> dict[str, str]:
        from just_walk_out.deployment import environment

        # many small processes share the cores: none needs more than one thread for its arithmetic
        return {**environment(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def run(self) -> int:
        """Run the store, then replay its bag."""
        os.environ.update(self._environment())
        from just_walk_out.cli.demo_report import replay_agrees, report
        from just_walk_out.records import (
            Adjustment,
            Alert,
            CartArray,
            Charge,
            Entry,
            InteractionArray,
            ShelfEventArray,
            TrackArray,
            VisitArray,
        )
        from just_walk_out.ros.observer import Observer

        kinds = (
            *(Adjustment, Alert, CartArray, Charge, Entry),
            *(InteractionArray, ShelfEventArray, TrackArray, VisitArray),
        )
        try:
            with Observer(self._store, kinds, _NAMESPACE) as observer:
                if not self._start(observer):
                    return 1
                self._watch(observer)
                self._supervisor.stop(["recorder"])
                waited = self._review(observer)
                scores = report(observer, self._store, self._run_dir, self._out / "picture.png", waited, self._say)
        finally:
            self._supervisor.stop()
        agree = replay_agrees(self._bag, self._out / "receipts.jsonl", observer, self._say)
        self._say(f"bag {self._bag}, picture {self._out / 'picture.png'}, logs {self._out / 'logs'}")
        wrong = self._args.check and scores.exact < len(scores.receipts)
        return 0 if agree and scores.receipts and not wrong else 1

    def _start(self, observer: Any) -> bool:
        from just_walk_out.deployment import NodePlan, command, plan, python_command, simulated_endpoints
        from just_walk_out.entry.keys import load_key
        from just_walk_out.records import ShelfEventArray, TrackArray
        from just_walk_out.replay.rehearsal import issue_codes
        from just_walk_out.simulation.endpoints import free_port
        from just_walk_out.simulation.scenario import load_scenario

        store, args = self._store, self._args
        parties = load_scenario(self._scenario, store).plan(store, args.seed)
        key = load_key(args.key or self._path / "demo_private_key.pem")
        tokens = self._run_dir / "tokens.json"
        tokens.write_text(json.dumps(issue_codes(parties, store, key, time.time_ns())))
        port = free_port()
        simulate = ["simulate", str(self._path), "--scenario", str(self._scenario), "--seed", str(args.seed)]
        simulate += [
            "--run-dir",
            str(self._run_dir),
            "--base-port",
            str(port),
            "--tokens",
            str(tokens),
            "--wait-for-go",
        ]
        simulate += ["--noise", args.noise] if args.noise else []
        nodes = plan(
            store, self._path, state_dir=self._out / "state", endpoints=simulated_endpoints(store, self._run_dir, port)
        )
        recorder = {"store": str(self._path.resolve()), "bag": str(self._bag)}
        people = sum(len(party.members) for party in parties)
        self._say(f"{store.name}: {len(parties)} codes, {people} shoppers, {len(store.plate)} plates")
        self._say(f"starting {len(nodes) + 1} nodes and the simulated devices")
        self._supervisor.start("simulation", python_command("just_walk_out.cli.main", simulate), respawn=False)
        ready = self._run_dir / "ready"
        observer.wait_for(lambda: ready.exists() or self._supervisor.pid("simulation") is None, _START_LIMIT)
        if not ready.exists():
            self._say(f"the simulated devices did not start; see {self._out / 'logs' / 'simulation.log'}")
            return False
        self._supervisor.start(
            "recorder", command(NodePlan("recorder", "recorder", recorder), _NAMESPACE), respawn=False
        )
        for node in nodes:
            self._supervisor.start(node.name, command(node, _NAMESPACE))
        missing = observer.wait_for_nodes([*(node.name for node in nodes), "recorder"], _START_LIMIT)
        if missing or self._supervisor.failed():
            self._say(f"did not start: {', '.join(missing or self._supervisor.failed())}; see {self._out / 'logs'}")
            return False
        self._say("all nodes are up, waiting for cameras and scales")
        shelves = set(store.shelf)

        def sensing() -> bool:
            # who came before the resting weights are known would have to be looked at by a person
            seen = {
                mark.source
                for array in observer.records(ShelfEventArray)[-50:]
                for mark in array.watermarks
                if mark.stamp >= mark.since + _SEEN_FOR
            }
            return len(observer.arrivals(TrackArray)) > 20 and seen >= shelves

        if not observer.wait_for(sensing, _START_LIMIT):
            self._say(f"cameras or scales do not deliver; see {self._out / 'logs'}")
            return False
        self._say("every camera and shelf delivers; the store opens")
        (self._run_dir / "go").touch()
        return True

    def _watch(self, observer: Any) -> None:
        """Print what happens until every party has left and been charged."""
        from just_walk_out.cli.demo_report import print_receipt
        from just_walk_out.monitor.stage import standing
        from just_walk_out.records import Adjustment, Alert, Charge, Entry, InteractionArray, Kind, Severity, VisitArray
        from just_walk_out.replay.scoring import Departure, read_truth
        from just_walk_out.simulation.scenario import load_scenario

        expected = len(load_scenario(self._scenario, self._store).plan(self._store, self._args.seed))
        truth_path = self._run_dir / "truth.jsonl"
        early = observer.records(Alert)
        for alert in standing(early):
            self._say(f"alert     {alert.text}")
        printed: dict[Any, int] = {Alert: len(early)}
        compared: set[str] = set()
        departures: list[Departure] = []
        deadline = time.monotonic() + self._args.limit
        last_departure = None

        def fresh(kind: Any) -> list[Any]:
            records = observer.records(kind)
            new: list[Any] = records[printed.get(kind, 0) :]
            printed[kind] = len(records)
            return new

        while time.monotonic() < deadline:
            observer.wait_for(lambda: False, 0.25)
            accounts = {visit.id: visit.account for each in observer.records(VisitArray)[-1:] for visit in each.visits}
            for entry in fresh(Entry):
                verdict = "" if entry.result == 0 else f": {entry.result.name.lower()}, {entry.reason}"
                self._say(f"code      {entry.account or '?'} at {entry.gate}{verdict}")
            for array in fresh(InteractionArray):
                for item in array.interactions:
                    verb = "takes" if item.kind is Kind.TAKE else "puts back"
                    who = accounts.get(item.visit, "somebody")
                    doubt = f"  [{item.reason}]" if item.reason else ""
                    self._say(
                        f"shelf     {who} {verb} {item.quantity} x {item.sku or 'something'} at {item.shelf}{doubt}"
                    )
                for each in array.corrections:
                    who = accounts.get(each.visit, "somebody")
                    self._say(f"shelf     {who}'s take counts as {each.quantity} x {each.sku} from now on: {each.note}")
            for alert in fresh(Alert):
                if alert.severity is not Severity.INFO and alert.kind != "doubtful_interaction":
                    self._say(f"alert     {alert.text}")
            if truth_path.exists():
                found = read_truth(truth_path)[0]
                if len(found) > len(departures):
                    last_departure = time.monotonic()
                departures = found
            charges = {charge.account: charge for charge in observer.records(Charge)}
            for departure in departures:
                if departure.account in charges and departure.account not in compared:
                    compared.add(departure.account)
                    items = [item for array in observer.records(InteractionArray) for item in array.interactions]
                    charge = charges[departure.account]
                    doubts = {item.reason: None for item in items if item.reason and item.visit == charge.visit}
                    print_receipt(self._say, departure, charge, doubts=tuple(doubts))
            for corrected in fresh(Adjustment):
                # what was charged before later takes showed that it was too much is paid back
                theirs = [each for each in departures if each.account == corrected.account]
                own = [each for each in observer.records(Adjustment) if each.visit == corrected.visit]
                if theirs and corrected.account in charges:
                    upto = own[: own.index(corrected) + 1]
                    print_receipt(self._say, theirs[-1], charges[corrected.account], upto)
            if len(departures) == expected and len(compared) == expected:
                return
            if len(departures) == expected and last_departure and time.monotonic() - last_departure > _SETTLE_LIMIT:
                break
        self._say(f"ends with {len(compared)} of {expected} parties charged")

    def _review(self, observer: Any) -> int:
        """Let the operator look at what waits, and print the corrected receipts; returns how many units waited."""
        from just_walk_out.cli.demo_operator import look_through
        from just_walk_out.cli.demo_report import decided_by_people, print_receipt
        from just_walk_out.records import Adjustment, Charge, InteractionArray, VisitArray
        from just_walk_out.replay.scoring import read_truth

        accounts = {visit.id: visit.account for each in observer.records(VisitArray) for visit in each.visits}
        waited, visits = look_through(self._store, accounts, _NAMESPACE, self._say)
        departures = {each.account: each for each in read_truth(self._run_dir / "truth.jsonl")[0]}
        charges = {each.visit: each for each in observer.records(Charge) if not each.kiosk}

        def corrections(visit: str) -> list[Any]:
            return [each for each in observer.records(Adjustment) if each.visit == visit]

        for visit in dict.fromkeys(visits):
            # evidence that came late may have corrected it before
            decided = functools.partial(
                lambda each: decided_by_people(corrections(each), observer.records(InteractionArray)), visit
            )
            if not observer.wait_for(decided, _CORRECTION_LIMIT):
                self._say(f"receipt   {accounts[visit]}: no correction followed")
            elif accounts[visit] in departures and visit in charges:
                print_receipt(self._say, departures[accounts[visit]], charges[visit], corrections(visit))
        return waited
