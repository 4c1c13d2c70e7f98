"""Cameras whose clocks are apart, that die and come back: what goes into ticks, and what is said of it."""

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from just_walk_out.records import PersonDetectionArray
from just_walk_out.tracking.ticks import TickBuffer

SECOND = 1_000_000_000
TICK, TIMEOUT, JUMP = SECOND // 10, SECOND, 10 * SECOND
START = 1_700_000_000 * SECOND


@dataclass
class Camera:
    """Ten pictures a second; ``apart`` tells how far its clock is ahead, ``on`` whether it sends, by true seconds."""

    id: str
    apart: object = field(default=lambda at: 0.0)
    on: object = field(default=lambda at: True)

    def frames(self, seconds, drawn, skew):
        """(arrival, frame) in the order of arrival, which one camera's frames keep."""
        phase, arrived = drawn.uniform(0.0, 0.1), 0.0
        for k in range(int(10 * seconds)):
            at = k / 10 + phase
            arrived = max(arrived + 1e-6, at + skew.uniform(0.0, 0.2))
            if self.on(at):
                yield arrived, PersonDetectionArray(START + round((at + self.apart(at)) * SECOND), self.id, ())


def arrivals(cameras, seconds, seed, order=0):
    """Frames of cameras as they arrive: the same for a seed, in another order for each ``order``."""
    drawn, skew = random.Random(seed), random.Random(order)
    found = [each for camera in cameras for each in camera.frames(seconds, drawn, skew)]
    return sorted(found, key=lambda each: (each[0], skew.random()))


def buffer_of(cameras):
    return TickBuffer([camera.id for camera in cameras], TICK, TIMEOUT, JUMP)


def feed(buffer, arriving):
    """Ticks as (true seconds of arrival of the frame that completed it, stamp in seconds, its frames)."""
    return [
        (at, (end - START) / SECOND, [(each.camera, each.stamp) for each in frames])
        for at, frame in arriving
        for end, frames in buffer.push(frame)
    ]


def cameras_of(count, **odd):
    return [Camera("odd", **odd), *(Camera(f"c{k}") for k in range(1, count))]


ahead = st.floats(1.5, 9.0)
far = st.one_of(st.floats(-9.0, -1.5), ahead, st.floats(11.0, 4000.0), st.floats(-4000.0, -11.0))
counts = st.integers(3, 5)


@settings(deadline=None, max_examples=40)
@given(count=counts, by=far, since=st.sampled_from([0.0, 4.0]), seed=st.integers(0, 999))
def test_one_camera_whose_clock_is_off_silences_nobody_else_and_is_the_one_that_is_named(count, by, since, seed):
    cameras = cameras_of(count, apart=lambda at: by if at >= since else 0.0)
    buffer = buffer_of(cameras)
    arriving = arrivals(cameras, 14.0, seed)
    ticks = feed(buffer, [each for each in arriving if each[0] < 8.0])
    buffer.unused()
    ticks += feed(buffer, [each for each in arriving if 8.0 <= each[0] < 9.0])
    (name, lead), *others = buffer.unused().items()
    assert (name, others) == ("odd", []) and abs(lead / SECOND - by) < 0.5
    ticks += feed(buffer, [each for each in arriving if each[0] >= 9.0])
    for camera in cameras[1:]:
        assert buffer.counts[camera.id].refused == buffer.counts[camera.id].resting == 0
    late = [frames for at, _, frames in ticks if at > since + 2.0]
    assert {camera for frames in late for camera, _ in frames} == {camera.id for camera in cameras[1:]}
    assert all(0.0 <= at - end < 1.5 for at, end, _ in ticks) and ticks[-1][1] > 13.5


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(2, 5),
    by=st.one_of(st.floats(-0.6, 0.6), ahead, st.floats(11.0, 100.0)),
    since=st.sampled_from([0.0, 3.0]),
    dead=st.sampled_from([None, (5.0, 6.5), (5.0, 99.0)]),
    seed=st.integers(0, 999),
)
def test_ticks_are_the_same_in_whatever_order_the_cameras_arrive(count, by, since, dead, seed):
    cameras = cameras_of(count, apart=lambda at: by if at >= since else 0.0)
    if dead:
        assume(count > 2 or by < 10.0)  # how long a clock is not believed is by what arrives beside it
        cameras[1].on = lambda at: not dead[0] < at < dead[1]
    runs = [feed(buffer_of(cameras), arrivals(cameras, 10.0, seed, order)) for order in (1, 2)]
    first, second = ([each[1:] for each in run] for run in runs)
    shared = min(len(first), len(second))
    assert shared > 60 and first[:shared] == second[:shared]


