"""ONNX files of every head, run by onnxruntime, against a decoder that goes cell by cell."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.camera.detectors.base import make_detector
from just_walk_out.camera.detectors.heads import HEADS
from just_walk_out.camera.detectors.letterbox import letterbox
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Detector

onnx = pytest.importorskip("onnx", reason="onnx, which writes the files, is not installed (extra dev)")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra onnx)")

STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = STORE.camera["cam_sw"]
WIDTH, HEIGHT = 96, 64
STRIDES = (8, 16, 32)
CELLS = [(s, column, row) for s in STRIDES for row in range(HEIGHT // s) for column in range(WIDTH // s)]
N = len(CELLS)
LAYOUTS = {
    "nanodet": [(HEIGHT // s * WIDTH // s, c) for s in STRIDES for c in (80, 32)],
    "yolox": [(N, 85)],
    "yolox_decoded": [(N, 85)],
    "yolov8": [(84, N)],
    "yolov8_pose": [(56, N)],
}


def write(path, tables, batch="batch", probe=None, half=False):
    """Write a network whose outputs are the tables, plus a gain times one value of its input."""
    from onnx import TensorProto, helper, numpy_helper

    kind, dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    channel, row, column, gains = probe or (0, 0, 0, [np.zeros_like(table) for table in tables])
    numbers = {"start": [channel, row, column], "end": [channel + 1, row + 1, column + 1], "axes": [1, 2, 3]}
    parts = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in numbers.items()]
    parts.append(numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "flat"))
    nodes = [
        helper.make_node("Slice", ["images", "start", "end", "axes"], ["pixel"]),
        helper.make_node("Reshape", ["pixel", "flat"], ["value"]),
    ]
    outputs = []
    for k, (table, gain) in enumerate(zip(tables, gains, strict=True)):
        parts += [
            numpy_helper.from_array(np.asarray(part, dtype)[None], f"{n}{k}") for n, part in (("t", table), ("g", gain))
        ]
        nodes += [
            helper.make_node("Mul", ["value", f"g{k}"], [f"m{k}"]),
            helper.make_node("Add", [f"m{k}", f"t{k}"], [f"out{k}"]),
        ]
        outputs.append(helper.make_tensor_value_info(f"out{k}", kind, [batch, *table.shape]))
    entry = helper.make_tensor_value_info("images", kind, [batch, 3, HEIGHT, WIDTH])
    graph = helper.make_graph(nodes, "head", [entry], outputs, parts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def ask(path, head, score=0.5, device="auto"):
    return make_detector(replace(CAMERA, detector=Detector("onnx", str(path), score, device, head)), STORE)


def blank(head):
    """Outputs that show nobody."""
    return [np.zeros(shape, np.float32) for shape in LAYOUTS[head]]


def put(head, tables, cell, box, score, hands=()):
    """Write a person into the outputs: box left, top, right, bottom in input pixels."""
    stride, column, row = CELLS[cell]
    left, top, right, bottom = box
    middle, size = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
    if head == "nanodet":
        level = STRIDES.index(stride)
        place = cell - sum(HEIGHT // s * WIDTH // s for s in STRIDES[:level])
        x, y = column * stride + (stride - 1) / 2, row * stride + (stride - 1) / 2
        tables[2 * level][place, 0] = score
        for side, reach in enumerate((x - left, y - top, right - x, bottom - y)):
            # two neighbouring bins whose mean is the distance
            low = math.floor(reach / stride)
            share = reach / stride - low
            bins = np.full(8, -40.0)
            bins[low] = math.log(max(1 - share, 1e-12))
            bins[min(low + 1, 7)] = max(bins[min(low + 1, 7)], math.log(max(share, 1e-12)))
            tables[2 * level + 1][place, 8 * side : 8 * side + 8] = bins
    elif head.startswith("yolox"):
        if head == "yolox":
            middle = (middle[0] / stride - column, middle[1] / stride - row)
            size = (math.log(size[0] / stride), math.log(size[1] / stride))
        tables[0][cell, :6] = [*middle, *size, 0.9, score / 0.9]
        tables[0][cell, 7] = 0.99  # something else there as well, which is no matter
    else:
        tables[0][:5, cell] = [*middle, *size, score]
        for joint, hand in zip((9, 10), hands, strict=False):
            tables[0][5 + 3 * joint : 8 + 3 * joint, cell] = hand


def placing(head, picture):
    """Zoom and offset with which a head's upstream places a picture (width, height)."""
    if head == "nanodet":
        return (WIDTH / picture[0], HEIGHT / picture[1]), (0.0, 0.0)
    zoom = min(WIDTH / picture[0], HEIGHT / picture[1])
    if head.startswith("yolox"):
        return (zoom, zoom), (0.0, 0.0)
    free = (WIDTH - round(picture[0] * zoom), HEIGHT - round(picture[1] * zoom))
    return (zoom, zoom), tuple(round(side / 2 - 0.1) for side in free)


