"""``jwo calibrate``: lens, pose and latency of cameras, boards to print; tare and scale of plates."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from just_walk_out.cli import calibrate_camera as camera
from just_walk_out.cli import calibrate_files as camera_files
from just_walk_out.cli import calibrate_latency as latency
from just_walk_out.cli.refusal import refuse
from just_walk_out.deployment import environment
from just_walk_out.scale.adjustments import adjustments_path, load_adjustments
from just_walk_out.scale.calibration import Calibration, CalibrationError, Load, fit
from just_walk_out.scale.guide import Measurement, Meter, collect, wait_at_rest
from just_walk_out.store.bus import Bus
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store
from just_walk_out.store.place import StoreError, shown

PLATES = {
    "scale": "find zero and scale of one plate with known weights",
    "tare": "zero all plates of the buses, of one bus, or one plate",
    "show": "print zero and scale of the plates that are in force",
}
CAMERAS = {
    "camera": ("find the lens of a camera, or where cameras hang", camera.add_arguments, camera.run),
    "latency": (
        "find how late the stamps of cameras are, by codes on this terminal",
        latency.add_arguments,
        latency.run,
    ),
    "board": (
        "print a calibration board or tags in true size",
        camera_files.add_board_arguments,
        camera_files.run_board,
    ),
    "import": (
        "read a calibration made elsewhere: camera_info, Tsai, WILDTRACK, MOT17",
        camera_files.add_import_arguments,
        camera_files.run_import,
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be calibrated, and the options of each."""
    parts = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, text in PLATES.items():
        _add_plate_arguments(parts.add_parser(name, help=text, description=text[0].upper() + text[1:] + "."), name)
    for name, (text, add, _) in CAMERAS.items():
        add(parts.add_parser(name, help=text, description=text[0].upper() + text[1:] + "."))


