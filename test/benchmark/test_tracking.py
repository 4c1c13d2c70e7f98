"""The tracking benchmark: its readers, its signals, and the whole of it where TrackEval and the peers are installed."""

import importlib.util
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from just_walk_out.benchmark.detect.scoring import overlaps
from just_walk_out.benchmark.tracking.cameras import Views, read_views, spoilt, track, track_places
from just_walk_out.benchmark.tracking.crowd import crowd
from just_walk_out.benchmark.tracking.data import is_sequence, read_sequence
from just_walk_out.benchmark.tracking.detected import detected
from just_walk_out.benchmark.tracking.ours import run_ours
from just_walk_out.benchmark.tracking.report import hard_table
from just_walk_out.benchmark.tracking.scores import averages
from just_walk_out.benchmark.tracking.store import Conditions, simulated
from just_walk_out.benchmark.tracking.variants import backwards, jittered, moved, thinned
from just_walk_out.cli.main import main

PEOPLE = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared")) / "data" / "people"
needs_peers = pytest.mark.skipif(
    not (importlib.util.find_spec("trackeval") and importlib.util.find_spec("trackers")),
    reason="the extra 'benchmark' (trackeval, trackers) is not installed",
)
needs_data = pytest.mark.skipif(not PEOPLE.is_dir(), reason=f"no real sequences at {PEOPLE} (JWO_DATA)")


def write_sequence(folder, sequence):
    """Write a sequence as MOTChallenge lays it out."""
    folder.mkdir()
    width, height = sequence.size
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname=X\nframeRate={sequence.rate}\nseqLength={len(sequence.frames)}\nimWidth={width}\nimHeight={height}\n"
    )
    lines = [
        f"{k},-1,{','.join(f'{value:.3f}' for value in row)},-1,-1,-1"
        for k, f in enumerate(sequence.frames, 1)
        for row in f
    ]
    (folder / "det.txt").write_text("\n".join(lines))
    np.savetxt(folder / "gt.txt", sequence.truth, fmt="%g", delimiter=",")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sequence(tmp_path_factory.mktemp("people") / "walk", crowd(5, 3.0, 3))


def test_a_folder_reads_back_as_it_was_written(folder):
    sequence, made = read_sequence(folder), crowd(5, 3.0, 3)
    assert (sequence.name, sequence.rate, sequence.size, sequence.classes) == ("walk", 30.0, (1920, 1080), False)
    assert len(sequence.frames) == 90
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(sequence.frames, made.frames, strict=True))


def test_a_folder_as_motchallenge_packs_it_is_the_same_sequence(folder, tmp_path):
    for name in ("det", "gt"):
        (tmp_path / "walk" / name).mkdir(parents=True)
        shutil.copy(folder / f"{name}.txt", tmp_path / "walk" / name)
    shutil.copy(folder / "seqinfo.ini", tmp_path / "walk")
    assert is_sequence(tmp_path / "walk") and not is_sequence(tmp_path)
    flat, packed = read_sequence(folder), read_sequence(tmp_path / "walk")
    assert all(map(np.array_equal, flat.frames, packed.frames)) and np.array_equal(flat.truth, packed.truth)


def test_scores_that_say_nothing_count_as_1(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "walk")
    rows = [line.split(",") for line in (folder / "det.txt").read_text().splitlines()]
    (tmp_path / "walk" / "det.txt").write_text("\n".join(",".join([*row[:6], "-1", *row[7:]]) for row in rows))
    assert {score for frame in read_sequence(tmp_path / "walk").frames for score in frame[:, 4]} == {1.0}