PICTURE = (200, 90)  # wider than the input: grey above and below
PEOPLE = [(3, (20.0, 15.0, 40.0, 45.0), 0.95), (N - 2, (40.0, 12.0, 74.0, 60.0), 0.75)]
HANDS = ((22.0, 30.0, 0.9), (38.0, 31.0, 0.2))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("batch", ["batch", 1, 3])
def test_people_are_where_the_outputs_say(head, batch, tmp_path):
    tables = blank(head)
    # the smallest cells reach seven strides far with eight bins
    people = PEOPLE if head != "nanodet" else [(3, (20.0, 2.0, 40.0, 40.0), 0.95), PEOPLE[1]]
    for cell, box, score in people:
        put(head, tables, cell, box, score, HANDS)
    put(head, tables, 40, (60.0, 20.0, 70.0, 30.0), 0.3)
    detector = ask(write(tmp_path / "net.onnx", tables, batch), head)
    image = np.zeros((PICTURE[1], PICTURE[0], 3), np.uint8)
    zoom, offset = placing(head, PICTURE)
    for found in detector.detect_batch([image] * 4):
        assert np.allclose(found.scores, [score for _, _, score in people], atol=1e-6)
        for mine, (_, box, _) in zip(found.boxes, people, strict=True):
            low, high = (np.clip((np.array(b) - offset) / zoom, 0, PICTURE) for b in (box[:2], box[2:]))
            assert np.allclose(mine, [*low, *(high - low)], atol=0.02)
        assert (found.hands is not None) == (head == "yolov8_pose")
        if found.hands is not None:
            where = (np.array(HANDS[0][:2]) - offset) / zoom
            assert np.allclose(found.hands[0, 0], [*where, 0.9], atol=1e-4)
            assert np.isnan(found.hands[0, 1]).all()
    assert detector.detect_batch([]) == []


@pytest.mark.parametrize("head", HEADS)
def test_of_two_boxes_over_each_other_the_surer_stays_and_a_low_score_is_none(head, tmp_path):
    tables = blank(head)
    put(head, tables, N - 2, (40.0, 12.0, 74.0, 60.0), 0.75)
    put(head, tables, N - 5, (41.0, 12.0, 75.0, 61.0), 0.85)
    path = write(tmp_path / "net.onnx", tables)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert np.allclose(ask(path, head).detect(image, 0).scores, [0.85], atol=1e-6)
    assert len(ask(path, head, 0.9).detect(image, 0)) == 0


@pytest.mark.parametrize("head", HEADS)
def test_pictures_come_into_the_network_as_its_upstream_has_them(head, tmp_path):
    """The value of the input at the upper left of the picture is the score of a person."""
    (zoom, offset), colour = placing(head, PICTURE), (30, 120, 210)
    row, column = int(offset[1]) + 1, int(offset[0]) + 1
    expected = {
        "nanodet": (np.array(colour) - (103.53, 116.28, 123.675)) / (57.375, 57.12, 58.395),
        "yolox": colour,
        "yolox_decoded": colour,
    }.get(head, [c / 255 for c in colour[::-1]])
    for channel in range(3):
        tables, gains = blank(head), blank(head)
        put(head, tables, N - 3, (50.0, 12.0, 74.0, 50.0), 0.4)
        where = (4, 0) if head == "nanodet" else (0, N - 3 if head.startswith("yolox") else 4)
        table, gain = tables[where[0]], gains[where[0]]
        place = {"nanodet": (3, 0), "yolox": (N - 3, 5), "yolox_decoded": (N - 3, 5)}.get(head, (4, N - 3))
        gain[place], table[place] = 1e-3 if head.startswith("yolox") else 0.1, 0.5
        path = write(tmp_path / f"{channel}.onnx", tables, probe=(channel, row, column, gains))
        image = np.full((PICTURE[1], PICTURE[0], 3), colour, np.uint8)
        (score,) = ask(path, head, 0.01).detect(image, 0).scores
        seen = (score / (0.9 if head.startswith("yolox") else 1.0) - 0.5) / gain[place]
        assert seen == pytest.approx(expected[channel], abs=1e-2)
        assert zoom[0] > 0


