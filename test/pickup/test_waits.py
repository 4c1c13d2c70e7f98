"""What a step waits for, what it makes of put-backs and groups, and what a crash leaves behind."""

import pytest

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import (
    DecisionState,
    EventState,
    InteractionArray,
    Kind,
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

SECOND = 1_000_000_000
COVARIANCE = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))
CAN, HONEY = "g2/s2/p1", "g3/s2/p4"


def stand(store, plate, aside=0.0):
    gondola, (x, y) = store.gondola_of[plate].pose.matrix(), store.front_of(plate)
    return (x + aside * gondola[0, 0] - 0.45 * gondola[0, 1], y + aside * gondola[1, 0] - 0.45 * gondola[1, 1])


def step(at, *changes):
    shelf, start = changes[0][0].rpartition("/")[0], round(at * SECOND)
    plates, kilograms = zip(*changes, strict=True)
    size = len(plates)
    covariance = tuple(4e-6 if row == column else 0.0 for row in range(size) for column in range(size))
    end = start + SECOND // 2
    return ShelfEvent(f"{shelf}@{start}/0", shelf, start, end, EventState.FINAL, plates, kilograms, covariance)


class Scene:
    """Feeds one stage tick by tick; everything is seen at once unless held back."""

    def __init__(self, store, journal=None):
        self.store = store
        self.stage = PickupStage(store, PickupSettings(), journal or Journal())
        self.made = []
        self.places = {}
        self.visits = ()

    def shelves(self, at, *events, without=()):
        marks = tuple(Watermark(shelf, round(at * SECOND)) for shelf in self.store.shelf if shelf not in without)
        self._push(ShelfEventArray(round(at * SECOND), marks, events))

    def people(self, start, end):
        for tick in range(round(start * 10), round(end * 10) + 1):
            tracks = tuple(
                Track(name, TrackState.CONFIRMED, *place, 0.0, 0.0, COVARIANCE, 1.0, 0)
                for name, place in self.places.items()
            )
            stamp = tick * SECOND // 10
            self._push(TrackArray(stamp, (Watermark("tracks", stamp),), tracks))

    def admit(self, at, **visits):
        known = tuple(Visit(v, v, "entry_1", 1, 0, VisitState.OPEN, tracks=tracks) for v, tracks in visits.items())
        self._push(VisitArray(round(at * SECOND), (Watermark("visits", round(at * SECOND)),), known))

    def _push(self, record):
        for output in self.stage.push(record):
            if isinstance(output, InteractionArray):
                self.made += output.interactions


@pytest.fixture
def scene(store):
    scene = Scene(store)
    scene.places = {"t1": stand(store, CAN)}
    scene.admit(0, ann=("t1",))
    return scene


def test_a_put_back_in_its_place_cancels_the_take(scene):
    scene.shelves(5, step(2, (CAN, -0.346)), step(4, (CAN, 0.346)))
    scene.admit(5, ann=("t1",))
    scene.people(1, 6)
    assert [(item.kind, item.sku, item.visit) for item in scene.made] == [
        (Kind.TAKE, "cola_can", "ann"),
        (Kind.RETURN, "cola_can", "ann"),
    ]
    assert {item.state for item in scene.made} == {DecisionState.COMMITTED}


def test_a_thing_moved_along_the_shelf_in_one_event_is_known_by_its_taker(scene):
    # iced tea (528 g) and the energy drink's plates lie on the same shelf: taken right, put down left
    scene.shelves(5, step(2, ("g2/s2/p1", 0.528), ("g2/s2/p3", -0.528)))
    scene.admit(5, ann=("t1",))
    scene.people(1, 6)
    assert [(item.kind, item.sku, item.visit) for item in scene.made] == [
        (Kind.TAKE, "iced_tea_peach", "ann"),
        (Kind.RETURN, "iced_tea_peach", "ann"),
    ]


def test_a_put_back_smaller_than_a_take_of_the_same_event_waits_for_slower_shelves(scene):
    mixed = step(3, ("g2/s2/p1", 0.163), ("g2/s2/p3", -0.528))  # a yoghurt of 163 g comes to the drinks
    scene.admit(9, ann=("t1",))
    scene.shelves(9, mixed, without=("g4/s2",))
    scene.people(1, 4)
    assert scene.made == []
    scene.places = {"t1": stand(scene.store, CAN)}
    scene.shelves(9)
    assert {item.kind for item in scene.made} == {Kind.TAKE, Kind.RETURN}


