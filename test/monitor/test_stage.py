from just_walk_out.monitor.stage import Diagnostic, Level, MonitorSettings, MonitorStage, Tick
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
    assert run(stage, camera, said(0, Level.OK), said(5, Level.OK)) == []
    assert run(stage, said(6, Level.OK), said(7, Level.OK)) == [("part_stale", "camera: c1", Severity.ERROR)]
    assert run(stage, said(8, Level.OK, "camera: c1")) == [("part_recovered", "camera: c1", Severity.INFO)]


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


def test_alerts_of_all_stages_are_counted_once_each():
    stage = MonitorStage(MonitorSettings())
    alert = Alert(SECOND, "exit_without_visit/x", Severity.WARNING, "exit_without_visit", "out", "Somebody left.")
    run(stage, alert, alert, said(2, Level.WARN))
    assert stage.summary().alerts == {"exit_without_visit": 1, "part_warn": 1}
