import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.monitor.stage import Diagnostic, MonitorSettings, MonitorStage, Tick, standing
from just_walk_out.monitor.steady import Level
from just_walk_out.records import Alert, Severity

SECOND = 1_000_000_000


def said(seconds, level, name="load_cells: bus_a", message="10 frames/s"):
    return Diagnostic(seconds * SECOND, name, level, message)


def run(stage, *records):
    alerts = [alert for record in records for alert in stage.push(record)]
    return [(alert.kind, alert.source, alert.severity) for alert in alerts]


AT_ONCE = MonitorSettings(warn_after=0.0, well_after=0.0)


def test_a_level_is_raised_once_and_cleared_once():
    stage = MonitorStage(AT_ONCE)
    levels = [Level.OK, Level.WARN, Level.WARN, Level.ERROR, Level.OK, Level.OK]
    assert run(stage, *(said(second, level) for second, level in enumerate(levels))) == [
        ("part_warn", "load_cells: bus_a", Severity.WARNING),
        ("part_error", "load_cells: bus_a", Severity.ERROR),
        ("part_recovered", "load_cells: bus_a", Severity.INFO),
    ]


def test_a_part_that_falls_silent_is_stale_and_comes_back():
    stage = MonitorStage(MonitorSettings(stale_after=5.0, well_after=0.0))
    camera = said(0, Level.OK, "camera: c1")
    assert run(stage, Tick(0), camera, said(0, Level.OK), Tick(5 * SECOND), said(5, Level.OK)) == []
    assert run(stage, Tick(6 * SECOND), Tick(7 * SECOND)) == [("part_stale", "camera: c1", Severity.ERROR)]
    assert run(stage, said(7, Level.OK, "camera: c1")) == [("part_recovered", "camera: c1", Severity.INFO)]


@pytest.mark.parametrize("wall", [0, 10_000_000, 1_764_000_000])
def test_a_part_on_another_clock_makes_nobody_stale_and_its_alerts_bear_the_time_of_the_store(wall):
    """A recorder on the wall clock beside nodes on the time of a bag."""
    stage = MonitorStage(MonitorSettings(stale_after=5.0), expected=["camera: c1", "recorder: bag"], clocks=False)
    for second in range(1000, 1100):
        camera, recorder = said(second, Level.OK, "camera: c1"), said(wall + second, Level.OK, "recorder: bag")
        assert run(stage, Tick(second * SECOND), camera, recorder) == []
    alerts = stage.push(said(wall + 1100, Level.ERROR, "recorder: bag"))
    assert [abs(alert.stamp - 1099 * SECOND) <= 5 * SECOND for alert in alerts] == [True]


def test_a_clock_that_is_set_back_makes_nobody_stale_and_hides_no_fault():
    """A bag that is played again."""
    stage = MonitorStage(MonitorSettings(stale_after=5.0), expected=["camera: c1"], clocks=False)
    assert run(stage, Tick(1000 * SECOND), said(1000, Level.OK, "camera: c1")) == []
    for second in range(10, 30):
        assert run(stage, Tick(second * SECOND), said(second, Level.OK, "camera: c1")) == []
    assert run(stage, said(30, Level.ERROR, "camera: c1")) == [("part_error", "camera: c1", Severity.ERROR)]


def hear(stage, apart, delays, begin=1000.0):
    """A node with two parts whose clock is so far ahead of the monitor's; messages take so long, all in seconds."""
    alerts = []
    for second, delay in enumerate(delays):
        sent = begin + second
        stamp = round((sent + apart) * SECOND)
        alerts += stage.push(Tick(round((sent + delay) * SECOND)))
        for part in ("camera_c1: rate", "camera_c1: detector"):
            alerts += stage.push(Diagnostic(stamp, part, Level.OK, "as it should be"))
    return alerts


