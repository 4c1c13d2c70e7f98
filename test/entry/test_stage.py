import dataclasses

import pytest
from door_records import push
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.benchmark.day.kept import kept, reachable
from just_walk_out.journal import Journal
from just_walk_out.records import (
    Alert,
    Crossing,
    Entry,
    EntryResult,
    Track,
    TrackArray,
    TrackState,
    VisitArray,
    VisitState,
)
from just_walk_out.store.model import Gate


def run(stage, *records):
    results = push(stage, *records)
    return (
        [each for each in results if isinstance(each, Entry)],
        [each for each in results if isinstance(each, Alert)],
        [each for each in results if isinstance(each, VisitArray)],
    )


def kinds(alerts):
    return [alert.kind for alert in alerts]


def test_a_code_and_a_crossing_make_a_visit_and_the_exit_ends_it(door):
    stage = door.stage()
    entries, alerts, arrays = run(stage, door.scan(10, door.token()), door.tick(11))
    assert [entry.result for entry in entries] == [EntryResult.ACCEPTED]
    (visit,) = arrays[-1].visits
    assert (visit.state, visit.account, visit.id) == (VisitState.EXPECTED, "ann", entries[0].id)
    _, _, arrays = run(stage, door.tick(13, door.crossing(12.25, "t1")))
    (visit,) = arrays[-1].visits
    assert (visit.state, visit.tracks, visit.entered) == (VisitState.OPEN, ("t1",), 12_250_000_000)
    _, more, arrays = run(stage, door.tick(61, door.crossing(60, "t1", Crossing.OUT, "out")))
    (visit,) = arrays[-1].visits
    assert (visit.state, visit.exited, visit.gone) == (VisitState.LEFT, 60_000_000_000, ("t1",))
    assert not alerts and not more
    assert run(stage, door.tick(700))[2][-1].visits == ()


def test_the_watermark_follows_the_crossings_by_the_grace(door):
    stage = door.stage()
    stamps = [run(stage, door.tick(second))[2][0].watermarks[0].stamp for second in (5, 4, 6)]
    assert stamps == [4_500_000_000, 4_500_000_000, 5_500_000_000]


def test_a_code_held_up_stays_one_showing_and_is_replayed_later_or_elsewhere(door):
    stage, code = door.stage(), door.token()
    entries, _, _ = run(stage, door.scan(10, code), door.scan(14, code), door.tick(16))
    assert [entry.result for entry in entries] == [EntryResult.ACCEPTED]
    entries, alerts, _ = run(stage, door.scan(16, code, gate="out"), door.tick(18))
    assert [entry.result for entry in entries] == [EntryResult.REPLAYED]
    assert kinds(alerts) == ["entry_refused"]
    entries, _, arrays = run(stage, door.scan(40, code), door.tick(41))
    assert [entry.result for entry in entries] == [EntryResult.REPLAYED]
    assert [visit.state for visit in arrays[-1].visits] == [VisitState.ABANDONED]


def test_a_used_code_is_replayed_after_a_restart(door, tmp_path):
    path, code = tmp_path / "entry.db", door.token()
    run(door.stage(Journal(path)), door.scan(10, code), door.tick(13, door.crossing(12, "t1")))
    stage = door.stage(Journal(path))
    entries, _, arrays = run(stage, door.scan(300, code), door.tick(301))
    assert [entry.result for entry in entries] == [EntryResult.REPLAYED]
    assert [visit.tracks for visit in arrays[-1].visits] == [("t1",)]


def test_who_left_before_the_power_failed_is_shown_for_as_long_as_anybody_once_it_is_back(door):
    """Nobody may have charged them yet."""
    journal, hour = Journal(), 3600
    left = door.tick(21, door.crossing(20, "t1", Crossing.OUT, "out"))
    run(door.stage(journal), door.scan(10, door.token()), door.tick(13, door.crossing(12, "t1")), left)
    stage = door.stage(journal, retention=60.0)
    for seconds, shown in ((hour, ["ann"]), (hour + 30, ["ann"]), (hour + 90, [])):
        _, _, arrays = run(stage, door.tick(seconds))
        assert [visit.account for visit in arrays[-1].visits if visit.state is VisitState.LEFT] == shown


