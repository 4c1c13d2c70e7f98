import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.records import Hand, PersonDetection, PersonDetectionArray, TrackArray, TrackState, to_dict
from just_walk_out.store.geometry import steps_cross
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Wall
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage

STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERAS = [camera.id for camera in STORE.cameras if camera.role == "overview"]
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def detection(x, y, sigma=0.1, score=0.9):
    return PersonDetection(x, y, (sigma**2, 0.0, sigma**2), score, (0.0, 0.0, 10.0, 30.0))


def walk(*points, speed=1.2):
    """A path through points as a function of seconds; None before its start and after its end."""
    ends = np.array(points, dtype=float)
    times = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ends, axis=0), axis=1) / speed)])

    def at(seconds):
        if seconds < 0 or seconds > times[-1]:
            return None
        return tuple(float(np.interp(seconds, times, ends[:, k])) for k in (0, 1))

    at.end = times[-1]
    return at


def frames(paths, seconds, *, rate=10.0, noise=0.06, cameras=CAMERAS, seed=1, seen=lambda camera, who, t: True):
    """Detections of all cameras, each with a phase of its own."""
    rng = np.random.default_rng(seed)
    found = []
    for n, camera in enumerate(cameras):
        for k in range(int(seconds * rate)):
            t = k / rate + 0.02 * n
            people = []
            for who, path in enumerate(paths):
                place = path(t)
                if place is not None and seen(camera, who, t):
                    x, y = np.array(place) + rng.normal(0.0, noise, 2)
                    people.append(detection(float(x), float(y)))
            found.append(PersonDetectionArray(START + round(t * SECOND), camera, tuple(people)))
    return sorted(found, key=lambda frame: (frame.stamp, frame.camera))


def run(records, stage=None):
    stage = stage or TrackerStage(STORE)
    return [array for record in records for array in stage.push(record)]


def confirmed(array):
    return [track for track in array.tracks if track.state is not TrackState.TENTATIVE]


def ids(arrays):
    return sorted({track.id for array in arrays for track in confirmed(array)})


def at(arrays, seconds):
    return min(arrays, key=lambda array: abs(array.stamp - START - seconds * SECOND))


IN_1 = (1.1, 0.1)
ROUND = walk(IN_1, (1.1, 2.0), (3.0, 2.2), (4.2, 2.4), (6.7, 2.2), (6.7, 0.1))


def test_one_shopper_is_one_accurate_track_from_gate_to_gate():
    arrays = run(frames([ROUND], 12.0))
    assert len(ids(arrays)) == 1
    errors = []
    for array in arrays:
        place = ROUND((array.stamp - START) / SECOND)
        for track in confirmed(array):
            assert track.birth_gate == "entry_1"
            if place is not None:
                errors.append(math.hypot(track.x - place[0], track.y - place[1]))
    assert np.median(errors) < 0.1
    assert not at(arrays, 11.5).tracks
    assert [array.ended for array in arrays if array.ended] == [(ids(arrays)[0],)]