@given(
    apart=st.floats(-1000.0, 1000.0).filter(lambda value: abs(abs(value) - 0.25) > 0.02),
    delays=st.lists(st.floats(0.0, 3.0), min_size=9, max_size=30),
    quick=st.floats(0.0, 0.01),
)
def test_a_clock_that_is_apart_is_said_once_however_long_messages_take(apart, delays, quick):
    """Two of the last ten come quickly: that is enough to tell late messages from a clock that is behind."""
    delays = [quick if second % 4 == 0 else delay for second, delay in enumerate(delays)] + [quick]
    alerts = hear(MonitorStage(MonitorSettings(clock_limit=0.25, warn_after=0.0)), apart, delays)
    clocks = [(alert.kind, alert.severity) for alert in alerts if alert.source == "camera_c1: clock"]
    assert clocks == ([("part_warn", Severity.WARNING)] if abs(apart) > 0.25 else [])
    way = "ahead of" if apart > 0 else "behind"
    assert all(way in alert.text for alert in alerts if alert.source == "camera_c1: clock")


def test_one_message_that_was_on_its_way_when_the_monitors_clock_was_set_back_is_no_clock_apart():
    stage = MonitorStage(MonitorSettings())
    assert hear(stage, 0.0, [0.01] * 20) == []
    assert hear(stage, 0.0, [0.01 - 5.0], 1020.0) == []  # received five seconds before it was sent
    assert hear(stage, 0.0, [0.01] * 20, 1016.0) == []


def test_a_clock_that_is_set_right_is_well_again_and_one_that_follows_a_bag_is_not_looked_at():
    stage = MonitorStage(AT_ONCE)
    assert [alert.kind for alert in hear(stage, 3.0, [0.01] * 20)] == ["part_warn"]
    assert stage.summary().faults == {"camera_c1: clock": Level.WARN}
    assert [alert.kind for alert in hear(stage, 0.0, [0.01] * 20, 1020.0)] == ["part_recovered"]
    assert stage.summary().faults == {}
    assert hear(MonitorStage(MonitorSettings(), clocks=False), 3.0, [0.01] * 20) == []


def test_an_expected_part_that_never_speaks_is_stale():
    stage = MonitorStage(MonitorSettings(stale_after=5.0), expected=["camera: c1"])
    assert run(stage, Tick(100 * SECOND), Tick(104 * SECOND)) == []
    assert run(stage, Tick(106 * SECOND)) == [("part_stale", "camera: c1", Severity.ERROR)]
    assert run(stage, Tick(107 * SECOND)) == []


def test_an_old_diagnostic_does_not_undo_a_newer_one():
    stage = MonitorStage(MonitorSettings())
    run(stage, said(5, Level.ERROR))
    assert run(stage, said(4, Level.OK)) == []
    assert stage.summary().faults == {"load_cells: bus_a": Level.ERROR}


def test_of_a_part_that_fell_and_recovered_nothing_stands():
    stage = MonitorStage(AT_ONCE)
    levels = [Level.ERROR, Level.OK, Level.WARN, Level.ERROR]
    alerts = [alert for second, level in enumerate(levels) for alert in stage.push(said(second, level))]
    assert standing(alerts[:2]) == []
    assert [alert.kind for alert in standing(alerts)] == ["part_error"]
    other = Alert(SECOND, "exit_without_visit/x", Severity.WARNING, "exit_without_visit", "out", "Somebody left.")
    note = Alert(SECOND, "late_code/x", Severity.INFO, "late_code", "in", "A code arrived late.")
    assert standing([other, note, *alerts[:2], other]) == [other]


def test_alerts_of_all_stages_are_counted_once_each():
    stage = MonitorStage(AT_ONCE)
    alert = Alert(SECOND, "exit_without_visit/x", Severity.WARNING, "exit_without_visit", "out", "Somebody left.")
    run(stage, alert, alert, said(2, Level.WARN))
    assert stage.summary().alerts == {"exit_without_visit": 1, "part_warn": 1}


levels = st.sampled_from([Level.OK, Level.WARN, Level.ERROR])


def live(stage, levels):
    """The alerts of each second of a part that says one level a second, by the monitor's clock."""
    for second, level in enumerate(levels):
        yield [*stage.push(Tick(second * SECOND)), *stage.push(said(second, level))]


