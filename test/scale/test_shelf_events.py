import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import PERIOD, RATE, T0, Signal, make_store, seconds

from just_walk_out.records import EventState, PlateStatus, ShelfWeights
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage

NOISES = [0.3, 1.0, 3.0]


def run(records, store=None):
    """Push all records; return (publication second, event) and check the promises of the watermarks."""
    stage = ShelfEventStage(store or make_store(1, len(records[0].plates)))
    events, promised = [], {}
    for record in records:
        count = len(record.weights) // len(record.plates)
        for output in stage.push(record):
            for event in output.events:
                assert event.start > promised.get(event.shelf, 0), "an event starts before a promise"
                assert event.start < event.end
                assert event.state is EventState.FINAL
                events.append((seconds(record.stamp) + (count - 1) / RATE, event))
            for mark in output.watermarks:
                assert mark.stamp >= promised.get(mark.source, 0), "a watermark went back"
                assert mark.stamp <= output.stamp
                promised[mark.source] = mark.stamp
    assert len({event.id for _, event in events}) == len(events)
    return [event for _, event in events], [stamp for stamp, _ in events], promised


def grams(event):
    return {plate[-1]: round(change * 1000, 1) for plate, change in zip(event.plates, event.change, strict=True)}


def within(event, expected, tolerance=2.5):
    found = grams(event)
    assert found.keys() == expected.keys(), f"{found} is not {expected}"
    for plate, change in expected.items():
        assert found[plate] == pytest.approx(change, abs=tolerance)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("change", [-24.0, 24.0, -300.0, 300.0, -1600.0])
def test_a_take_or_put_is_one_event_of_its_weight_soon_after_the_plate_is_still(noise, change):
    events, published, _ = run(Signal(8, noise=noise, seed=3).move(2, 4.0, change).records())
    (event,) = events
    # What still rings of 1.6 kg is taken for rest when it is a small share of them.
    within(event, {"2": change}, max(3.0, 0.003 * abs(change)))
    assert 3.85 <= seconds(event.start) <= 4.1
    ringing = 0.08 * np.log(max(1.0, 0.15 * abs(change) / noise))
    assert published[0] - (4.15 + ringing) < 0.5


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("change", "lift"), [(-24.0, 5.0), (-60.0, 3.0), (-500.0, 5.0)])
def test_a_slow_lift_is_one_event(noise, change, lift):
    events, _, _ = run(Signal(14, noise=noise, seed=0).move(2, 4.0, change, lift).records())
    (event,) = events
    within(event, {"2": change}, 4.0)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(
    "shake",
    [
        lambda s: s,
        lambda s: s.burst(4.0, 1.5, 100.0),
        lambda s: s.burst(4.0, 2.0, 170.0, 2.5),
        lambda s: s.burst(4.0, 1.0, 50.0, 20.0),
        lambda s: s.spikes(40),
        lambda s: s.drift(20.0),
        lambda s: s.hand(2, 4.0, 1.0, 200.0),
        lambda s: s.hand(2, 4.0, 3.0, 2000.0).hand(3, 4.1, 3.0, 2500.0),
        lambda s: s.hand(2, 4.0, 3.0, -300.0),
        lambda s: s.move(1, 4.0, -5.0),
    ],
    ids=["quiet", "burst", "slow burst", "burst at a third", "spikes", "drift", "touch", "lean", "lift edge", "crumb"],
)
def test_what_changes_no_weight_is_no_event(noise, shake):
    events, _, promised = run(shake(Signal(15, noise=noise, seed=5)).records())
    assert events == []
    assert seconds(promised["g1/s0"]) > 14.0, "the shelf is at rest and says so"


@pytest.mark.parametrize("noise", NOISES)
def test_a_take_in_a_burst_is_found_when_the_shelf_is_still(noise):
    events, _, _ = run(Signal(9, noise=noise).burst(4.0, 1.5, 100.0).move(2, 4.5, -300.0).records())
    (event,) = events
    within(event, {"2": -300.0}, 4.0)


