"""Two people who meet so closely that positions do not tell who is who afterwards."""

import json
from pathlib import Path

import numpy as np
import pytest

from just_walk_out.camera.appearance import COLOURS
from just_walk_out.records import PersonDetection, PersonDetectionArray, TrackState
from just_walk_out.store.load import load_store
from just_walk_out.tracking.looks import looks
from just_walk_out.tracking.meetings import Meetings
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage
from just_walk_out.tracking.table import TrackTable

STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERAS = [camera.id for camera in STORE.cameras if camera.role == "overview"]
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
MEET, PART, END = 5.0, 7.0, 13.0
MIDDLE = (4.0, 2.3)
IN = {"ada": ((1.1, 0.1), (1.1, 2.3)), "ben": ((6.7, 0.1), (6.7, 2.3))}


def clothes(colour, rng):
    """One colour above, another below, with some of everything else."""
    shares = rng.uniform(0.0, 0.05, (2, COLOURS))
    shares[0, colour] += 1.0
    shares[1, colour + 1] += 1.0
    roots = np.sqrt(shares / shares.sum(axis=1, keepdims=True))
    return np.rint(255.0 * roots).astype(np.uint8).tobytes()


def place(who, t, crossing):
    gate, inside = IN[who]
    other = IN["ben" if who == "ada" else "ada"][1]
    after = other if crossing else inside
    course = ((0.0, gate), (1.8, inside), (MEET, MIDDLE), (PART, MIDDLE), (PART + 3.2, after), (END, after))
    times = [when for when, _ in course]
    return np.array([np.interp(t, times, [point[k] for _, point in course]) for k in (0, 1)])


def frames(crossing, colours, seed=3):
    rng = np.random.default_rng(seed)
    records = []
    for k in range(int(END * 10)):
        for n, camera in enumerate(CAMERAS):
            t = k / 10 + 0.02 * n
            seen = [(place(who, t, crossing), colour) for who, colour in zip(IN, colours, strict=True)]
            if np.hypot(*(seen[0][0] - seen[1][0])) < 0.4:  # one box explains both
                seen = seen[:1]
            people = []
            for point, colour in seen:
                x, y = (float(value) for value in point + rng.normal(0.0, 0.05, 2))
                look = b"" if colour is None else clothes(colour, rng)
                people.append(PersonDetection(x, y, (0.01, 0.0, 0.01), 0.9, (0.0, 0.0, 10.0, 30.0), (), look))
            records.append(PersonDetectionArray(START + round(t * SECOND), camera, tuple(people)))
    return records


def run(records, stage=None):
    stage = stage or TrackerStage(STORE)
    return [array for record in records for array in stage.push(record)]


def nearest(array, point):
    tracks = [track for track in array.tracks if track.state is not TrackState.TENTATIVE]
    return min(tracks, key=lambda track: np.hypot(track.x - point[0], track.y - point[1]))


def at(arrays, t):
    return min(arrays, key=lambda array: abs(array.stamp - START - t * SECOND))


def who_is_who(arrays, crossing):
    """Ids before and after the meeting, of ada and ben."""
    return [[nearest(at(arrays, t), place(who, t, crossing)).id for who in IN] for t in (3.0, END - 0.3)]


@pytest.mark.parametrize("crossing", [False, True])
def test_clothes_tell_who_is_who_whichever_way_they_part(crossing):
    for seed in (3, 4):
        arrays = run(frames(crossing, (0, 8), seed))
        before, after = who_is_who(arrays, crossing)
        assert before == after and len(set(before)) == 2
        assert all(track.identity > 0.95 for track in arrays[-1].tracks)


@pytest.mark.parametrize("colours", [(None, None), (4, 4)])
def test_without_clothes_to_tell_by_it_is_said_with_whom_they_may_be_exchanged(colours):
    for crossing in (False, True):
        arrays = run(frames(crossing, colours))
        assert all(track.identity == 1.0 and not track.candidates for track in at(arrays, 3.0).tracks)
        first, second = at(arrays, END - 0.3).tracks
        for one, other in ((first, second), (second, first)):
            assert one.candidates == (other.id,) and 0.4 < one.identity < 0.9
            assert one.identity == pytest.approx(1.0 - one.chances[0])
        assert not any(array.exchanged for array in arrays)


def test_while_they_are_one_it_is_open_who_is_who():
    arrays = run(frames(False, (0, 8)))
    for track in at(arrays, PART - 0.5).tracks:
        assert track.identity < 0.8 and len(track.candidates) == 1


