import pytest

from just_walk_out.monitor.stage import Diagnostic, Level, MonitorSettings, MonitorStage, Tick, standing
from just_walk_out.records import Alert, Severity

SECOND = 1_000_000_000


def said(seconds, level, name="load_cells: bus_a", message="10 frames/s"):
    return Diagnostic(seconds * SECOND, name, level, message)


def run(stage, *records):
    alerts = [alert for record in records for alert in stage.push(record)]
    return [(alert.kind, alert.source, alert.severity) for alert in alerts]


def test_a_level_is_raised_once_and_cleared_once():
    stage = MonitorStage(MonitorSettings())
    levels = [Level.OK, Level.WARN, Level.WARN, Level.ERROR, Level.OK, Level.OK]
    assert run(stage, *(said(second, level) for second, level in enumerate(levels))) == [
        ("part_warn", "load_cells: bus_a", Severity.WARNING),
        ("part_error", "load_cells: bus_a", Severity.ERROR),
        ("part_recovered", "load_cells: bus_a", Severity.INFO),
    ]


def test_a_part_that_falls_silent_is_stale_and_comes_back():
    stage = MonitorStage(MonitorSettings(stale_after=5.0))
    camera = said(0, Level.OK, "camera: c1")
    assert run(stage, Tick(0), camera, said(0, Level.OK), Tick(5 * SECOND), said(5, Level.OK)) == []
    assert run(stage, Tick(6 * SECOND), Tick(7 * SECOND)) == [("part_stale", "camera: c1", Severity.ERROR)]
    assert run(stage, said(7, Level.OK, "camera: c1")) == [("part_recovered", "camera: c1", Severity.INFO)]


@pytest.mark.parametrize("wall", [0, 10_000_000, 1_764_000_000])
def test_a_part_on_another_clock_makes_nobody_stale_and_its_alerts_bear_the_time_of_the_store(wall):
    """A recorder on the wall clock beside nodes on the time of a bag."""
    stage = MonitorStage(MonitorSettings(stale_after=5.0), expected=["camera: c1", "recorder: bag"])
    for second in range(1000, 1100):
        camera, recorder = said(second, Level.OK, "camera: c1"), said(wall + second, Level.OK, "recorder: bag")
        assert run(stage, Tick(second * SECOND), camera, recorder) == []
    alerts = stage.push(said(wall + 1100, Level.ERROR, "recorder: bag"))
    assert [abs(alert.stamp - 1099 * SECOND) <= 5 * SECOND for alert in alerts] == [True]


def test_a_clock_that_is_set_back_makes_nobody_stale_and_hides_no_fault():
    stage = MonitorStage(MonitorSettings(stale_after=5.0), expected=["camera: c1"])
    assert run(stage, Tick(1000 * SECOND), said(1000, Level.OK, "camera: c1")) == []
    for second in range(10, 30):
        assert run(stage, Tick(second * SECOND), said(second, Level.OK, "camera: c1")) == []
    assert run(stage, said(30, Level.ERROR, "camera: c1")) == [("part_error", "camera: c1", Severity.ERROR)]


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
    stage = MonitorStage(MonitorSettings())
    levels = [Level.ERROR, Level.OK, Level.WARN, Level.ERROR]
    alerts = [alert for second, level in enumerate(levels) for alert in stage.push(said(second, level))]
    assert standing(alerts[:2]) == []
    assert [alert.kind for alert in standing(alerts)] == ["part_error"]
    other = Alert(SECOND, "exit_without_visit/x", Severity.WARNING, "exit_without_visit", "out", "Somebody left.")
    note = Alert(SECOND, "late_code/x", Severity.INFO, "late_code", "in", "A code arrived late.")
    assert standing([other, note, *alerts[:2], other]) == [other]


def test_alerts_of_all_stages_are_counted_once_each():
    stage = MonitorStage(MonitorSettings())
    alert = Alert(SECOND, "exit_without_visit/x", Severity.WARNING, "exit_without_visit", "out", "Somebody left.")
    run(stage, alert, alert, said(2, Level.WARN))
    assert stage.summary().alerts == {"exit_without_visit": 1, "part_warn": 1}
