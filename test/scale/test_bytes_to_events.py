"""From the bytes of the simulated boards to shelf events, as a store sees them."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from shelf_signals import make_store

from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.simulation.boards import Board
from just_walk_out.simulation.handling import draw_handling

T0 = 1_700_000_000_000_000_000


def wire(store, seconds, spoil):
    """What arrives when: the frames of two boards on one line, each later by a little of its own."""
    rng = np.random.default_rng(3)
    plates = [plate.id for shelf in store.shelf.values() for plate in shelf.plates]
    steady = dataclasses.replace(
        draw_handling("take", "x", plates[2], "a", 1, -0.3, 6.0, "normal", rng), ring=0.02, press=0.2
    )
    world = SimpleNamespace(
        handlings=[steady, dataclasses.replace(steady, plate=plates[9], change=-0.024, start=9.0, lift=9.2)],
        initial_weight=dict.fromkeys(plates, 4.0),
    )
    boards = [Board(store, store.buses[0], number, "quiet", 5) for number in (0, 1)]
    sent = []
    while min(board.due for board in boards) < seconds:
        board = min(boards, key=lambda board: board.due)
        due = board.due
        sent.append((due + float(rng.exponential(0.004)), spoil(board.emit(world, 0.0), rng)))
    return sorted(sent)


def receive(store, sent):
    driver, stage = LoadCellDriver(store.buses[0], store), ShelfEventStage(store)
    events = []
    for arrival, data in sent:
        for record in driver.feed(T0 + round(arrival * 1e9), data):
            events += [event for output in stage.push(record) for event in output.events]
    return driver.health(T0 + round(sent[-1][0] * 1e9)), events


def check(events):
    first, second = sorted(events, key=lambda event: event.start)
    assert (first.shelf, second.shelf) == ("g1/s0", "g1/s1")
    assert sum(first.change) == pytest.approx(-0.3, abs=0.003)
    assert sum(second.change) == pytest.approx(-0.024, abs=0.003)
    assert (first.start - T0) / 1e9 == pytest.approx(6.1, abs=0.3)


def test_takes_are_found_from_the_bytes_of_two_boards():
    store = make_store(2)
    health, events = receive(store, wire(store, 13.0, lambda data, rng: data))
    check(events)
    assert not any(event.degraded for event in events)
    assert (health.counts.crc_errors, health.counts.lost) == (0, 0)


def test_takes_are_found_though_one_frame_in_twenty_is_hurt():
    def spoil(data, rng):
        if rng.random() > 0.05:
            return data
        place = int(rng.integers(len(data) - 1))
        return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]

    store = make_store(2)
    health, events = receive(store, wire(store, 13.0, spoil))
    check(events)
    assert health.counts.lost > 3
