"""The simulated store without waiting: everything its sensors deliver, in time order."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.codes import CodeBook
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.reader import ReaderCamera
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scanner import scan_time
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.scene import build_scene
from just_walk_out.simulation.shelf_camera import ShelfCamera
from just_walk_out.simulation.truth import describe
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Camera, Store

_PERIOD = 0.1
_LONGEST_SILENCE = 1.0


@dataclass(frozen=True)
class BoardBytes:
    """What came over a bus since the last time; the stamp is that of the last byte.

    Boards are read every tenth of a second, scales when they have spoken or when the host wanted to speak.
    """

    stamp: int
    bus: str
    data: bytes


@dataclass(frozen=True)
class CameraFrame:
    """A frame (height, width, 3), BGR."""

    stamp: int
    camera: str
    image: NDArray[np.uint8]


@dataclass(frozen=True)
class Scan:
    """A code as the reader of a gate read it."""

    stamp: int
    gate: str
    text: str


Delivery = BoardBytes | CameraFrame | Scan


class OfflineStore:
    """Runs a scenario as fast as it can be computed."""

    def __init__(
        self,
        store: Store,
        scenario: Scenario,
        seed: int,
        *,
        start: int,
        codes: dict[str, str] | None = None,
        noise: Noise | None = None,
        lead_in: float = 4.0,
        lead_out: float = 4.0,
        longest: float = 600.0,
        frames: bool = True,
    ) -> None:
        """Prepare the world and its sensors.

        Args:
            store: what is simulated.
            scenario: who comes and what they do.
            seed: of everything drawn.
            start: stamp at which the sensors start, nanoseconds.
            codes: code text by the id of the shopper who shows it.
            noise: of the load cells; the scenario's unless given.
            lead_in: seconds the sensors see an empty store before second 0 of the scenario.
            lead_out: seconds they go on after the last shopper has gone.
            longest: seconds after which the scenario is cut off.
            frames: render cameras; without them every gate reads codes as a scanner does.
        """
        self.world = World(store, scenario, seed)
        self.start = start
        self.scenario_start = start + round(lead_in * 1e9)
        self._store = store
        self._codes = CodeBook(codes)
        self._lead_in, self._lead_out, self._longest = lead_in, lead_out, longest
        self._frames = frames
        level = noise or scenario.noise
        devices = {bus.id: make_devices(store, bus, level, seed) for bus in store.buses}
        self._boards = [each for each in devices.values() if each.bus.protocol == "board"]
        self._scales = {name: each for name, each in devices.items() if each.bus.protocol != "board"}
        self._host_due: dict[str, float] = {}
        self._overview: dict[str, OverviewCamera] = {}
        self._reader: dict[str, ReaderCamera] = {}
        self._shelf: dict[str, ShelfCamera] = {}
        self._cameras: list[Camera] = []
        if frames:
            scene = build_scene(store)
            self._cameras = list(store.cameras)
            for camera in store.cameras:
                if camera.role == "overview":
                    self._overview[camera.id] = OverviewCamera(camera, scene, seed)
                elif camera.role == "shelf":
                    self._shelf[camera.id] = ShelfCamera(camera, store, seed)
                else:
                    self._reader[camera.id] = ReaderCamera(camera, self._codes, seed)
        self._gate_of = {gate.reader.camera: gate.id for gate in store.gates if gate.reader and gate.reader.camera}

    def run(self) -> Iterator[Delivery]:
        """Yield what the sensors deliver, by stamp."""
        clock, end = 0.0, self._lead_in + self._longest
        shown = 0
        agenda: list[tuple[float, int, str]] = [(_PERIOD, 0, "")]
        for index, camera in enumerate(self._cameras):
            heapq.heappush(agenda, (index / (camera.rate * len(self._cameras)), 1 + index, camera.id))
        for index, name in enumerate(self._scales):
            heapq.heappush(agenda, (0.0, 1 + len(self._cameras) + index, name))
        scans: list[tuple[float, str, str]] = []
        while clock < end:
            clock, order, device = heapq.heappop(agenda)
            self.world.advance(clock - self._lead_in)
            if self.world.finished:
                end = min(end, clock + self._lead_out)
                self._lead_out = 1e9
            for showing in self.world.showings[shown:]:
                if self._scanned(showing.gate):
                    at = self._lead_in + scan_time(showing)
                    heapq.heappush(scans, (at, showing.gate, self._codes.of(showing.shopper)))
            shown = len(self.world.showings)
            while scans and scans[0][0] <= clock:
                at, gate, text = heapq.heappop(scans)
                yield Scan(self._stamp(at), gate, text)
            if device in self._scales:
                scale = self._scales[device]
                yield BoardBytes(self._stamp(clock), device, scale.advance(clock, self.world, self._lead_in))
                due = min(scale.due, self._host_due.pop(device, math.inf), clock + _LONGEST_SILENCE)
                heapq.heappush(agenda, (max(due, clock), order, device))
            elif device:
                yield CameraFrame(self._stamp(clock), device, self._image(device, clock - self._lead_in))
                heapq.heappush(agenda, (clock + 1.0 / self._store.camera[device].rate, order, device))
            else:
                for boards in self._boards:
                    data = boards.advance(clock, self.world, self._lead_in)
                    yield BoardBytes(self._stamp(clock), boards.bus.id, data)
                heapq.heappush(agenda, (clock + _PERIOD, 0, ""))

    def say(self, bus: str, data: bytes, at: int, due: int | None) -> None:
        """Let the host write to a bus, while it handles what came over that bus.

        Args:
            bus: id.
            data: what it writes; may be empty.
            at: stamp at which it does, nanoseconds.
            due: stamp at which it wants to be heard again, with an empty delivery unless bytes come before.
        """
        if bus in self._scales:
            self._scales[bus].hear(data, (at - self.start) / 1e9)
            if due is not None:
                self._host_due[bus] = (due - self.start) / 1e9

    def truth(self) -> list[dict[str, Any]]:
        """Return what truly happened so far, by stamp."""
        moments = sorted(self.world.moments, key=lambda moment: moment.time)
        return [describe(moment, self.scenario_start) for moment in moments]

    def receipts(self) -> dict[str, dict[str, int]]:
        """Return what each party that has left carries, by party: sku -> units."""
        return {line["party"]: line["units"] for line in self.truth() if line["kind"] == "party_left"}

    def _image(self, camera: str, time: float) -> NDArray[np.uint8]:
        if camera in self._overview:
            return self._overview[camera].render(self.world.figures(time))
        if camera in self._shelf:
            return self._shelf[camera].render(self.world.stock.standing, self.world.figures(time))
        gate = self._gate_of.get(camera, "")
        return self._reader[camera].render([item for item in self.world.showings if item.gate == gate], time)

    def _scanned(self, gate: str) -> bool:
        reader = self._store.gate[gate].reader
        return not self._frames or reader is None or reader.kind == "serial"

    def _stamp(self, clock: float) -> int:
        return self.start + round(clock * 1e9)