def test_snapshots_come_on_the_absolute_grid_and_carry_their_watermark_also_when_nobody_is_there():
    arrays = run(frames([], 3.0))
    assert len(arrays) > 25
    assert all(array.stamp % (SECOND // 10) == 0 for array in arrays)
    assert {b.stamp - a.stamp for a, b in pairwise(arrays)} == {SECOND // 10}
    assert all(array.watermarks[0].source == "tracks" and array.watermarks[0].stamp == array.stamp for array in arrays)


def test_two_shoppers_who_cross_keep_their_identities():
    first = walk((1.1, 0.1), (1.1, 4.9), (3.2, 5.2), (7.5, 5.2))
    second = walk((2.1, 0.1), (2.1, 1.5), (0.9, 4.4), (1.4, 5.4), (3.2, 5.2), (3.4, 1.8), (7.5, 1.8))
    arrays = run(frames([first, second], min(first.end, second.end)))
    assert len(ids(arrays)) == 2
    swaps = 0
    names = {}
    for array in arrays[20:]:
        for who, path in enumerate((first, second)):
            place = path((array.stamp - START) / SECOND)
            if place is None:
                continue
            best = min(confirmed(array), key=lambda track: math.hypot(track.x - place[0], track.y - place[1]))
            apart = math.dist(
                first((array.stamp - START) / SECOND) or place, second((array.stamp - START) / SECOND) or place
            )
            if apart > 0.8:
                swaps += names.setdefault(who, best.id) != best.id
    assert swaps == 0 and names[0] != names[1]


def test_hands_go_with_the_track_whose_detections_had_them_in_whatever_order():
    paths = [walk((1.1, 0.1), (1.1, 4.9), (3.2, 5.2)), walk((2.1, 0.1), (2.1, 1.5), (3.4, 1.8), (7.5, 1.8))]
    records = frames(paths, min(path.end for path in paths))

    def with_hands(frame):
        """Who walks on the left of the store has hands, in the picture of one camera."""
        hand = (Hand(3.0, 4.0, 0.5, (0.0, 0.6, -0.8)),)
        seen = tuple(
            replace(each, hands=hand if each.x < 1.7 and frame.camera == CAMERAS[0] else ())
            for each in frame.detections[::-1]
        )
        return replace(frame, detections=seen)

    late = [array for array in run([with_hands(each) for each in records]) if array.stamp > START + 3 * SECOND]
    assert any(track.hands for array in late for track in array.tracks)
    for track in (track for array in late for track in array.tracks):
        assert not track.hands or (track.x < 1.9 and {each.camera for each in track.hands} == {CAMERAS[0]})
        assert all(each.direction == (0.0, 0.6, -0.8) and each.score == 0.5 for each in track.hands)


def test_two_people_side_by_side_stay_two():
    left = walk((1.0, 0.1), (1.0, 2.0), (3.0, 2.0), (6.0, 2.0))
    right = walk((1.6, 0.1), (1.6, 1.4), (3.0, 1.4), (6.0, 1.4))
    arrays = run(frames([left, right], 5.0))
    assert len(ids(arrays)) == 2
    assert all(len(confirmed(array)) == 2 for array in arrays[8:])


def test_a_person_lost_inside_is_remembered_and_found_again():
    path = walk((1.1, 0.1), (1.1, 2.0), (3.0, 2.2), (4.2, 2.4), (6.7, 2.2), speed=0.5)

    def seen(camera, who, t):
        return not 5.0 < t < 11.0

    arrays = run(frames([path], path.end, seen=seen))
    assert len(ids(arrays)) == 1
    hidden = at(arrays, 9.0)
    assert [track.state for track in hidden.tracks] == [TrackState.COASTING]
    before, after = at(arrays, 4.9).tracks[0].covariance, hidden.tracks[0].covariance
    assert after[0] > 4 * before[0]
    assert at(arrays, path.end - 0.3).tracks[0].state is TrackState.CONFIRMED


def test_nobody_is_born_in_mid_store_from_a_short_reflection_but_somebody_who_stays_is():
    short = lambda t: (4.2, 2.2) if t < 1.0 else None  # noqa: E731
    assert ids(run(frames([short], 4.0))) == []
    stays = lambda t: (4.2, 2.2)  # noqa: E731
    arrays = run(frames([stays], 6.0))
    assert len(ids(arrays)) == 1 and confirmed(arrays[-1])[0].birth_gate == ""


def test_two_cameras_that_disagree_give_one_track():
    path = walk((1.1, 0.1), (1.1, 2.0), (3.0, 2.2), (6.0, 2.2))
    records = []
    for frame in frames([path], 7.0):
        shift = 0.25 if frame.camera in CAMERAS[:2] else -0.25
        moved = tuple(replace(each, x=each.x + shift) for each in frame.detections)
        records.append(replace(frame, detections=moved))
    assert len(ids(run(records))) == 1


def test_two_cameras_that_disagree_by_a_metre_do_not_make_two_shoppers_at_a_gate():
    path = walk((1.1, 0.1), (1.1, 2.0), (3.0, 2.2), (6.0, 2.2))
    records = []
    for frame in frames([path], 7.0, cameras=CAMERAS[:2]):
        shift = 0.5 if frame.camera == CAMERAS[0] else -0.5
        records.append(replace(frame, detections=tuple(replace(each, x=each.x + shift) for each in frame.detections)))
    arrays = run(records)
    assert all(len([track for track in confirmed(array) if track.birth_gate]) <= 1 for array in arrays)


def test_frames_of_one_moment_are_taken_together_whatever_their_cameras_are_called():
    paths = [walk((1.1, 0.1), (1.1, 2.0), (6.0, 2.2)), walk((2.1, 0.1), (2.1, 1.2), (6.0, 1.4))]
    tenth = SECOND // 10
    records = [replace(f, stamp=f.stamp // tenth * tenth) for f in frames(paths, 4.0)]
    assert len({f.stamp for f in records}) < len(records) / 3
    arrays = run(records)
    assert len(ids(arrays)) == 2


def retained(thing):
    """How many values are kept by an object, all that hangs on it counted."""
    if isinstance(thing, np.ndarray):
        return thing.size
    if isinstance(thing, dict):
        return sum(1 + retained(value) for value in thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return sum(1 + retained(value) for value in thing)
    return retained(vars(thing)) if hasattr(thing, "__dict__") else 1


def test_what_is_kept_stays_flat_while_hundreds_come_and_go_and_meet_somebody_who_stays():
    stage = TrackerStage(STORE)
    visit = walk((1.1, -0.5), (1.1, 1.6), (1.1, -0.5), speed=2.5)
    bent = walk((1.3, -0.5), (1.3, 1.4), (1.3, -0.5), speed=2.5)
    stays = lambda t: (1.2, 1.9)  # noqa: E731
    sizes, names = [], set()
    for turn in range(100):
        for frame in frames([visit, bent, stays], 2.6, rate=5.0, seed=turn % 7, cameras=CAMERAS[:1], noise=0.05):
            for array in stage.push(replace(frame, stamp=frame.stamp + turn * 26 * SECOND // 10)):
                names |= {track.id for track in array.tracks}
        sizes.append(retained(stage))
    assert len(names) > 150  # births and deaths there were
    assert max(sizes[50:]) <= 1.1 * max(sizes[15:50])


def test_the_order_of_detections_and_cameras_does_not_matter():
    records = frames([ROUND, walk((2.1, 0.1), (2.1, 2.0), (3.0, 2.8), (3.0, 5.0))], 6.0)
    expected = [to_dict(array) for array in run(records)]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        mixed = [replace(f, detections=tuple(rng.permutation(np.array(f.detections, dtype=object)))) for f in records]
        late = sorted(mixed, key=lambda f: f.stamp + CAMERAS.index(f.camera) * 0.05 * SECOND * (seed + 1))
        assert [to_dict(array) for array in run(late)] == expected


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), gap=st.floats(0.2, 2.5))
def test_a_camera_that_pauses_gives_the_same_tracks_in_any_order_of_arrival(seed, gap):
    rng = np.random.default_rng(seed)
    pauses = (1.5, 1.5 + gap)
    records = [
        f
        for f in frames([ROUND], 5.0)
        if f.camera != CAMERAS[0] or not pauses[0] < (f.stamp - START) / SECOND < pauses[1]
    ]
    delay = dict(zip(CAMERAS, rng.uniform(0.0, 0.25, len(CAMERAS)), strict=True))
    mixed = sorted(records, key=lambda f: f.stamp + delay[f.camera] * SECOND)
    ends = [[to_dict(a) for a in run(order) if a.stamp < START + 4 * SECOND] for order in (records, mixed)]
    assert ends[0] == ends[1]


def test_a_dead_camera_is_not_waited_for_and_comes_back():
    records = [f for f in frames([ROUND], 9.0) if f.camera != CAMERAS[0] or not 2.0 < (f.stamp - START) / SECOND < 6.0]
    stage = TrackerStage(STORE)
    lags = []
    newest = 0
    for record in records:
        newest = max(newest, record.stamp)
        lags += [(newest - array.stamp) / SECOND for array in stage.push(record)]
    assert max(lags) < 1.2 and np.median(lags) < 0.15
    assert len(ids(run(records))) == 1


def test_no_camera_at_all_but_one_still_gives_ticks():
    arrays = run(frames([ROUND], 4.0, cameras=CAMERAS[:1]))
    assert len(arrays) > 25 and len(ids(arrays)) == 1


def test_late_and_repeated_frames_are_dropped_and_counted():
    records = frames([ROUND], 4.0)
    stage = TrackerStage(STORE)
    expected = run(records)
    got = []
    for n, record in enumerate(records):
        got += stage.push(record)
        if n == 100:
            assert stage.push(records[10]) == []
            assert stage.push(records[n]) == []
    assert [to_dict(a) for a in got] == [to_dict(a) for a in expected]
    assert sum(counts.repeated for counts in stage.counts.values()) == 2
    assert sum(counts.used for counts in stage.counts.values()) == len(records)


def test_a_camera_whose_clock_jumps_does_not_carry_the_others_away():
    records = frames([ROUND], 8.0)
    jumped = [
        replace(f, stamp=f.stamp + 3600 * SECOND) if f.camera == CAMERAS[1] and f.stamp > START + 3 * SECOND else f
        for f in records
    ]
    stage = TrackerStage(STORE)
    arrays = run(jumped, stage)
    assert len(ids(arrays)) == 1
    assert arrays[-1].stamp < START + 9 * SECOND
    assert stage.counts[CAMERAS[1]].ahead > 20 and stage.counts[CAMERAS[0]].refused == 0


@pytest.mark.parametrize("shift", [-30.0, -1.5, 0.0, 0.5, 5.0, 30.0])
def test_a_camera_whose_clock_is_too_far_from_the_others_is_named_while_it_sends(shift):
    """Within ``camera_timeout`` it is waited for; what it sends otherwise is of no use, which nobody else would say."""
    stage = TrackerStage(STORE)
    records = sorted(frames([ROUND], 8.0), key=lambda frame: frame.stamp)
    named = []
    for n, frame in enumerate(records):
        late = frame.camera == CAMERAS[1] and frame.stamp > START + 3 * SECOND
        if late and frame.stamp > START + 7 * SECOND:
            continue
        stage.push(replace(frame, stamp=frame.stamp + round(shift * SECOND)) if late else frame)
        if n % (10 * len(CAMERAS)) == 0:
            named.append((round((frame.stamp - START) / SECOND), stage.unused_cameras()))
    apart = {CAMERAS[1]: pytest.approx(shift, abs=0.2)} if shift not in (0.0, 0.5) else {}
    assert [cameras for second, cameras in named if 5 <= second <= 7] == [apart] * 3
    assert all(cameras == {} for second, cameras in named if second in (0, 1, 2, 3))
    assert stage.unused_cameras() == {}


def test_all_cameras_jumping_ahead_skips_the_time_between():
    records = frames([ROUND], 3.0)
    later = [replace(f, stamp=f.stamp + 86400 * SECOND) for f in frames([ROUND], 6.0, seed=2)]
    arrays = run(records + later)
    assert len(arrays) < 120
    assert len(ids(arrays)) == 2


def test_nonsense_detections_are_ignored():
    bad = [
        detection(math.nan, 1.0),
        detection(1.0, math.inf),
        replace(detection(4.2, 2.2), covariance=(0.01, 0.5, 0.01)),
        replace(detection(4.2, 2.2), covariance=(math.nan, 0.0, 0.01)),
        replace(detection(4.2, 2.2), covariance=()),
        detection(400.0, -300.0),
    ]
    records = [replace(f, detections=(*f.detections, *bad)) for f in frames([ROUND], 8.0)]
    assert len(ids(run(records))) == 1


def test_a_restarted_tracker_goes_on_with_the_same_ids():
    records = frames([ROUND], 8.0)
    first = TrackerStage(STORE)
    before = run(records[:160], first)
    state = json.loads(json.dumps(first.snapshot()))
    second = TrackerStage(STORE)
    second.resume(state)
    after = run(records[185:], second)
    assert len(ids(before)) == 1 and ids(after) == ids(before)


def test_a_snapshot_of_another_store_is_refused():
    state = TrackerStage(STORE).snapshot()
    state["tracker"]["tracks"]["cameras"] = 9
    with pytest.raises(ValueError, match="9 cameras"):
        TrackerStage(STORE).resume(state)


@pytest.mark.parametrize("missing", ["look", "seen_by"])
def test_a_snapshot_of_another_version_is_refused_in_one_line_and_changes_nothing(missing):
    records = frames([ROUND], 5.0)
    first, fresh = TrackerStage(STORE), TrackerStage(STORE)
    run(records[:120], first)
    state = json.loads(json.dumps(first.snapshot()))
    del state["tracker"]["tracks"][missing]
    with pytest.raises(ValueError, match=f"snapshot: not as this version writes it: KeyError.'{missing}'") as caught:
        fresh.resume(state)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="snapshot"):
        fresh.resume({"next_tick": 3})
    assert [to_dict(a) for a in run(records, fresh)] == [to_dict(a) for a in run(records)]


def test_a_wrong_setting_is_refused():
    with pytest.raises(ValueError, match="tick"):
        TrackerStage(STORE, TrackerSettings(tick=-1.0))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(-20, 100),
            st.lists(st.tuples(st.floats(allow_nan=True), st.floats(allow_nan=True)), max_size=3),
        ),
        max_size=40,
    )
)
def test_no_input_makes_it_raise_and_time_only_goes_forward(rows):
    stage = TrackerStage(STORE)
    last = 0
    for camera, tenths, places in rows:
        people = tuple(detection(x, y) for x, y in places)
        for array in stage.push(PersonDetectionArray(START + tenths * SECOND // 10, CAMERAS[camera], people)):
            assert isinstance(array, TrackArray) and array.stamp > last
            last = array.stamp


CORNER = (Wall((4.0, 1.0), (4.0, 4.0)), Wall((4.0, 4.0), (7.0, 4.0), 1.2))
ROOM = replace(STORE, walls=CORNER)
FLOOR = FloorMap(ROOM, [])
PLACE = st.tuples(st.floats(0, 8), st.floats(0, 6))


@given(st.lists(st.tuples(PLACE, PLACE, st.tuples(st.floats(-2, 2), st.floats(-2, 2))), min_size=1, max_size=5))
def test_an_estimate_never_gets_behind_a_wall(steps):
    before, after, speed = (np.array([step[k] for step in steps], dtype=float) for k in range(3))
    held = FLOOR.hold(before, np.concatenate([after, speed], axis=1))
    for wall in CORNER:
        assert not steps_cross(before, held[:, :2], (wall.start, wall.end)).any()
    free = ~np.any([steps_cross(before, after, (wall.start, wall.end)) for wall in CORNER], axis=0)
    assert np.array_equal(held[free, :2], after[free]) and np.array_equal(held[free, 2:], speed[free])


def test_along_a_wall_one_slides_on():
    held = FLOOR.hold(np.array([[3.9, 2.0]]), np.array([[4.2, 2.3, 1.0, 1.0]]))
    assert np.allclose(held, [[3.99, 2.3, 0.0, 1.0]])


def test_a_detection_close_to_a_wall_may_be_on_either_side_of_it_one_further_off_not():
    starts, ends = np.array([[3.8, 2.0]]), np.array([[4.1, 2.0], [4.5, 2.0], [3.5, 2.5]])
    assert FLOOR.walled_off(starts, ends, np.full(3, 0.2)).tolist() == [[False, True, False]]


def test_somebody_lost_before_a_wall_is_not_found_in_somebody_behind_it():
    """One walks up to the wall and is seen no more; then another turns up half a metre behind it."""
    first = walk(IN_1, (1.1, 2.0), (3.7, 2.5))
    second = walk((6.7, 0.1), (6.7, 2.0), (4.3, 2.5), (4.3, 2.6), speed=1.2)

    def delayed(seconds):
        return second(seconds - 5.0)

    records = frames([first, delayed], 8.8, cameras=CAMERAS, noise=0.03)
    arrays = run(records, TrackerStage(ROOM))
    names = {track.id for track in confirmed(at(arrays, 8.6)) if track.x > 4.0}
    early = {track.id for array in arrays for track in confirmed(array) if track.x < 3.9}
    assert names and not names & early
    for array in arrays:
        assert all(track.x < 4.0 for track in confirmed(array) if track.id in early)


def test_who_is_first_seen_far_outside_and_waits_at_a_gate_in_view_of_one_camera_is_born_there():
    """The first sight through a door may be metres off; the gate is where they come up to it."""
    path = walk((2.1, -2.0), (2.1, -0.3), (2.1, -0.31), (2.1, -0.3), speed=1.2)

    def place(seconds):
        return path(min(seconds, path.end)) if seconds < 5.0 else (2.1, min(-0.3 + (seconds - 5.0), 3.0))

    view = frames([place], 8.0, seen=lambda camera, who, t: camera == "cam_nw" or place(t)[1] > 1.5)
    arrays = run(view)
    before = [track for track in confirmed(at(arrays, 4.8)) if track.y < 0.0]
    assert [track.birth_gate for track in before] == ["entry_2"]
    assert len(ids(arrays)) == 1
