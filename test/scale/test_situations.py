"""Named situations at a shelf, and laws that hold whatever happens there."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import PERIOD, T0, Signal, make_store, seconds

from just_walk_out.records import ShelfWeights
from just_walk_out.scale.events.stage import ShelfEventStage

NOISES = [0.3, 1.0, 3.0]


def published(records, store=None):
    """Return the events, after checking that none starts at or before a watermark published earlier."""
    stage = ShelfEventStage(store or make_store(1, len(records[0].plates)))
    events, promised = [], {}
    for record in records:
        for output in stage.push(record):
            for event in output.events:
                assert event.start > promised.get(event.shelf, 0), "an event starts at or before a promise"
                assert event.start < event.end <= output.stamp
                assert np.all(np.linalg.eigvalsh(np.array(event.covariance).reshape(2 * (len(event.plates),))) > 0.0)
                events.append(event)
            for mark in output.watermarks:
                assert mark.stamp >= promised.get(mark.source, 0), "a watermark went back"
                promised[mark.source] = mark.stamp
    return events


def grams(event):
    return {plate[-1]: 1000.0 * change for plate, change in zip(event.plates, event.change, strict=True)}


def changes(events, tolerance=4.0):
    """Return what changed, event by event, rounded to the tolerance."""
    return [
        {plate: round(change / tolerance) * tolerance for plate, change in grams(event).items()} for event in events
    ]


def lean(signal, plates, shares, at, duration, force):
    """Somebody leans with a swaying force on several plates."""
    sway = 1.0 + 0.12 * np.sin(2 * np.pi * 0.8 * (signal.t - at)) + 0.05 * np.sin(2 * np.pi * 2.7 * signal.t)
    hold = np.clip(np.minimum(signal.t - at, at + duration - signal.t) / 0.25, 0.0, 1.0)
    for plate, share in zip(plates, shares, strict=True):
        signal.grams[:, plate] += share * force * hold * sway
    return signal


@pytest.mark.parametrize("noise", NOISES)
def test_the_small_share_of_a_hand_that_leans_is_no_event(noise):
    assert published(lean(Signal(15, noise=noise), (1, 2, 3), (0.02, 0.9, 0.08), 4.0, 3.0, 1500.0).records()) == []


@pytest.mark.parametrize("noise", NOISES)
def test_lifting_the_edge_of_the_shelf_is_no_event_and_a_take_after_it_is_one(noise):
    signal = lean(Signal(18, noise=noise), range(6), (0.05, 0.1, 0.15, 0.2, 0.2, 0.3), 4.0, 2.0, -600.0)
    (event,) = published(signal.move(2, 11.0, -120.0).records())
    assert grams(event) == pytest.approx({"2": -120.0}, abs=4.0)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("later", [0.2, 0.3, 0.5])
def test_two_shoppers_at_neighbouring_plates_are_two_events(noise, later):
    signal = Signal(9, noise=noise, seed=1).move(2, 4.0, -350.0).move(3, 4.0 + later, -120.0)
    assert changes(published(signal.records()), 10.0) == [{"2": -350.0}, {"3": -120.0}]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("apart", [0.3, 0.35, 0.4])
def test_two_quick_takes_from_one_plate_are_two_events(noise, apart):
    signal = Signal(9, noise=noise, seed=2).move(2, 4.0, -200.0, lift=0.08).move(2, 4.0 + apart, -200.0, lift=0.08)
    first, second = published(signal.records())
    assert grams(first) == pytest.approx({"2": -200.0}, abs=6.0)
    assert grams(second) == pytest.approx({"2": -200.0}, abs=6.0)
    assert seconds(first.end) <= seconds(second.start) + 0.1 < 4.0 + apart + 0.15


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("lift", [0.1, 0.3, 0.6, 1.0])
def test_one_take_is_not_divided_however_long_it_lasts(noise, lift):
    (event,) = published(Signal(9, noise=noise, seed=3).move(2, 4.0, -400.0, lift=lift).records())
    assert grams(event) == pytest.approx({"2": -400.0}, abs=4.0)


@pytest.mark.parametrize("noise", NOISES)
def test_a_heavy_thing_held_over_its_plate_and_let_down_again_is_no_event(noise):
    signal = Signal(14, noise=noise, seed=4)
    inside = (signal.t >= 4.0) & (signal.t < 6.5)
    tremor = 0.5 + 0.1 * np.sin(2 * np.pi * 1.3 * (signal.t - 4.0))
    signal.grams[:, 2] -= 1000.0 * inside * tremor
    assert published(signal.records()) == []


@pytest.mark.parametrize("noise", NOISES)
def test_24_g_beside_1600_g_are_an_event_of_their_own(noise):
    signal = Signal(12, noise=noise, seed=5).move(3, 4.0, -1600.0).move(2, 6.0, -24.0).move(3, 8.0, 1600.0)
    assert changes(published(signal.records()), 8.0) == [{"3": -1600.0}, {"2": -24.0}, {"3": 1600.0}]


@pytest.mark.parametrize("grams_per_minute", [-20.0, 20.0])
def test_a_take_while_the_room_warms_keeps_its_weight(grams_per_minute):
    signal = Signal(40, noise=1.0, seed=6).drift(grams_per_minute).move(2, 30.0, -100.0)
    (event,) = published(signal.records())
    assert grams(event) == pytest.approx({"2": -100.0}, abs=3.0)


acts = st.lists(
    st.tuples(
        st.sampled_from(["move", "hand", "burst", "spike", "gap"]),
        st.integers(0, 5),
        st.floats(0.3, 2.5),
        st.sampled_from([-900.0, -300.0, -60.0, -24.0, 40.0, 250.0]),
    ),
    max_size=6,
)


def signal_of(acts, seed):
    """Return a shelf on which acts follow one another, and the samples that get lost."""
    signal, at, lost = Signal(20, noise=1.0, seed=seed), 3.0, []
    for kind, plate, pause, change in acts:
        if kind == "move":
            signal.move(plate, at, change)
        elif kind == "hand":
            signal.hand(plate, at, pause, change)
        elif kind == "burst":
            signal.burst(at, pause, abs(change) / 4)
        elif kind == "spike":
            signal.grams[int(at * 60), plate] += 3000.0
        else:
            lost.append(int(at * 60))
        at += pause
    return signal, lost


def cut(signal, lost, sizes):
    """Cut a signal into records of the given sizes; a record ends where ten samples are lost."""
    kilograms = (signal.grams / 1000.0).astype(np.float32)
    whole = signal.records()[0]
    keep = np.ones(len(kilograms), bool)
    for row in lost:
        keep[row : row + 10] = False
    records, at, missing = [], 0, 0
    while at < len(kilograms):
        if not keep[at]:
            at, missing = at + 1, missing + 1
            continue
        end = min(at + sizes[len(records) % len(sizes)], len(kilograms))
        stops = np.flatnonzero(~keep[at:end])
        end = at + int(stops[0]) if len(stops) else end
        records.append(
            ShelfWeights(
                T0 + at * PERIOD, whole.shelf, whole.source, len(records), missing, PERIOD, whole.plates,
                whole.status, kilograms[at:end].reshape(-1),
            )
        )  # fmt: skip
        at = end
    return records


@settings(max_examples=40, deadline=None)
@given(acts, st.integers(0, 1000), st.lists(st.sampled_from([1, 5, 6, 12, 60, 400, 1200]), min_size=1, max_size=6))
def test_events_follow_from_the_samples_alone_and_keep_the_promises(acts, seed, sizes):
    signal, lost = signal_of(acts, seed)
    assert published(cut(signal, lost, sizes)) == published(cut(signal, lost, [6]))


def calls_for(shelves, plates):
    """Count the functions called while quiet shelves are followed."""
    store = make_store(shelves, plates)
    streams = [Signal(12, plates, seed=s).records(f"g1/s{s}", 12, f"bus/{s}") for s in range(shelves)]
    stage, calls = ShelfEventStage(store), 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    for group in zip(*streams, strict=True):
        for record in group:
            sys.setprofile(count)
            stage.push(record)
            sys.setprofile(None)
    return calls


def test_the_work_grows_with_the_shelves_and_hardly_with_their_plates():
    one, four = calls_for(1, 6), calls_for(4, 6)
    assert four < 4.3 * one
    assert calls_for(1, 12) < 1.3 * one


@pytest.mark.parametrize("rest", [1.0, 3.0])
def test_a_thing_lifted_in_two_parts_of_which_the_first_is_no_whole_thing_is_one_event(rest):
    signal = Signal(14, noise=0.5, seed=7).move(2, 4.0, -14.0).move(2, 4.0 + rest, -46.0)
    (event,) = published(signal.records())
    assert grams(event) == pytest.approx({"2": -60.0}, abs=2.0)
    assert seconds(event.start) < 4.1


def test_what_is_lighter_than_a_whole_thing_is_said_in_the_end():
    (event,) = published(Signal(14, noise=0.5, seed=8).move(2, 4.0, -14.0).records())
    assert grams(event) == pytest.approx({"2": -14.0}, abs=2.0)