def test_scores_before_the_sigmoid_are_told_from_probabilities(tmp_path):
    tables = blank("nanodet")
    put("nanodet", tables, N - 3, (50.0, 12.0, 74.0, 50.0), 0.0)
    for level in range(3):
        tables[2 * level] -= 4.0
    tables[4][3, 0] = 1.0
    found = ask(write(tmp_path / "net.onnx", tables), "nanodet").detect(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0)
    assert np.allclose(found.scores, 1 / (1 + math.exp(-1.0)), atol=1e-6)


@pytest.mark.parametrize("written", LAYOUTS)
@pytest.mark.parametrize("head", HEADS)
def test_a_wrong_head_is_refused_with_what_was_expected_and_what_came(written, head, tmp_path):
    fits = {written} | ({"yolox", "yolox_decoded"} if written.startswith("yolox") else set())
    fits |= {"yolov8"} if written == "yolov8_pose" else set()  # as many rows as another number of classes would have
    path = write(tmp_path / "net.onnx", blank(written))
    if head in fits:
        ask(path, head)
        return
    with pytest.raises(ValueError, match=rf"net\.onnx': not a {head} head: expected .* got 1x\d+x\d+") as error:
        ask(path, head)
    assert "\n" not in str(error.value)


def test_a_file_in_half_precision_runs(tmp_path):
    tables = blank("yolov8")
    put("yolov8", tables, N - 3, (50.0, 12.0, 74.0, 50.0), 0.75)
    found = ask(write(tmp_path / "net.onnx", tables, half=True), "yolov8").detect(
        np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0
    )
    assert np.allclose(found.scores, 0.75, atol=1e-3)
    assert np.allclose(found.boxes, [[50.0, 12.0, 24.0, 38.0]], atol=0.1)


def test_numbers_that_are_none_are_nobody(tmp_path):
    for value in (np.nan, np.inf):
        for head in HEADS:
            tables = [np.full_like(table, value) for table in blank(head)]
            found = ask(write(tmp_path / "net.onnx", tables), head).detect(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0)
            assert np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()


def test_files_and_values_that_are_wrong_end_in_one_line(tmp_path):
    good = write(tmp_path / "good.onnx", blank("yolox")).read_bytes()
    for name, data in (("empty", b""), ("text", b"no network"), ("half", good[: len(good) // 2])):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"{name}\.onnx': cannot be loaded: .") as error:
            ask(path, "yolox")
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="detector head 'magic': expected one of nanodet, yolox"):
        ask(tmp_path / "good.onnx", "magic")
    with pytest.raises(ValueError, match="detector device 'toaster': expected auto, cpu or cuda"):
        ask(tmp_path / "good.onnx", "yolox", device="toaster")


@given(
    st.tuples(st.integers(8, 300), st.integers(8, 300)),
    st.sampled_from(["stretch", "corner", "centre"]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_what_lies_in_the_picture_lies_in_the_input_and_comes_back(size, how, share):
    image = np.full((size[1], size[0], 3), 250, np.uint8)
    canvas, fit = letterbox(image, (WIDTH, HEIGHT), how)
    assert canvas.shape == (HEIGHT, WIDTH, 3)
    point = np.multiply(share, size)
    there = point * fit.zoom + fit.offset
    assert np.allclose(fit.points_back(there), point, atol=1e-6)
    assert (there >= 0).all() and (there <= np.add((WIDTH, HEIGHT), 0.51)).all()
    # the picture itself is there, and around it the grey of the training
    rows, columns = np.nonzero((canvas == 250).all(axis=2))
    assert np.abs(np.subtract((columns.max() + 1, rows.max() + 1), np.multiply(size, fit.zoom) + fit.offset)).max() <= 1
    assert (columns.min(), rows.min()) == fit.offset
    assert set(np.unique(canvas)) <= {114, 250}