@pytest.mark.parametrize("noise", NOISES)
def test_a_product_over_three_plates_is_one_event(noise):
    signal = Signal(8, noise=noise, seed=2).move(1, 4.0, -20.0).move(2, 4.0, -30.0).move(3, 4.0, -10.0)
    (event,) = run(signal.records())[0]
    within(event, {"1": -20.0, "2": -30.0, "3": -10.0}, 4.0)
    assert np.array(event.covariance).reshape(3, 3).diagonal().min() > 0.0


@pytest.mark.parametrize("noise", [0.3, 1.0])
def test_the_smallest_product_over_three_plates_is_one_event(noise):
    signal = Signal(8, noise=noise, seed=2).move(1, 4.0, -8.0).move(2, 4.0, -8.0).move(3, 4.0, -8.0)
    (event,) = run(signal.records())[0]
    within(event, {"1": -8.0, "2": -8.0, "3": -8.0})


@pytest.mark.parametrize("noise", NOISES)
def test_quick_takes_from_plates_apart_are_two_events(noise):
    first, second = run(Signal(8, noise=noise).move(1, 4.0, -200.0).move(4, 4.3, -100.0).records())[0]
    within(first, {"1": -200.0}, 4.0)
    within(second, {"4": -100.0}, 4.0)


@pytest.mark.parametrize("noise", NOISES)
def test_a_take_and_a_put_on_one_plate_are_two_events(noise):
    out, back = run(Signal(9, noise=noise).move(2, 4.0, -200.0).move(2, 5.5, 215.0).records())[0]
    within(out, {"2": -200.0}, 4.0)
    within(back, {"2": 215.0}, 4.0)


@pytest.mark.parametrize("noise", NOISES)
def test_a_touch_that_ends_in_a_take_is_one_event(noise):
    (event,) = run(Signal(9, noise=noise).hand(2, 4.0, 1.0, 200.0).move(2, 5.0, -50.0).records())[0]
    within(event, {"2": -50.0}, 4.0)


def test_the_stated_deviation_covers_the_error():
    ratios = []
    for seed in range(40):
        (event,) = run(Signal(5, noise=2.0, seed=seed, plates=1).move(0, 3.0, -100.0, settle=0.01).records())[0]
        ratios.append((event.change[0] + 0.1) / event.covariance[0] ** 0.5)
    assert 0.5 < np.sqrt(np.mean(np.square(ratios))) < 1.7


def test_two_events_of_one_start_have_different_ids():
    events, _, _ = run(Signal(8, noise=0.5, plates=6).move(0, 4.0, -200.0).move(4, 4.0, -100.0).records())
    assert len(events) == 2 and len({event.start for event in events}) == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=20))
def test_events_and_ids_do_not_depend_on_the_batches(sizes):
    signal = Signal(7, noise=1.0, seed=1).hand(4, 2.0, 1.0, 300.0).move(1, 3.0, -24.0).move(0, 4.2, -500.0)
    whole = signal.records(batch=6)
    kilograms = np.concatenate([record.weights.reshape(-1, 6) for record in whole])
    records, at = [], 0
    while at < len(kilograms):
        part = kilograms[at : at + sizes[len(records) % len(sizes)]]
        records.append(
            ShelfWeights(
                T0 + at * PERIOD, "g1/s0", "bus/0", len(records), 0, PERIOD,
                whole[0].plates, whole[0].status, part.reshape(-1),
            )
        )  # fmt: skip
        at += len(part)
    assert run(records)[0] == run(whole)[0]
    assert len(run(whole)[0]) == 2


@st.composite
def faults(draw):
    """What befalls single samples: (sample, plate, what is added, kilograms)."""
    fault = st.tuples(st.integers(0, 899), st.integers(0, 5), st.sampled_from([np.nan, np.inf, 3.0, -3.0, 0.2, 0.004]))
    return draw(st.lists(fault, max_size=12))


