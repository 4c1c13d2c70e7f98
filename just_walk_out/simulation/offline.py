"""The simulated store without waiting: everything its sensors deliver, in time order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.simulation.boards import BusBoards
from just_walk_out.simulation.codes import CodeBook
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.reader import ReaderCamera
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scanner import scan_time
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.scene import build_scene
from just_walk_out.simulation.truth import describe
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Camera, Store

_PERIOD = 0.1


@dataclass(frozen=True)
class BoardBytes:
    """What came over a bus within a tenth of a second; the stamp is that of the last byte."""

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
        self._buses = [BusBoards(store, bus, level, seed) for bus in store.buses]
        self._overview: dict[str, OverviewCamera] = {}
        self._reader: dict[str, ReaderCamera] = {}
        self._cameras: list[Camera] = []
        if frames:
            scene = build_scene(store)
            self._cameras = list(store.cameras)
            for camera in store.cameras:
                if camera.role == "overview":
                    self._overview[camera.id] = OverviewCamera(camera, scene, seed)
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
        scans: list[tuple[float, str, str]] = []
        while clock < end:
            clock, order, camera_id = heapq.heappop(agenda)
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
            if camera_id:
                yield CameraFrame(self._stamp(clock), camera_id, self._image(camera_id, clock - self._lead_in))
                heapq.heappush(agenda, (clock + 1.0 / self._store.camera[camera_id].rate, order, camera_id))
                continue
            for bus in self._buses:
                data = bus.advance(clock, self.world, self._lead_in)
                yield BoardBytes(self._stamp(clock), bus.bus.id, data)
            heapq.heappush(agenda, (clock + _PERIOD, 0, ""))

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
        gate = self._gate_of.get(camera, "")
        return self._reader[camera].render([item for item in self.world.showings if item.gate == gate], time)

    def _scanned(self, gate: str) -> bool:
        reader = self._store.gate[gate].reader
        return not self._frames or reader is None or reader.kind == "serial"

    def _stamp(self, clock: float) -> int:
        return self.start + round(clock * 1e9)
