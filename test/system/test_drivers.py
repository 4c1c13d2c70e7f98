"""Real driver nodes on devices that are missing, come, go and talk garbage."""

import random
import threading

import pytest
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from just_walk_out.records import PersonDetectionArray, PlateStatus, ShelfWeights
from just_walk_out.resources import scenario_path
from just_walk_out.ros import qos
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.line import SerialLine
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.world import World

OK, WARN, ERROR = 0, 1, 2
SLOW = ("does not deliver the", "loses", "frames/s instead of")  # what drivers say of themselves on a busy machine
PERIOD = 0.1  # seconds between two deliveries of the boards
ANSWER = 0.002  # seconds between two looks of devices that are asked


class Boards(threading.Thread):
    """The devices of one bus, sending in real time to whatever line they are connected to."""

    def __init__(self, store, bus, line):
        super().__init__(daemon=True)
        scenario = load_scenario(scenario_path("plain"), store)
        self._boards = make_devices(store, store.bus[bus], scenario.noise, 1)
        self._period = PERIOD if store.bus[bus].protocol == "board" else ANSWER
        self._world = World(store, scenario, 1)
        self.line, self._over = line, threading.Event()
        self.garbage = None

    def run(self):
        clock = 0.0
        while not self._over.wait(self._period):
            clock += self._period
            self._boards.hear(self.line.receive(), clock)
            data = self._boards.advance(clock, self._world, None)
            self.line.send(data if self.garbage is None else self.garbage.randbytes(len(data)))

    def end(self):
        self._over.set()
        self.join()
        self.line.unplug()


@pytest.fixture(scope="module")
def devices(running, rehearsal):
    """Drivers of four buses and a camera, started while none of their devices is there."""
    folder = running.folder
    fast = {"transport__first_retry": 0.05, "transport__longest_retry": 0.2}
    running.start(
        [
            running.node("load_cells", "load_cells_a", bus="bus_a", port=str(folder / "bus_a"), **fast),
            running.node("load_cells", "load_cells_b", bus="bus_b", port=str(folder / "bus_b"), **fast),
            running.node("load_cells", "load_cells_c", bus="bus_c", port=str(folder / "bus_c"), **fast),
            running.node("load_cells", "load_cells_d", bus="bus_d", port=str(folder / "bus_d"), **fast),
            running.node(
                "camera",
                "camera_film",
                camera="cam_sw",
                source=str(folder / "camera.avi"),
                image_rate=10.0,
                capture__backoff_first=0.1,
                capture__backoff_limit=0.3,
            ),
        ]
    )
    return running


@pytest.fixture
def boards(devices):
    started = []

    def connect(bus, baudrate=None):
        line = SerialLine(devices.folder / bus, baudrate or devices.store.bus[bus].baudrate)
        started.append(Boards(devices.store, bus, line))
        started[-1].start()
        return started[-1]

    yield connect
    for each in started:
        each.end()


def batches(devices, bus):
    return [each for each in devices.records(ShelfWeights) if each.source.startswith(f"{bus}/")]


def sampled(devices, bus):
    return [each for each in batches(devices, bus) if len(each.weights)]


def received(devices, part):
    return int(devices.health.get(part, [(0, "", {})])[-1][2].get("bytes", 0))


def wait_until_read(devices, part):
    """Wait until a device is read, if not at its rate for want of time; returns the values of its diagnostic."""

    def is_read():
        level, said, _ = devices.health.get(part, [(-1, "", {})])[-1]
        return level == OK or (level == WARN and any(text in said for text in SLOW))

    devices.wait(is_read, f"{part} is not read")
    return devices.health[part][-1][2]


def test_a_scale_that_is_missing_comes_goes_and_comes_back(devices, boards):
    port, part = str(devices.folder / "bus_a"), "load_cells_a: bus bus_a"
    devices.wait_for_health(part, ERROR, port)
    assert all("\n" not in message for _, message, _ in devices.health[part])
    devices.wait(lambda: batches(devices, "bus_a"), "no word about silent plates")
    assert all(set(each.status) == {PlateStatus.STALE} for each in batches(devices, "bus_a"))

    bus = boards("bus_a")
    bus.line.plug()
    shelves = {channel.plate.rpartition("/")[0] for channel in devices.store.bus["bus_a"].channels}
    devices.wait(lambda: {each.shelf for each in sampled(devices, "bus_a")} == shelves, "not every shelf is weighed")
    wait_until_read(devices, part)
    before = sampled(devices, "bus_a")[-1]

    bus.line.unplug()
    devices.wait_for_health(part, ERROR, port)
    devices.wait(lambda: PlateStatus.STALE in batches(devices, "bus_a")[-1].status, "silence is not reported")

    count = len(sampled(devices, "bus_a"))
    bus.line.plug()
    devices.wait(lambda: len(sampled(devices, "bus_a")) > count + 50, "weights do not flow again")
    values = wait_until_read(devices, part)
    after = sampled(devices, "bus_a")[-1]
    assert after.lost > before.lost, "what was sent while nobody listened is not counted"
    assert int(values["reconnects"]) == 1 and int(values["lost"]) > 0


