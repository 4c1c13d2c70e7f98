"""``jwo demo``: a simulated store and all nodes as separate processes over real DDS."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from just_walk_out.resources import scenario_path, share

_NAMESPACE = "demo"
_START_LIMIT = 90.0  # seconds until every node must be up
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
        print(f"jwo demo: {error}", file=sys.stderr)
        return 1
    out: Path = args.out
    if out.exists() and not (out / ".jwo_demo").exists() and any(out.iterdir()):
        print(f"jwo demo: {out}: is no folder of an earlier demo, and not empty; choose another --out", file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / ".jwo_demo").touch()
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
        from just_walk_out.records import (
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

        kinds = (Alert, CartArray, Charge, Entry, InteractionArray, ShelfEventArray, TrackArray, VisitArray)
        try:
            with Observer(self._store, kinds, _NAMESPACE) as observer:
                if not self._start(observer):
                    return 1
                self._watch(observer)
                self._supervisor.stop(["recorder"])
                scores = self._report(observer)
        finally:
            self._supervisor.stop()
        agree = self._replay(observer.records(Charge))
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
        if not observer.wait_for(lambda: (self._run_dir / "ready").exists(), _START_LIMIT):
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
            seen = {mark.source for array in observer.records(ShelfEventArray)[-50:] for mark in array.watermarks}
            return len(observer.arrivals(TrackArray)) > 20 and seen >= shelves

        if not observer.wait_for(sensing, _START_LIMIT):
            self._say(f"cameras or scales do not deliver; see {self._out / 'logs'}")
            return False
        self._say("every camera and shelf delivers; the store opens")
        (self._run_dir / "go").touch()
        return True

    def _watch(self, observer: Any) -> None:
        """Print what happens until every party has left and been charged."""
        from just_walk_out.monitor.stage import standing
        from just_walk_out.records import Alert, Charge, Entry, InteractionArray, Kind, Severity, VisitArray
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
                    self._print_receipt(departure, charges[departure.account])
            if len(departures) == expected and len(compared) == expected:
                return
            if len(departures) == expected and last_departure and time.monotonic() - last_departure > _SETTLE_LIMIT:
                break
        self._say(f"ends with {len(compared)} of {expected} parties charged")

    def _print_receipt(self, departure: Any, charge: Any) -> None:
        from just_walk_out.checkout.money import format_money
        from just_walk_out.replay.scoring import compare, units_text

        result = compare(departure, charge)
        verdict = "exact" if result.exact else "DIFFERS"
        self._say(
            f"receipt   {departure.account}: {units_text(result.charged) or 'nothing'}, "
            f"{format_money(charge.total, charge.currency)}, {charge.state.name.lower()} -- {verdict}"
        )
        if not result.exact:
            self._say(f"          truth: {units_text(result.truth) or 'nothing'}")
        if result.review:
            self._say(f"          for review, not charged: {units_text(result.review)} {charge.reason}")

    def _report(self, observer: Any) -> Any:
        from just_walk_out.records import CartArray, Charge, InteractionArray, TrackArray, VisitArray
        from just_walk_out.replay import scoring
        from just_walk_out.replay.picture import draw

        departures, handlings = scoring.read_truth(self._run_dir / "truth.jsonl")
        charges = observer.records(Charge)
        scores = scoring.score(departures, charges)
        visits = {visit.id: visit for array in observer.records(VisitArray) for visit in array.visits}
        interactions = {i.id: i for array in observer.records(InteractionArray) for i in array.interactions}
        owners = {visit.id: visit.account for visit in visits.values()}
        lines = scoring.line_delays(handlings, list(interactions.values()), observer.arrivals(CartArray), owners)
        exits = scoring.charge_delays(departures, observer.arrivals(Charge))
        held = sum(result.review.total() for result in scores.receipts)
        tracks = observer.records(TrackArray)
        draw(
            self._out / "picture.png",
            self._store,
            tracks,
            visits,
            list(interactions.values()),
            charges,
            scores.receipts,
        )
        self._say("summary")
        for name, value in (
            ("receipts exact", f"{scores.exact} of {len(scores.receipts)}"),
            ("item precision", f"{scores.precision:.3f}"),
            ("item recall", f"{scores.recall:.3f}"),
            ("receipt F1", f"{scores.f1:.3f}"),
            ("held for review", f"{held} units"),
            ("take to cart line", scoring.spread(lines)),
            ("exit to charge", scoring.spread(exits)),
        ):
            print(f"            {name:<20}{value}", flush=True)
        return scores

    def _replay(self, live: list[Any]) -> bool:
        """Replay the bag twice offline and hold the receipts against each other and the live ones."""
        from just_walk_out.checkout.receipt import receipt_line
        from just_walk_out.replay.offline import replay

        started = time.monotonic()
        first, second = (sorted(receipt_line(charge) for charge in replay(self._bag)) for _ in range(2))
        lived = sorted(receipt_line(charge) for charge in live)
        (self._out / "receipts.jsonl").write_text("".join(line + "\n" for line in first))
        same_again, same_as_live = first == second, first == lived
        self._say(
            f"bag replayed offline twice in {time.monotonic() - started:.1f} s: "
            f"{'the same bytes' if same_again else 'DIFFERENT'} both times, "
            f"{'the same' if same_as_live else 'DIFFERENT'} receipts as live"
        )
        if not same_as_live:
            for line in sorted(set(first) ^ set(lived)):
                self._say(f"          {'replayed' if line in first else 'live    '} {line}")
        return same_again and same_as_live
