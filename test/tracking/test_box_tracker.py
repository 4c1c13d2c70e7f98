"""People followed by the boxes of one camera, in a picture and on a floor."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.benchmark.detect.scoring import overlaps
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.store.model import Camera, Pose
from just_walk_out.tracking.box_settings import BoxTrackerSettings
from just_walk_out.tracking.box_tracker import BoxTracker
from just_walk_out.tracking.planes import FloorPlane

SECOND = 1_000_000_000
RATE = 10
CAMERA = Camera("c", "", 1280, 720, 10.0, 900.0, 900.0, 639.5, 359.5, Pose(0.0, 0.0, 3.0, 0.0, 0.25, 0.0))


def floor_plane():
    return FloorPlane(FloorProjector(CAMERA), BoxTrackerSettings())


def boxes_at(places, height=1.7):
    """Boxes of bodies at floor places (N, 2) before the camera."""
    projector = FloorProjector(CAMERA)
    level = np.asarray(places, dtype=float)
    feet = projector.to_pixels(np.column_stack([level, np.zeros(len(level))]))
    head = projector.to_pixels(np.column_stack([level, np.full(len(level), height)]))
    tall = feet[:, 1] - head[:, 1]
    return np.column_stack([feet[:, 0] - 0.2 * tall, head[:, 1], 0.4 * tall, tall])


def follow(paths, seconds, plane=None, seen=lambda who, t: True, seed=1, tracker=None):
    """Who is reported as which id: one {person: id} a frame, matched by overlap with the true box."""
    rng = np.random.default_rng(seed)
    tracker = tracker or BoxTracker(plane)
    names = []
    for k in range(round(seconds * RATE)):
        t = k / RATE
        true = boxes_at([path(t) for path in paths])
        noisy = true + true[:, 3:] * rng.normal(0.0, 0.02, true.shape)
        there = [who for who in range(len(paths)) if seen(who, t)]
        result = tracker.process(k * SECOND // RATE, noisy[there], np.full(len(there), 0.9))
        shared = overlaps(true, result.boxes)
        names.append(
            {w: int(result.ids[shared[w].argmax()]) for w in range(len(paths)) if shared[w].max(initial=0) > 0.5}
        )
    return names


def crossing(t):
    return (8.0, -3.0 + t)


def other_way(t):
    return (9.5, 3.0 - t)


@pytest.mark.parametrize("plane", [lambda: None, floor_plane], ids=["picture", "floor"])
def test_two_people_who_cross_before_each_other_keep_their_ids(plane):
    names = follow([crossing, other_way], 6.0, plane())
    assert all(len(each) == 2 for each in names[3:])
    assert all(len({each[who] for each in names if who in each}) == 1 for who in (0, 1))
    assert names[-1][0] != names[-1][1]


@pytest.mark.parametrize("plane", [lambda: None, floor_plane], ids=["picture", "floor"])
def test_somebody_hidden_for_a_while_goes_on_with_the_same_id(plane):
    names = follow([crossing], 6.0, plane(), seen=lambda who, t: not 2.0 < t < 3.5)
    assert not any(names[30:35])
    assert {each[0] for each in names if each} == {1} and names[-1]


def test_nobody_is_moved_to_a_doubtful_box_so_that_one_more_track_finds_any():
    tracker = BoxTracker()
    row = np.array([[200.0, 300.0, 100.0, 260.0], [265.0, 300.0, 100.0, 260.0]])
    for k in range(8):
        before = tracker.process(k * SECOND // 10, row, [0.9, 0.9])
    # Of the left one nothing is seen, but a box to the right of the other, who has not moved.
    shown = tracker.process(8 * SECOND // 10, [row[1].tolist(), [330.0, 300.0, 100.0, 260.0]], [0.9, 0.9])
    where = {int(who): left for who, left in zip(shown.ids, shown.boxes[:, 0], strict=True)}
    right = int(before.ids[before.boxes[:, 0].argmax()])
    assert where[right] == pytest.approx(265.0, abs=5.0)


def walkers(rng, count):
    """Paths of people who walk about in front of the camera."""
    starts, speeds = rng.uniform((7.0, -3.0), (14.0, 3.0), (count, 2)), rng.normal(0.0, 0.5, (count, 2))
    return [lambda t, a=a, v=v: tuple(a + v * np.sin(0.5 * t)) for a, v in zip(starts, speeds, strict=True)]


def test_who_is_seen_by_a_camera_in_a_hand_keeps_the_id_a_fixed_one_would_give():
    rng = np.random.default_rng(5)
    paths, place = walkers(rng, 8), np.zeros(2)
    fixed, held = BoxTracker(), BoxTracker()
    for k in range(120):
        boxes = boxes_at([path(k / 30) for path in paths])
        boxes += boxes[:, 3:] * rng.normal(0.0, 0.01, boxes.shape)
        place += rng.normal((9.0, 2.0), 6.0)
        moved = boxes + np.concatenate([place, np.zeros(2)])
        one = fixed.process(k * SECOND // 30, boxes, np.full(8, 0.9))
        two = held.process(k * SECOND // 30, moved, np.full(8, 0.9))
        if k > 5:
            assert one.ids.tolist() == two.ids.tolist()
            assert np.abs(two.boxes[:, :2] - place - one.boxes[:, :2]).max() < 20.0


def test_a_detector_that_is_never_sure_is_followed_as_one_that_is():
    rng = np.random.default_rng(2)
    sure, unsure = BoxTracker(), BoxTracker()
    for k in range(60):
        t = k / RATE
        boxes = boxes_at([(5.0, -2.0 + 0.5 * t), (6.0, 2.0 - 0.6 * t)])
        boxes = boxes + boxes[:, 3:] * rng.normal(0.0, 0.02, boxes.shape)
        one = sure.process(k * SECOND // RATE, boxes, np.full(2, 0.9))
        other = unsure.process(k * SECOND // RATE, boxes, np.full(2, 0.65))
        assert one.ids.tolist() == other.ids.tolist() and one.boxes == pytest.approx(other.boxes)
    assert len(one.ids) == 2


def test_a_single_false_detection_is_never_reported():
    tracker = BoxTracker()
    tracker.process(0, boxes_at([(8.0, 0.0)]), [0.9])
    shown = tracker.process(SECOND // 10, boxes_at([(8.0, 0.0), (6.0, 2.0)]), [0.9, 0.95])
    assert shown.ids.tolist() == [1]
    for k in range(2, 8):
        assert tracker.process(k * SECOND // 10, boxes_at([(8.0, 0.0)]), [0.9]).ids.tolist() == [1]


def test_weak_detections_prolong_a_track_for_a_while_but_start_none():
    tracker = BoxTracker()
    assert not len(tracker.process(0, boxes_at([(8.0, 0.0)]), [0.4]).ids) and not len(tracker)
    for k in range(1, 6):
        tracker.process(k * SECOND // 10, boxes_at([(8.0, 0.0)]), [0.9])
    shown = [len(tracker.process(k * SECOND // 10, boxes_at([(8.0, 0.0)]), [0.3]).ids) for k in range(6, 80)]
    assert all(shown[:15]) and not any(shown[-20:])
    assert not len(tracker)


@pytest.mark.parametrize("plane", [None, floor_plane()])
def test_whom_the_detector_hardly_believes_in_is_hidden_for_a_while_and_the_same_person_after(plane):
    tracker, box = BoxTracker(plane), boxes_at([(8.0, 0.0)])
    shown = []
    for k in range(5 * RATE):
        trust = 0.2 if 1.0 <= k / RATE < 2.7 else 0.9
        shown.append(tracker.process(k * SECOND // RATE, box, [trust]).ids.tolist())
    assert shown[:12] == [[1]] * 12
    assert [] in shown[15:27]
    assert shown[30:] == [[1]] * 20


def test_empty_frames_and_nonsense_boxes_change_nothing():
    bad = [[math.nan, 0, 10, 20], [0, math.inf, 10, 20], [5, 5, 0, 20], [5, 5, -3, 20], [5, 5, 10, math.nan]]
    clean, dirty = BoxTracker(), BoxTracker()
    for k in range(12):
        boxes = boxes_at([crossing(k / 10)]) if k % 4 else np.zeros((0, 4))
        scores = [0.9] * len(boxes)
        first = clean.process(k * SECOND // 10, boxes, scores)
        second = dirty.process(k * SECOND // 10, [*bad, *boxes.tolist()], [0.9] * len(bad) + scores)
        assert first.ids.tolist() == second.ids.tolist() and np.array_equal(first.boxes, second.boxes)
    assert not len(BoxTracker().process(0, [[1, 1, 10, 20]], [math.nan]).ids)


def test_a_clock_that_jumps_back_is_counted_and_one_that_jumps_ahead_ends_what_was():
    tracker = BoxTracker()
    for k in range(10):
        tracker.process((100 + k) * SECOND // 10, boxes_at([(8.0, 0.0)]), [0.9])
    assert not len(tracker.process(SECOND, boxes_at([(6.0, 0.0)]), [0.9]).ids)
    assert tracker.late == 1
    assert len(tracker.process(111 * SECOND // 10, boxes_at([(8.0, 0.0)]), [0.9]).ids) == 1
    ahead = tracker.process(4000 * SECOND, boxes_at([(8.0, 0.0)]), [0.9])
    assert 1 not in ahead.ids.tolist() and np.isfinite(ahead.boxes).all()


def test_boxes_above_the_horizon_are_left_out_on_a_floor():
    tracker = BoxTracker(floor_plane())
    for k in range(5):
        shown = tracker.process(k * SECOND // 10, [[600.0, 5.0, 20.0, 40.0], *boxes_at([(8.0, 0.0)])], [0.9, 0.9])
    assert len(shown.ids) == 1 and np.allclose(shown.places, [[8.0, 0.0]], atol=0.3)


BOX = st.tuples(*[st.floats(allow_nan=True, allow_infinity=True, width=32)] * 4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-5, 60), st.lists(st.tuples(BOX, st.floats(allow_nan=True)), max_size=4)), max_size=12
    )
)
def test_no_input_makes_it_raise_and_what_comes_out_is_finite(frames):
    for tracker in (BoxTracker(), BoxTracker(floor_plane())):
        for tenths, found in frames:
            result = tracker.process(tenths * SECOND // 10, [box for box, _ in found], [trust for _, trust in found])
            assert np.isfinite(result.boxes).all() and len(set(result.ids.tolist())) == len(result.ids)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_boxes_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    first, second = BoxTracker(), BoxTracker()
    for k in range(12):
        boxes = boxes_at(rng.uniform((6.0, -3.0), (12.0, 3.0), (5, 2)))
        scores = rng.uniform(0.2, 1.0, 5)
        order = rng.permutation(5)
        one = first.process(k * SECOND // 10, boxes, scores)
        two = second.process(k * SECOND // 10, boxes[order], scores[order])
        assert one.ids.tolist() == two.ids.tolist() and np.array_equal(one.boxes, two.boxes)


def test_memory_stays_flat_however_many_come_and_go():
    tracker = BoxTracker()
    rng = np.random.default_rng(1)
    most = []
    for k in range(600):
        boxes = boxes_at(rng.uniform((6.0, -3.0), (12.0, 3.0), (4, 2)))
        tracker.process(k * SECOND // 10, boxes, np.full(4, 0.9))
        most.append(len(tracker))
    assert max(most[300:]) <= max(most[:300]) + 5 and max(most) < 4 * 40


def test_a_setting_out_of_range_is_refused():
    with pytest.raises(ValueError, match="gate"):
        BoxTracker(settings=BoxTrackerSettings(gate=-1.0))