def test_wrong_baud_rate_and_garbage_are_counted_and_survived(devices, boards):
    part = "load_cells_b: bus bus_b"
    pid = devices.supervisor.pid("load_cells_b")
    wrong = boards("bus_b", 57600)
    wrong.line.plug()
    devices.wait(lambda: received(devices, part) > 5000, "no bytes arrived")
    # bytes flow, but no board is understood
    values = devices.wait_for_health(part, ERROR, "no samples from board")
    assert int(values["crc_errors"]) + int(values["framing_errors"]) > 0
    assert int(values["frames"]) == 0 and not sampled(devices, "bus_b")
    wrong.end()

    good = boards("bus_b")
    good.line.plug()
    devices.wait(lambda: sampled(devices, "bus_b"), "the right line is not understood")
    before = int(wait_until_read(devices, part)["framing_errors"])
    good.garbage = random.Random(1)
    values = devices.wait_for_health(part, ERROR, "no samples from board")
    assert int(values["framing_errors"]) + int(values["crc_errors"]) > before
    count = len(sampled(devices, "bus_b"))
    good.garbage = None
    devices.wait(lambda: len(sampled(devices, "bus_b")) > count, "the line is not understood after garbage")
    assert devices.supervisor.pid("load_cells_b") == pid


@pytest.mark.parametrize("bus", ["bus_c", "bus_d"])
def test_scales_that_have_to_be_asked_come_go_and_come_back(devices, boards, bus):
    port, part = str(devices.folder / bus), f"load_cells_{bus[-1]}: bus {bus}"
    devices.wait_for_health(part, ERROR, port)
    scales = boards(bus)
    scales.line.plug()
    plates = {channel.plate for channel in devices.store.bus[bus].channels}
    devices.wait(lambda: {plate for each in sampled(devices, bus) for plate in each.plates} == plates, "no weights")
    wait_until_read(devices, part)
    weights = sampled(devices, bus)[-1].weights
    assert all(0.0 < weight < 20.0 for weight in weights)

    scales.line.unplug()
    devices.wait_for_health(part, ERROR, port)
    count = len(sampled(devices, bus))
    scales.line.plug()
    devices.wait(lambda: len(sampled(devices, bus)) > count + 10, "weights do not flow again")
    assert int(wait_until_read(devices, part)["reconnects"]) == 1


def test_a_scale_is_zeroed_and_tared_by_service(devices, boards):
    scale = boards("bus_d")
    scale.line.plug()
    part = "load_cells_d: bus bus_d"
    wait_until_read(devices, part)
    for command, outcome in (("zero", "zero: refused"), ("tare", "tare: done")):
        client = devices.observer.node.create_client(Trigger, f"load_cells_d/{command}_scale")
        devices.wait(client.service_is_ready, "there is no service")
        answer = client.call_async(Trigger.Request())
        devices.wait(answer.done, "the service does not answer")
        assert answer.result().success
        devices.wait(
            lambda outcome=outcome: devices.health[part][-1][2].get("command") == outcome, "diagnostics do not say so"
        )
    # the honey on it is more than it may zero, and tared it weighs nothing
    devices.wait(lambda: abs(sampled(devices, "bus_d")[-1].weights[0]) < 0.02, "it is not tared")


def test_a_camera_that_is_missing_and_comes(devices, rehearsal):
    source, part = devices.folder / "camera.avi", "camera_film: camera cam_sw"
    infos = []
    devices.observer.node.create_subscription(CameraInfo, "camera/cam_sw/camera_info", infos.append, qos.IMAGE)
    devices.wait_for_health(part, ERROR, f"{source}: no such file")
    assert all("\n" not in message for _, message, _ in devices.health[part])
    pid = devices.supervisor.pid("camera_film")

    source.symlink_to(rehearsal.video)
    devices.wait(lambda: devices.records(PersonDetectionArray), "no detections")
    devices.wait(lambda: any(each.detections for each in devices.records(PersonDetectionArray)), "nobody is seen")
    devices.wait(lambda: infos, "no camera_info")
    wait_until_read(devices, part)
    camera = devices.store.camera["cam_sw"]
    assert (infos[0].width, infos[0].height, infos[0].k[0]) == (camera.width, camera.height, camera.fx)
    floor = devices.store.floor
    low, high = (min(x for x, _ in floor) - 2.5, max(x for x, _ in floor) + 2.5)
    found = [each for array in devices.records(PersonDetectionArray) for each in array.detections]
    assert all(low <= each.x <= high for each in found)
    assert devices.supervisor.pid("camera_film") == pid