def rebatched(kilograms, sizes, gap, template):
    """Records of the given sizes, in turn; from the sample ``gap`` on one is lost."""
    records, at = [], 0
    while at < len(kilograms):
        end = min(at + sizes[len(records) % len(sizes)], gap if at < gap else len(kilograms))
        lost = int(at >= gap)
        records.append(
            ShelfWeights(
                T0 + (at + lost) * PERIOD, "g1/s0", "bus/0", len(records), lost, PERIOD, template.plates,
                template.status, kilograms[at:end].reshape(-1),
            )
        )  # fmt: skip
        at = end
    return records


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(2, 90), min_size=1, max_size=20), gap=st.integers(1, 899), befallen=faults())
def test_what_is_set_aside_while_nothing_happens_changes_nothing(sizes, gap, befallen):
    signal = Signal(15, noise=1.0, seed=1).hand(4, 2.0, 1.0, 300.0).move(1, 5.0, -24.0).move(0, 9.2, -500.0)
    whole = signal.records(batch=len(signal.t))[0]
    kilograms = whole.samples.copy()
    for sample, plate, added in befallen:
        kilograms[sample, plate] += added
    # Batches of more than two strides are worked off at once, and nothing of them is set aside.
    events, _, promised = run(rebatched(kilograms, [len(kilograms)], gap, whole))
    again, _, promised_again = run(rebatched(kilograms, sizes, gap, whole))
    assert again == events
    assert list(promised_again.values())[-1] <= list(promised.values())[-1]


def test_a_batch_that_is_no_whole_number_of_samples_is_refused():
    (record, *_) = Signal(1).records(batch=12)
    torn = ShelfWeights(
        record.stamp, record.shelf, record.source, 0, 0, PERIOD, record.plates, record.status, record.weights[:-1]
    )
    with pytest.raises(ValueError, match=r"shelf g1/s0: expected samples of 6 plates each, got 71 weights"):
        ShelfEventStage(make_store(1)).push(torn)


def test_shelves_do_not_depend_on_how_their_records_interleave():
    store = make_store(2)
    one = Signal(7, seed=1).move(1, 3.0, -300.0).records("g1/s0", source="bus/0")
    two = Signal(7, seed=2).move(4, 3.1, -200.0).records("g1/s1", source="bus/1")
    mixed = [record for pair in zip(one, two, strict=True) for record in pair]
    by_id = {event.id: event for event in run(mixed, store)[0]}
    assert by_id == {event.id: event for event in run(one + two, store)[0]}
    assert len(by_id) == 2


def test_outputs_come_at_most_every_tenth_of_a_second_of_event_time():
    stage = ShelfEventStage(make_store(1))
    outputs = [output for record in Signal(6).records(batch=1) for output in stage.push(record)]
    assert len(outputs) <= 61
    assert np.diff([output.stamp for output in outputs]).min() > 0.05e9


def cut(records, begin, end, lost):
    """Lose the records between two seconds."""
    kept = [record for record in records if not begin <= seconds(record.stamp) < end]
    return [
        ShelfWeights(
            r.stamp, r.shelf, r.source, r.sequence, lost if seconds(r.stamp) >= end else 0, r.sample_period,
            r.plates, r.status, r.weights,
        )
        for r in kept
    ]  # fmt: skip


@pytest.mark.parametrize("away", [0.15, 0.6, 30.0])
def test_a_step_across_a_gap_is_reported_as_degraded(away):
    records = Signal(6 + away, seed=4).move(2, 3.0 + away / 2, -200.0, lift=0.05).records()
    (event,) = run(cut(records, 3.0, 3.0 + away, 36))[0]
    within(event, {"2": -200.0})
    assert event.degraded
    assert seconds(event.start) < 3.1


