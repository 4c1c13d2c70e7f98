import json

import numpy as np
import pytest

from just_walk_out.benchmark.shelf.bounds import bounds
from just_walk_out.benchmark.shelf.matching import Found, Tally, match, waits
from just_walk_out.benchmark.shelf.rule import rule_events
from just_walk_out.benchmark.shelf.signals import NOISES, ShelfSignal, Truth
from just_walk_out.benchmark.shelf.situations import SITUATIONS, situation_signal
from just_walk_out.benchmark.shelf.stock import HEAVIEST, LIGHTEST, draw_stock
from just_walk_out.cli.main import main

FIGURES = {
    "f1", "precision", "recall", "sigma_g", "latency_median_s", "latency_p99_s", "false_per_plate_hour",
}  # fmt: skip


def test_a_quick_run_prints_a_table_and_writes_figures_and_a_picture(tmp_path, capsys):
    files = ["--json", str(tmp_path / "a" / "shelf.json"), "--plot", str(tmp_path / "b" / "shelf.png")]
    assert main(["benchmark", "shelf", "--quick", "--seed", "3", *files]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*NOISES, *SITUATIONS))
    figures = json.loads((tmp_path / "a" / "shelf.json").read_text())
    for name in NOISES:
        assert figures[name].keys() == {"ours", "baseline"}
        assert figures[name]["ours"].keys() == figures[name]["baseline"].keys() == FIGURES
        assert figures[name]["ours"]["f1"] > max(0.9, figures[name]["baseline"]["f1"])
        assert figures[name]["ours"]["false_per_plate_hour"] <= 0.5
        assert figures[name]["ours"]["latency_median_s"] <= 0.45
    for key in ("speed", "speed_third", "speed_long_batches"):
        assert figures[key].keys() == {"plates_realtime"}
        assert figures[key]["plates_realtime"] > 1000
    assert figures["situations"].keys() == SITUATIONS.keys()
    assert figures["watermark"].keys() == NOISES.keys()
    assert all(0.0 < figures["watermark"][name]["wait_median_s"] < 1.0 for name in NOISES)
    assert (tmp_path / "b" / "shelf.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("ringing=0.1", "expected NAME=VALUE with a parameter of shelf_events"),
        ("steady_time", "expected a number"),
        ("steady_time=soon", "expected a number"),
        ("steady_time=99", "steady_time: 99.0 is outside 0.1 .. 10.0 s"),
    ],
)
def test_wrong_parameters_end_in_one_line(given, line, capsys):
    assert main(["benchmark", "shelf", "--quick", "--set", given]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("name", [*NOISES, *SITUATIONS])
def test_signals_are_seeded_and_end_at_the_weight_their_truths_say(name):
    made = [situation_signal(name, 40.0, 6, np.random.default_rng(4)) for _ in range(2)]
    (signal, noise, vibration), (again, *_) = made
    weights = signal.read(noise, vibration)
    assert np.array_equal(weights, again.read(noise, made[1][2]))
    assert signal.truths == again.truths
    expected = np.zeros(6)
    for truth in signal.truths:
        assert truth.start <= truth.end <= truth.free
        for plate, change in truth.change.items():
            expected[plate] += change
    moved = np.median(weights[-120:], axis=0) - np.median(weights[:120], axis=0)
    assert np.abs(moved - expected).max() < 0.02


def truth(start=10.0, change=-0.2):
    return Truth(start, start + 0.3, start + 0.4, {0: change})


@pytest.mark.parametrize(
    ("event", "matches"),
    [
        (Found(11.0, 10.0, 10.4, -0.2), True),
        (Found(13.0, 11.2, 12.0, -0.2), True),
        (Found(13.0, 11.4, 12.0, -0.2), False),
        (Found(9.5, 8.0, 9.1, -0.2), True),
        (Found(9.5, 8.0, 8.9, -0.2), False),
        (Found(11.0, 10.0, 10.4, -0.2055), True),
        (Found(11.0, 10.0, 10.4, -0.2065), False),
        (Found(11.0, 10.0, 10.4, 0.2), False),
    ],
)
def test_a_match_overlaps_within_a_second_and_agrees_in_weight(event, matches):
    assert bool(match([truth()], [event])) is matches


def test_as_many_pairs_as_can_be_are_matched_each_once():
    truths = [truth(10.0, -0.200), truth(10.5, -0.203)]
    found = [Found(11.0, 10.0, 10.4, -0.2025), Found(11.5, 10.5, 10.9, -0.206)]
    assert len(match(truths, found)) == 2
    assert len(match(truths, found[:1])) == 1


def test_figures_count_what_was_matched_and_say_nothing_where_nothing_is():
    tally = Tally()
    assert set(tally.figures().values()) == {None, 0.0}
    tally.add([truth(), truth(30.0)], [Found(10.6, 10.0, 10.4, -0.201), Found(20.0, 19.0, 19.5, 0.1)], 0.5)
    figures = tally.figures()
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0.5, 0.5, 0.5)
    assert figures["sigma_g"] == pytest.approx(1.0)
    assert figures["latency_median_s"] == pytest.approx(0.2)
    assert figures["false_per_plate_hour"] == 2.0


