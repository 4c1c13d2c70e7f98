"""``jwo calibrate latency``: how late a camera's stamps are, by codes on this terminal that hold the time."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from just_walk_out.camera.capture import Capture
from just_walk_out.camera.code_watch import watch
from just_walk_out.camera.latency import LEAST_SIGHTS, Latency, estimate
from just_walk_out.camera.source import is_file, is_local
from just_walk_out.camera.time_codes import TimeCodes
from just_walk_out.cli.code_screen import CodeScreen, check_terminal
from just_walk_out.cli.refusal import refuse
from just_walk_out.cli.store_entry import change_store, check_cameras
from just_walk_out.entry.qr import CodeReader
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Camera

_NOTE = "what the screen takes to show a code, one to three of its own pictures as a rule, is part of this"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument(
        "--camera", metavar="ID", action="append", default=[], help="a camera, may be repeated; without it all in turn"
    )
    parser.add_argument("--codes", type=int, default=120, metavar="N", help="codes read of each camera (default 120)")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="longest wait for a code before a camera (default 60)"
    )
    parser.add_argument("--write", action="store_true", help="change the store description, not only show how")


def run(args: argparse.Namespace) -> int:
    """Measure one camera after another; 1 where one could not be measured.

    Raises:
        ValueError: with one line on what is missing or wrong.
    """
    store = load_store(args.store)
    check_cameras(store, args.camera)
    if args.codes < LEAST_SIGHTS:
        raise ValueError(f"--codes: expected at least {LEAST_SIGHTS}, got {args.codes}")
    if not args.timeout > 0:
        raise ValueError(f"--timeout: expected seconds above 0, got {args.timeout:g}")
    check_terminal(sys.stdout)
    chosen = [camera for camera in store.cameras if not args.camera or camera.id in args.camera]
    changes: dict[str, dict[str, str]] = {}
    for camera in chosen:
        try:
            found = _measure(camera, args.codes, args.timeout)
            changes[camera.id] = {"latency": f"{latency_in_force(found):.3f}"}
            print(latency_report(camera, found), flush=True)
        except (ValueError, OSError) as error:
            refuse("calibrate", ValueError(f"{camera.id}: {error}"))
    if changes:
        print(_NOTE)
        change_store(args.store, changes, args.write)
    return int(len(changes) < len(chosen))


def _measure(camera: Camera, count: int, timeout: float) -> Latency:
    if is_file(camera.source):
        raise ValueError(f"expected a camera that looks at this screen, its source is the file {camera.source}")
    codes, reader = TimeCodes(), CodeReader()
    capture = Capture(
        camera.source,
        # the mode in which the store opens a camera; network pictures are read as large as they come
        size=(camera.width, camera.height) if is_local(camera.source) else None,
        rate=camera.rate,
        clock=time.monotonic_ns,
    )
    with CodeScreen(sys.stdout, codes) as tell, capture:
        tell(f"{camera.id}: opening")
        seen = watch(
            capture, reader.decode, codes, count, timeout, lambda so_far: tell(f"{camera.id}: {so_far.text(count)}")
        )
    return estimate([codes.sight(stamp, text) for stamp, text in seen.read])


def latency_in_force(found: Latency) -> float:
    """Return the latency to write, seconds; one that is surely negative cannot be."""
    if found.median < -3.0 * found.deviation:
        raise ValueError(
            f"codes are in pictures stamped {-found.median:.3f} s before they were shown: the driver's time is off"
        )
    return max(0.0, found.median)


def latency_report(camera: Camera, found: Latency) -> str:
    """Return a measured latency as text for people."""
    off = found.median - camera.latency
    return "\n".join(
        [
            f"camera {camera.id}",
            f"  latency     {found.median:.3f} s +-{found.deviation:.3f}, "
            f"eight of ten pictures {found.low:.3f} to {found.high:.3f} s",
            f"  {found.pictures} pictures with a code, each of which alone leaves {found.stood:.3f} s open",
            f"  described   {camera.latency:.3f} s, {off:+.3f} s now",
        ]
    )