def test_what_happened_weeks_ago_is_not_read_back_and_yet_not_done_again(door):
    journal, weeks = Journal(), 30 * 24 * 3600
    old, new = door.token(expires=2 * weeks), door.token("bob", expires=2 * weeks)
    came, went = door.crossing(12, "t1"), door.crossing(20, "t1", Crossing.OUT, "out")
    run(door.stage(journal), door.scan(10, old), door.tick(13, came), door.tick(22, went))
    run(door.stage(journal), door.scan(weeks, new), door.tick(weeks + 3, door.crossing(weeks + 2, "t2")))
    stage = door.stage(journal)
    _, alerts, arrays = run(stage, door.tick(weeks + 4, came, went))
    assert alerts == [] and [visit.account for visit in arrays[-1].visits] == ["bob"]
    entries, alerts, arrays = run(stage, door.scan(weeks + 5, old), door.tick(weeks + 7))
    assert [entry.result for entry in entries] == [EntryResult.REPLAYED] and kinds(alerts) == ["entry_refused"]
    assert [visit.account for visit in arrays[-1].visits] == ["bob"]


def test_a_stage_that_never_restarts_forgets_old_visits_and_yet_lets_nobody_in_twice(door):
    stage, day = door.stage(), 24 * 3600
    first = door.token(expires=30 * day)
    came, went = door.crossing(12, "t0"), door.crossing(20, "t0", Crossing.OUT, "out")
    run(stage, door.scan(10, first), door.tick(13, came), door.tick(22, went))
    sizes = []
    for turn in range(1, 41):
        at = turn * day // 2
        arrives, leaves = door.crossing(at + 2, f"t{turn}"), door.crossing(at + 9, f"t{turn}", Crossing.OUT, "out")
        code = door.scan(at, door.token(f"shopper{turn}", expires=at + day))
        _, alerts, _ = run(stage, code, door.tick(at + 3, arrives), door.tick(at + 11, leaves))
        assert not alerts
        sizes.append(kept(stage, reachable([stage._journal])))
    assert max(sizes[20:]) <= max(sizes[14:20]) < sizes[0] * 6
    _, alerts, _ = run(stage, door.tick(at + 20, came, went))
    assert alerts == []
    entries, alerts, _ = run(stage, door.scan(at + 30, first), door.tick(at + 33))
    assert [entry.result for entry in entries] == [EntryResult.REPLAYED] and kinds(alerts) == ["entry_refused"]


@pytest.mark.parametrize(
    ("token", "result"),
    [
        ({"expires": 9}, EntryResult.EXPIRED),
        ({"not_before": 50}, EntryResult.NOT_YET_VALID),
        ({"store": "harbour"}, EntryResult.WRONG_STORE),
    ],
)
def test_refused_codes_open_no_visit_and_are_said_once(door, token, result):
    code = door.token(**token)
    entries, _, arrays = run(door.stage(), door.scan(10, code), door.scan(11, code), door.tick(12))
    assert [entry.result for entry in entries] == [result]
    assert arrays[-1].visits == ()


def test_a_crossing_without_a_code_and_an_exit_without_a_visit_are_alerts(door):
    stage = door.stage()
    _, alerts, _ = run(stage, door.tick(10, door.crossing(9, "t7")))
    assert [(alert.kind, alert.track) for alert in alerts] == [("entry_without_code", "t7")]
    _, alerts, _ = run(stage, door.tick(20, door.crossing(19, "t7", Crossing.OUT, "out")))
    assert [(alert.kind, alert.track) for alert in alerts] == [("exit_without_visit", "t7")]


def test_a_code_nobody_follows_is_abandoned(door):
    stage = door.stage()
    _, alerts, arrays = run(stage, door.scan(10, door.token()), door.tick(30), door.tick(41))
    assert arrays[-1].visits[0].state is VisitState.ABANDONED
    assert kinds(alerts) == ["entry_abandoned"]
    _, alerts, _ = run(stage, door.tick(43, door.crossing(42, "t1")))
    assert kinds(alerts) == ["entry_without_code"]


def test_a_group_is_over_when_its_last_member_has_left(door):
    stage = door.stage()
    records = [door.scan(10, door.token(admits=2)), door.tick(14, door.crossing(12, "t1"), door.crossing(13, "t2"))]
    run(stage, *records)
    _, _, arrays = run(stage, door.tick(31, door.crossing(30, "t1", Crossing.OUT, "out")))
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].gone) == (VisitState.OPEN, ("t1",))
    _, alerts, arrays = run(stage, door.tick(91, door.crossing(90, "t2", Crossing.OUT, "out")))
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].exited) == (VisitState.LEFT, 90_000_000_000)
    assert not alerts


def test_an_incomplete_group_stays_open_until_nobody_can_join_any_more(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token(admits=3)), door.tick(13, door.crossing(12, "t1")))
    _, _, arrays = run(stage, door.tick(26, door.crossing(25, "t1", Crossing.OUT, "out")))
    assert arrays[-1].visits[0].state is VisitState.OPEN
    _, _, arrays = run(stage, door.tick(42))
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].exited) == (VisitState.LEFT, 25_000_000_000)