def _add_plate_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument(
        "--plate", metavar="ID", help=("the plate" if what == "scale" else "only this plate") + ", e.g. g1/s1/p1"
    )
    if what != "scale":
        parser.add_argument("--bus", metavar="ID", help="only the plates of this bus")
    parser.add_argument("--state-dir", type=Path, help="where zero and scale are kept, as given to jwo up")
    if what == "show":
        return
    if what == "scale":
        parser.add_argument(
            "--weight", type=float, action="append", default=[], metavar="KG",
            help="known weight; several show linearity",
        )  # fmt: skip
        parser.add_argument(
            "--hands-free", action="store_true", help="no Enter: each step ends when the plate rests at another load"
        )
        parser.add_argument("--dry-run", action="store_true", help="print the result and keep nothing")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="longest wait for rest (default 60)")
    parser.add_argument("--namespace", default="", help="namespace the store runs in")
    parser.add_argument("--direct", action="store_true", help="look for no node, open the port at once")
    parser.add_argument("--port", default="", help="with --direct: device path or URL instead of the bus's own")


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 when nothing was changed because something is wrong."""
    try:
        if args.what in CAMERAS:
            return CAMERAS[args.what][2](args)
        store = load_store(args.store)
        return {"scale": _scale, "tare": _tare, "show": _show}[args.what](args, store)
    except StoreError as error:
        print("\n".join(error.errors), file=sys.stderr)
    except (ValueError, OSError) as error:
        refuse("calibrate", error)
    return 1


def _bus_of(store: Store, plate: str | None) -> Bus:
    if plate is None:
        raise CalibrationError("--plate is needed, e.g. --plate " + store.buses[0].channels[0].plate)
    for bus in store.buses:
        if any(channel.plate == plate for channel in bus.channels):
            return bus
    raise CalibrationError(f"--plate: expected a plate of the store's buses, got {shown(plate)}")


def _buses(args: argparse.Namespace, store: Store) -> Sequence[Bus]:
    """Return the buses that are meant: that of ``--bus``, or of ``--plate``, or all."""
    if args.bus is not None and args.bus not in store.bus:
        raise CalibrationError(f"--bus: expected one of {', '.join(store.bus)}, got {shown(args.bus)}")
    meant = store.buses if args.bus is None else [store.bus[args.bus]]
    if args.plate is None:
        return meant
    if (bus := _bus_of(store, args.plate)) not in meant:
        raise CalibrationError(f"--plate {args.plate} is on {bus.id}, not on {args.bus}")
    return [bus]


def _state_dir(args: argparse.Namespace, store: Store) -> Path:
    given: Path | None = args.state_dir
    return given or Path.home() / ".local" / "state" / "just_walk_out" / store.id


def _meter(args: argparse.Namespace, store: Store, bus: Bus) -> Meter:
    """Return the node of a bus where one runs, else its port."""
    if not args.direct:
        for name, value in environment().items():
            os.environ.setdefault(name, value)
        from just_walk_out.ros.calibration_client import NodeMeter

        print(f"{bus.id}: looking for its node (--direct opens the port at once)", flush=True)
        try:
            found = NodeMeter.find(bus.id, bus.channels[0].plate, args.namespace)
        except CalibrationError as error:
            # A device is locked by a node that hangs; a link to a serial server is not.
            if "://" in bus.port:
                raise CalibrationError(f"{error}; if no node reads {bus.port}, --direct opens it") from None
            found = None
            print(f"{bus.id}: {error}")
        if found is not None:
            print(f"{bus.id}: asking the node {found.name}")
            return found
    from just_walk_out.scale.port_meter import PortMeter

    print(f"{bus.id}: {'' if args.direct else 'no node runs, '}reading {args.port or bus.port}")
    meter = PortMeter(bus, store, _state_dir(args, store), args.port)
    if meter.trouble:
        print(f"{bus.id}: {meter.trouble}; waiting for it for up to {args.timeout:g} s", flush=True)
    return meter


def _scale(args: argparse.Namespace, store: Store) -> int:
    bus = _bus_of(store, args.plate)
    if not args.weight or min(args.weight) <= 0:
        raise CalibrationError("--weight is needed: a known weight in kilograms, above 0")
    if not args.hands_free and not sys.stdin.isatty():
        raise CalibrationError("there is no terminal to press Enter at; give --hands-free")
    meter = _meter(args, store, bus)
    try:
        found = []
        for load, measured in collect(meter, args.plate, args.weight, args.timeout, args.hands_free, _prompter(args)):
            print(
                f"    {load.weight:g} kg: {load.reading.mean:.8g} counts, +-{load.reading.uncertainty:.2g}, "
                f"noise {load.reading.deviation:.2g} a sample",
                flush=True,
            )
            found.append((load, measured))
        loads = [load for load, _ in found]
        result = fit(loads)
        print(report(args.plate, loads, result, found[0][1]))
        if args.dry_run:
            print("nothing kept: --dry-run")
        else:
            print(meter.calibrate(args.plate, result.zero, result.scale))
    finally:
        meter.close()
    return 0


def _prompter(args: argparse.Namespace) -> Callable[[str], None]:
    def prompt(told: str) -> None:
        if args.hands_free:
            print(f"{args.plate}: {told}", flush=True)
        else:
            input(f"{args.plate}: {told}, then press Enter ")

    return prompt


def report(plate: str, loads: list[Load], result: Calibration, before: Measurement) -> str:
    """Return the result of a calibration as a table for people.

    Args:
        plate: its id.
        loads: what was measured, kilograms and counts.
        result: what follows.
        before: the first measurement, with what was in force then.
    """
    lines = [f"plate {plate}                 before            now"]
    lines.append(f"  zero, counts       {before.zero:14.8g} {result.zero:14.8g}   +-{result.zero_uncertainty:.2g}")
    lines.append(
        f"  scale, kg/count    {before.scale:14.6g} {result.scale:14.6g}   +-{100 * result.scale_uncertainty:.3f} %"
        f", {100 * (result.scale / before.scale - 1):+.2f} % against before"
    )
    lines.append("  load, kg   read before, kg   read now, kg   off by, g")
    for load, off in zip(loads, result.residuals, strict=True):
        was = (load.reading.mean - before.zero) * before.scale
        lines.append(f"  {load.weight:8.3f} {was:17.4f} {load.weight + off:14.4f} {1000 * off:+11.2f}")
    lines.append(
        f"  noise of a sample {1000 * result.noise:.2f} g, largest residual {1000 * result.nonlinearity:.2f} g"
    )
    return "\n".join(lines)


def _tare(args: argparse.Namespace, store: Store) -> int:
    buses = _buses(args, store)
    if args.plate is not None:
        meter = _meter(args, store, buses[0])
        try:
            found = wait_at_rest(meter, args.plate, args.timeout)
            print(meter.calibrate(args.plate, found.reading.mean, found.scale))
        finally:
            meter.close()
        return 0
    if args.port and args.bus is None and len(store.buses) > 1:
        raise CalibrationError("--port is that of one bus: give --bus or --plate, too")
    refused = 0
    for bus in buses:
        meter = _meter(args, store, bus)
        try:
            wait_at_rest(meter, bus.channels[0].plate, args.timeout)
            print(meter.tare())
        except (ValueError, OSError) as error:
            refuse("calibrate", error)
            refused = 1
        finally:
            meter.close()
    return refused


def _show(args: argparse.Namespace, store: Store) -> int:
    print(f"{'plate':<16} {'zero, counts':>14} {'scale, kg/count':>16}  set")
    for bus in _buses(args, store):
        kept = load_adjustments(adjustments_path(_state_dir(args, store), bus.id), bus)
        for channel in bus.channels:
            if args.plate not in (None, channel.plate):
                continue
            own = kept.get(channel.plate)
            zero = channel.zero if own is None or own.zero is None else own.zero
            scale = channel.scale if own is None or own.scale is None else own.scale
            print(f"{channel.plate:<16} {zero:>14.8g} {scale:>16.6g}  {own.changed if own else 'as described'}")
    return 0
