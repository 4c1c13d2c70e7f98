"""Quick takes, one after another, of things that lie on several plates: each is told as the whole thing it is."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shelf_signals import Signal, seconds
from test_planogram import events_of, final, store_with

from just_walk_out.scale.events.contents import Contents
from just_walk_out.scale.events.overlaps import Overlaps
from just_walk_out.scale.events.plate_step import PlateStep
from just_walk_out.scale.events.settings import ShelfEventSettings

# A case of drinks spans four plates; each thing lies on two or three of them.
CRATE = {"crate": (0.930, (1, 2, 3, 4)), "tin": (0.350, (0,)), "jar": (0.470, (5,))}


def take(signal, at, weight, shares, lift=0.24):
    """Take a thing of so many grams of which each plate carries a share."""
    for plate, share in shares.items():
        signal.move(plate, at, -weight * share, lift)
    return signal


def weights(events):
    return [sum(event.change) for event in sorted(events, key=lambda event: event.start)]


@pytest.mark.parametrize("noise", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("apart", [0.3, 0.35, 0.4])
def test_three_quick_takes_over_plates_that_do_not_rest_between_are_three_whole_things(noise, apart):
    signal = Signal(10, noise=noise, seed=3)
    for place, shares in enumerate(({4: 0.38, 3: 0.62}, {2: 0.29, 3: 0.71}, {4: 0.38, 3: 0.62})):
        take(signal, 4.0 + place * apart, 930.0, shares)
    found = events_of(signal, store_with(CRATE))
    assert weights(final(found)) == pytest.approx([-0.93] * 3, abs=0.012)
    assert found[-1][0] < 4.0 + 2 * apart + 0.24 + 1.6
    assert len({event.id for event in final(found)}) == 3
    for place, event in enumerate(sorted(final(found), key=lambda event: event.start)):
        moved = 4.0 + place * apart + 0.12
        assert moved - 0.4 < seconds(event.start) < moved < seconds(event.end) < moved + 0.4


def test_things_of_two_products_that_share_a_plate_are_told_apart():
    store = store_with({"crate": (0.930, (1, 2)), "box": (0.640, (2, 3)), "tin": (0.350, (0,))})
    signal = take(take(Signal(10, seed=4), 4.0, 930.0, {1: 0.6, 2: 0.4}), 4.3, 640.0, {2: 0.3, 3: 0.7})
    found = final(events_of(signal, store))
    assert weights(found) == pytest.approx([-0.93, -0.64], abs=0.01)
    assert [event.plates[-1] for event in sorted(found, key=lambda event: event.start)] == ["g1/s0/p2", "g1/s0/p3"]


def test_whole_things_side_by_side_do_not_wait_for_one_another():
    signal = take(take(Signal(10, seed=6), 4.0, 350.0, {0: 1.0}), 4.25, 930.0, {1: 0.3, 2: 0.7}, 1.5)
    found = [(told, event) for told, event in events_of(signal, store_with(CRATE)) if event in final([(told, event)])]
    assert weights([event for _, event in found]) == pytest.approx([-0.35, -0.93], abs=0.01)
    assert found[0][0] < 4.0 + 0.24 + 0.8


def test_what_did_not_happen_at_once_is_no_thing_for_another_between_them():
    """Two steps that together weigh what a crate does, but seconds and plates apart; a third overlaps both."""
    store = store_with({"crate": (0.930, (1, 2, 3))})
    plates = list(store.plate)
    near = np.abs(np.subtract.outer(range(len(plates)), range(len(plates)))) == 1
    limits = ShelfEventSettings()

    def step(column, start, end, change):
        first, last = round(start * 1e9), round(end * 1e9)
        half = (first + last) // 2
        return PlateStep(column, first, last, change, 1e-6, False, half, 10**8, last, last + 10**8, 4, 1.0)

    early, late, between = step(1, 4.0, 4.5, -0.4), step(3, 5.5, 6.0, -0.53), step(2, 4.4, 5.6, -0.27)
    overlaps = Overlaps(near, Contents(plates, store, limits), limits)
    assert overlaps.explain([[early], [late]]) is None
    assert overlaps.explain([[early], [late], [between]]) is None


@settings(max_examples=12, deadline=None)
@given(
    shares=st.lists(st.floats(0.15, 0.85), min_size=2, max_size=3),
    apart=st.floats(0.2, 0.6),
    seed=st.integers(0, 99),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_what_is_told_weighs_what_the_shelf_lost(shares, apart, seed, sign):
    assume(all(abs(share - 0.5) > 0.02 for share in shares))
    signal = Signal(9, seed=seed)
    for place, share in enumerate(shares):
        outer = 4 if place % 2 == 0 else 2
        take(signal, 4.0 + place * apart, -sign * 930.0, {outer: share, 3: 1.0 - share})
    found = final(events_of(signal, store_with(CRATE)))
    assert sum(weights(found)) == pytest.approx(sign * 0.93 * len(shares), abs=0.012)
    assert len({event.id for event in found}) == len(found)