def test_a_group_whose_payer_has_left_is_settled_in_the_end(door):
    stage = door.stage()
    crossings = (door.crossing(12, "t1"), door.crossing(13, "t2"))
    run(stage, door.scan(10, door.token(admits=2)), door.tick(14, *crossings))
    run(stage, door.tick(31, door.crossing(30, "t1", Crossing.OUT, "out")))
    _, alerts, arrays = run(stage, door.tick(640))
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].exited) == (VisitState.LEFT, 630_000_000_000)
    assert kinds(alerts) == ["group_overstayed"]


def test_stepping_out_through_the_entrance_for_a_moment_does_not_end_the_visit(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token()), door.tick(13, door.crossing(12, "t1")))
    out, back = door.crossing(14, "t1", Crossing.OUT), door.crossing(16, "t1")
    _, alerts, arrays = run(stage, door.tick(15.5, out), door.tick(17, back))
    assert kinds(alerts) == ["left_through_entrance"]
    assert [visit.gone for array in arrays for visit in array.visits] == [("t1",), ()]
    _, _, arrays = run(stage, door.tick(21, door.crossing(20, "t1", Crossing.OUT)), door.tick(25))
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].exited) == (VisitState.LEFT, 20_000_000_000)


def test_two_codes_at_once_admit_in_the_order_of_the_codes(door):
    stage = door.stage()
    codes = [door.scan(10.2, door.token("bob")), door.scan(10.1, door.token("ann"))]
    _, _, arrays = run(stage, *codes, door.tick(13, door.crossing(12, "t1"), door.crossing(12.5, "t2")))
    assert [(visit.account, visit.tracks) for visit in arrays[-1].visits] == [("ann", ("t1",)), ("bob", ("t2",))]


events = st.lists(
    st.tuples(
        st.integers(0, 400),  # tenths of a second
        st.sampled_from(["scan", "in", "out", "leave"]),
        st.integers(0, 4),
    ),
    max_size=25,
)


def visits_of(door, stage, codes, plan, chooser):
    """Push the events in an order the chooser draws, each within the grace of its stamp; return the last arrays."""
    scans = [door.scan(10 + tenth / 10, codes[who]) for tenth, what, who in plan if what == "scan"]
    crossings = {
        "in": (Crossing.IN, "in"),
        "out": (Crossing.OUT, "out"),
        "leave": (Crossing.OUT, "in"),
    }
    passed = [
        door.crossing(10 + tenth / 10, f"t{who}", *crossings[what]) for tenth, what, who in plan if what in crossings
    ]
    outputs = []
    pending = sorted(scans, key=lambda scan: scan.stamp)
    for tenth in range(0, 1000, 2):
        now = round((10 + tenth / 10) * 1e9)
        early = [scan for scan in pending if scan.stamp <= now - 300_000_000 or chooser(scan)]
        for scan in reversed(early):
            pending.remove(scan)
            outputs += stage.push(scan)
        new = tuple(each for each in reversed(passed) if now - 200_000_000 < each.stamp <= now)
        outputs += stage.push(TrackArray(now, (), ()))
        outputs += stage.push(door.tick(10 + tenth / 10, *new))
    return outputs


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=events, draws=st.randoms(use_true_random=False))
def test_the_order_in_which_codes_and_crossings_arrive_does_not_matter(door, plan, draws):
    codes = [door.token(f"a{who}", admits=1 + who % 3) for who in range(5)]
    plain = visits_of(door, door.stage(), codes, plan, lambda scan: False)
    mixed = visits_of(door, door.stage(), codes, plan, lambda scan: draws.random() < 0.05)
    assert plain == mixed


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=events, cut=st.integers(0, 700))
def test_a_restart_anywhere_with_everything_delivered_again_gives_the_same_visits(door, plan, cut):
    codes = [door.token(f"a{who}", admits=1 + who % 3) for who in range(5)]
    journal = Journal()
    plain = visits_of(door, door.stage(), codes, plan, lambda scan: False)

    records = []
    recorder = dataclasses.make_dataclass("Recorder", [])()
    recorder.push = lambda record: records.append(record) or []
    visits_of(door, recorder, codes, plan, lambda scan: False)
    first = door.stage(journal)
    before = [result for record in records[:cut] for result in first.push(record)]
    second = door.stage(journal)
    after = [result for record in records for result in second.push(record)]

    assert after[-1] == plain[-1]
    said = {entry.id: entry for entry in plain if isinstance(entry, Entry)}
    for entry in (each for each in before + after if isinstance(each, Entry)):
        assert said[entry.id] == entry


