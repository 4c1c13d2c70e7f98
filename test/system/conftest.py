"""A store's nodes as processes over real DDS, and a simulated scenario's sensor records to play into them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
from diagnostic_msgs.msg import DiagnosticArray

from just_walk_out import records
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.deployment import NodePlan, command, environment, plan
from just_walk_out.entry.keys import load_key
from just_walk_out.records import CartArray, Charge, PersonDetectionArray, ShelfEventArray, TrackArray
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.rehearsal import issue_codes, sensor_records
from just_walk_out.resources import scenario_path, share
from just_walk_out.ros import qos
from just_walk_out.ros.observer import Observer
from just_walk_out.simulation.offline import CameraFrame, OfflineStore
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.store.load import load_store
from just_walk_out.supervisor import Supervisor
from just_walk_out.topics import TOPICS

START = 1_700_000_000_000_000_000
STEP = 200_000_000  # nanoseconds of event time played at once: 30 batches of weights, a third of what a reader keeps
SLOT = 100_000_000  # nanoseconds between two watermarks of shelves that are at rest
UP = 40.0  # seconds nodes may take to start on a busy machine
FILMED = "cam_sw"

_domains = itertools.count()


@dataclass(frozen=True)
class Step:
    """Records that arrive within a fifth of a second, and how far the offline stages come with them."""

    until: int
    records: tuple[Any, ...]
    tracks: int
    weights: int
    marks: dict[str, int]


@dataclass(frozen=True)
class Rehearsal:
    """A scenario as the sensors see it, and what follows from it offline."""

    steps: tuple[Step, ...]
    charges: dict[str, Charge]
    truth: tuple[dict[str, Any], ...]
    video: Path

    def receipts(self) -> list[str]:
        """Return the receipts of the offline charges."""
        return sorted(receipt_line(charge) for charge in self.charges.values())

    def moments(self, kind: str) -> list[int]:
        """Return the stamps of what truly happened, of one kind."""
        return [moment["stamp"] for moment in self.truth if moment["kind"] == kind]


class FilmedStore(OfflineStore):
    """Keeps what one camera shows as a video file."""

    def film(self, path: Path, camera: str, rate: float) -> None:
        self._film, self._filmed = (str(path), rate), camera

    def run(self) -> Iterator[Any]:
        writer = None
        for item in super().run():
            if isinstance(item, CameraFrame) and item.camera == self._filmed and item.stamp > self.start + 5e9:
                if writer is None:
                    size = item.image.shape[1::-1]
                    writer = cv2.VideoWriter(self._film[0], cv2.VideoWriter.fourcc(*"MJPG"), self._film[1], size)
                if item.stamp < self.start + 15e9:
                    writer.write(item.image)
                else:
                    writer.release()
            yield item


class Running:
    """Nodes of a store on a ROS domain of their own, and an observer among them."""

    def __init__(self, store: Any, path: Path, folder: Path) -> None:
        self.store, self.path, self.folder = store, path, folder
        self.state = folder / "state"
        self.domain = 1 + (os.getpid() * 7 + next(_domains)) % 100
        self.reports: list[str] = []
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")
        surroundings = {**environment(), **threads, "ROS_DOMAIN_ID": str(self.domain)}
        self.supervisor = Supervisor(folder / "logs", surroundings, self.reports.append)
        self.observer = Observer(store, [topic.record for topic in TOPICS], domain=self.domain)
        self.health: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
        self.observer.node.create_subscription(DiagnosticArray, "diagnostics", self._take_health, qos.STATUS)

    def _take_health(self, message: Any) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            self.health.setdefault(status.name, []).append((status.level[0], status.message, values))

    def node(self, executable: str, name: str = "", **parameters: Any) -> NodePlan:
        common = {"store": str(self.path), "state_dir": str(self.state)}
        dotted = {key.replace("__", "."): value for key, value in parameters.items()}
        return NodePlan(executable, name or executable, {**common, **dotted})

    def pipeline(self) -> list[NodePlan]:
        nodes = plan(self.store, self.path, state_dir=self.state, sensors=False)
        return [node for node in nodes if node.executable != "monitor"]

    def start(self, nodes: Sequence[NodePlan], *, respawn: bool = True) -> None:
        for node in nodes:
            self.supervisor.start(node.name, command(node), respawn=respawn)
        missing = self.observer.wait_for_nodes([node.name for node in nodes], UP)
        assert not missing, f"did not start: {missing}, {self.supervisor.failed()}, logs in {self.folder / 'logs'}"

    def records(self, kind: type) -> list[Any]:
        return self.observer.records(kind)

    def wait(self, condition: Callable[[], Any], what: str, timeout: float = 20.0) -> None:
        assert self.observer.wait_for(condition, timeout), f"{what} after {timeout:g} s; {self.reports}"

    def wait_for_health(self, part: str, level: int, text: str = "", timeout: float = 20.0) -> dict[str, str]:
        """Wait until the newest diagnostic of a part has this level and text; returns its values."""

        def reached() -> bool:
            newest = self.health.get(part, [(-1, "", {})])[-1]
            return newest[0] == level and text in newest[1]

        assert self.observer.wait_for(reached, timeout), f"{part}: {self.health.get(part, ['silent'])[-1]}"
        return self.health[part][-1][2]

    def expect_readers(self, writers: Sequence[Any], count: int = 1) -> None:
        # what is published before a reader has been discovered is lost to it
        self.wait(lambda: all(w.get_subscription_count() >= count for w in writers), "no readers of a topic")

    def play(
        self, rehearsal: Rehearsal, behind: float = 3.0, events: Sequence[tuple[int, Callable[[], None]]] = ()
    ) -> None:
        """Play sensor records as fast as the nodes follow, carts at most ``behind`` seconds of event time later.

        Args:
            rehearsal: what to play.
            behind: how far carts may lag, as they do while a node that died is started again.
            events: (stamp, what to do when the records before the stamp have been played).
        """
        agenda = sorted(events, key=lambda event: event[0])
        for step in rehearsal.steps:
            while agenda and agenda[0][0] < step.until:
                agenda.pop(0)[1]()
            for record in step.records:
                names = {"camera": record.camera} if isinstance(record, PersonDetectionArray) else {}
                self.observer.publish(record, **names)
            if not self.observer.wait_for(lambda step=step: not self._late(step, behind), 20.0):
                pytest.fail(f"stuck at {(step.until - START) / 1e9:.1f} s: {self._late(step, behind)}; {self.reports}")

    def _late(self, step: Step, behind: float) -> list[str]:
        """Return what has not followed the records played."""
        tracks, events = self.records(TrackArray)[-1:], self.records(ShelfEventArray)[-1:]
        late = []
        # the reader of a camera may be a moment later than its writer, which costs the first pictures and tracks
        newest = tracks[0].stamp if tracks else START
        if step.tracks and newest < step.tracks - 1.5e9:
            late.append("tracks")
        if step.weights and not (events and events[0].stamp // SLOT >= step.weights // SLOT):
            late.append("shelf_events")
        carts = self.records(CartArray)[-1:]
        marks = {mark.source: mark.stamp for mark in carts[0].watermarks} if carts else {}
        late += [source for source, stamp in step.marks.items() if marks.get(source, START) < stamp - behind * 1e9]
        return late

    def charges(self) -> dict[str, Charge]:
        """Return the charges published, by id; a repeated one must be the same."""
        found: dict[str, Charge] = {}
        for charge in self.records(Charge):
            assert found.setdefault(charge.id, charge) == charge, f"{charge.id} was charged twice, differently"
        return found

    def ledger(self) -> dict[str, Charge]:
        """Return what the ledger file has."""
        ledger = Ledger(self.state / "ledger.sqlite")
        try:
            assert ledger.unfinished() == []
            return {charge.id: charge for charge in ledger.charges()}
        finally:
            ledger.close()

    def receipts(self) -> list[str]:
        """Return the receipts of the charges published."""
        return sorted(receipt_line(charge) for charge in self.charges().values())

    def close(self) -> None:
        self.supervisor.stop()
        self.observer.close()


@pytest.fixture(scope="session", autouse=True)
def transports() -> None:
    """Use the same DDS settings here as the nodes do."""
    for name, value in environment().items():
        os.environ.setdefault(name, value)


@pytest.fixture(scope="session")
def demo_path() -> Path:
    return share() / "config" / "demo_store"


@pytest.fixture(scope="session")
def store(demo_path: Path) -> Any:
    return load_store(demo_path)


@pytest.fixture(scope="session")
def key(demo_path: Path) -> Any:
    return load_key(demo_path / "demo_private_key.pem")


@pytest.fixture(scope="session")
def rehearsal(store: Any, key: Any, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Three shoppers, through drivers, detectors and the offline pipeline."""
    scenario = load_scenario(scenario_path("plain"), store)
    simulated = FilmedStore(
        store, scenario, 1, start=START, codes=issue_codes(scenario.plan(store, 1), store, key, START)
    )
    video = tmp_path_factory.mktemp("video") / "camera.avi"
    simulated.film(video, FILMED, store.camera[FILMED].rate)
    pipeline = Pipeline(stages_of(store))
    steps: list[Step] = []
    charges: dict[str, Charge] = {}
    tracks = weights = 0
    marks: dict[str, int] = {}
    for slot, group in itertools.groupby(sensor_records(store, simulated), lambda item: (item[0] - START) // STEP):
        chosen = tuple(record for _, record in group)
        for record in chosen:
            if isinstance(record, records.ShelfWeights) and len(record.weights):
                weights = max(weights, int(record.stamps()[-1]))
            for output in pipeline.push(record):
                if isinstance(output, Charge):
                    charges[output.id] = output
                elif isinstance(output, TrackArray):
                    tracks = output.stamp
                elif isinstance(output, CartArray):
                    marks = {mark.source: mark.stamp for mark in output.watermarks}
        steps.append(Step(START + (slot + 1) * STEP, chosen, tracks, weights, marks))
    return Rehearsal(tuple(steps), charges, tuple(simulated.truth()), video)


@pytest.fixture
def make_running() -> Iterator[Callable[..., Running]]:
    """Makes what ``running`` is, anew for each test."""
    made: list[Running] = []

    def make(*arguments: Any) -> Running:
        made.append(Running(*arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def running(store: Any, demo_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """No node yet; everything a test starts is stopped when its module is done."""
    running = Running(store, demo_path, tmp_path_factory.mktemp("running"))
    try:
        yield running
    finally:
        running.close()
