"""Drivers as processes: missing, unplugged, noisy and wrong devices."""

import os
import pty
import random
import subprocess
import tty
from contextlib import suppress

import cv2
import pytest
from diagnostic_msgs.msg import DiagnosticArray

from just_walk_out.deployment import NodePlan, command
from just_walk_out.records import PersonDetectionArray, PlateStatus, ShelfWeights
from just_walk_out.ros import qos
from just_walk_out.ros.observer import Observer
from just_walk_out.simulation.offline import BoardBytes, CameraFrame, OfflineStore
from just_walk_out.simulation.scenario import parse_scenario
from just_walk_out.supervisor import Supervisor

OK, ERROR = b"\x00", b"\x02"


@pytest.fixture
def watch(domain, demo_store):
    """An observer that keeps the newest diagnostic of each part."""
    with Observer(demo_store, (ShelfWeights, PersonDetectionArray)) as observer:
        observer.health = {}

        def take(message):
            observer.health.update({status.name: status for status in message.status})

        observer.node.create_subscription(DiagnosticArray, "diagnostics", take, qos.STATUS)
        yield observer


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path / "logs", report=lambda line: None)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def empty_shop(demo_store):
    """Two seconds of an empty store: bytes of bus_a and frames of cam_sw."""
    scenario = parse_scenario(
        {"name": "empty", "shoppers": [{"id": "late", "arrival": 60.0, "actions": []}]}, demo_store
    )
    shop = OfflineStore(demo_store, scenario, 1, start=10**18, lead_in=2.0, lead_out=0.5, longest=0.5)
    items = list(shop.run())
    data = [item.data for item in items if isinstance(item, BoardBytes) and item.bus == "bus_a"]
    return data, [item.image for item in items if isinstance(item, CameraFrame) and item.camera == "cam_sw"]


class Line:
    """A serial line under a name, as the adapter of a bus would show up."""

    def __init__(self, path):
        self.path = path
        self.plug()

    def plug(self):
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        os.set_blocking(self.ours, False)
        self.path.symlink_to(os.ttyname(self.theirs))

    def unplug(self):
        self.path.unlink()
        os.close(self.theirs)
        os.close(self.ours)

    def write(self, data):
        with suppress(BlockingIOError):
            os.write(self.ours, data)


def test_a_bus_that_is_missing_unplugged_and_noisy(watch, supervisor, demo_path, empty_shop, tmp_path):
    part, port = "load_cells: bus bus_a", tmp_path / "bus_a"
    parameters = {"store": str(demo_path), "bus": "bus_a", "port": str(port)}
    supervisor.start("load_cells", command(NodePlan("load_cells", "load_cells", parameters)), respawn=False)

    def level():
        return watch.health[part].level if part in watch.health else None

    assert watch.wait_for(lambda: level() == ERROR, 30)
    assert str(port) in watch.health[part].message and "\n" not in watch.health[part].message

    def fresh(status):
        return [each for each in watch.records(ShelfWeights)[seen:] if each.status[0] is status]

    seen = 0
    line, data = Line(port), iter(())
    random_bytes = random.Random(1)

    def feed(*, garbage=False):
        nonlocal data
        chunk = random_bytes.randbytes(500) if garbage else next(data, None)
        if chunk is None:
            data = iter(empty_shop[0])
            chunk = next(data)
        line.write(chunk)

    def delivers():
        feed()
        return len({each.shelf for each in fresh(PlateStatus.OK) if each.samples.size}) >= 7

    assert watch.wait_for(delivers, 20)
    line.unplug()
    seen = len(watch.records(ShelfWeights))
    assert watch.wait_for(lambda: fresh(PlateStatus.STALE) and level() == ERROR, 20)
    line.plug()
    assert watch.wait_for(delivers, 20)

    def counted():
        feed(garbage=True)
        values = {each.key: each.value for each in watch.health[part].values}
        return any(int(values[key]) > 0 for key in values if "crc" in key or "bad" in key or "error" in key)

    assert watch.wait_for(counted, 20)
    seen = len(watch.records(ShelfWeights))
    assert watch.wait_for(delivers, 20)
    line.unplug()
    assert supervisor.pid("load_cells") is not None


def test_a_camera_that_is_missing_and_one_from_a_file(watch, supervisor, demo_path, empty_shop, tmp_path):
    missing, film = tmp_path / "nothing.avi", tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (480, 360))
    for image in empty_shop[1]:
        writer.write(image)
    writer.release()
    for name, source in (("missing", missing), ("film", film)):
        parameters = {"store": str(demo_path), "camera": "cam_sw", "source": str(source)}
        supervisor.start(name, command(NodePlan("camera", name, parameters)), respawn=False)
    assert watch.wait_for(lambda: "missing: camera cam_sw" in watch.health, 30)
    assert watch.wait_for(lambda: watch.health["missing: camera cam_sw"].level == ERROR, 30)
    assert "nothing.avi" in watch.health["missing: camera cam_sw"].message
    assert watch.wait_for(lambda: len(watch.records(PersonDetectionArray)) > 10, 30)
    assert watch.wait_for(lambda: watch.health["film: camera cam_sw"].level == OK, 10)


@pytest.mark.parametrize(
    ("executable", "parameters", "says"),
    [
        ("gate", {}, "parameter store"),
        ("gate", {"store": "/nowhere"}, "/nowhere"),
        ("load_cells", {"bus": "bus_x"}, "parameter bus: 'bus_x'"),
        ("camera", {"camera": "cam_x"}, "parameter camera: 'cam_x'"),
        ("gate", {"depth": 99.0}, "parameter depth"),
        ("gate", {"depth": "deep"}, "parameter depth"),
    ],
)
def test_a_wrong_parameter_is_one_clear_line_and_status_2(domain, demo_path, executable, parameters, says):
    given = {"store": str(demo_path), **parameters} if parameters else {}
    done = subprocess.run(
        command(NodePlan(executable, executable, given)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert says in line