def test_frames_from_the_middle_count_from_one_again(folder):
    whole, part = read_sequence(folder), read_sequence(folder, first=31)
    assert len(part.frames) == 60 and np.array_equal(part.frames[0], whole.frames[30])
    assert part.truth[:, 0].min() == 1 and part.first == 31
    assert len(read_sequence(folder, half=True).frames) == 90  # only MOT16 and later were trained on


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("seqinfo.ini", "[Sequence]\nframeRate=30\n", "seqLength"),
        ("det.txt", "1,-1,3,4,5\n", "line 1: expected 7 or more columns, got 5"),
        ("gt.txt", "1,1,3,4,5,6,1,x,1\n", "line 1: expected numbers"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(tmp_path, folder, capsys, name, text, says):
    broken = write_sequence(tmp_path / "broken", crowd(2, 0.2, 1))
    (broken / name).write_text(text)
    assert main(["benchmark", "tracking", str(broken)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line and says in line


def test_a_folder_of_something_else_is_refused(tmp_path, capsys):
    assert main(["benchmark", "tracking", str(tmp_path)]) == 2
    assert "expected det.txt, gt.txt and seqinfo.ini" in capsys.readouterr().err


def test_a_moved_sequence_moves_boxes_and_truth_alike_and_is_followed_as_the_still_one():
    still = crowd(8, 4.0, 5)
    shaken = moved(still, 1)
    assert np.array_equal(shaken.truth, moved(still, 1).truth) and not np.array_equal(
        shaken.truth, moved(still, 2).truth
    )
    for frame in (1, 60, 120):
        step = (shaken.truth - still.truth)[still.truth[:, 0] == frame]
        assert np.allclose(step[:, 2:4], step[0, 2:4]) and not step[:, [0, 1, 4, 5]].any()
        away = shaken.frames[frame - 1] - still.frames[frame - 1]
        assert np.allclose(away[:, :2], step[0, 2:4]) and not away[:, 2:].any()
    assert len({who for _, who, *_ in run_ours(shaken)[0]}) <= len({who for _, who, *_ in run_ours(still)[0]}) + 2


def test_a_jittered_sequence_lacks_some_boxes_has_the_others_near_where_they_were_and_keeps_its_truth():
    still = crowd(8, 8.0, 5)
    again = jittered(still, 3)
    assert all(map(np.array_equal, again.frames, jittered(still, 3).frames))
    assert not all(map(np.array_equal, again.frames, jittered(still, 4).frames))
    assert sum(map(len, again.frames)) == pytest.approx(0.95 * sum(map(len, still.frames)), rel=0.02)
    away = []
    for before, after in zip(still.frames, again.frames, strict=True):
        # scores tell which box is which
        there = before[np.isin(before[:, 4], after[:, 4])]
        assert np.array_equal(there[:, 4], after[:, 4])
        away.append((after[:, :4] - there[:, :4]) / there[:, 3:4])
    assert 0.005 < np.std(np.concatenate(away)) < 0.03 and np.array_equal(again.truth, still.truth)


def by_frame(sequence):
    """What is found and true in each frame, whatever its number."""
    truth = [sequence.truth[sequence.truth[:, 0] == number][:, 1:] for number in range(1, len(sequence.frames) + 1)]
    return [(found.tolist(), sorted(true.tolist())) for found, true in zip(sequence.frames, truth, strict=True)]


@pytest.mark.parametrize("every", [1, 2, 7])
def test_a_thinned_sequence_has_every_nth_picture_with_its_truth_in_the_same_time(every):
    full = crowd(6, 4.0, 5)
    thin = thinned(full, every)
    assert by_frame(thin) == by_frame(full)[::every]
    assert thin.rate == full.rate / every and len(thin.frames) == -(-len(full.frames) // every)


def test_a_sequence_backwards_has_the_same_pictures_in_the_other_order_and_twice_is_as_it_was():
    full = crowd(6, 4.0, 5)
    assert by_frame(backwards(full)) == by_frame(full)[::-1]
    assert by_frame(backwards(backwards(full))) == by_frame(full)


def test_averages_have_the_error_of_their_mean():
    runs = [{"hota": 50.0, "idf1": 60.0}, {"hota": 52.0, "idf1": 64.0}, {"hota": 54.0, "idf1": 68.0}]
    assert averages(runs) == {"hota": 52.0, "idf1": 64.0, "idf1_error": round(4 / 3**0.5, 2)}
    assert averages(runs[:1]) == {**runs[0], "idf1_error": 0.0}


def test_our_rows_are_the_same_bytes_each_time():
    assert run_ours(crowd(8, 2.0, 5))[0] == run_ours(crowd(8, 2.0, 5))[0]


@needs_peers
def test_the_benchmark_prints_writes_and_draws(tmp_path, folder, capsys):
    target = tmp_path / "figures.json"
    drawn, results = tmp_path / "drawn", tmp_path / "results"
    arguments = [
        "--json",
        str(target),
        "--draw",
        str(drawn),
        "--results",
        str(results),
        "--peers",
        "bytetrack",
        "botsort",
        "--again",
        "2",
    ]
    assert main(["benchmark", "tracking", str(folder), *arguments]) == 0
    figures = json.loads(target.read_text())
    assert (
        set(figures) == {"walk", "walk_again"}
        and set(figures["walk_again"]) == set(figures["walk"])
        and set(figures["walk"]) == {"just_walk_out", "bytetrack", "botsort"}
    )
    assert all(set(row) == {"hota", "mota", "idf1", "ids", "fps"} for row in figures["walk"].values())
    ours = figures["walk"]["just_walk_out"]
    assert ours["hota"] > 70 and ours["idf1"] > 85
    printed = capsys.readouterr().out
    assert "just_walk_out" in printed and "2 times jittered" in printed and (drawn / "walk.png").is_file()
    first = (results / "just_walk_out" / "data" / "walk.txt").read_text().splitlines()[0].split(",")
    assert len(first) == 10 and first[-3:] == ["-1", "-1", "-1"]


def test_spoiling_drops_shakes_and_invents_as_much_as_is_said():
    rng = np.random.default_rng(1)
    low = rng.uniform(0, 900, (20_000, 2))
    boxes = np.column_stack(
        [rng.integers(0, 100, 20_000), rng.integers(0, 2, 20_000), low, low + np.array([40, 100])]
    ).astype(float)
    cameras = tuple(type("View", (), {"width": 1920, "height": 1080})() for _ in range(2))
    result = spoilt(Views("v", cameras, boxes, np.zeros((1, 4)), 100), 7)
    assert len(result) == pytest.approx(20_000 * 0.87, rel=0.02)
    same = {tuple(row) for row in boxes} & {tuple(row) for row in result}
    assert len(same) == pytest.approx(20_000 * 0.81, rel=0.02)
    assert np.array_equal(result, spoilt(Views("v", cameras, boxes, np.zeros((1, 4)), 100), 7))


@needs_data
def test_seven_real_views_are_one_floor():
    views = read_views(PEOPLE / "wildtrack")
    part = Views(views.name, views.cameras, views.boxes[views.boxes[:, 0] < 8], views.truth[views.truth[:, 0] < 8], 8)
    for found, within in ((track(part, part.boxes)[0], 0.5), (track_places(part)[0], 0.1)):
        for frame, (_, places) in enumerate(found):
            truth = part.truth[part.truth[:, 0] == frame, 2:]
            away = np.linalg.norm(truth[:, None] - places[None], axis=2).min(axis=1)
            assert np.mean(away < within) > 0.95


def test_a_detector_without_pictures_or_network_is_refused_in_one_line(tmp_path, folder, capsys):
    assert main(["benchmark", "tracking", str(folder), "--detector", str(tmp_path / "none.onnx")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a sequence with video.avi" in line
    filmed = replace(read_sequence(folder), video=tmp_path / "video.avi")
    with pytest.raises(ValueError, match=r"none\.onnx|onnxruntime"):
        detected(filmed, tmp_path / "none.onnx")


NANODET = PEOPLE.parent.parent / "models" / "nanodet.onnx"


@needs_data
@pytest.mark.skipif(
    not (NANODET.is_file() and importlib.util.find_spec("onnxruntime")), reason=f"no {NANODET}, or no onnxruntime"
)
def test_the_boxes_of_a_detector_lie_on_the_people_of_the_video():
    given = read_sequence(PEOPLE / "pets09_s2l1")
    found = detected(replace(given, frames=given.frames[:3]), NANODET)
    assert found.name == "pets09_s2l1_nanodet" and len(found.frames) == 3
    for frame, boxes in enumerate(found.frames, 1):
        truth = given.truth[given.truth[:, 0] == frame, 2:6]
        sure = boxes[boxes[:, 4] > 0.5, :4]
        assert (overlaps(truth, sure).max(axis=1) > 0.5).mean() > 0.6


def test_the_simulated_store_is_followed_and_so_it_is_with_two_outfits_and_a_camera_less():
    for conditions in (Conditions(), Conditions(outfits=2, lost=1)):
        figures = simulated(1, 2.0, conditions, lead=15.0)
        assert figures["error"] < 0.15 and figures["found"] > 0.9


@pytest.mark.parametrize("number", ["0", "35", "nan"])
def test_more_shoppers_than_doors_let_in_and_none_at_all_are_refused_in_one_line(capsys, number):
    assert main(["benchmark", "tracking", "--store", "--shoppers", number]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"--shoppers {number}: expected 1 to 34" in err


def test_rows_made_hard_are_told_one_by_one_and_their_identities_together():
    bands = [
        {"from": 0.5, "said": 0.6, "right": 0.5, "ticks": 10},
        {"from": 0.99, "said": 1.0, "right": 1.0, "ticks": 30},
    ]
    row = {"minutes": 2.0, "shoppers": 20.5, "exchanges": 1, "said": 1, "taken_back": 0, "renamed": 0, "error": 0.05}
    other = {**row, "identity": [{**bands[0], "said": 0.8, "right": 0.9, "ticks": 30}]}
    text = hard_table({"crowded": {**row, "identity": bands}, "half the cameras": other}, 3)
    assert "crowded" in text and "half the cameras" in text and "seed 3" in text
    (line,) = [line for line in text.splitlines() if line.lstrip().startswith("0.50")]
    assert line.split() == ["0.50", "0.750", "0.800", "57.1%"]
