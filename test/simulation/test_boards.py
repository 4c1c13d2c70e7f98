from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from cobs import cobs
from numpy.typing import NDArray

from just_walk_out.simulation.boards import BusBoards
from just_walk_out.simulation.scenario import parse_scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store


@dataclass
class Message:
    """One frame as the protocol document describes it."""

    board: int
    sequence: int
    time_us: int
    period_us: int
    status: bytes
    counts: NDArray[np.int64]


def decode(data: bytes) -> list[Message]:
    messages = []
    pieces = data.split(b"\x00")
    assert pieces[-1] == b""
    for piece in pieces[:-1]:
        plain = cobs.decode(piece)
        payload, checksum = plain[:-2], struct.unpack("<H", plain[-2:])[0]
        assert binascii.crc_hqx(payload, 0xFFFF) == checksum
        version, board, sequence, time_us, period_us, channels, samples = struct.unpack_from("<BBHIHBB", payload)
        assert version == 1
        rest = payload[12:]
        assert len(rest) == channels + 4 * channels * samples
        counts = np.frombuffer(rest[channels:], "<i4").reshape(samples, channels).astype(np.int64)
        messages.append(Message(board, sequence, time_us, period_us, rest[:channels], counts))
    return messages


def world_of(store: Store) -> World:
    return World(store, parse_scenario({"shoppers": [{"id": "a", "arrival": 1e6}]}, store), 1)


def talk(store: Store, bus: Bus, seconds: float, seed: int = 1) -> list[Message]:
    boards, world, sent = BusBoards(store, bus, "normal", seed), world_of(store), b""
    for tenth in range(1, int(seconds * 10) + 1):
        sent += boards.advance(tenth / 10, world, None)
    return decode(sent)


def test_frames_are_what_the_protocol_says(store: Store) -> None:
    for bus in store.buses:
        messages = talk(store, bus, 20.0)
        boards = {channel.board for channel in bus.channels}
        assert {message.board for message in messages} == boards
        for board in boards:
            own = [message for message in messages if message.board == board]
            assert len(own) == pytest.approx(200, abs=2)
            wired = sum(channel.board == board for channel in bus.channels)
            for message, following in pairwise(own):
                assert message.counts.shape == (6, wired) and message.status == bytes(wired)
                assert (following.sequence - message.sequence) % 2**16 == 1
                assert (following.time_us - message.time_us) % 2**32 == pytest.approx(100_000, abs=100)
                assert message.period_us == 16667


def test_clocks_of_boards_differ(store: Store) -> None:
    boards = BusBoards(store, store.buses[0], "normal", 1).boards
    rates = [board.rate_error for board in boards]
    assert len(set(rates)) == len(rates) and max(abs(rate) for rate in rates) <= 100e-6
    starts = {message.board: message.time_us for message in reversed(talk(store, store.buses[0], 0.5))}
    assert len(set(starts.values())) == len(starts)


def test_counts_are_kilograms_by_the_calibration_of_the_store(store: Store) -> None:
    world = world_of(store)
    bus = store.buses[0]
    messages = talk(store, bus, 2.0)
    for channel in bus.channels:
        counts = np.concatenate([m.counts[:, channel.channel] for m in messages if m.board == channel.board])
        weight = (np.median(counts) - channel.zero) * channel.scale
        # Cells are never zeroed: within a few hundred grams is all that an absolute reading tells.
        assert weight == pytest.approx(world.initial_weight[channel.plate], abs=0.25)


def test_a_converter_that_runs_full_says_so(store: Store) -> None:
    bus = store.buses[0]
    first = bus.channels[0]
    channels = (replace(first, scale=1e-9), *bus.channels[1:])
    messages = talk(store, replace(bus, channels=channels), 1.0)
    own = [message for message in messages if message.board == first.board]
    assert all(message.status[first.channel] == 2 for message in own)
    assert all(abs(int(message.counts[0, first.channel])) >= 2**23 - 1 for message in own)


def test_a_channel_nobody_wired_is_a_fault(store: Store) -> None:
    bus = store.buses[0]
    kept = tuple(channel for channel in bus.channels if channel.channel != 1)
    messages = talk(store, replace(bus, channels=kept), 0.5)
    assert all(message.status[1] == 3 for message in messages)


def test_bytes_follow_the_seed(store: Store) -> None:
    def sent(seed: int, pace: int) -> bytes:
        boards, world = BusBoards(store, store.buses[1], "normal", seed), world_of(store)
        return b"".join(boards.advance(step / pace, world, 0.0) for step in range(1, 3 * pace + 1))

    assert sent(1, 10) == sent(1, 37)
    assert sent(1, 10) != sent(2, 10)
