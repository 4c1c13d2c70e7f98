"""The load-cell drivers of a store on real pseudo-terminals, in real time."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.transport import SerialTransport
from just_walk_out.simulation.line import SerialLine
from just_walk_out.store.model import Store

_PATIENCE = 30.0


def read_in_real_time(store: Store, traffic: dict[str, list[tuple[int, bytes]]]) -> float:
    """Return the CPU seconds that transports and drivers of all buses need; takes as long as the traffic did.

    Another process sends, so that only reading is counted. All buses are read by this one process, each by a
    transport with its thread, as a ``load_cells`` node reads one.

    Raises:
        RuntimeError: the sender or a port did not come up.
    """
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    with tempfile.TemporaryDirectory() as folder:
        sender = context.Process(target=_send, args=(Path(folder), traffic, ready, go), daemon=True)
        sender.start()
        if not ready.wait(_PATIENCE):
            raise RuntimeError("the sending process did not come up")
        wake = threading.Event()
        lines = []
        for bus in store.buses:
            transport = SerialTransport(str(Path(folder) / bus.id), bus.baudrate, notify=wake.set)
            transport.start()
            if not transport.wait_for(lambda state: state.connected, _PATIENCE):
                raise RuntimeError(f"{bus.id}: {transport.state().error}")
            lines.append((transport, LoadCellDriver(bus, store)))
        expected = sum(len(frames) for frames in traffic.values())
        received = 0
        began = time.process_time()
        go.set()
        while received < expected and (sender.is_alive() or wake.is_set()):
            wake.wait(1.0)
            wake.clear()
            for transport, driver in lines:
                for arrival, data in transport.fetch():
                    received += len(driver.feed(arrival, data))
        spent = time.process_time() - began
        for transport, _ in lines:
            transport.stop()
        sender.terminate()
        sender.join()
    if received < 0.98 * expected:
        raise RuntimeError(f"only {received} of {expected} frames were read: this machine is too busy to measure on")
    return spent


def _send(folder: Path, traffic: dict[str, list[tuple[int, bytes]]], ready: Event, go: Event) -> None:
    lines = {bus: SerialLine(folder / bus, 460_800) for bus in traffic}
    for line in lines.values():
        line.plug()
    agenda = sorted((arrival, bus, data) for bus, frames in traffic.items() for arrival, data in frames)
    ready.set()
    go.wait()
    shift = time.time_ns() - agenda[0][0]
    for arrival, bus, data in agenda:
        ahead = (arrival + shift - time.time_ns()) / 1e9
        if ahead > 0:
            time.sleep(ahead)
        lines[bus].send(data)
    time.sleep(1.0)
    for line in lines.values():
        line.unplug()
