"""Tare and calibration of a running load_cells node by its services, over real DDS."""

import threading
import time

import numpy as np
import pytest
import yaml

from just_walk_out.cli.main import main
from just_walk_out.deployment import NodePlan, command
from just_walk_out.records import PlateStatus, ShelfWeights
from just_walk_out.ros.calibration_client import NodeMeter
from just_walk_out.ros.observer import Observer
from just_walk_out.scale.calibration import CalibrationError
from just_walk_out.scale.guide import wait_at_rest
from just_walk_out.simulation.boards import BusBoards
from just_walk_out.simulation.line import SerialLine
from just_walk_out.supervisor import Supervisor

BUS, PLATE = "bus_b", "g4/s1/p2"
NAMESPACE = "shop"
PERIOD = 0.1  # seconds between two deliveries of the boards


class Boards(threading.Thread):
    """The boards of the bus in real time, 2 kg on each plate."""

    def __init__(self, store, line):
        super().__init__(daemon=True)
        plates = [channel.plate for channel in store.bus[BUS].channels]
        self.handlings, self.initial_weight = [], dict.fromkeys(plates, 2.0)
        self._boards = BusBoards(store, store.bus[BUS], "quiet", 1)
        self._line, self._over = line, threading.Event()

    def run(self):
        began = time.monotonic()
        while not self._over.wait(PERIOD):
            self._line.send(self._boards.advance(time.monotonic() - began, self, None))

    def end(self):
        self._over.set()
        self.join()
        self._line.unplug()


@pytest.fixture
def shop(domain, demo_store, demo_path, tmp_path):
    line = SerialLine(tmp_path / "port", demo_store.bus[BUS].baudrate)
    line.plug()
    boards = Boards(demo_store, line)
    boards.start()
    supervisor = Supervisor(tmp_path / "logs", report=lambda text: None)
    observer = Observer(demo_store, (ShelfWeights,), NAMESPACE)
    parameters = {
        "store": str(demo_path), "state_dir": str(tmp_path / "state"), "bus": BUS, "port": str(tmp_path / "port")
    }  # fmt: skip
    supervisor.start("load_cells_b", command(NodePlan("load_cells", "load_cells_b", parameters), NAMESPACE))
    # a neighbour, whose bus is another one and asked first
    parameters |= {"bus": "bus_a", "port": str(tmp_path / "missing")}
    supervisor.start("load_cells_a", command(NodePlan("load_cells", "load_cells_a", parameters), NAMESPACE))
    assert observer.wait_for(lambda: observer.records(ShelfWeights), 40)
    yield observer, supervisor
    supervisor.stop()
    observer.close()
    boards.end()


def newest(observer):
    """The last batch of the shelf of the plate, and its column."""
    batch = [each for each in observer.records(ShelfWeights) if PLATE in each.plates and len(each.weights)][-1]
    return batch, batch.plates.index(PLATE)


def weighs(observer, expected):
    def reached():
        batch, column = newest(observer)
        return abs(float(batch.samples[:, column].mean()) - expected) < 0.005

    assert observer.wait_for(reached, 10), f"{newest(observer)[0].samples.mean(axis=0)}, expected {expected}"


def test_plates_are_tared_and_calibrated_while_the_node_runs_and_stay_so(shop, demo_store, demo_path, tmp_path, capsys):
    observer, supervisor = shop
    count = len(demo_store.bus[BUS].channels)
    pid = supervisor.pid("load_cells_b")
    meter = NodeMeter.find(BUS, PLATE, NAMESPACE, timeout=20)
    try:
        assert meter is not None and meter.name == f"/{NAMESPACE}/load_cells_b"
        before = wait_at_rest(meter, PLATE, 20)
        assert before.reading.steady and before.reading.duration > 1.3

        text = meter.tare()
        assert text.startswith(f"bus {BUS}: {count} plates zeroed")
        assert observer.wait_for(lambda: newest(observer)[0].status[0] is PlateStatus.ADJUSTED, 5)
        weighs(observer, 0.0)
        assert observer.wait_for(lambda: newest(observer)[0].status[0] is PlateStatus.OK, 5)

        assert "in force and kept" in meter.calibrate(PLATE, before.zero, 2 * before.scale)
        now = wait_at_rest(meter, PLATE, 20)
        assert (now.zero, now.scale) == (before.zero, 2 * before.scale)
        with pytest.raises(CalibrationError, match="expected a zero in counts and a scale"):
            meter.calibrate(PLATE, 0.0, 0.0)
        with pytest.raises(CalibrationError, match="plate 'g1/s1/p1' is not on bus bus_b"):
            meter.calibrate("g1/s1/p1", 0.0, 1.0)
    finally:
        if meter is not None:
            meter.close()
    heavy = (before.reading.mean - before.zero) * 2 * before.scale
    weighs(observer, heavy)
    assert not np.isnan(newest(observer)[0].samples).any()
    kept = yaml.safe_load((tmp_path / "state" / "calibration" / f"{BUS}.yaml").read_text())["plates"]
    assert len(kept) == count and kept[PLATE]["scale"] == 2 * before.scale
    assert supervisor.pid("load_cells_b") == pid

    heard = len(observer.records(ShelfWeights))
    supervisor.kill("load_cells_b")
    assert observer.wait_for(lambda: len(observer.records(ShelfWeights)) > heard + 50, 40)
    weighs(observer, heavy)

    # the command finds the node by itself, and the shop in which it runs, whatever is left of a neighbour just killed
    supervisor.kill("load_cells_a")
    arguments = ["calibrate", "tare", str(demo_path), "--plate", PLATE, "--timeout", "20"]
    assert main([*arguments, "--namespace", NAMESPACE]) == 0
    assert "asking the node /shop/load_cells_b" in capsys.readouterr().out
    weighs(observer, 0.0)

    # and never opens the port beside it
    assert main([*arguments, "--direct", "--port", str(tmp_path / "port")]) == 1
    assert "another process has this port open" in capsys.readouterr().err
    weighs(observer, 0.0)
