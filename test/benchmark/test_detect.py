"""The benchmark of detectors counts as it says, and finds what is drawn."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.benchmark.detect.data import open_clip, open_ground, read_truths
from just_walk_out.benchmark.detect.scoring import Tally, match, overlaps
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.cli.main import main
from just_walk_out.store.geometry import contains

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared"))
PETS = DATA / "data" / "people" / "pets09_s2l1"
NOT_THERE = pytest.mark.skipif(not PETS.is_dir(), reason="the PETS video is not there (JWO_DATA)")

spans = st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2)
pictures = st.lists(
    st.tuples(st.lists(st.tuples(spans, st.sampled_from([0.2, 0.5, 0.9])), max_size=4), st.lists(spans, max_size=4)),
    max_size=4,
)


def tally(rows, ignored=False):
    made = Tally()
    for found, truths in rows:
        boxes = np.array([box for box, _ in found], float).reshape(-1, 4)
        true = np.array(truths, float).reshape(-1, 4)
        made.add(boxes, np.array([score for _, score in found]), true, np.full(len(true), ignored))
    return made


def area_under_precision(made):
    """AP by its definition: at each recall that is reached, the best precision at that recall or more."""
    points = []
    for threshold in sorted(set(made.scores), reverse=True):
        recall, precision = made.at(threshold)
        points.append((recall, precision))
    total, last = 0.0, 0.0
    for recall, _ in points:
        total += (recall - last) * max(precision for other, precision in points if other >= recall)
        last = recall
    return total


@given(pictures)
def test_average_precision_is_the_area_under_the_best_precision(rows):
    made = tally(rows)
    if made.truths:
        assert made.average_precision() == pytest.approx(area_under_precision(made), abs=1e-9)
        assert 0.0 <= made.average_precision() <= 1.0
    else:
        assert made.average_precision() is None
    assert sum(made.hits) <= made.truths


@given(pictures, st.randoms())
def test_it_does_not_matter_in_what_order_boxes_of_different_pictures_come(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert tally(shuffled).average_precision() == tally(rows).average_precision()


@given(pictures)
def test_what_is_found_exactly_is_worth_everything_and_what_is_ignored_nothing(rows):
    exact = [([(box, 0.7) for box in sorted(set(truths))], sorted(set(truths))) for _, truths in rows]
    made = tally(exact)
    assert made.average_precision() == (1.0 if made.truths else None)
    left_out = tally(exact, ignored=True)
    assert left_out.truths == 0 and left_out.scores == [] and left_out.average_precision() is None


def test_a_second_box_on_the_same_person_is_a_mistake():
    boxes = np.array([[0.0, 0.0, 10.0, 20.0], [1.0, 0.0, 10.0, 20.0], [50.0, 0.0, 10.0, 20.0]])
    assert overlaps(boxes[:1], boxes[:2])[0].tolist() == pytest.approx([1.0, 180 / 220])
    hits, left_out = match(boxes, np.array([0.5, 0.9, 0.8]), boxes[[0, 2]], np.array([False, True]))
    assert hits.tolist() == [False, True, False] and left_out.tolist() == [False, False, True]


def draw(folder, frames=40, truths=True):
    """A video of a dark figure that walks over grey noise, with its boxes."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    ground = rng.integers(120, 180, (144, 192, 3), dtype=np.uint8)
    writer = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (192, 144))
    lines = []
    for k in range(frames):
        image = ground.copy()
        if k >= 10:
            left = 10 + 4 * (k - 10)
            cv2.rectangle(image, (left, 40), (left + 19, 99), (20, 20, 60), -1)
            lines.append(f"{k + 1},1,{left + 1},41,20,60,1,0,0,0")
        writer.write(image)
    writer.release()
    if truths:
        (folder / "gt.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_a_table_figures_and_pictures_are_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JWO_DATA", str(tmp_path))
    folder, facts = draw(tmp_path / "clip"), tmp_path / "out" / "facts.json"
    save = tmp_path / "pictures"
    arguments = ["--every", "2", "--json", str(facts), "--save", str(save), "--only", "motion,onnx,MOG2,KNN,HOG"]
    assert main(["benchmark", "detect", str(folder), *arguments]) == 0
    table, read = capsys.readouterr().out, json.loads(facts.read_text())
    rows = read["detectors"]
    assert list(rows) == [name for name in rows if name in table] and read["every"] == 2
    assert rows["motion"]["ap50"] > 90 and rows["motion"]["recall"] > 0.9 and rows["motion"]["frames"] == 20
    assert rows["OpenCV MOG2, contours"]["ap50"] > 30 and not rows["OpenCV MOG2, contours"]["ours"]
    assert "no such file" in rows["onnx nanodet"]["absent"] and "absent: detector model" in table
    assert f"{rows['motion']['ap50']:.1f}" in table and rows["motion"]["ms_per_frame"] > 0
    assert cv2.imread(str(save / "motion_00001.png")).shape == (144, 192, 3)


def test_without_truths_there_is_time_alone(tmp_path, capsys):
    folder = draw(tmp_path / "clip", 12, truths=False)
    assert main(["benchmark", "detect", str(folder / "video.avi"), "--only", "motion", "--frames", "11"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("motion"))
    assert row.split()[1:-1] == ["-", "-", "-"] and float(row.split()[-1]) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder; expected a video"),
        (["empty"], "empty: expected one video"),
        (["text.avi"], "text.avi: expected a video that OpenCV can read"),
        (["clip", "--every", "0"], "--every and --frames: expected 1 or more"),
        (["clip", "--only", "magic"], "--only magic: none of motion"),
        (["bad"], "gt.txt: line 2: expected frame,id,left,top,width,height,flag, got '2,1,5"),
    ],
)
def test_bad_input_ends_in_one_line(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.avi").write_text("no video")
    draw(tmp_path / "clip", 3)
    draw(tmp_path / "bad", 3)
    (tmp_path / "bad" / "gt.txt").write_text("1,1,5,5,10,20,1\n2,1,5,5,-10,20,1\n")
    assert main(["benchmark", "detect", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error and error.startswith("jwo benchmark detect: ")


@NOT_THERE
def test_the_ground_of_a_real_calibration_is_where_its_people_stand():
    clip = open_clip(PETS)
    assert (clip.width, clip.height) == (768, 576) and sum(map(len, clip.truths.values())) == 4650
    truths, ignored = read_truths(PETS / "gt.txt")
    assert np.array_equal(truths[1], clip.boxes(1)[0]) and sum(int(flags.sum()) for flags in ignored.values()) == 174
    store, places = open_ground(clip.camera), np.loadtxt(PETS / "gt.txt", delimiter=",")[:, 7:9]
    assert np.mean(contains(store.floor, places)) > 0.99
    seen = FloorProjector(clip.camera).to_pixels(np.column_stack([np.array(store.floor), np.zeros(len(store.floor))]))
    assert ((seen > -2) & (seen < (770, 578))).all()


@NOT_THERE
def test_motion_beats_background_subtraction_on_a_real_video(tmp_path, capsys):
    facts = tmp_path / "facts.json"
    arguments = ["--frames", "60", "--only", "motion,MOG2", "--json", str(facts)]
    assert main(["benchmark", "detect", str(PETS), *arguments]) == 0
    rows = json.loads(facts.read_text())["detectors"]
    # it starts among people; over the whole video it is better
    assert rows["motion"]["ap50"] > 70 > rows["OpenCV MOG2, contours"]["ap50"]