def test_an_event_is_settled_with_the_first_watermark_past_its_end():
    marks = np.array([[9.0, 8.5], [10.6, 9.9], [11.2, 10.5], [12.0, 11.5]])
    assert waits([truth(10.0), truth(11.0), truth(30.0)], marks) == pytest.approx([0.8, 0.6])


@pytest.mark.parametrize("plates", range(6, 13))
def test_a_shelf_is_full_and_its_catalogue_mostly_right(plates):
    goods = [draw_stock(plates, np.random.default_rng(seed), True) for seed in range(40)]
    for stock in goods:
        assert all(stock.on(plate) for plate in range(plates))
        assert any(len(good.plates) == 3 for good in stock.goods)
        assert {LIGHTEST, HEAVIEST} <= {good.weight for good in stock.goods}
        assert all(LIGHTEST <= good.weight <= HEAVIEST for good in stock.goods)
    wrong = [good.weight != good.listed for stock in goods for good in stock.goods]
    assert 0.0 < np.mean(wrong) < 0.1


def test_the_published_rule_finds_300_g_on_their_plate_and_does_not_see_24_g():
    for change, expected in ((-0.3, [1]), (-0.024, [])):
        signal = ShelfSignal(10.0, 4, np.random.default_rng(0))
        signal.transfer(1, 5.0, 0.2, change)
        weights = signal.read(NOISES["quiet"], np.zeros(len(signal.times)))
        weights[200, 2] = np.nan
        assert [column for event in rule_events(weights, 60, 0.024) for column in event.change] == expected


def test_bounds_grow_with_the_noise():
    quiet, rough = (bounds(NOISES[name], 0.2) for name in ("quiet", "rough"))
    assert all(rough[key] > quiet[key] for key in quiet)


def write_recording(folder, plates=3, seconds=20.0, begin=100.0):
    """Write samples with a take, a gap and a missing value, and the events that happened."""
    signal = ShelfSignal(seconds, plates, np.random.default_rng(1))
    signal.transfer(1, 5.0, 0.2, -0.25)
    signal.transfer(2, 12.0, 0.3, 0.08)
    weights = signal.read(NOISES["normal"], np.zeros(len(signal.times)))
    rows = ["time," + ",".join(f"plate{plate}" for plate in range(plates))]
    for number, (time, row) in enumerate(zip(signal.times, weights, strict=True)):
        if not 500 <= number < 530:
            cells = [f"{value:.4f}" for value in row]
            rows.append(f"{begin + time:.4f}," + ",".join(["", *cells[1:]] if number == 300 else cells))
    (folder / "monday.csv").write_text("\n".join(rows) + "\n")
    (folder / "monday.events.csv").write_text(
        "event,start,end,free,plate,change\n"
        f"1,{begin + 5.0},{begin + 5.2},,plate1,-0.25\n"
        f"2,{begin + 12.0},{begin + 12.3},{begin + 12.4},plate2,0.08\n"
    )


