"""Driver and transport on real ports, as the node joins them, with devices at the other end that answer."""

import asyncio
import contextlib
import dataclasses
import os
import select
import socket
import threading
import time
import tty
from types import SimpleNamespace

import pytest
import serial
from buses import PLATES, STORE, modbus_bus, text_bus
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from serial.rfc2217 import PortManager

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.transport import SerialTransport, TransportSettings
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.line import SerialLine

FAST = TransportSettings(first_retry=0.02, longest_retry=0.05, read_timeout=0.05)
PATIENCE = 20.0
WORLD = SimpleNamespace(handlings=[], initial_weight=dict(zip(PLATES, (1.5, 2.5, 3.5), strict=True)))


class Host:
    """The host's end of a bus."""

    def __init__(self, bus, port):
        self.driver = LoadCellDriver(bus, STORE)
        self.guard = threading.Lock()
        self.batches = []
        self.transport = SerialTransport(port, bus.baudrate, FAST, framing=bus.framing, talk=self.talk)
        self.transport.start()

    def talk(self, stamp, data):
        with self.guard:
            self.batches += self.driver.feed(stamp, data)
            poll = self.driver.poll(stamp)
        return poll.data, poll.at, poll.due

    def health(self):
        with self.guard:
            return self.driver.health(time.time_ns())

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"{what}; {self.transport.state()}; {self.health()}"
            with self.guard:
                self.batches += self.driver.idle(time.time_ns())
            self.transport.wait_for(lambda state: False, 0.05)

    def hear(self, *statuses):
        """Wait for a batch with samples and these statuses, heard from now on, and return its weights."""
        start = len(self.batches)

        def heard():
            return [b for b in self.batches[start:] if len(b.weights) and b.status == statuses]

        self.until(heard, f"no batch is {statuses}")
        return heard()[-1].samples[-1].tolist()

    def stale(self):
        start = len(self.batches)
        self.until(
            lambda: any(set(b.status) == {PlateStatus.STALE} and not len(b.weights) for b in self.batches[start:]),
            "silence is not reported",
        )


class Bench:
    """Simulated devices that live in a thread, at the other end of a pseudo-terminal."""

    def __init__(self, bus, path):
        self.devices = make_devices(STORE, bus, "quiet", 1)
        self.line = SerialLine(path, bus.baudrate)
        self.deaf = False
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.plug()
        self._thread.start()

    def plug(self):
        with self._guard:
            self.line.plug()

    def unplug(self):
        with self._guard:
            self.line.unplug()

    def _live(self):
        launched = time.time()
        while not self._over.wait(0.002):
            now = time.time() - launched
            with self._guard:
                data = self.line.receive()
                if data and not self.deaf:
                    self.devices.hear(data, now)
                self.line.send(self.devices.advance(now, WORLD, None))

    def stop(self):
        self._over.set()
        self._thread.join()
        self.line.unplug()


@pytest.fixture
def ends(tmp_path):
    """Make hosts and benches that are stopped in the end."""
    made = contextlib.ExitStack()

    def bench(bus, name="bus"):
        each = Bench(bus, tmp_path / name)
        made.callback(each.stop)
        return each

    def host(bus, port=None):
        each = Host(bus, str(tmp_path / "bus") if port is None else port)
        made.callback(each.transport.stop)
        return each

    with made:
        yield SimpleNamespace(bench=bench, host=host, port=tmp_path / "bus")


SCALES = {
    "mt_sics continuous": text_bus("mt_sics"),
    "and_stream polled": text_bus("and_stream", polled=True),
    "modbus_rtu": modbus_bus(((1, 0),), timeout=0.2),
}
OK = PlateStatus.OK


@pytest.mark.parametrize("bus", SCALES.values(), ids=SCALES)
def test_a_scale_absent_at_start_pulled_and_back_under_another_device_is_weighed(ends, bus):
    host = ends.host(bus)
    host.stale()
    bench = ends.bench(bus)
    assert host.hear(OK) == pytest.approx([1.5], abs=0.2)
    before = os.readlink(ends.port)
    bench.unplug()
    host.stale()
    # The name that the device had is taken now, as when adapters are plugged in another order.
    taken = [os.openpty() for _ in range(3)]
    bench.plug()
    assert host.hear(OK) == pytest.approx([1.5], abs=0.2)
    assert os.readlink(ends.port) != before
    for pair in taken:
        for descriptor in pair:
            os.close(descriptor)


@pytest.mark.parametrize("bus", [SCALES["mt_sics continuous"], SCALES["modbus_rtu"]], ids=["mt_sics", "modbus_rtu"])
def test_at_the_wrong_speed_plates_are_stale_and_well_at_the_right_one(ends, bus):
    bench = ends.bench(bus)
    wrong = ends.host(dataclasses.replace(bus, baudrate=19200))
    wrong.stale()
    assert not any(len(batch.weights) for batch in wrong.batches)
    wrong.transport.stop()
    right = ends.host(bus)
    right.hear(OK)
    assert bench.line.plugged


def test_a_scale_is_zeroed_and_tared(ends):
    bus = text_bus("mt_sics")
    ends.bench(bus)
    host = ends.host(bus)
    host.hear(OK)
    host.driver.request("zero")
    host.until(lambda: host.driver.outcome() == "zero: refused", "the load is beyond the range of zeroing")
    host.driver.request("tare")
    host.until(lambda: host.driver.outcome() == "tare: done", "the scale does not tare")
    assert host.hear(OK) == pytest.approx([0.0], abs=0.01)


