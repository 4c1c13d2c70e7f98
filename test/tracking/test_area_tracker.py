"""The tracker of open areas, and the fusion of views, on people whose paths are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.records import PersonDetection, PersonDetectionArray
from just_walk_out.store.model import Camera, EntrySettings, Pose, Store
from just_walk_out.tracking.area_settings import AreaSettings
from just_walk_out.tracking.area_tracker import AreaTracker
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.fusion import fuse

SECOND = 1_000_000_000
LOW, HIGH = np.zeros(2), np.array([20.0, 20.0])


def looking_down(name, x, y):
    """A camera high above that sees all of the square."""
    return Camera(name, "", 2000, 2000, 2.0, 800.0, 800.0, 999.5, 999.5, Pose(x, y, 18.0, 0.0, np.pi / 2, 0.0))


CAMERAS = tuple(looking_down(f"c{k}", x, 10.0) for k, x in enumerate((9.0, 10.0, 11.0)))
SQUARE = Store(
    id="square", name="square", currency="EUR", floor=((0, 0), (20, 0), (20, 20), (0, 20)), walls=(), gates=(),
    cameras=CAMERAS, gondolas=(), buses=(), products=(), planogram=(), entry=EntrySettings(()),
)  # fmt: skip
FLOOR = FloorMap(SQUARE, CAMERAS)


def picture(camera, stamp, places, sigma=0.08):
    people = tuple(
        PersonDetection(float(x), float(y), (sigma**2, 0.0, sigma**2), 0.9, (0.0, 0.0, 10.0, 30.0)) for x, y in places
    )
    return PersonDetectionArray(stamp, camera, people)


def moments(paths, count, *, rate=2.0, missed=0.0, noise=0.05, seed=1):
    """Pictures of all cameras at each moment; paths are functions of seconds, None where nobody is."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        stamp, here = 100 * SECOND + round(k * SECOND / rate), [path(k / rate) for path in paths]
        yield (
            stamp,
            [
                picture(
                    camera.id,
                    stamp,
                    [np.add(p, rng.normal(0.0, noise, 2)) for p in here if p is not None and rng.random() >= missed],
                )
                for camera in CAMERAS
            ],
        )


def crossing(k):
    return lambda t: (1.0 + 1.3 * t, 4.0 + 2.0 * k) if k % 2 else (19.0 - 1.2 * t, 4.4 + 2.0 * k)


def followed(shown, path, rate=2.0):
    """The numbers under which somebody was followed, and how often nobody was within half a metre."""
    numbers, lost = [], 0
    for k, tracks in enumerate(shown):
        place = path(k / rate)
        if place is None:
            continue
        away = np.linalg.norm(tracks.places - place, axis=1)
        if len(away) and away.min() < 0.5:
            numbers.append(int(tracks.ids[np.argmin(away)]))
        else:
            lost += 1
    return set(numbers), lost


@pytest.mark.parametrize("missed", [0.0, 0.2])
def test_people_who_pass_keep_their_numbers_at_two_pictures_a_second(missed):
    paths = [crossing(k) for k in range(6)]
    tracker = AreaTracker(FLOOR, LOW, HIGH)
    shown = [tracker.process(*each) for each in moments(paths, 26, missed=missed)]
    results = [followed(shown, path) for path in paths]
    assert all(len(numbers) == 1 for numbers, _ in results)
    assert sum(lost for _, lost in results) <= 0.06 * 26 * 6


def test_somebody_hidden_for_two_moments_is_the_same_person_after():
    def path(t):
        return (5.0 + 1.2 * t, 10.0) if not 3.0 <= t < 4.0 else None

    tracker = AreaTracker(FLOOR, LOW, HIGH)
    numbers, _ = followed([tracker.process(*each) for each in moments([path], 14)], path)
    assert len(numbers) == 1