def test_a_gap_without_a_step_is_no_event_and_a_later_step_is_sound():
    records = cut(Signal(9, seed=4).move(2, 6.0, -200.0).records(), 3.0, 3.6, 36)
    (event,) = run(records)[0]
    assert not event.degraded


def test_one_frame_in_ten_lost_still_gives_every_step():
    rng = np.random.default_rng(7)
    signal = Signal(30, noise=1.0, seed=6)
    for k in range(8):
        signal.move(k % 6, 3.0 + 3 * k, -100.0 - 20 * k)
    lost, records = 0, []
    for r in signal.records():
        if rng.random() < 0.1:
            lost += 6
            continue
        records.append(
            ShelfWeights(
                r.stamp, r.shelf, r.source, r.sequence, lost, r.sample_period, r.plates, r.status, r.weights
            )
        )  # fmt: skip
    events, _, _ = run(records)
    assert [round(sum(event.change) * 100) for event in events] == [round(-10 - 2 * k) for k in range(8)]


def with_status(records, begin, end, plate, status):
    changed = []
    for r in records:
        if begin <= seconds(r.stamp) < end:
            weights = r.weights.reshape(-1, len(r.plates)).copy()
            if status in (PlateStatus.STALE, PlateStatus.FAULT):
                weights[:, plate] = np.nan
            states = tuple(status if k == plate else s for k, s in enumerate(r.status))
            r = ShelfWeights(
                r.stamp, r.shelf, r.source, r.sequence, r.lost, r.sample_period, r.plates, states, weights.reshape(-1)
            )
        changed.append(r)
    return changed


@pytest.mark.parametrize("status", [PlateStatus.STALE, PlateStatus.SATURATED, PlateStatus.FAULT])
def test_a_plate_that_fails_leaves_the_others_and_comes_back_degraded(status):
    signal = Signal(10, seed=8).move(4, 4.0, -100.0).move(1, 4.5, -300.0)
    events, _, promised = run(with_status(signal.records(), 3.0, 6.0, 1, status))
    assert [grams(event).keys() for event in events] == [{"4"}, {"1"}]
    assert [event.degraded for event in events] == [False, True]
    within(events[1], {"1": -300.0})
    assert seconds(promised["g1/s0"]) > 9.0


def test_records_without_samples_repeated_ones_and_unknown_shelves_change_nothing():
    records = Signal(6, seed=9).move(2, 3.0, -200.0).records()
    stale = ShelfWeights(
        T0 + 2 * 10**9, "g1/s0", "bus/0", 3, 0, PERIOD, records[0].plates, records[0].status, np.empty(0, np.float32)
    )
    other = ShelfWeights(T0, "g9/s9", "bus/0", 0, 0, PERIOD, ("g9/s9/p0",), (PlateStatus.OK,), np.ones(6, np.float32))
    noisy = [r for record in records for r in (record, record, stale, other)]
    assert run(noisy)[0] == run(records)[0]


def test_a_shelf_that_turns_noisy_for_good_is_followed_again():
    signal = Signal(60, noise=0.5, seed=10)
    signal.grams[600:] += signal.rng.normal(0.0, 2.0, signal.grams[600:].shape)
    events, _, _ = run(signal.move(3, 50.0, -200.0).records())
    within(events[-1], {"3": -200.0}, 5.0)
    assert len(events) == 1


@pytest.mark.parametrize("begin", [0.0, 10.0])
def test_a_shelf_that_sways_without_end_neither_stops_the_store_nor_hides_a_take(begin):
    signal = Signal(60, noise=0.5, seed=11)
    signal.grams += (3.0 * np.sin(2 * np.pi * 0.5 * signal.t) * (signal.t >= begin))[:, None]
    events, _, promised = run(signal.move(3, 45.0, -300.0).records())
    (event,) = events
    within(event, {"3": -300.0}, 8.0)
    assert seconds(promised["g1/s0"]) > 55.0


def test_settings_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match=r"minimum_change: 0\.0 is outside"):
        ShelfEventSettings(minimum_change=0.0)
