"""The two working processes of the live simulation: cameras, and serial lines.

Each has a world of its own from the same seed, so nothing needs to be passed between them but the
stamp at which the scenario starts.
"""

from __future__ import annotations

import heapq
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType

import cv2

from just_walk_out.simulation.codes import CodeBook
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.line import SerialLine
from just_walk_out.simulation.mjpeg import CameraServer
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.reader import ReaderCamera
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scanner import scan_line, scan_time
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.scene import build_scene
from just_walk_out.simulation.shelf_camera import ShelfCamera
from just_walk_out.simulation.truth import TruthWriter
from just_walk_out.simulation.world import World
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store

_QUALITY = 85
_LONGEST_NAP = 0.05
_PLUG_CHECK = 0.1


@dataclass(frozen=True)
class LiveOptions:
    """What the processes need to know; paths, since it travels to a fresh interpreter."""

    store: Path
    scenario: Path
    seed: int
    run_dir: Path
    base_port: int
    noise: Noise | None
    tokens: Path | None


@dataclass(frozen=True)
class Signals:
    """What the processes tell each other.

    Attributes:
        start: stamp of second 0 of the scenario, nanoseconds; 0 while it is not known.
        stop: set to end all.
        ready: set by this process when its sensors run.
        finished: set when the last shopper has gone.
    """

    start: Synchronized[int]
    stop: Event
    ready: Event
    finished: Event


def run_cameras(options: LiveOptions, signals: Signals) -> None:
    """Render and serve all cameras, and write the truth, until told to stop."""
    life = _Life(signals)
    # One core draws fast enough, and the other processes need the rest.
    cv2.setNumThreads(1)
    store = load_store(options.store)
    world = World(store, load_scenario(options.scenario, store), options.seed)
    codes = CodeBook(path=options.tokens)
    scene = build_scene(store)
    gate_of = {gate.reader.camera: gate.id for gate in store.gates if gate.reader and gate.reader.camera}
    draw: dict[str, Callable[[float], object]] = {}
    for camera in store.cameras:
        if camera.role == "reader":
            draw[camera.id] = _reader(ReaderCamera(camera, codes, options.seed), world, gate_of.get(camera.id, ""))
        elif camera.role == "shelf":
            draw[camera.id] = _shelf(ShelfCamera(camera, store, options.seed), world)
        else:
            draw[camera.id] = _overview(OverviewCamera(camera, scene, options.seed), world)
    server = CameraServer([camera.id for camera in store.cameras], options.base_port).start()
    signals.ready.set()
    truth: TruthWriter | None = None
    now = time.time()
    count = len(store.cameras)
    agenda = [(now + index / (camera.rate * count), camera.id) for index, camera in enumerate(store.cameras)]
    heapq.heapify(agenda)
    try:
        while not life.over():
            due, camera_id = agenda[0]
            _sleep_until(due)
            heapq.heappop(agenda)
            now = time.time()
            start = signals.start.value
            second = (time.time_ns() - start) / 1e9 if start else -1.0
            world.advance(second)
            feed = server.feeds[camera_id]
            if feed.watched:
                _, jpeg = cv2.imencode(".jpg", draw[camera_id](second), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                feed.publish(jpeg.tobytes())
            heapq.heappush(agenda, (max(due + 1.0 / store.camera[camera_id].rate, now), camera_id))
            if start and truth is None:
                truth = TruthWriter(options.run_dir, start)
            if truth is not None:
                truth.update(world)
            if world.finished:
                signals.finished.set()
    finally:
        server.close()
        if truth is not None:
            truth.close()


def run_serial_lines(options: LiveOptions, signals: Signals) -> None:
    """Send what boards, scales and scanners say over pseudo-terminals until told to stop."""
    life = _Life(signals)
    store = load_store(options.store)
    scenario = load_scenario(options.scenario, store)
    world = World(store, scenario, options.seed)
    codes = CodeBook(path=options.tokens)
    buses = [make_devices(store, bus, options.noise or scenario.noise, options.seed) for bus in store.buses]
    lines = {bus.id: SerialLine(options.run_dir / bus.id, bus.baudrate) for bus in store.buses}
    lines.update(_scanner_lines(store, options.run_dir))
    for line in lines.values():
        line.plug()
    signals.ready.set()
    launched = time.time()
    shown, checked = 0, launched
    scans: list[tuple[float, str, str]] = []
    try:
        while not life.over():
            now = time.time()
            if now - checked >= _PLUG_CHECK:
                _obey_plugs(lines, options.run_dir)
                checked = now
            start = signals.start.value / 1e9
            second = now - start if start else -1.0
            world.advance(second)
            for bus in buses:
                line = lines[bus.bus.id]
                bus.hear(line.receive(), now - launched)
                data = bus.advance(now - launched, world, start - launched if start else None)
                line.send(data)
            for showing in world.showings[shown:]:
                if showing.gate in lines:
                    heapq.heappush(scans, (scan_time(showing), showing.gate, showing.shopper))
            shown = len(world.showings)
            while scans and scans[0][0] <= second:
                _, gate, shopper = heapq.heappop(scans)
                lines[gate].send(scan_line(codes.of(shopper)))
            due = min(launched + min((bus.due for bus in buses), default=0.0), now + _LONGEST_NAP)
            _listen_until(due, [lines[bus.bus.id] for bus in buses])
    finally:
        for line in lines.values():
            line.unplug()


def _shelf(camera: ShelfCamera, world: World) -> Callable[[float], object]:
    return lambda second: camera.render(world.stock.standing, world.figures(second))


def _overview(camera: OverviewCamera, world: World) -> Callable[[float], object]:
    return lambda second: camera.render(world.figures(second))


def _reader(camera: ReaderCamera, world: World, gate: str) -> Callable[[float], object]:
    return lambda second: camera.render([item for item in world.showings if item.gate == gate], second)


def _scanner_lines(store: Store, run_dir: Path) -> dict[str, SerialLine]:
    return {
        gate.id: SerialLine(run_dir / gate.id, gate.reader.baudrate)
        for gate in store.gates
        if gate.reader and gate.reader.kind == "serial"
    }


def _obey_plugs(lines: dict[str, SerialLine], run_dir: Path) -> None:
    """Unplug each line for which a file ``unplug_<id>`` lies in the run folder, and plug in the others."""
    for name, line in lines.items():
        if (run_dir / f"unplug_{name}").exists():
            line.unplug()
        else:
            line.plug()


class StopRequest:
    """Set by SIGTERM, and by SIGINT unless the parent takes care of that one.

    A plain attribute: a signal handler that touched a lock could wait for its own process for ever.
    """

    def __init__(self, *, interrupt: bool) -> None:
        """Install the handlers."""
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask if interrupt else signal.SIG_IGN)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


class _Life:
    """Whether a working process goes on."""

    def __init__(self, signals: Signals) -> None:
        self._request = StopRequest(interrupt=False)
        self._stop = signals.stop
        self._parent = os.getppid()

    def over(self) -> bool:
        # A parent that was killed cannot say stop any more.
        return self._request.asked or self._stop.is_set() or os.getppid() != self._parent


def _listen_until(due: float, lines: list[SerialLine]) -> None:
    """Wait, but not longer than until somebody writes to one of the lines."""
    # One that nobody has open would end the wait at once.
    select.select([line for line in lines if line.open], (), (), max(0.0, due - time.time()))


def _sleep_until(due: float) -> None:
    time.sleep(min(max(0.0, due - time.time()), _LONGEST_NAP * 10))