def lost(seconds, *tracks):
    return TrackArray(round(seconds * 1e9), (), (), tracks)


def test_a_code_that_arrives_late_finds_its_shopper_among_those_without_one(door):
    journal = Journal()
    stage = door.stage(journal)
    _, alerts, _ = run(stage, door.tick(13, door.crossing(12, "t1")))
    assert kinds(alerts) == ["entry_without_code"]
    entries, alerts, arrays = run(stage, door.scan(11, door.token()), door.tick(14))
    assert [entry.result for entry in entries] == [EntryResult.ACCEPTED]
    assert kinds(alerts) == ["late_code"]
    assert (arrays[-1].visits[0].tracks, arrays[-1].visits[0].entered) == (("t1",), 12_000_000_000)
    restored = door.stage(journal)
    assert run(restored, door.tick(14))[2][-1].visits == arrays[-1].visits


def test_the_one_shopper_lost_from_sight_is_taken_to_leave_when_somebody_unknown_does(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token()), door.tick(13, door.crossing(12, "t1")))
    out = door.crossing(60, "t9", Crossing.OUT, "out")
    _, alerts, arrays = run(stage, lost(40, "t1"), door.tick(61, out))
    assert [(alert.kind, alert.visit) for alert in alerts] == [("exit_assumed", arrays[-1].visits[0].id)]
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].gone) == (VisitState.LEFT, ("t1",))


@pytest.mark.parametrize("missing", [(), ("t1", "t2")])
def test_who_leaves_unknown_is_nobody_unless_exactly_one_is_missing(door, missing):
    stage = door.stage()
    crossings = (door.crossing(12, "t1"), door.crossing(13, "t2"))
    run(stage, door.scan(10, door.token(admits=2)), door.tick(14, *crossings))
    _, alerts, arrays = run(stage, lost(40, *missing), door.tick(61, door.crossing(60, "t9", Crossing.OUT, "out")))
    assert kinds(alerts) == ["exit_without_visit"]
    assert arrays[-1].visits[0].gone == ()


def test_a_stranger_who_leaves_is_not_taken_for_a_lost_shopper(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token()), door.tick(14, door.crossing(12, "t1"), door.crossing(13, "t2")))
    _, alerts, _ = run(stage, lost(40, "t1"), door.tick(61, door.crossing(60, "t2", Crossing.OUT, "out")))
    assert kinds(alerts) == ["exit_without_visit"]


def seen(seconds, *tracks, ended=()):
    """A tick of tracks given as (id, x, y) or (id, x, y, state, born); the gates follow it in ``follow``."""
    stamp = round(seconds * 1e9)
    people = []
    for id, x, y, *rest in tracks:
        state, born = rest or (TrackState.CONFIRMED, seconds)
        people.append(Track(id, state, x, y, 0.0, 0.0, (0.01,) + (0.0,) * 15, 1.0, round(born * 1e9), ""))
    return TrackArray(stamp, (), tuple(people), ended)


def follow(stage, door, *ticks):
    """Push ticks of tracks, each with that of the gates behind it, and one a second later."""
    results = []
    for tick in ticks:
        results += stage.push(tick)
        results += stage.push(door.tick(tick.stamp / 1e9))
    last = ticks[-1].stamp / 1e9 + 1.0
    results += [each for record in (seen(last), door.tick(last)) for each in stage.push(record)]
    alerts = [each for each in results if isinstance(each, Alert)]
    return alerts, [each for each in results if isinstance(each, VisitArray)][-1].visits


def test_who_came_in_while_no_camera_looked_is_the_shopper_of_the_only_code_that_waits(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token()), door.tick(11))
    alerts, visits = follow(stage, door, seen(13, ("t1", 2.5, 3.0)))
    assert kinds(alerts) == ["appearance_explained"]
    assert [(visit.tracks, visit.state) for visit in visits] == [(("t1",), VisitState.OPEN)]
    _, _, arrays = run(stage, door.tick(61, door.crossing(60, "t1", Crossing.OUT, "out")))
    assert arrays[-1].visits[0].state is VisitState.LEFT


@pytest.mark.parametrize(
    ("x", "y", "born"), [(2.5, 5.9, 10.1), (2.5, 3.0, 9.0), (2.5, -0.5, 12.0)], ids=["too far", "too early", "outside"]
)
def test_who_cannot_be_the_shopper_of_a_code_is_not_bound_to_it(door, x, y, born):
    stage = door.stage()
    run(stage, door.scan(10, door.token()), door.tick(10.2))
    _, visits = follow(stage, door, seen(10.5, ("t1", x, y, TrackState.CONFIRMED, born)))
    assert [visit.tracks for visit in visits] == [()]