@settings(deadline=None, max_examples=30)
@given(count=counts, by=ahead, seed=st.integers(0, 999))
def test_a_clock_that_is_set_right_is_used_again_at_once(count, by, seed):
    cameras = cameras_of(count, apart=lambda at: by if 3.0 <= at < 10.0 else 0.0)
    buffer = buffer_of(cameras)
    ticks = feed(buffer, arrivals(cameras, 14.0, seed))
    used = Counter(camera for _, end, frames in ticks if 11.0 < end < 13.0 for camera, _ in frames)
    assert all(abs(used[camera.id] - 20) <= 1 for camera in cameras)
    # nothing that it stamped wrongly was taken, not when the others came there either
    early = [frames for _, end, frames in ticks if 3.2 < end < 9.9]
    assert "odd" not in {camera for frames in early for camera, _ in frames}
    buffer.unused()
    feed(buffer, [(at, frame) for at, frame in arrivals(cameras, 16.0, seed) if at > 14.5])
    assert buffer.unused() == {}


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 5), by=st.one_of(st.just(0.0), ahead), seed=st.integers(0, 999))
def test_the_last_camera_that_is_alive_goes_on_alone_with_all_its_frames(count, by, seed):
    cameras = cameras_of(count, apart=lambda at: by)
    for camera in cameras[1:]:
        camera.on = lambda at: at < 5.0
    buffer = buffer_of(cameras)
    ticks = feed(buffer, arrivals(cameras, 12.0, seed))
    alone = [(at, end - by) for at, end, _ in ticks if at > 6.5]
    assert alone and all(at - end < 0.5 for at, end in alone) and alone[-1][1] > 11.5
    stamps = {stamp for _, _, frames in ticks for camera, stamp in frames if camera == "odd"}
    there = {frame.stamp for _, frame in arrivals(cameras, 11.5, seed) if frame.camera == "odd"}
    assert {stamp for stamp in there if stamp > START + (5.4 + by) * SECOND} <= stamps


@settings(deadline=None, max_examples=30)
@given(count=counts, by=st.floats(1.5, 8.0), seed=st.integers(0, 999))
def test_who_comes_back_behind_a_clock_that_led_alone_meanwhile_is_used_again_in_bounded_time(count, by, seed):
    cameras = cameras_of(count, apart=lambda at: by)
    for camera in cameras[1:]:
        camera.on = lambda at: not 5.0 < at < 8.0
    ticks = feed(buffer_of(cameras), arrivals(cameras, 22.0, seed))
    assert all(a[1] < b[1] for a, b in pairwise(ticks))
    back = Counter(camera for at, _, frames in ticks if at > 8.0 + by + 1.5 for camera, _ in frames)
    assert set(back) == {camera.id for camera in cameras[1:]} and min(back.values()) > 20
    assert ticks[-1][1] > 21.0


def both(first, second, seconds, seed):
    cameras = [Camera("a", **first), Camera("b", **second)]
    buffer, arriving = buffer_of(cameras), arrivals(cameras, seconds, seed)
    ticks = feed(buffer, arriving[:-20])
    buffer.unused()
    ticks += feed(buffer, arriving[-20:])
    return buffer, ticks, {c for at, _, frames in ticks if at > 4.0 for c, _ in frames}


@settings(deadline=None, max_examples=20)
@given(by=ahead, seed=st.integers(0, 99))
def test_of_two_the_one_behind_leads_if_both_are_in_step_and_else_the_one_that_is(by, seed):
    buffer, ticks, used = both({"apart": lambda at: by}, {}, 8.0, seed)
    assert used == {"b"} and list(buffer.unused()) == ["a"] and ticks[-1][1] > 7.5
    # one that comes back behind does not turn the ticks back, nor hold them up
    buffer, ticks, used = both({}, {"apart": lambda at: -by if at > 2.0 else 0.0}, 8.0 + by, seed)
    assert used == {"a"} and list(buffer.unused()) == ["b"] and ticks[-1][1] > 7.5 + by
    assert all(at - end < 1.5 for at, end, _ in ticks)


def test_of_two_of_which_one_was_never_set_the_other_leads():
    buffer, ticks, used = both({"apart": lambda at: -START / SECOND + 100.0}, {}, 8.0, 1)
    assert used == {"b"} and list(buffer.unused()) == ["a"] and all(end > 0.0 for _, end, _ in ticks)


@settings(deadline=None, max_examples=40)
@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(-30, 30), st.integers(0, 15)), max_size=60),
    resumed=st.booleans(),
)
def test_ticks_only_go_forward_and_each_frame_is_used_or_refused_once(steps, resumed):
    buffer = TickBuffer([f"c{k}" for k in range(4)], TICK, TIMEOUT, JUMP)
    if resumed:
        buffer.resume(START // TICK)
    now, before, sent, taken = START, 0, Counter(), Counter()
    for camera, offset, elapsed in steps:
        now += elapsed * TICK
        frame = PersonDetectionArray(now + offset * 3 * TICK, f"c{camera}", ())
        sent[frame.camera] += 1
        for end, frames in buffer.push(frame):
            assert end > before and all(before < each.stamp <= end for each in frames)
            assert frames == sorted(frames, key=lambda each: (each.stamp, each.camera))
            taken.update(each.camera for each in frames)
            before = end
    for camera, counts in buffer.counts.items():
        assert taken[camera] <= counts.used and min(vars(counts).values()) >= 0
        assert counts.used + counts.resting + counts.refused <= sent[camera]


@pytest.mark.parametrize("by", [8.0, 500.0])
def test_what_waits_of_a_camera_that_is_ahead_is_bounded(by):
    cameras = cameras_of(3, apart=lambda at: by * at / 60.0)  # it drifts away
    buffer = buffer_of(cameras)
    feed(buffer, arrivals(cameras, 60.0, 1))
    assert len(buffer._waiting) + len(buffer._ahead) < 1.2 * 10 * JUMP / SECOND
