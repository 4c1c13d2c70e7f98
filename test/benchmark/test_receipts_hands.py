import math

import numpy as np
import pytest

from just_walk_out.benchmark.receipts.hands import HandWatch
from just_walk_out.simulation.body import wrists
from just_walk_out.simulation.figure import Figure, draw_appearance

PLATE = "g1/s3/p3"


def figure(store, plate=PLATE, name="a", reach=1.0, aside=0.0):
    """Somebody before a plate who faces it, with a hand at it."""
    pose = store.gondola_of[plate].pose.matrix()
    right, out = pose[:2, 0], -pose[:2, 1]
    x, y = np.array(store.front_of(plate)) + 0.5 * out + aside * right
    hand = tuple(float(v) for v in np.array(store.plate_position[plate]) + np.array([0.0, 0.0, 0.1]))
    look = draw_appearance(np.random.default_rng(1), 1)
    return Figure(name, float(x), float(y), math.atan2(-out[1], -out[0]), 0.0, 0.0, hand, reach, 0, False, look)


@pytest.fixture
def overview(demo_store):
    return [camera for camera in demo_store.cameras if camera.role == "overview"]


def looks(store, cameras, people, times=200):
    watch = HandWatch(store, cameras, np.random.default_rng(3))
    seen = np.ones((len(cameras), len(people)), dtype=bool)
    return [watch.rays(people, seen) for _ in range(times)]


@pytest.mark.parametrize("plate", [PLATE, "g1/s1/p3", "g5/s1/p2"])
def test_a_hand_gets_to_every_plate_that_is_reached_for(demo_store, plate):
    person = figure(demo_store, plate)
    right, left = wrists(person)
    assert 0.03 < min(np.linalg.norm(each - np.array(person.hand)) for each in (right, left)) < 0.25


def test_rays_pass_the_wrists_within_the_error_that_is_stated(demo_store, overview):
    person = figure(demo_store)
    true, off = wrists(person), []
    for rays in looks(demo_store, overview, [person]):
        for camera, found in zip(overview, rays, strict=True):
            ways = true - camera.pose.matrix()[:3, 3]
            for ray in found[0]:
                assert np.linalg.norm(ray) == pytest.approx(1.0)
                off.append(min(float(np.linalg.norm(way - (way @ ray) * ray)) for way in ways))
    assert 0.04 < np.median(off) < 0.12
    assert len(off) > 200


def test_what_a_board_hides_is_not_seen_and_nobody_has_three_hands(demo_store, overview):
    high, low = figure(demo_store), figure(demo_store, "g1/s1/p3")
    counts = []
    for person in (high, low):
        rays = [found[0] for look in looks(demo_store, overview, [person], 50) for found in look]
        assert max(len(each) for each in rays) <= 2
        counts.append(sum(len(each) for each in rays))
    assert counts[1] < counts[0]


def test_of_whom_a_camera_does_not_find_it_sees_no_hands(demo_store, overview):
    watch = HandWatch(demo_store, overview, np.random.default_rng(3))
    people = [figure(demo_store), figure(demo_store, name="b", aside=0.8)]
    seen = np.array([[True, False]] * len(overview))
    assert all(len(found[1]) == 0 for _ in range(20) for found in watch.rays(people, seen))
    assert watch.rays([], np.zeros((len(overview), 0), dtype=bool)) == [[] for _ in overview]
