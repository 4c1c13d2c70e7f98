"""What has been learnt bears on decisions alike whichever stream is faster, and after a restart."""

import dataclasses

import pytest
from shelf_scenes import COVARIANCE, SECOND, before, decide, event, grams, in_turn, plate_of, still, streams

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import (
    EventState,
    Interaction,
    InteractionArray,
    ShelfEvent,
    ShelfEventArray,
    Track,
    TrackArray,
    TrackState,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)

DAY = 86400


def taken(plate, kilograms, start, end, number=0):
    shelf, start, end = plate.rsplit("/", 1)[0], int(start * SECOND), int(end * SECOND)
    return ShelfEvent(
        f"{shelf}@{start}/{number}", shelf, start, end, EventState.FINAL, (plate,), (-kilograms,), (4e-6,)
    )


def told(store, at, *events):
    return ShelfEventArray(int(at * SECOND), tuple(Watermark(shelf, int(at * SECOND)) for shelf in store.shelf), events)


def stood(place, name, since, until):
    """Tracks of somebody who stands at a place, ten a second."""
    return [
        TrackArray(
            tick * SECOND // 10,
            (Watermark("tracks", tick * SECOND // 10),),
            (Track(f"t-{name}", TrackState.CONFIRMED, *place, 0.0, 0.0, COVARIANCE, 1.0, 0),),
        )
        for tick in range(round(since * 10), round(until * 10) + 1)
    ]


def inside(name, at):
    visit = Visit(name, name, "entry_1", 1, 0, VisitState.OPEN, tracks=(f"t-{name}",))
    return VisitArray(int(at * SECOND), (Watermark("visits", int(at * SECOND)),), (visit,))


def pushed(stage, feed):
    """Return interactions and corrections by id, without when they were told."""
    arrays = [output for record in feed for output in stage.push(record) if isinstance(output, InteractionArray)]
    made = sorted((item for array in arrays for item in array.interactions), key=lambda item: item.id)
    corrected = sorted((item for array in arrays for item in array.corrections), key=lambda item: (item.id, item.stamp))
    return made, corrected


@pytest.mark.parametrize("pairs", [0, 3])
@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("span", [(54.5, 56.0), (54.0, 56.0), (53.5, 56.0), (54.5, 57.0), (53.5, 59.0)])
def test_a_take_counts_for_another_whichever_is_told_first(demo_store, pairs, units, span):
    """Pairs are taken, then two more steps of which one may lie within the other."""
    plate, beside = "g2/s2/p1", "g2/s2/p2"
    weight, place = grams(demo_store, "cola_can") / 1000.0, before(demo_store, plate)
    one, two = taken(plate, 2 * weight, 54.0, 57.0), taken(beside, units * weight, *span, 1)
    last = taken(plate, 2 * weight, 64.0, 64.6)
    earlier = [inside("ada", 200)]
    for number in range(pairs):
        at = 11 + 10 * number
        earlier += stood(place, "ada", at - 1, at + 1.7)
        earlier += [told(demo_store, at + 2, taken(plate, 2 * weight, at, at + 0.6))]
        earlier += stood(place, "ada", at + 1.8, at + 4)
    later = [told(demo_store, 70, last), *stood(place, "ada", 64, 75), told(demo_store, 80)]

    first, second = sorted((one, two), key=lambda item: item.start)
    tracks = stood(place, "ada", 50, 63)
    both, turned = told(demo_store, 61, one, two), told(demo_store, 61, two, one)
    orders = [[*tracks[:-1], both], [*tracks[:69], both, *tracks[69:-1]], [*tracks[:-1], turned]]
    if first.start < second.start:
        # no shelf has been seen up to the second yet when the tracks have passed the first, or both
        early, late = told(demo_store, (first.start + second.start) / 2 / SECOND, first), told(demo_store, 61, second)
        ends = [min(one.end, two.end), max(one.end, two.end)]
        for passed in (10 * end // SECOND - 500 + 2 for end in ends):
            orders += [[early, *tracks[:passed], late, *tracks[passed:-1]]]
            orders += [[*tracks[:passed], early, late, *tracks[passed:-1]]]
    stages = [PickupStage(demo_store, PickupSettings(), Journal()) for _ in orders]
    found = [pushed(stage, [*earlier, *order, *later]) for stage, order in zip(stages, orders, strict=True)]
    assert len(found[0][0]) == pairs + 3
    assert all(each == found[0] for each in found[1:])


@pytest.mark.parametrize("gap", [2.5, 3.4, 8.0])
@pytest.mark.parametrize("what", ["honey", "nothing known"])
def test_a_restart_after_any_take_changes_no_decision(demo_store, gap, what):
    """Takes that the planogram or the catalogue does not explain, days apart."""
    plate = plate_of(demo_store, "cola_can")
    weight = grams(demo_store, "honey") / 1000.0 if what == "honey" else 0.4
    place = before(demo_store, plate)

    def visit(number):
        at, name = 10 + number * gap * DAY, f"v{number}"
        return [
            inside(name, at + 0.5),
            *stood(place, name, at, at + 3.5),
            told(demo_store, at + 4, taken(plate, weight, at + 2, at + 2.6)),
            inside(name, at + 5),
            *stood(place, name, at + 3.6, at + 8),
            told(demo_store, at + 20),
        ]

    def decided(restarts):
        journal, made = Journal(), []
        stage = PickupStage(demo_store, PickupSettings(), journal)
        for number in range(6):
            if number in restarts:
                stage = PickupStage(demo_store, PickupSettings(), journal)
            made += pushed(stage, visit(number))[0]
        return made

    whole = decided(())
    assert len(whole) == 6
    assert all(decided(restarts) == whole for restarts in ((3,), (4,), (5,), range(6)))


def test_a_restart_between_decisions_of_one_fixture_changes_none(demo_store):
    """What is decided as of a later moment than what waits still is as undecided for that as it was before."""
    store, water, crowd = demo_store, "g2/s1/p3", "g2/s2/p1"
    place, beside = before(store, water, 0.4), before(store, crowd, -0.2)
    away = before(store, crowd, distance=4.0)
    people = {"ann": lambda time: beside if time >= 3 else away, "ben": lambda time: place if time < 4.5 else away}
    can, energy, bottle = (grams(store, sku) for sku in ("cola_can", "energy_drink", "cola_large"))
    unseen = dataclasses.replace(event(store, crowd, -can, 3.79, 2), start=SECOND // 2, degraded=True)
    events = [event(store, "g2/s2/p4", -2 * energy, 3.13), event(store, water, -bottle, 3.43, 1), unseen]
    feed = in_turn(streams(store, events, people, 9))

    def decided(kill):
        """Kill the stage after so many decisions, and tell it all again."""
        journal = Journal()
        killed = PickupStage(store, PickupSettings(), journal)
        told = iter(feed)
        while sum(1 for _ in journal.read(Interaction)) < kill:
            killed.push(next(told))
        decide(store, feed, journal)
        return sorted(journal.read(Interaction), key=lambda item: item.id)

    assert decided(1) == decided(2) == decided(0)


def test_where_people_go_after_the_moment_of_a_look_bears_on_nothing_whichever_stream_is_faster(demo_store):
    """Another step of the fixture ends after the moment as of which one in doubt is looked at."""
    store, plate, beside = demo_store, "g2/s2/p1", "g2/s2/p3"
    first, second = before(store, plate, 0.2), before(store, plate, -0.2)
    people = {"ann": still(first), "ben": lambda time: second if time < 4.7 else before(store, beside)}
    one = event(store, plate, -grams(store, "cola_can"), 3)
    other = dataclasses.replace(event(store, beside, -grams(store, "iced_tea_peach"), 4, 1), end=52 * SECOND // 10)
    shelves, tracks, visits = streams(store, [one, other], people, 8)
    found = []
    for lag in (0, 7):
        # the tracks come so many ticks later than the rest, but for the last of them
        late = [*tracks[:1] * lag, *tracks[: len(tracks) - lag]]
        feed = [*in_turn((shelves, late, visits)), *tracks[len(tracks) - lag :]]
        found.append(sorted(decide(store, feed), key=lambda item: item.id))
    assert len(found[0]) == 2 and found[0] == found[1]