@given(st.lists(st.sampled_from([Level.OK, Level.WARN]), max_size=60))
def test_a_camera_at_the_limit_of_its_rate_is_told_of_only_when_that_lasts(levels):
    """Raised in the sixth second of warnings without a break, well in the eleventh without one."""
    told, expected = Level.OK, []
    for second in range(len(levels)):
        if told is Level.OK and second >= 5 and set(levels[second - 5 : second + 1]) == {Level.WARN}:
            told = Level.WARN
            expected.append((second, "part_warn"))
        elif told is Level.WARN and second >= 10 and set(levels[second - 10 : second + 1]) == {Level.OK}:
            told = Level.OK
            expected.append((second, "part_recovered"))
    alerts = live(MonitorStage(MonitorSettings(warn_after=5.0, well_after=10.0)), levels)
    assert [(second, alert.kind) for second, made in enumerate(alerts) for alert in made] == expected


@given(st.lists(levels, min_size=1, max_size=60), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_an_error_is_told_at_once_and_no_two_alerts_but_of_errors_are_closer_than_what_must_last(levels, warn, well):
    stage = MonitorStage(MonitorSettings(warn_after=warn, well_after=well))
    told, last = Level.OK, None
    for second, made in enumerate(live(stage, levels)):
        assert len(made) <= 1
        for alert in made:
            if alert.kind == "part_error":
                told = Level.ERROR
            elif alert.kind == "part_recovered":
                assert levels[second] is Level.OK and second - last >= well
                told = Level.OK
            else:
                assert levels[second] is Level.WARN and (last is None or second - last >= min(warn, well))
                told = Level.WARN
            last = second
        assert told is Level.ERROR or levels[second] is not Level.ERROR
        assert stage.summary().faults == ({} if told is Level.OK else {"load_cells: bus_a": told})


def test_a_dead_camera_that_comes_and_goes_is_one_alert_until_it_stays():
    stage = MonitorStage(MonitorSettings(well_after=10.0))
    alerts = live(stage, [Level.ERROR, Level.OK, Level.WARN, Level.OK] * 10 + [Level.OK] * 20)
    found = [(second, alert.kind) for second, made in enumerate(alerts) for alert in made]
    assert found == [(0, "part_error"), (49, "part_recovered")]


def test_a_fault_that_becomes_a_lasting_warning_is_told_as_one():
    stage = MonitorStage(MonitorSettings(well_after=10.0))
    alerts = live(stage, [Level.ERROR] * 3 + [Level.OK, Level.WARN] * 5 + [Level.WARN] * 20)
    assert [(second, alert.kind) for second, made in enumerate(alerts) for alert in made] == [
        (0, "part_error"),
        (13, "part_warn"),
    ]


def test_silence_is_told_at_once_and_its_end_once_it_has_lasted():
    stage = MonitorStage(MonitorSettings(stale_after=5.0, well_after=10.0))
    assert run(stage, Tick(0), said(0, Level.OK), Tick(6 * SECOND)) == [
        ("part_stale", "load_cells: bus_a", Severity.ERROR)
    ]
    seconds = range(7, 30)
    alerts = [(s, kind) for s in seconds for kind, *_ in run(stage, Tick(s * SECOND), said(s, Level.OK))]
    assert alerts == [(17, "part_recovered")]
    # a part that says of itself what is wrong says more than that it was silent
    assert run(stage, Tick(40 * SECOND), said(41, Level.ERROR)) == [
        ("part_stale", "load_cells: bus_a", Severity.ERROR),
        ("part_error", "load_cells: bus_a", Severity.ERROR),
    ]


def test_a_clock_of_the_monitor_that_is_set_back_lets_what_must_last_begin_anew():
    stage = MonitorStage(MonitorSettings(warn_after=5.0), clocks=False)
    assert list(live(stage, [Level.WARN] * 5)) == [[]] * 5
    kinds = [[alert.kind for alert in made] for made in live(stage, [Level.WARN] * 6)]
    assert kinds == [[], [], [], [], [], ["part_warn"]]