@pytest.mark.parametrize("exchanged", [False, True])
def test_an_exchange_is_taken_back_once_clothes_say_so(exchanged):
    rng = np.random.default_rng(1)
    one, other = looks([clothes(0, rng), clothes(8, rng)])
    tracks, meetings = TrackTable(1), Meetings(TrackerSettings())
    mean = np.array([[2.0, 2.0, 0.0, 0.0], [2.1, 2.0, 0.0, 0.0]])
    tracks.add(mean, np.array([0.01 * np.eye(4)] * 2), START, 0, ["a", "b"], ["in", "out"])
    tracks.confirmed[:] = True
    tracks.look[:] = one, other
    assert meetings.update(tracks, START) == () and tracks.crowded.all() and tracks.parting.all()
    assert 0.2 < meetings.chances()["a"]["b"] <= 0.5 and meetings.chances()["b"]["a"] == meetings.chances()["a"]["b"]
    tracks.mean[1, 0] = 4.0
    tracks.fresh[:] = 8.0 * np.array([other, one] if exchanged else [one, other])
    tracks.fresh_count[:] = 7
    assert meetings.update(tracks, START + SECOND) == ()  # seen too little yet
    tracks.fresh_count[:] = 8
    assert meetings.update(tracks, START + SECOND) == (("a", "b") if exchanged else ())
    assert (tracks.ids, tracks.gates) == ((["b", "a"], ["out", "in"]) if exchanged else (["a", "b"], ["in", "out"]))
    assert (tracks.look[0] == (other if exchanged else one)).all() and not tracks.parting.any()
    assert meetings.chances() == {}


@pytest.mark.parametrize("cut", [6.0, 7.6])
def test_a_restart_in_the_middle_changes_nothing(cut):
    records = frames(True, (0, 8))
    k = int(cut * 10) * len(CAMERAS)
    whole = TrackerStage(STORE)
    run(records[:k], whole)
    again = TrackerStage(STORE)
    again.resume(json.loads(json.dumps(whole.snapshot())))
    expected, found = run(records[k:], whole), run(records[k:], again)
    told = [
        [(track.id, track.candidates, round(track.identity, 2)) for track in each[-1].tracks]
        for each in (found, expected)
    ]
    assert told[0] == told[1]


def test_colours_of_another_form_are_unknown():
    records = frames(False, (0, 8))
    odd = [
        PersonDetectionArray(
            each.stamp,
            each.camera,
            tuple(
                PersonDetection(one.x, one.y, one.covariance, one.score, one.box, (), one.appearance[:7])
                for one in each.detections
            ),
        )
        for each in records
    ]
    plain = frames(False, (0, 8))
    plain = [
        PersonDetectionArray(
            each.stamp,
            each.camera,
            tuple(PersonDetection(one.x, one.y, one.covariance, one.score, one.box) for one in each.detections),
        )
        for each in plain
    ]
    assert run(odd) == run(plain)


def two(apart, spread=0.06):
    """Two tracks side by side, so many metres apart, whose places are known to within ``spread`` metres."""
    tracks = TrackTable(1)
    mean = np.array([[2.0, 2.0, 0.0, 0.0], [2.0 + apart, 2.0, 0.0, 0.0]])
    tracks.add(mean, np.array([spread**2 * np.eye(4)] * 2), START, 0, ["a", "b"], ["in", "out"])
    tracks.confirmed[:] = True
    return tracks


def doubt(apart, unseen=0.0, spread=0.06):
    """The chance of an exchange of two who were last surely two so many seconds ago."""
    meetings, tracks = Meetings(TrackerSettings()), two(apart, spread)
    meetings.update(tracks, START, {("a", "b"): START})
    now = START + round(unseen * SECOND)
    meetings.update(tracks, now, {("a", "b"): START})
    return meetings.chances().get("a", {}).get("b", 0.0)


def test_who_passes_at_arms_length_in_sight_is_not_doubted_and_the_longer_hidden_the_more():
    assert doubt(0.4) == 0.0 and doubt(0.1) > 0.2
    chances = [doubt(0.4, unseen) for unseen in (0.0, 0.2, 0.4, 0.6, 0.8)]
    assert chances == sorted(chances) and chances[-1] > 0.4
    nearer = [doubt(apart, 0.4) for apart in (0.6, 0.5, 0.4, 0.35)]
    assert nearer == sorted(nearer)


def test_two_are_two_when_each_is_seen_where_the_other_is_not_also_by_two_cameras():
    """Both stand in a row before two cameras: each sees the nearer one alone."""
    rng = np.random.default_rng(2)

    def stand(who, t):
        gate, inside = IN[who]
        spot = (MIDDLE[0] + (0.55 if who == "ben" else 0.0), MIDDLE[1])
        course = ((0.0, gate), (1.8, inside), (MEET, spot))
        return np.array([np.interp(t, [when for when, _ in course], [point[k] for _, point in course]) for k in (0, 1)])

    def identity(nearer):
        records = []
        for k in range(90):
            for n, camera in enumerate(CAMERAS[:2]):
                t = k / 10 + 0.03 * n
                seen = [stand(who, t) for who in (IN if t < MEET else nearer[n])]
                found = [
                    PersonDetection(*(p + rng.normal(0, 0.03, 2)), (0.01, 0.0, 0.01), 0.9, (0.0, 0.0, 9.0, 30.0))
                    for p in seen
                ]
                records.append(PersonDetectionArray(START + round(t * SECOND), camera, tuple(found)))
        return min(track.identity for track in run(records)[-1].tracks)

    assert identity((["ada"], ["ben"])) > 0.95
    assert identity((["ada"], ["ada"])) < identity((["ada"], ["ben"])) - 0.02
