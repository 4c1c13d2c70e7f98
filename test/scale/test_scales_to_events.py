"""From the bytes of simulated scales to shelf events: few readings a second, with no clock but their arrival."""

import dataclasses
import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from buses import PLATES, SECOND, STORE, T0, modbus_bus, text_bus
from test_simulated_shelf import score

from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.simulation.devices import make_devices
from just_walk_out.simulation.handling import draw_handling

LENGTH = 60.0


def record(bus, handlings, noise="quiet", seconds=LENGTH, jitter=0.0, seed=3, spoil=None):
    """Let a bus and its devices talk; return the driver's batches by arrival, seconds.

    What the devices send goes through ``spoil`` on its way, if there is one.
    """
    rng = np.random.default_rng(seed)
    driver = LoadCellDriver(bus, STORE)
    devices = make_devices(STORE, bus, noise, seed)
    world = SimpleNamespace(handlings=handlings, initial_weight=dict.fromkeys(PLATES, 5.0))
    batches, now = [], 0
    while now < seconds * SECOND:
        data = devices.advance(now / SECOND, world, 0.0)
        # The host is told a little late, and its answer goes out later still.
        late = round(float(rng.exponential(jitter)) * SECOND) if data and jitter else 0
        arrival = T0 + now + late
        data = spoil(data) if data and spoil else data
        batches += [(arrival, batch) for batch in driver.feed(arrival, data)]
        poll = driver.poll(arrival)
        devices.hear(poll.data, (max(arrival, poll.at) - T0) / SECOND)
        due = math.inf if poll.due is None else poll.due - T0
        spoken = math.ceil(devices.due * SECOND) + 1 if devices.due < math.inf else due
        now = max(now + late, min(spoken, due))
    return driver, batches


def events_of(batches):
    stage = ShelfEventStage(STORE)
    return [
        ((arrival - T0) / SECOND, event)
        for arrival, batch in batches
        for output in stage.push(batch)
        for event in output.events
    ]


def takes(plates, weights, every, rng, manner="normal"):
    """Units taken one after the other, and put back."""
    hands = []
    for number, at in enumerate(np.arange(5.0, LENGTH - 6.0, every)):
        change = -float(weights[number % len(weights)]) * (1 if number % 4 < 3 else -1)
        hands.append(draw_handling("take", "x", plates[number % len(plates)], "a", 1, change, float(at), manner, rng))
    return hands


BUSES = {
    "mt_sics 10/s": text_bus("mt_sics"),
    "mt_sics polled 8/s": text_bus("mt_sics", polled=True, rate=8.0),
    "and_stream 5/s": text_bus("and_stream", rate=5.0),
    "and_stream 20/s": text_bus("and_stream", rate=20.0),
    "modbus_rtu 10/s": modbus_bus(),
    "modbus_rtu 25/s": modbus_bus(((1, 0), (2, 0)), rate=25.0),
}


@pytest.mark.parametrize("jitter", [0.0, 0.004], ids=["steady", "jittering"])
@pytest.mark.parametrize("bus", BUSES.values(), ids=BUSES)
def test_takes_are_found_at_the_rates_of_scales(bus, jitter):
    plates = [channel.plate for channel in bus.channels]
    hands = takes(plates, (0.1, 0.35, 1.0), 4.0, np.random.default_rng(1))
    driver, batches = record(bus, hands, jitter=jitter)
    period = round(SECOND / bus.reading.rate)
    assert {batch.sample_period for _, batch in batches} == {period}
    assert len(batches) == pytest.approx(LENGTH * bus.reading.rate, rel=0.02)
    assert driver.take_notices() == [] and batches[-1][1].lost <= 1
    hits, truths, found, delays = score(hands, events_of(batches))
    assert (hits, found) == (truths, truths)
    assert np.median(delays) < 5.0 / bus.reading.rate + 0.4


def test_readings_that_come_late_on_a_busy_host_lose_no_event():
    hands = takes(PLATES, (0.1, 0.35, 1.0), 4.0, np.random.default_rng(1))
    _, batches = record(modbus_bus(timeout=0.5), hands, jitter=0.03)
    gaps = np.diff([batch.stamp for _, batch in batches]) / 1e6
    assert np.mean(gaps > 175) > 0.05, "many rounds are late"
    events = events_of(batches)
    hits, truths, found, _ = score(hands, events)
    assert (hits, found) == (truths, truths)
    assert not any(event.degraded for _, event in events)


def test_stamps_tell_when_the_load_changed():
    """A step of the load shows at its time, whatever the line and the jitter of the host add."""
    for bus in (text_bus("mt_sics"), text_bus("and_stream"), modbus_bus(((1, 0),))):
        hand = draw_handling("take", "x", PLATES[0], "a", 1, -1.0, 20.0, "quick", np.random.default_rng(1))
        _, batches = record(bus, [hand], seconds=30.0, jitter=0.004)
        before = np.median([b.weights[0] for _, b in batches[:100]])
        after = np.median([b.weights[0] for _, b in batches[-50:]])
        half = next(b.stamp for _, b in reversed(batches) if b.weights[0] > (before + after) / 2)
        lifted = hand.start + np.argmax(hand.transfer(np.arange(hand.start, hand.settled, 0.001)) < -0.5) / 1000
        # half the filter of the scale, half a reading, and the touch before the lift
        assert (half - T0) / SECOND == pytest.approx(lifted, abs=0.25)
        stamps = [batch.stamp for _, batch in batches]
        assert all(a < b for a, b in itertools.pairwise(stamps))
        assert all(batch.stamp <= arrival for arrival, batch in batches)


def test_a_scale_that_sends_half_as_often_as_described_is_told_and_still_weighs():
    bus = text_bus("and_stream")
    hands = takes([PLATES[0]], (0.35,), 6.0, np.random.default_rng(1))[1:]
    devices = dataclasses.replace(bus, reading=dataclasses.replace(bus.reading, rate=5.0))
    sender, driver = make_devices(STORE, devices, "quiet", 3), LoadCellDriver(bus, STORE)
    world = SimpleNamespace(handlings=hands, initial_weight=dict.fromkeys(PLATES, 5.0))
    batches = []
    while sender.due < LENGTH:
        arrival = T0 + round(sender.due * SECOND)
        batches += [(arrival, batch) for batch in driver.feed(arrival, sender.advance(sender.due, world, 0.0))]
    assert driver.take_notices() == ["bus: does not deliver the 10 readings/s of its rate"]
    assert batches[-1][1].sample_period == 200_000_000
    hits, truths, _, _ = score(hands, events_of(batches))
    assert hits == truths
