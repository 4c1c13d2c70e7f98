"""The simulated store in real time: cameras on HTTP, boards and scanners on pseudo-terminals.

Files in the run folder: a link per bus and per scanner gate, ``ready`` (the TCP port of the cameras) once all
sensors run, ``go`` (made by others) to start the scenario, ``unplug_<bus or gate>`` (made by others) to pull a plug,
``truth.jsonl`` and ``positions.jsonl``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from just_walk_out.simulation.codes import read_codes
from just_walk_out.simulation.endpoints import READY, camera_source, say_ready, serial_port
from just_walk_out.simulation.live import LiveOptions, Signals, StopRequest, run_cameras, run_serial_lines
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.truth import POSITIONS, TRUTH
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store
from just_walk_out.store.place import StoreError

GO = "go"
_NOISES = ("quiet", "normal", "rough")
_POLL = 0.05
_NOTICE = 0.5
_SET_UP = 150.0
_WIND_UP = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the simulation, except the store."""
    parser.add_argument("--scenario", type=Path, required=True, help="YAML of who comes and what they do")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn at random (default: 1)")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of ports, truth and signal files")
    parser.add_argument("--base-port", type=int, default=8800, help="TCP port of the cameras (default: 8800)")
    parser.add_argument("--start-delay", type=float, default=4.0, help="seconds of empty store at first (default: 4)")
    parser.add_argument(
        "--wait-for-go", action="store_true", help="stay empty until the file 'go' is in the run folder"
    )
    parser.add_argument("--noise", choices=_NOISES, help="of the load cells (default: as the scenario says)")
    parser.add_argument(
        "--tokens", type=Path, help="JSON file: shopper id -> text of the code on the phone (default: no valid codes)"
    )
    parser.add_argument("--linger", type=float, help="end so many seconds after the last shopper (default: run on)")


def run(args: argparse.Namespace) -> int:
    """Run the simulated store until a signal comes; returns the exit status.

    Raises:
        ValueError: the store, the scenario or the file of codes is wrong.
        OSError: a file or the port cannot be used.
    """
    store = load_store(args.store)
    load_scenario(args.scenario, store)
    if args.tokens is not None:
        read_codes(args.tokens)
    args.run_dir.mkdir(parents=True, exist_ok=True)
    for name in (READY, GO, TRUTH, POSITIONS):
        (args.run_dir / name).unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    stop, finished, start = context.Event(), context.Event(), context.Value("q", 0)
    options = LiveOptions(args.store, args.scenario, args.seed, args.run_dir, args.base_port, args.noise, args.tokens)
    request = StopRequest(interrupt=True)
    jobs: list[_Job] = []
    for name, work in (("cameras", run_cameras), ("serial lines", run_serial_lines)):
        signals = Signals(start, stop, context.Event(), finished)
        process = context.Process(target=work, args=(options, signals), name=name)
        process.start()
        jobs.append(_Job(process, signals))
    try:
        return _watch(args, store, jobs, request)
    finally:
        stop.set()
        for job in jobs:
            job.process.join(_WIND_UP)
            if job.process.is_alive():
                job.process.terminate()
        (args.run_dir / READY).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Job:
    process: BaseProcess
    signals: Signals


def _watch(args: argparse.Namespace, store: Store, jobs: list[_Job], request: StopRequest) -> int:
    """Start the scenario when it is time, and stay until somebody ends it."""
    begun, set_up, gone = time.time(), 0.0, 0.0
    start = jobs[0].signals.start
    while not request.asked:
        for job in jobs:
            if not job.process.is_alive():
                raise OSError(f"the process of the {job.process.name} ended unexpectedly")
        now = time.time()
        if not set_up:
            if all(job.signals.ready.is_set() for job in jobs):
                set_up = now
                _announce(args, store)
            elif now - begun > _SET_UP:
                raise OSError(f"the sensors did not start within {_SET_UP:.0f} s")
        elif not start.value:
            told = (args.run_dir / GO).exists()
            if told or (not args.wait_for_go and now >= set_up + args.start_delay - _NOTICE):
                # Both processes must know before the moment comes.
                start.value = int((now + _NOTICE) * 1e9)
        elif args.linger is not None and jobs[0].signals.finished.is_set():
            gone = gone or now
            if now - gone >= args.linger:
                return 0
        time.sleep(_POLL)
    return 0


def _announce(args: argparse.Namespace, store: Store) -> None:
    say_ready(args.run_dir, args.base_port)
    for camera in store.cameras:
        print(f"camera {camera.id}: {camera_source(camera.id, args.base_port)}")
    for bus in store.buses:
        print(f"bus {bus.id}: {serial_port(args.run_dir, bus.id)}")
    for gate in store.gates:
        if gate.reader and gate.reader.kind == "serial":
            print(f"scanner {gate.id}: {serial_port(args.run_dir, gate.id)}")
    if args.wait_for_go:
        print(f"the scenario starts once there is a file {args.run_dir / GO}")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Parse arguments and run."""
    parser = argparse.ArgumentParser(prog="just_walk_out.simulation", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="folder of the store description")
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except (StoreError, ValueError, OSError) as error:
        print(f"simulation: {error}", file=sys.stderr)
        return 2
