"""What the planogram tells about steps: whole pieces, shares of things, and when it is not to be believed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import Signal, make_store, seconds

from just_walk_out.records import EventState
from just_walk_out.scale.events.contents import CLEAR, Contents
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.store.model import Facing, Product

NOISES = [0.3, 1.0]
# What stands on which plates: kilograms, and columns.
GOODS = {"tin": (0.350, (1,)), "bar": (0.120, (2,)), "box": (0.800, (3, 4)), "gum": (0.024, (0,)), "jar": (0.470, (5,))}


def store_with(goods=None, plates=6):
    """Return a store of one shelf with a planogram."""
    store = make_store(1, plates)
    goods = GOODS if goods is None else goods
    products = tuple(Product(sku, sku, "", weight, 0.001 + 0.002 * weight, 100) for sku, (weight, _) in goods.items())
    facings = tuple(Facing(sku, tuple(f"g1/s0/p{at}" for at in columns)) for sku, (_, columns) in goods.items())
    return dataclasses.replace(store, products=products, planogram=facings)


def events_of(signal, store=None):
    """Return all events with when each was published, checking that no watermark had passed it."""
    stage = ShelfEventStage(store_with() if store is None else store)
    found, promised = [], 0
    for record in signal.records():
        for output in stage.push(record):
            for event in output.events:
                assert event.start > promised, "an event begins before a promise"
                found.append((seconds(output.stamp), event))
            promised = max([promised, *(mark.stamp for mark in output.watermarks)])
    return found


def final(found):
    return [event for _, event in found if event.state is EventState.FINAL]


def grams(events):
    """Return what changed on which plates, rounded to 10 g, in the order of the plates."""
    changes = [
        {int(plate[-1]): round(100 * change) * 10 for plate, change in zip(event.plates, event.change, strict=True)}
        for event in events
    ]
    return sorted(changes, key=min)


def take_first(signal):
    """Take a tin: so the planogram is confirmed for its plate."""
    return signal.move(1, 3.0, -350.0)


def hold(signal, plate, at, duration, change, level, taken):
    """Somebody lifts something in part, holds it with a trembling hand, and takes it or lets it down."""
    since = signal.t - at
    up = np.clip(since / 0.2, 0.0, 1.0)
    tremor = 0.04 * np.sin(2 * np.pi * 0.9 * since) + 0.02 * np.sin(2 * np.pi * 3.1 * since)
    after = np.clip((since - duration) / 0.2, 0.0, 1.0)
    held = up * (level + tremor) * (1.0 - after) + (after if taken else 0.0)
    signal.grams[:, plate] += change * held
    return signal


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("apart", [0.0, 0.03, 0.1, 0.25])
def test_two_hands_that_take_side_by_side_at_once_are_two_events(noise, apart):
    signal = Signal(9, noise=noise, seed=1).move(1, 4.0, -351.0).move(2, 4.0 + apart, -119.5)
    assert grams(final(events_of(signal))) == [{1: -350}, {2: -120}]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_one_thing_over_the_edge_of_two_plates_is_one_event(noise, share):
    signal = Signal(9, noise=noise, seed=2).move(3, 4.0, -800.0 * share).move(4, 4.03, -800.0 * (1.0 - share))
    (event,) = final(events_of(signal))
    assert event.plates == ("g1/s0/p3", "g1/s0/p4")
    assert sum(event.change) == pytest.approx(-0.8, abs=0.004)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("duration", [1.0, 2.5, 4.0])
def test_a_thing_held_over_its_plate_and_taken_is_one_event_in_the_end(noise, duration):
    signal = hold(take_first(Signal(13, noise=noise, seed=3)), 1, 6.0, duration, -350.0, 0.5, True)
    found = events_of(signal)
    assert [sum(event.change) for event in final(found)] == pytest.approx([-0.35, -0.35], abs=0.004)
    published, last = [item for item in found if item[1].state is EventState.FINAL][-1]
    assert published < 6.0 + duration + 0.2 + 0.9
    settling = [event for _, event in found if event.state is EventState.SETTLING]
    assert all(event.id == last.id and event.plates == last.plates for event in settling)


@pytest.mark.parametrize("noise", NOISES)
def test_a_thing_held_over_its_plate_and_let_down_is_no_event(noise):
    signal = hold(take_first(Signal(13, noise=noise, seed=4)), 1, 6.0, 2.0, -350.0, 0.5, False)
    assert grams(final(events_of(signal))) == [{1: -350}]


def test_a_held_thing_is_told_of_as_settling_and_then_finally_under_one_id():
    signal = take_first(Signal(13, noise=0.5, seed=5)).move(1, 6.0, -200.0).move(1, 6.6, -150.0)
    states = [(event.state, event.id) for _, event in events_of(signal)]
    assert states[1:] == [(EventState.SETTLING, states[1][1]), (EventState.FINAL, states[1][1])]


def test_what_is_let_down_again_is_settling_until_the_watermark_has_passed_it():
    signal = take_first(Signal(13, noise=0.5, seed=6)).move(1, 6.0, -200.0).move(1, 6.6, 200.0)
    stage, settling, mark = ShelfEventStage(store_with()), [], 0
    for record in signal.records():
        for output in stage.push(record):
            settling += [event for event in output.events if event.state is EventState.SETTLING]
            mark = max([mark, *(item.stamp for item in output.watermarks)])
    (event,) = settling
    assert mark > event.start


@pytest.mark.parametrize("noise", NOISES)
def test_the_last_grams_of_a_thing_are_believed_as_soon_as_they_make_it_whole(noise):
    signal = Signal(11, noise=noise, seed=9).move(0, 4.0, -17.5, 0.3).move(0, 5.2, -6.5, 0.3)
    found = events_of(signal)
    assert [sum(event.change) for event in final(found)] == pytest.approx([-0.024], abs=0.002)
    assert found[-1][0] < 6.3


@pytest.mark.parametrize("force", [60.0, 120.0, 240.0])
@pytest.mark.parametrize("lift", [1.5, 2.0, 2.7])
def test_a_hand_that_presses_before_it_lifts_slowly_takes_no_more_than_it_lifts(force, lift):
    signal = Signal(12, noise=1.0, seed=7)
    press = force * np.sin(np.pi * np.clip((signal.t - 3.85) / 0.3, 0.0, 1.0)) ** 2
    gone = np.clip((signal.t - 4.0) / lift, 0.0, 1.0)
    for plate, share in ((1, 0.25), (2, 0.75)):
        tremor = 1.0 + 0.03 * np.sin(2 * np.pi * 7.3 * signal.t) * np.sin(np.pi * gone)
        signal.grams[:, plate] += share * (press - 224.0 * tremor * gone**2 * (3.0 - 2.0 * gone))
    (event,) = final(events_of(signal, store_with({"jar": (0.224, (1, 2)), "tin": (0.350, (3,))})))
    assert sum(event.change) == pytest.approx(-0.224, abs=0.003)


@pytest.mark.parametrize("seed", range(3))
def test_light_shares_of_a_thing_over_three_plates_are_believed_as_soon_as_they_make_it_whole(seed):
    store = store_with(GOODS | {"mat": (0.100, (1, 2, 3)), "tin": (0.350, (4,)), "bar": (0.120, (5,))})
    signal = Signal(11, noise=4.0, seed=seed)
    for plate, share in ((1, 0.24), (2, 0.52), (3, 0.24)):
        signal.move(plate, 5.0, -100.0 * share)
    found = events_of(signal, store)
    (event,) = final(found)
    assert len(event.plates) == 3
    assert sum(event.change) == pytest.approx(-0.1, abs=0.006)
    assert found[-1][0] < 6.0


@pytest.mark.parametrize("noise", NOISES)
def test_a_heavy_thing_that_stands_where_it_should_not_is_waited_for_no_longer_than_a_hand_trembles(noise):
    found = events_of(Signal(9, noise=noise, seed=7).move(2, 4.0, -260.0))
    assert grams(final(found)) == [{2: -260}]
    assert found[-1][0] < 5.3


def test_a_planogram_that_is_wrong_costs_time_only_once():
    goods = GOODS | {"tin": (0.700, (1,))}
    signal = Signal(22, noise=0.5, seed=8)
    for at in (4.0, 8.0, 12.0, 16.0):
        signal.move(1, at, -350.0)
    delays = [
        published - at
        for (published, _), at in zip(events_of(signal, store_with(goods)), (4.0, 8.0, 12.0, 16.0), strict=True)
    ]
    assert max(delays[1:]) < 0.75


def test_the_common_noise_of_a_shaking_shelf_is_in_the_covariance():
    """The error of the sum of three plates is what its stated deviation says, whether their noise is common or not."""
    for common in (0.0, 2.0):
        surprises = []
        for seed in range(12):
            signal = Signal(8, noise=0.7, seed=seed)
            signal.grams += np.random.default_rng(100 + seed).normal(0.0, common, len(signal.t))[:, None]
            for plate, change in ((2, -60.0), (3, -80.0), (4, -50.0)):
                signal.move(plate, 5.0, change, settle=0.05)
            (event,) = final(events_of(signal, make_store()))
            covariance = np.array(event.covariance).reshape(len(event.plates), -1)
            assert np.linalg.eigvalsh(covariance).min() > 0.0
            surprises.append((sum(event.change) + 0.19) / covariance.sum() ** 0.5)
        assert 0.5 < np.sqrt(np.mean(np.square(surprises))) < 1.6


def contents(goods=None):
    return Contents([f"g1/s0/p{at}" for at in range(6)], store_with(goods), ShelfEventSettings())


@given(st.sampled_from(sorted(GOODS)), st.integers(1, 3), st.floats(-1.5, 1.5), st.sampled_from([-1.0, 1.0]))
def test_whole_pieces_explain_a_change_and_the_middle_between_them_does_not(sku, pieces, deviations, sign):
    weight, columns = GOODS[sku]
    spread = 0.001 + 0.002 * weight
    model = contents()
    change = sign * (pieces * weight + deviations * spread * pieces**0.5)
    assert model.evidence(columns[:1], [change], 1e-7) > (CLEAR if pieces == 1 and weight > 0.1 else 0.0)
    if weight > 0.1:
        assert model.evidence(columns[:1], [sign * weight * 0.5], 1e-7) < 0.0


@given(st.floats(0.01, 0.99))
def test_how_a_thing_is_shared_by_its_plates_does_not_matter(share):
    model = contents()
    shares = [-0.8 * share, -0.8 * (1.0 - share)]
    assert model.evidence([3, 4], shares, 1e-7) == pytest.approx(model.evidence([4, 3], shares[::-1], 1e-7))
    assert model.evidence([3, 4], shares, 1e-7) > CLEAR
    assert model.evidence([1, 2], shares, 1e-7) < 0.0


@given(st.floats(-2.0, 2.0).filter(lambda change: abs(change) > 0.01))
def test_nothing_is_concluded_where_the_planogram_is_silent(change):
    model = contents({"tin": (0.35, (1,))})
    assert not model.known([2])
    assert not model.known([1, 2])
    assert model.evidence([2], [change], 1e-6) < 0.0


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([-0.35, -0.12, -0.2, 0.2, -0.07])), max_size=12))
def test_what_was_learnt_survives_a_snapshot(events):
    model, again = contents(), contents()
    for column, change in events:
        model.note([column], [change], 1e-6)
    again.resume(model.snapshot())
    for column in range(6):
        assert again.known([column]) == model.known([column])
        assert again.confirmed([column]) == model.confirmed([column])
        assert again.evidence([column], [-0.2], 1e-6) == model.evidence([column], [-0.2], 1e-6)


def test_what_was_put_down_in_the_wrong_place_is_known_when_it_is_taken_again():
    model = contents()
    assert model.evidence([2], [-0.26], 1e-6) < 0.0
    model.note([2], [0.2602], 1e-6)
    assert model.evidence([2], [-0.26], 1e-6) > 0.0
