import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.pickup.hands import HandModel
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stops import Act, StopModel
from just_walk_out.records import Track, TrackArray, TrackHand, TrackState

SECOND = 1_000_000_000
PLATE, OTHER = "g1/s2/p2", "g1/s2/p6"
FLAT = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))


def ray(store, camera, point):
    way = np.array(point) - store.camera[camera].pose.matrix()[:3, 3]
    return TrackHand(camera, 0.9, tuple(float(part) for part in way / np.linalg.norm(way)))


def wrist(store, plate, place):
    """The wrist of somebody's hand above the middle of a plate."""
    hand = np.array(store.plate_position[plate]) + np.array([0.0, 0.0, 0.1])
    way = np.array([*place, 1.3]) - hand
    return hand + 0.1 * way / np.linalg.norm(way)


@pytest.fixture
def stand(store):
    x, y = store.front_of(PLATE)
    out = -store.gondola_of[PLATE].pose.matrix()[:2, 1]
    return (x + 0.45 * out[0], y + 0.45 * out[1])


@pytest.fixture
def ask(store, settings, stand):
    def scores(**hands):
        model = HandModel(store, settings)
        for tick in range(10, 21):
            tracks = tuple(
                Track(name, TrackState.CONFIRMED, *stand, 0.0, 0.0, FLAT, 0.99, 0, hands=seen)
                for name, seen in sorted(hands.items())
            )
            model.push(TrackArray(tick * SECOND // 10, (), tracks))
        return model.scores(Act(SECOND, 2 * SECOND, (PLATE,)), dict.fromkeys(hands, stand))

    return scores


def test_a_hand_at_the_plate_speaks_for_its_owner_and_more_so_with_two_cameras(store, stand, ask):
    at = wrist(store, PLATE, stand)
    one, two = (ray(store, name, at) for name in ("cam_se", "cam_ne"))
    found = ask(once=(one,), twice=(one, two))
    assert 0.5 < found["once"] < found["twice"]


def test_hands_elsewhere_speak_against_their_owner_and_unseen_ones_say_nothing(store, stand, ask):
    away = [(*stand, 0.8), wrist(store, OTHER, stand)]
    both = tuple(ray(store, name, point) for name in ("cam_sw", "cam_nw") for point in away)
    found = ask(idle=both, unseen=())
    assert found["idle"] < -1.0
    assert found["unseen"] == 0.0


def test_one_hand_elsewhere_says_less_than_two_as_the_other_may_be_hidden(store, stand, ask):
    low, aside = ray(store, "cam_sw", (*stand, 0.8)), ray(store, "cam_sw", wrist(store, OTHER, stand))
    found = ask(one=(low,), two=(low, aside))
    assert found["two"] < found["one"] < 0.0


def test_a_hand_at_the_next_plate_is_no_hand_at_this_one_however_many_cameras_see_it(store, stand, ask):
    at, beside = (wrist(store, plate, stand) for plate in (PLATE, "g1/s2/p3"))
    seen = {
        f"{name} {count}": tuple(ray(store, camera, point) for camera in ("cam_se", "cam_ne", "cam_nw")[:count])
        for name, point in (("here", at), ("beside", beside))
        for count in (1, 2, 3)
    }
    found = ask(**seen)
    assert all(found[f"beside {count}"] < found[f"here {count}"] for count in (1, 2, 3))
    assert found["beside 3"] < found["beside 1"]


@given(
    st.lists(st.tuples(*[st.floats(-1e6, 1e6) | st.just(math.nan)] * 3), max_size=4), st.sampled_from(["cam_se", "x"])
)
def test_no_ray_whatever_gives_more_than_the_limit_or_no_number(store, directions, camera):
    settings = PickupSettings()
    model = HandModel(store, settings)
    hands = tuple(TrackHand(camera, 0.9, direction) for direction in directions)
    model.push(
        TrackArray(SECOND, (), (Track("a", TrackState.CONFIRMED, 4.0, 3.0, 0.0, 0.0, FLAT, 0.99, 0, hands=hands),))
    )
    (score,) = model.scores(Act(SECOND, 2 * SECOND, (PLATE,)), {"a": (4.0, 3.0)}).values()
    assert abs(score) <= settings.hand_limit


def test_hands_count_at_any_moment_of_an_act_that_was_not_seen_as_long_as_they_are_remembered(store, settings, stand):
    model = HandModel(store, settings)
    at = ray(store, "cam_se", wrist(store, PLATE, stand))
    for tick in range(10, 400):
        hands = (at,) if tick < 20 else ()
        track = Track("a", TrackState.CONFIRMED, *stand, 0.0, 0.0, FLAT, 0.99, 0, hands=hands)
        model.push(TrackArray(tick * SECOND // 10, (), (track,)))
        if tick == 100:
            assert model.scores(Act(SECOND, 10 * SECOND, (PLATE,)), {"a": stand}) == {"a": 0.0}
            assert model.scores(Act(SECOND, 10 * SECOND, (PLATE,), unseen=True), {"a": stand})["a"] > 0.5
    assert model.scores(Act(SECOND, 39 * SECOND, (PLATE,), unseen=True), {"a": stand}) == {"a": 0.0}


def test_a_hand_speaks_for_one_of_two_things_done_at_once(settings):
    stops = StopModel(settings)
    first, second = Act(0, SECOND, (PLATE,)), Act(SECOND // 2, SECOND, (OTHER,))
    places = {"a": 0.0, "b": 0.0, "": -5.0}
    hands = {first: {"a": 6.0, "b": 4.0}, second: {"a": 5.0, "b": 4.0}}
    found = stops.messages(second, ["a", "b", ""], {}, frozenset(), [(first, places)], hands, frozenset())
    alone = stops.messages(second, ["a", "b", ""], {}, frozenset(), [], hands, frozenset())
    assert alone["a"] > alone["b"]
    assert found["b"] > found["a"] + 0.9


def test_hands_of_what_is_decided_already_are_not_counted_again(settings):
    stops = StopModel(settings)
    first, second = Act(0, SECOND, (PLATE,)), Act(SECOND // 2, SECOND, (OTHER,))
    hands = {first: {"a": 6.0}, second: {"a": 5.0}}
    done = {"a": [first]}
    with_hands = stops.messages(second, ["a", "b", ""], done, frozenset(), [], hands, frozenset([first]))
    without = stops.messages(second, ["a", "b", ""], done, frozenset(), [], {}, frozenset())
    assert with_hands["a"] - with_hands["b"] == pytest.approx(without["a"] - without["b"])