def test_who_leaves_over_the_border_is_not_who_comes_in_there():
    def leaves(t):
        return (16.0 + 1.4 * t, 10.0) if t < 2.7 else None

    def comes(t):
        return (19.8 - 1.4 * (t - 4.0), 10.3) if t >= 4.0 else None

    tracker = AreaTracker(FLOOR, LOW, HIGH)
    shown = [tracker.process(*each) for each in moments([leaves, comes], 16)]
    (first, _), (second, _) = followed(shown, leaves), followed(shown, comes)
    assert len(first) == len(second) == 1 and first != second


def test_a_false_box_of_one_view_is_nobody():
    tracker, ids = AreaTracker(FLOOR, LOW, HIGH), set()
    for k in range(12):
        stamp = 100 * SECOND + k * SECOND // 2
        false = [(3.0 + k, 15.0 - k)]
        found = tracker.process(stamp, [picture(c.id, stamp, false if c.id == "c1" else []) for c in CAMERAS])
        ids |= set(found.ids.tolist())
    assert not ids


def test_two_pictures_of_one_moment_do_not_cost_anybody_the_number():
    late = {4, 5, 10}

    def path(k):
        return lambda t: ((t - 0.5 if round(2 * t) in late else t) * 1.3 + 1.0, 3.0 + 1.6 * k)

    tracker = AreaTracker(FLOOR, LOW, HIGH)
    shown = [tracker.process(*each) for each in moments([path(k) for k in range(5)], 20)]
    assert all(len(followed(shown, path(k))[0]) == 1 for k in range(5))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_pictures_and_boxes_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    one, two = AreaTracker(FLOOR, LOW, HIGH), AreaTracker(FLOOR, LOW, HIGH)
    for stamp, pictures in moments([crossing(k) for k in range(3)], 5, missed=0.2, seed=seed):
        mixed = [
            replace(each, detections=tuple(each.detections[k] for k in rng.permutation(len(each.detections))))
            for each in (pictures[k] for k in rng.permutation(len(pictures)))
        ]
        first, second = one.process(stamp, pictures), two.process(stamp, mixed)
        assert first.ids.tobytes() == second.ids.tobytes() and first.places.tobytes() == second.places.tobytes()


def test_bad_input_is_left_out():
    tracker = AreaTracker(FLOOR, LOW, HIGH)
    bad = [(np.nan, 1.0), (1e9, 1.0), (10.0, 10.0)]
    for k in range(3):
        stamp = (100 + k) * SECOND
        found = tracker.process(stamp, [picture(c.id, stamp, bad) for c in CAMERAS] + [picture("other", stamp, bad)])
        assert len(found.ids) == 1
    assert not len(tracker.process(100 * SECOND, []).ids) and tracker.late == 1
    assert not len(tracker.process(200 * SECOND, []).ids)
    with pytest.raises(ValueError, match="found"):
        AreaTracker(FLOOR, LOW, HIGH, AreaSettings(found=2.0))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 15))
def test_fusing_never_joins_two_boxes_of_a_view_and_loses_none(seed, count):
    rng = np.random.default_rng(seed)
    points, views = rng.uniform(0, 2, (count, 2)), rng.integers(0, 4, count)
    noises = np.broadcast_to(0.04 * np.eye(2), (count, 2, 2))
    fused = fuse(points, noises, views, 13.8)
    assert fused.views.sum() == count and np.all(fused.views <= 4)
    assert not count or len(fused.points) >= np.bincount(views).max()
    # Joined places know what their boxes know together.
    assert np.allclose(np.linalg.inv(fused.noises).sum(axis=0), count * 25.0 * np.eye(2)) or not count
    assert len(fuse(points, noises, np.zeros(count, dtype=np.int64), 13.8).points) == count


def test_a_box_of_each_view_near_a_place_is_one_person_there():
    points = np.array([[1.0, 1.0], [3.0, 1.0], [1.1, 1.0], [3.1, 1.0], [0.9, 1.0]])
    fused = fuse(points, np.broadcast_to(0.01 * np.eye(2), (5, 2, 2)), np.array([0, 0, 1, 1, 2]), 13.8)
    assert np.allclose(fused.points, [[1.0, 1.0], [3.05, 1.0]]) and fused.views.tolist() == [3, 2]
