"""What the load-cell drivers of a whole store cost in CPU time.

The store is as large as the public reference store: 306 plates on 30 shelves, one board a shelf, 10
serial buses, 60 samples a second in frames of 6. CPU time is that of the process, all threads, as a
share of one core; it is divided by the time the samples took on the boards.

The baseline is the parser as one writes it first: byte by byte, one ``struct.unpack`` and one
multiplication a sample. It checks and counts less than ours does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np

from just_walk_out.benchmark.drivers.ptys import read_in_real_time
from just_walk_out.records import ShelfWeights
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.simulation.boards import frame
from just_walk_out.store.bus import Bus, Channel
from just_walk_out.store.model import EntrySettings, Facing, Gondola, Plate, Pose, Product, Shelf, Store

GOAL = 0.15
PLATES, SHELVES, BUSES = 306, 30, 10
RATE, SAMPLES = 60, 6
_PERIOD_US = 16_667
_SECOND = 1_000_000_000
_START = 1_700_000_000 * _SECOND
_SCALE, _ZERO = 4.6e-6, 20_000

Traffic = dict[str, list[tuple[int, bytes]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seconds", type=float, default=20.0, help="of samples (default 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the cheapest counts (default 3)")
    parser.add_argument("--no-ros", action="store_true", help="leave out publishing over DDS")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")


def run(args: argparse.Namespace) -> int:
    """Print the table; 1 when the drivers cost more than the goal."""
    store = large_store()
    traffic = make_traffic(store, args.seconds)
    records = [record for bus in store.buses for record in drive(bus, store, traffic[bus.id])[1]]
    shares: dict[str, float] = {
        "records": _cheapest(args, lambda: sum(drive(bus, store, traffic[bus.id])[0] for bus in store.buses)),
        "baseline": _cheapest(args, lambda: sum(naive(bus, traffic[bus.id]) for bus in store.buses)),
        "lines": read_in_real_time(store, traffic) / args.seconds,
    }
    if not args.no_ros:
        from just_walk_out.ros.publishing_cost import publishing_cost

        convert, publish = publishing_cost(records)
        shares["messages"], shares["publish"] = convert / args.seconds, publish / args.seconds
    total = shares["lines"] + shares.get("messages", 0.0) + shares.get("publish", 0.0)
    print(_table(shares, total, len(records) / args.seconds))
    if args.json:
        facts: dict[str, Any] = {
            "plates": PLATES,
            "buses": BUSES,
            "rate_hz": RATE,
            "seconds": args.seconds,
            "machine": f"{os.cpu_count()}-core {platform.machine()}",
            "core_share": {**shares, "total": total},
            "goal": GOAL,
        }
        args.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 0 if shares["lines"] <= GOAL else 1


def _cheapest(args: argparse.Namespace, measure: Any) -> float:
    return float(min(measure() for _ in range(max(1, args.rounds)))) / float(args.seconds)


def _table(shares: dict[str, float], total: float, batches: float) -> str:
    rows = [
        ("lines", "pseudo-terminals to records, in real time, with the reading threads"),
        ("records", "  of it bytes to records: frames, checksums, clocks, stuck channels, kilograms"),
        ("messages", "records to messages"),
        ("publish", "messages to one reader in another process, over DDS"),
        ("baseline", "baseline: bytes to lists of kilograms, one sample at a time, by struct.unpack"),
    ]
    lines = [
        f"{PLATES} plates at {RATE} Hz on {BUSES} buses, {batches:.0f} batches a second, "
        f"{os.cpu_count()}-core {platform.machine()}",
        "share of one core",
    ]
    lines += [f"  {100 * shares[name]:6.2f} %  {text}" for name, text in rows if name in shares]
    lines.append(f"  {100 * total:6.2f} %  drivers together, with publishing" if "publish" in shares else "")
    verdict = "met" if shares["lines"] <= GOAL else "missed"
    lines.append(f"goal: drivers (first line) under {100 * GOAL:.0f} % of one core: {verdict}")
    return "\n".join(line for line in lines if line)


def large_store() -> Store:
    """Return a store of 306 plates: 30 shelves of 10 or 11 plates, three shelves and boards a bus."""
    width = 0.1016
    gondolas, buses = [], []
    counts = [PLATES // SHELVES + (index < PLATES % SHELVES) for index in range(SHELVES)]
    shelves = []
    for index, count in enumerate(counts):
        name = f"g{index // 6}/s{index % 6}"
        plates = tuple(
            Plate(f"{name}/p{k}", Pose(x=(k + 0.5) * width, y=0.2), width - 0.004, 0.4) for k in range(count)
        )
        shelves.append(Shelf(name, Pose(z=0.3 * (index % 6)), count * width, 0.4, plates))
    for number in range(SHELVES // 6):
        own = tuple(shelves[6 * number : 6 * number + 6])
        gondolas.append(Gondola(f"g{number}", Pose(1.0 + 1.5 * number, 1.0), 11 * width, 0.4, 2.0, own))
    for number in range(BUSES):
        channels = [
            Channel(index, k, plate.id, _SCALE, float(_ZERO))
            for index in range(number, SHELVES, BUSES)
            for k, plate in enumerate(shelves[index].plates)
        ]
        buses.append(Bus(f"bus_{number}", "board", "", 460_800, tuple(channels)))
    return Store(
        id="large",
        name="Benchmark",
        currency="EUR",
        floor=((0, 0), (10, 0), (10, 5), (0, 5)),
        walls=(),
        gates=(),
        cameras=(),
        gondolas=tuple(gondolas),
        buses=tuple(buses),
        products=(Product("a", "A", "1", 0.3, 0.002, 100),),
        planogram=(Facing("a", ("g0/s0/p0",)),),
        entry=EntrySettings(()),
    )


def make_traffic(store: Store, seconds: float) -> Traffic:
    """Return what each bus carries: (arrival in nanoseconds, frame), one frame a chunk, plates at 2 kg."""
    rng = np.random.default_rng(1)
    traffic: Traffic = {}
    batch = SAMPLES * _PERIOD_US
    for bus in store.buses:
        widths: dict[int, int] = {}
        for channel in bus.channels:
            widths[channel.board] = max(widths.get(channel.board, 0), channel.channel + 1)
        sent = []
        for phase, (board, width) in enumerate(sorted(widths.items())):
            for number in range(round(seconds * RATE / SAMPLES)):
                counts = np.round(_ZERO + 2.0 / _SCALE + rng.normal(0.0, 100.0, (SAMPLES, width))).astype("<i4")
                head = struct.pack(
                    "<BBHIHBB", 1, board, number % 65536, number * batch % 2**32, _PERIOD_US, width, SAMPLES
                )
                late = 1000 * int(rng.integers(1000, 5000)) + 20_000_000 * phase
                sent.append(
                    (_START + (number + 1) * batch * 1000 + late, frame(head + bytes(width) + counts.tobytes()))
                )
        traffic[bus.id] = sorted(sent)
    return traffic


def drive(bus: Bus, store: Store, sent: list[tuple[int, bytes]]) -> tuple[float, list[ShelfWeights]]:
    """Return the CPU seconds that our driver needs for what a bus carried, and the records."""
    driver = LoadCellDriver(bus, store)
    records = []
    began = time.process_time()
    for arrival, data in sent:
        records += driver.feed(arrival, data)
    return time.process_time() - began, records


def naive(bus: Bus, sent: list[tuple[int, bytes]]) -> float:
    """Return the CPU seconds of the baseline; see above."""
    scale = {(channel.board, channel.channel): (channel.zero, channel.scale) for channel in bus.channels}
    began = time.process_time()
    pending = bytearray()
    for _, data in sent:
        for byte in data:
            if byte:
                pending.append(byte)
                continue
            _naive_frame(pending, scale)
            pending = bytearray()
    return time.process_time() - began


def _naive_frame(encoded: bytearray, scale: dict[tuple[int, int], tuple[float, float]]) -> list[list[float]]:
    payload, place = bytearray(), 0
    while place < len(encoded):
        code = encoded[place]
        payload += encoded[place + 1 : place + code]
        place += code
        if code < 255 and place < len(encoded):
            payload.append(0)
    crc = 0xFFFF
    for byte in payload[:-2]:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    if crc != struct.unpack("<H", payload[-2:])[0]:
        return []
    board, width, samples = payload[1], payload[10], payload[11]
    rows = []
    for sample in range(samples):
        row = []
        for channel in range(width):
            offset = 12 + width + 4 * (sample * width + channel)
            zero, factor = scale[board, channel]
            row.append((struct.unpack("<i", payload[offset : offset + 4])[0] - zero) * factor)
        rows.append(row)
    return rows