def test_of_two_codes_that_wait_the_one_left_over_explains_who_appeared_inside(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token("ann")), door.scan(11, door.token("bob")), door.tick(12))
    alerts, visits = follow(stage, door, seen(14, ("t1", 2.5, 3.0)))
    assert kinds(alerts) == ["appeared_inside"]
    assert [visit.tracks for visit in visits] == [(), ()]
    _, alerts, arrays = run(stage, door.tick(17, door.crossing(16, "t2")))
    assert kinds(alerts) == ["appearance_explained"]
    assert sorted(visit.tracks for visit in arrays[-1].visits) == [("t1",), ("t2",)]


def test_who_is_found_again_under_another_track_goes_on_with_the_visit(door):
    journal = Journal()
    stage = door.stage(journal)
    run(stage, door.scan(10, door.token()), door.tick(13, door.crossing(12, "t1")))
    alerts, visits = follow(stage, door, seen(30, ended=("t1",)), seen(40, ("t9", 6.0, 4.0)))
    assert kinds(alerts) == ["appearance_explained"]
    assert visits[0].tracks == ("t1", "t9")
    _, alerts, arrays = run(door.stage(journal), door.tick(61, door.crossing(60, "t9", Crossing.OUT, "out")))
    assert not alerts
    assert (arrays[-1].visits[0].state, arrays[-1].visits[0].exited) == (VisitState.LEFT, 60_000_000_000)


def test_while_others_are_out_of_sight_nobody_new_is_taken_for_the_shopper_of_a_code(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token("ann")), door.tick(13, door.crossing(12, "t1")))
    run(stage, door.scan(20, door.token("bob")), door.tick(21))
    hidden = ("t1", 3.0, 3.0, TrackState.COASTING, 12)
    alerts, visits = follow(stage, door, seen(23, hidden, ("t9", 3.0, 3.5)))
    assert kinds(alerts) == ["appeared_inside"]
    assert [visit.tracks for visit in visits] == [("t1",), ()]


def test_a_track_that_goes_astray_between_lanes_finds_the_code_of_the_other(door):
    lanes = (Gate("in", "entry", (2.0, 0.0), (3.0, 0.0)), Gate("in_2", "entry", (3.1, 0.0), (4.1, 0.0)))
    door.store = dataclasses.replace(door.store, gates=(*lanes, door.store.gates[1]))
    for x, tracks in ((2.9, ("t1",)), (2.3, ())):
        stage = door.stage()
        crossing = dataclasses.replace(door.crossing(12, "t1", gate="in"), x=x)
        _, _, arrays = run(stage, door.scan(10, door.token(), gate="in_2"), door.tick(13, crossing))
        assert arrays[-1].visits[0].tracks == tracks


def test_a_code_shown_after_a_group_came_in_is_not_taken_by_the_place_the_group_left_open(door):
    """Of a group of two one was missed at the gate; the next shopper must not end up on the group's bill."""
    stage = door.stage()
    run(stage, door.scan(10, door.token("emil", admits=2)), door.tick(14, door.crossing(12, "t1")))
    run(stage, door.scan(20, door.token("gina")), door.tick(21))
    _, _, arrays = run(stage, door.tick(24, door.crossing(23, "t2")))
    assert {visit.account: visit.tracks for visit in arrays[-1].visits} == {"emil": ("t1",), "gina": ("t2",)}


def test_a_group_comes_in_on_its_code_also_when_the_next_code_is_shown_early(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token("emil", admits=2)), door.scan(11, door.token("gina")))
    _, _, arrays = run(stage, door.tick(20, *(door.crossing(12 + n, f"t{n}") for n in range(3))))
    assert {visit.account: visit.tracks for visit in arrays[-1].visits} == {"emil": ("t0", "t1"), "gina": ("t2",)}


def test_who_comes_in_does_not_take_the_place_of_somebody_who_may_be_inside_unseen(door):
    stage = door.stage()
    run(stage, door.scan(10, door.token("ann")), door.scan(10.5, door.token("bob")), door.tick(11))
    follow(stage, door, seen(13, ("t1", 2.5, 3.0)))
    run(stage, door.scan(20, door.token("cid")), door.tick(21))
    _, _, arrays = run(stage, door.tick(24, door.crossing(23, "t2")))
    assert {visit.account: visit.tracks for visit in arrays[-1].visits}["cid"] == ("t2",)