def test_recorded_samples_are_scored(tmp_path, capsys):
    write_recording(tmp_path)
    figures = tmp_path / "out.json"
    assert main(["benchmark", "shelf", "--input", str(tmp_path), "--json", str(figures)]) == 0
    assert "recorded" in capsys.readouterr().out
    written = json.loads(figures.read_text())
    assert written["recorded"]["ours"].keys() == FIGURES
    assert written["recorded"]["ours"]["f1"] == 1.0
    assert written["recorded"]["ours"]["latency_p99_s"] < 1.0


def test_recorded_samples_may_come_with_a_planogram(tmp_path, capsys):
    """Two things side by side at the same moment: only what stands there tells them from one over both plates."""
    signal = ShelfSignal(12.0, 3, np.random.default_rng(2))
    signal.transfer(0, 5.0, 0.2, -0.25)
    signal.transfer(1, 5.0, 0.2, -0.08)
    weights = signal.read(NOISES["quiet"], np.zeros(len(signal.times)))
    rows = [",".join(f"{value:.5f}" for value in (time, *row)) for time, row in zip(signal.times, weights, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["time,p0,p1,p2", *rows]) + "\n")
    header = "event,start,end,free,plate,change\n"
    (tmp_path / "a.events.csv").write_text(header + "1,5.0,5.2,,p0,-0.25\n2,5.0,5.2,,p1,-0.08\n")
    scores = []
    for planogram in ("", "sku,weight,spread,plate\ntin,0.25,0.001,p0\nbar,0.08,0.001,p1\nbox,0.5,0.002,p2\n"):
        if planogram:
            (tmp_path / "a.planogram.csv").write_text(planogram)
        assert main(["benchmark", "shelf", "--input", str(tmp_path), "--json", str(tmp_path / "out.json")]) == 0
        scores.append(json.loads((tmp_path / "out.json").read_text())["recorded"]["ours"]["f1"])
    assert scores == [0.0, 1.0]
    (tmp_path / "a.planogram.csv").write_text("sku,weight,spread,plate\ntin,0,0.001,p0\n")
    assert main(["benchmark", "shelf", "--input", str(tmp_path)]) == 2
    assert "a.planogram.csv:2: expected a weight above 0 kg" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("monday.csv", lambda text: "", "monday.csv: is empty"),
        ("monday.csv", lambda text: text.replace("time,", "when,"), "monday.csv: expected the header time,PLATE"),
        ("monday.csv", lambda text: text.replace("\n100.0167,", "\n99.0,", 1), "monday.csv:3: expected a time later"),
        ("monday.csv", lambda text: text.replace("\n100.0167,", "\n100.0167,x,", 1), "monday.csv:3: expected 4 values"),
        ("monday.events.csv", lambda text: text.replace("plate2", "plate9"), "monday.events.csv:3: plate 'plate9' is"),
        ("monday.events.csv", lambda text: text.replace("-0.25", "much"), "monday.events.csv:2: expected a number"),
        ("monday.events.csv", lambda text: text.replace("free", "late"), "monday.events.csv: expected the header"),
    ],
)
def test_wrong_recordings_end_in_one_line(tmp_path, capsys, name, change, message):
    write_recording(tmp_path)
    path = tmp_path / name
    path.write_text(change(path.read_text()))
    assert main(["benchmark", "shelf", "--input", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_folder_without_recordings_ends_in_one_line(tmp_path, capsys):
    assert main(["benchmark", "shelf", "--input", str(tmp_path)]) == 2
    assert "expected recordings NAME.csv" in capsys.readouterr().err