def test_several_transmitters_share_a_line_and_one_that_is_deaf_holds_up_none(ends):
    bus = modbus_bus(type="float32", scale=1.0, word_order="little", timeout=0.2)
    two = dataclasses.replace(bus.registers, points=((1, 0), (3, 0)))
    ends.bench(dataclasses.replace(bus, channels=bus.channels[:2], registers=two))
    host = ends.host(bus)
    weights = host.hear(OK, PlateStatus.STALE, OK)
    assert weights[0] == pytest.approx(1.5, abs=0.2) and weights[2] == pytest.approx(2.5, abs=0.2)


DEVICES = [
    SimDevice(1, simdata=[SimData(0, values=1500, datatype=DataType.INT32)]),
    SimDevice(2, simdata=[SimData(0, values=-20, datatype=DataType.INT32)]),
    SimDevice(4, simdata=[SimData(70, values=7, datatype=DataType.INT16)]),
]


class PymodbusServer:
    """A server of pymodbus, in a thread of its own."""

    def __init__(self, make):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.server = self._do(self._start(make))

    async def _start(self, make):
        server = make()
        await server.serve_forever(background=True)
        return server

    def _do(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(PATIENCE)

    def close(self):
        self._do(self.server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def check_against_pymodbus(host):
    fault = PlateStatus.FAULT
    assert host.hear(OK, OK, fault)[:2] == pytest.approx([1.5, -0.02])
    # Unit 4 has no register 0 and says so.
    assert host.driver.take_notices() == ["bus: unit 4 answers with exception 2"]
    assert host.health().counts.crc_errors == 0


def test_the_server_of_pymodbus_is_read_over_a_socket(ends):
    server = PymodbusServer(
        lambda: ModbusTcpServer(DEVICES, framer=FramerType.RTU, address=("127.0.0.1", 0), ignore_missing_devices=True)
    )
    try:
        port = server.server.transport.sockets[0].getsockname()[1]
        check_against_pymodbus(
            ends.host(modbus_bus(((1, 0), (2, 0), (4, 0)), timeout=0.5), f"socket://127.0.0.1:{port}")
        )
    finally:
        server.close()


def test_the_server_of_pymodbus_is_read_over_a_serial_line(ends, tmp_path):
    pairs = [os.openpty() for _ in range(2)]
    for _, slave in pairs:
        tty.setraw(slave)
    (ours, near), (theirs, far) = pairs
    over = threading.Event()

    def cable():
        while not over.is_set():
            for end in select.select([ours, theirs], (), (), 0.05)[0]:
                os.write(theirs if end == ours else ours, os.read(end, 4096))

    thread = threading.Thread(target=cable, daemon=True)
    thread.start()
    server = PymodbusServer(
        lambda: ModbusSerialServer(
            DEVICES, framer=FramerType.RTU, port=os.ttyname(far), baudrate=115200, ignore_missing_devices=True
        )
    )
    try:
        check_against_pymodbus(ends.host(modbus_bus(((1, 0), (2, 0), (4, 0)), timeout=0.5), os.ttyname(near)))
    finally:
        server.close()
        over.set()
        thread.join()
        for pair in pairs:
            for descriptor in pair:
                os.close(descriptor)


class Terminal(serial.Serial):
    """A pseudo-terminal as a port: it has no modem lines, which an RFC 2217 server reports."""

    cts = dsr = ri = cd = False
    rts = dtr = True


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
@pytest.mark.parametrize("bus", [SCALES["mt_sics continuous"], SCALES["modbus_rtu"]], ids=["mt_sics", "modbus_rtu"])
def test_a_scale_behind_an_rfc2217_server_is_weighed(ends, bus):
    """A serial server that lets the client set the speed; the server's part is pyserial's."""
    ends.bench(bus)
    over = threading.Event()

    def serve():
        peer, _ = listener.accept()
        guard = threading.Lock()

        class Connection:
            def write(self, data):
                with guard, contextlib.suppress(OSError):
                    peer.sendall(data)

        with peer, Terminal(str(ends.port), bus.baudrate, timeout=0.01) as port:
            manager = PortManager(port, Connection())
            peer.settimeout(0.01)
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    port.write(b"".join(manager.filter(peer.recv(1024))))
                data = port.read(max(1, port.in_waiting))
                if data:
                    Connection().write(b"".join(manager.escape(data)))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host = ends.host(bus, f"rfc2217://127.0.0.1:{listener.getsockname()[1]}")
        assert host.hear(OK) == pytest.approx([1.5], abs=0.2)
        host.transport.stop()
        over.set()
        thread.join()


def test_a_scale_behind_a_serial_server_of_the_network_is_asked(ends):
    """A plain TCP socket, as serial servers offer it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bus = text_bus("mt_sics", polled=True, timeout=0.5)
        host = ends.host(bus, f"socket://127.0.0.1:{listener.getsockname()[1]}")
        peer, _ = listener.accept()

        def answer():
            with contextlib.suppress(OSError):
                while peer.recv(64) == b"SI\r\n":
                    peer.sendall(b"S S     250.00 g\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert host.hear(OK) == pytest.approx([0.25])
        host.transport.stop()
        peer.close()
        thread.join()