def test_a_put_back_waits_for_a_silent_shelf_a_bounded_time_only(scene):
    scene.admit(9, ann=("t1",))
    scene.shelves(9, step(2, (CAN, 0.346)), without=("g5/s1",))
    scene.people(1, 4)
    assert scene.made == []
    scene.people(4.1, 6)
    assert [item.kind for item in scene.made] == [Kind.RETURN]


def test_a_step_waits_for_the_visits_a_bounded_time_only(store):
    scene = Scene(store)
    scene.places = {"t1": stand(store, CAN)}
    scene.shelves(9, step(2, (CAN, -0.346)))
    scene.people(1, 7)
    assert scene.made == []
    scene.people(7.1, 8)
    (made,) = scene.made
    assert (made.state, made.visit, made.reason) == (DecisionState.REVIEW, "", "the person has no visit")


@pytest.mark.parametrize("tracks_first", [True, False])
def test_a_link_that_came_after_the_step_does_not_count_whatever_came_first(store, tracks_first):
    scene = Scene(store)
    scene.places = {"t1": stand(store, CAN)}
    scene.shelves(9, step(2, (CAN, -0.346)))
    if tracks_first:
        scene.people(1, 4)
    scene.admit(2.6)
    scene.admit(3, ann=("t1",))
    if not tracks_first:
        scene.people(1, 4)
    assert [(item.visit, item.state) for item in scene.made] == [("", DecisionState.REVIEW)]


def test_members_of_a_group_are_one_shopper(store):
    scene = Scene(store)
    scene.places = {"t1": stand(store, CAN, 0.3), "t2": stand(store, CAN, -0.3)}
    scene.admit(9, family=("t1", "t2"))
    scene.shelves(9, step(2, (CAN, -0.346)))
    scene.people(1, 4)
    (made,) = scene.made
    assert (made.visit, made.state) == ("family", DecisionState.COMMITTED)


def test_what_one_of_a_group_took_another_may_put_back(store):
    scene = Scene(store)
    scene.admit(20, family=("t1", "t2"))
    scene.shelves(9, step(2, (HONEY, -0.733)), step(6, ("g1/s1/p6", 0.733)))
    scene.places = {"t1": stand(store, HONEY)}
    scene.people(1, 3)
    scene.places = {"t2": stand(store, "g1/s1/p6")}
    scene.people(3.1, 8)
    assert [(item.kind, item.sku, item.visit, item.track) for item in scene.made] == [
        (Kind.TAKE, "honey", "family", "t1"),
        (Kind.RETURN, "honey", "family", "t2"),
    ]


def test_two_equally_near_are_both_named_for_review(store):
    scene = Scene(store)
    scene.places = {"t1": stand(store, CAN, 0.3), "t2": stand(store, CAN, -0.3)}
    scene.admit(9, ann=("t1",), bob=("t2",))
    scene.shelves(9, step(2, (CAN, -0.346)))
    scene.people(1, 3.4)
    assert scene.made == []  # what they do next may tell
    scene.people(3.5, 5)
    (made,) = scene.made
    assert made.state is DecisionState.REVIEW
    assert {item.visit for item in made.candidates if item.probability > 0.4} == {"ann", "bob"}


def test_a_return_of_what_is_not_held_belongs_to_its_place_and_is_no_unknown_thing(scene):
    scene.admit(9, ann=("t1",))
    scene.shelves(9, step(2, (CAN, 0.346)))
    scene.people(1, 5)
    (made,) = scene.made
    assert (made.kind, made.sku, made.visit) == (Kind.RETURN, "cola_can", "ann")


def test_a_crash_between_two_decisions_of_an_event_loses_none(store):
    class Dying(Journal):
        left = 1

        def append(self, record, id, stamp):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return super().append(record, id, stamp)

    def feed(scene):
        scene.places = {"t1": stand(store, CAN)}
        scene.admit(9, ann=("t1",))
        scene.people(1, 4)
        scene.shelves(9, step(2, (CAN, -0.346), ("g2/s2/p3", -0.528)))

    journal = Dying()
    with pytest.raises(KeyboardInterrupt):
        feed(Scene(store, journal))
    journal.left = 99
    again = Scene(store, journal)
    restored = [item for array in again.stage.restore() for item in array.interactions]
    feed(again)
    assert sorted((item.sku, item.quantity) for item in restored + again.made) == [
        ("cola_can", 1),
        ("iced_tea_peach", 1),
    ]
