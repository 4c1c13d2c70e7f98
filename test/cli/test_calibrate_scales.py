"""Calibration on the port itself of scales with protocols of their own: simulated ones, on terminals and sockets."""

import builtins
import contextlib
import re
import shutil
import socket
import threading
import time

import pytest
import yaml

from just_walk_out.cli.main import main
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.line import SerialLine
from just_walk_out.store.load import load_store

PLATE, PLATES = "g3/s2/p6", tuple(f"g5/s1/p{number}" for number in range(1, 6))
TRUE_SCALE = 1.07  # the cell is so much stiffer than described
TICK = 0.002


class Link:
    """The far end of a TCP link to a serial server, of whoever has connected last."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._peer = None
        self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def receive(self):
        with contextlib.suppress(BlockingIOError):
            self._peer = self._listener.accept()[0]
            self._peer.setblocking(False)
        with contextlib.suppress(OSError):
            return self._peer.recv(4096) if self._peer else b""
        return b""

    def send(self, data):
        with contextlib.suppress(OSError):
            if data and self._peer:
                self._peer.sendall(data)

    def unplug(self):
        self._listener.close()
        if self._peer:
            self._peer.close()


class Bench(threading.Thread):
    """The devices of a bus in real time; the loads of their plates follow ``put``."""

    def __init__(self, store, bus, line, load=0.0):
        super().__init__(daemon=True)
        self.plates = [channel.plate for channel in store.bus[bus].channels]
        self.handlings, self.initial_weight = [], dict.fromkeys(self.plates, load / TRUE_SCALE)
        self._devices, self._line = make_devices(store, store.bus[bus], "quiet", 3), line
        self._over = threading.Event()
        self.start()

    def put(self, weight, plate=PLATE):
        self._devices._electronics._group._resting(self)[self.plates.index(plate)] = weight / TRUE_SCALE

    def run(self):
        began = time.monotonic()
        while not self._over.wait(TICK):
            now = time.monotonic() - began
            data = self._line.receive()
            if data:
                self._devices.hear(data, now)
            self._line.send(self._devices.advance(now, self, None))

    def end(self):
        self._over.set()
        self.join()
        self._line.unplug()


@pytest.fixture
def folder(demo_path, tmp_path):
    """The demo store, whose bus_d may be of another protocol."""
    copy = tmp_path / "store"
    shutil.copytree(demo_path, copy)
    return copy


def speak(folder, protocol, **more):
    buses = yaml.safe_load((folder / "buses.yaml").read_text())
    bus = next(each for each in buses["buses"] if each["id"] == "bus_d")
    bus.update(protocol=protocol, **more)
    (folder / "buses.yaml").write_text(yaml.safe_dump(buses))


@pytest.fixture
def bench(folder, tmp_path):
    made = []

    def start(bus="bus_d", link=False, load=0.0):
        store = load_store(folder)
        if link:
            line = Link()
            port = line.port
        else:
            line = SerialLine(tmp_path / "port", store.bus[bus].baudrate)
            line.plug()
            port = str(line.path)
        made.append(Bench(store, bus, line, load))
        return made[-1], port

    yield start
    for each in made:
        each.end()


@pytest.fixture
def calibrate(folder, tmp_path, capsys):
    def run(what, *arguments):
        status = main(["calibrate", what, str(folder), "--state-dir", str(tmp_path / "state"), *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def kept(tmp_path, bus="bus_d"):
    return yaml.safe_load((tmp_path / "state" / "calibration" / f"{bus}.yaml").read_text())["plates"]


def handle(shelf, monkeypatch):
    """Handle the weights as told, from the prompts that a person would read."""
    real = builtins.print

    def read(*words, **options):
        told = re.search(r": (take|put ([0-9.]+) kg)", str(words[0]) if words else "")
        if told:
            shelf.put(float(told[2] or 0))
        real(*words, **options)

    monkeypatch.setattr(builtins, "print", read)


@pytest.mark.parametrize(
    ("protocol", "more", "link"),
    [("mt_sics", {"mode": "polled"}, True), ("and_stream", {"rate": 20}, False)],
    ids=["mt_sics polled over a socket", "and_stream on a terminal"],
)
def test_a_known_weight_gives_the_scale_of_a_text_scale(
    folder, bench, calibrate, tmp_path, monkeypatch, protocol, more, link
):
    speak(folder, protocol, **more)
    shelf, port = bench(link=link)
    handle(shelf, monkeypatch)
    arguments = ("--plate", PLATE, "--weight", "0.5", "--hands-free", "--direct", "--port", port, "--timeout", "30")
    status, out, err = calibrate("scale", *arguments)
    assert (status, err) == (0, "")
    assert kept(tmp_path)[PLATE]["scale"] == pytest.approx(TRUE_SCALE, rel=0.01)
    assert re.search(r"0\.5 kg: 0\.4\d+ counts", out), "readings of scales are kilograms, not whole numbers"
    status, out, _ = calibrate("show", "--plate", PLATE)
    assert status == 0 and f"{kept(tmp_path)[PLATE]['scale']:.6g}" in out


def test_all_transmitters_of_a_line_are_tared_over_a_link_whose_url_is_in_the_description(
    folder, bench, calibrate, tmp_path
):
    _, port = bench("bus_c", link=True, load=1.5)
    buses = yaml.safe_load((folder / "buses.yaml").read_text())
    next(each for each in buses["buses"] if each["id"] == "bus_c")["port"] = port
    (folder / "buses.yaml").write_text(yaml.safe_dump(buses))
    status, out, err = calibrate("tare", "--bus", "bus_c", "--direct", "--timeout", "30")
    assert (status, err) == (0, "") and "bus bus_c: 5 plates zeroed" in out and port in out
    zeros = kept(tmp_path, "bus_c")
    assert set(zeros) == set(PLATES)
    assert all(each["zero"] == pytest.approx(1500 / TRUE_SCALE, abs=200) for each in zeros.values())


def test_a_port_that_another_process_has_open_is_left_alone_and_said_at_once(folder, bench, calibrate, tmp_path):
    """As a load_cells node has it, be it in a namespace where nobody has looked."""
    from just_walk_out.scale.transport import SerialTransport

    _, port = bench()
    holder = SerialTransport(port, 9600)
    holder.start()
    try:
        assert holder.wait_for(lambda state: state.connected, 10)
        status, _, err = calibrate("tare", "--plate", PLATE, "--direct", "--port", port, "--timeout", "30")
        assert status == 1 and err == (
            f"jwo calibrate: {port}: another process has this port open; "
            "is a load_cells node running, perhaps in a --namespace?\n"
        )
        assert holder.state().connected
    finally:
        holder.stop()


def test_a_link_that_is_refused_is_named(folder, calibrate):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f"socket://127.0.0.1:{free.getsockname()[1]}"
    status, _, err = calibrate("tare", "--plate", PLATE, "--direct", "--port", port, "--timeout", "0.5")
    assert status == 1 and err.count("\n") == 1 and port in err and "gave no reading at rest within 0.5 s" in err
