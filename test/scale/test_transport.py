import os
import socket
import threading
import tty

import pytest

from just_walk_out.scale.transport import SerialTransport, TransportSettings

FAST = TransportSettings(first_retry=0.02, longest_retry=0.05, read_timeout=0.05)
PATIENCE = 10.0


class Board:
    """The other end of a pseudo-terminal, under a link that looks like a device."""

    def __init__(self, link):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.slave = slave
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))

    def send(self, data):
        os.write(self.master, data)

    def unplug(self):
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def make(tmp_path):
    made = []

    def start(port, settings=FAST, **options):
        transport = SerialTransport(str(port), 115200, settings, **options)
        made.append(transport)
        transport.start()
        return transport

    yield start
    for transport in made:
        transport.stop()


def receive(transport, count):
    data = b""
    while len(data) < count:
        chunks = transport.fetch(PATIENCE)
        assert chunks, f"nothing came; {transport.state()}"
        data += b"".join(chunk for _, chunk in chunks)
    return data


def test_a_port_that_is_missing_at_start_is_said_in_one_line_and_found_later(make, tmp_path):
    link = tmp_path / "bus"
    transport = make(link)
    assert transport.wait_for(lambda s: str(link) in s.error, PATIENCE)
    assert not transport.state().connected and "\n" not in transport.state().error
    board = Board(link)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    board.send(b"hello")
    assert receive(transport, 5) == b"hello"
    board.unplug()


def test_a_port_unplugged_mid_stream_comes_back_under_the_same_name(make, tmp_path):
    link = tmp_path / "bus"
    board = Board(link)
    transport = make(link)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    board.send(b"one")
    assert receive(transport, 3) == b"one"
    board.unplug()
    assert transport.wait_for(lambda s: not s.connected and s.error, PATIENCE)
    board = Board(link)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    board.send(b"two")
    assert receive(transport, 3) == b"two"
    assert transport.state().reconnects == 1
    board.unplug()


def test_a_port_that_comes_back_as_another_device_is_found_through_its_link(make, tmp_path):
    """What udev does with /dev/serial/by-id: ttyUSB0 goes, ttyUSB1 comes, the link is laid anew."""
    link = tmp_path / "by-id"
    old = Board(link)
    transport = make(link)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    old.send(b"one")
    assert receive(transport, 3) == b"one"
    first = link.readlink()
    new = Board(link)
    assert link.readlink() != first, "the second device must be another one"
    new.send(b"unheard")
    old.unplug()
    assert transport.wait_for(lambda s: s.connections == 2, PATIENCE)
    # what was in the device before it was opened may be dropped, what comes afterwards is heard
    new.send(b"two")
    data = b""
    while not data.endswith(b"two"):
        data += receive(transport, 1)
    assert transport.state().connected
    new.unplug()


def test_a_link_that_points_nowhere_for_a_while_is_followed_once_it_does(make, tmp_path):
    link = tmp_path / "by-id"
    link.symlink_to(tmp_path / "ttyUSB9")
    transport = make(link)
    assert transport.wait_for(lambda s: str(link) in s.error, PATIENCE)
    board = Board(link)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    board.send(b"here")
    assert receive(transport, 4) == b"here"
    board.unplug()


def test_bytes_come_with_the_stamp_of_the_given_clock(make, tmp_path):
    board = Board(tmp_path / "bus")
    transport = make(tmp_path / "bus", clock=lambda: 42)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    board.send(b"x")
    assert transport.fetch(PATIENCE) == [(42, b"x")]
    board.unplug()


def test_a_slow_consumer_loses_the_oldest_and_it_is_counted(make, tmp_path):
    board = Board(tmp_path / "bus")
    heard = threading.Semaphore(0)
    settings = TransportSettings(first_retry=0.02, longest_retry=0.05, read_timeout=0.05, queue_limit=2)
    transport = make(tmp_path / "bus", settings, notify=heard.release)
    assert transport.wait_for(lambda s: s.connected, PATIENCE)
    for data in (b"a", b"b", b"c"):
        board.send(data)
        assert heard.acquire(timeout=PATIENCE)
    assert b"".join(chunk for _, chunk in transport.fetch()) == b"bc"
    assert transport.state().dropped == 1
    board.unplug()


def test_a_network_link_is_read_and_opened_again(make):
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = make(f"socket://127.0.0.1:{server.getsockname()[1]}")
        for number, data in enumerate((b"first", b"second"), start=1):
            peer, _ = server.accept()
            # Opening a socket URL drops what has come so far, as opening a port does.
            assert transport.wait_for(lambda s, n=number: s.connections == n, PATIENCE)
            peer.sendall(data)
            assert receive(transport, len(data)) == data
            peer.close()
    assert transport.wait_for(lambda s: not s.connected, PATIENCE)
    assert transport.state().error


def test_a_url_that_means_nothing_is_an_error_and_no_end(make):
    transport = make("nonsense://x")
    assert transport.wait_for(lambda s: "nonsense" in s.error, PATIENCE)


def test_the_loop_url_opens(make):
    transport = make("loop://")
    assert transport.wait_for(lambda s: s.connected, PATIENCE)


def test_a_port_that_is_open_elsewhere_is_not_read_beside_and_taken_once_it_is_free(make, tmp_path):
    link = tmp_path / "bus"
    board = Board(link)
    first = make(link)
    assert first.wait_for(lambda s: s.connected, PATIENCE)
    second = make(link)
    assert second.wait_for(lambda s: s.held, PATIENCE)
    assert second.state().error == f"{link}: another process has this port open"
    board.send(b"hello")
    assert receive(first, 5) == b"hello" and second.state().bytes == 0
    first.stop()
    assert second.wait_for(lambda s: s.connected and not s.held, PATIENCE)
    board.send(b"there")
    assert receive(second, 5) == b"there"
    board.unplug()
