"""The stage against the signals of the simulated store, which is written apart from it."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from shelf_signals import PERIOD, T0, make_store, seconds

from just_walk_out.records import PlateStatus, ShelfWeights
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.simulation.handling import draw_handling, draw_touch
from just_walk_out.simulation.scales import PlateGroup
from just_walk_out.store.model import Facing, Product

PLATES = 6
SECONDS = 240.0
WEIGHTS = (0.024, 0.05, 0.12, 0.3, 0.8, 1.6)


def scenario(rng, plates):
    """Hands at one shelf, one after the other: takes, puts, spread products, touches and leans."""
    handlings, at = [], 5.0
    while at < SECONDS - 8.0:
        plate = int(rng.integers(PLATES))
        if rng.random() < 0.15:
            lean = 2.0 if rng.random() < 0.4 else 0.0
            handlings.append(draw_touch("x", plates[plate], at, rng, lean))
            at += lean
        else:
            change = float(rng.choice(WEIGHTS)) * (-1.0 if rng.random() < 0.7 else 1.0)
            manner = str(rng.choice(["quick", "normal", "slow"], p=[0.3, 0.65, 0.05]))
            hand = draw_handling("take", "x", plates[plate], "a", 1, change, at, manner, rng)
            if change < -0.1 and rng.random() < 0.3:
                first = min(plate, PLATES - 3)
                for k, share in enumerate((0.25, 0.5, 0.25)):
                    handlings.append(
                        dataclasses.replace(
                            hand, plate=plates[first + k], change=share * change, ring=share * hand.ring
                        )
                    )
            else:
                handlings.append(hand)
        at += float(rng.uniform(3.0, 6.0))
    return handlings


def events_of(noise, seed, known):
    """Return what hands do and the events found, with or without a planogram."""
    rng = np.random.default_rng(seed)
    store = make_store(1, PLATES)
    plates = tuple(plate.id for plate in store.shelf["g1/s0"].plates)
    products = tuple(Product(str(weight), "", "", weight, 0.001, 100) for weight in WEIGHTS)
    facings = tuple(Facing(product.sku, plates) for product in products if known)
    store = dataclasses.replace(store, products=products, planogram=facings)
    handlings = scenario(rng, plates)
    world = SimpleNamespace(handlings=handlings, initial_weight=dict.fromkeys(plates, 5.0))
    cells = PlateGroup(store, plates, noise, seed, "board")
    clock = np.arange(int(SECONDS * 60)) / 60.0
    grams = np.concatenate([cells.sample(clock[k : k + 600], world, 0.0) for k in range(0, len(clock), 600)])
    stage = ShelfEventStage(store)
    status = (PlateStatus.OK,) * PLATES
    found = []
    for number, k in enumerate(range(0, len(clock), 6)):
        weights = grams[k : k + 6].astype(np.float32).reshape(-1)
        record = ShelfWeights(T0 + k * PERIOD, "g1/s0", "bus/0", number, 0, PERIOD, plates, status, weights)
        for output in stage.push(record):
            found += [((k + 5) / 60.0, event) for event in output.events]
    return handlings, found


def score(handlings, found):
    """Match events by time, plate and weight; return hits, truths, events and the delays after the plate is still."""
    truths = {}
    for hand in handlings:
        if hand.change:
            truths.setdefault(hand.start, []).append(hand)
    left, delays = list(found), []
    for start, hands in truths.items():
        change = sum(hand.change for hand in hands)
        settled = max(hand.settled for hand in hands)
        for item in left:
            published, event = item
            near = seconds(event.start) < settled + 1.0 and seconds(event.end) > start - 1.0
            where = {hand.plate for hand in hands} & set(event.plates)
            if near and where and abs(sum(event.change) - change) < max(0.005, 0.03 * abs(change)):
                left.remove(item)
                delays.append(published - settled)
                break
    return len(delays), len(truths), len(found), delays


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("noise", "least"), [("quiet", 0.98), ("normal", 0.96), ("rough", 0.94)])
def test_events_of_the_simulated_shelf_are_found(noise, least, known):
    hits = truths = events = 0
    delays = []
    for seed in range(4):
        a, b, c, d = score(*events_of(noise, seed, known))
        hits, truths, events, delays = hits + a, truths + b, events + c, delays + d
    f1 = 2 * hits / (truths + events)
    print(
        f"{noise}: F1 {f1:.3f}, {truths} true, {events} found, delay median {np.median(delays):.2f} s, "
        f"p99 {np.percentile(delays, 99):.2f} s"
    )
    assert f1 >= least
    assert np.median(delays) <= 0.35
    assert np.percentile(delays, 99) <= (0.8 if noise == "quiet" else 1.6)
