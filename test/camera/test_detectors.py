import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from just_walk_out.camera.detectors.choice import make_detector
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Detector

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared"))
PETS = DATA / "data" / "people" / "pets09_s2l1"
NANODET = DATA / "models" / "nanodet.onnx"
STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = STORE.camera["cam_sw"]


def has(name):
    return importlib.util.find_spec(name) is not None


def ask(kind, model="", score=0.5):
    return make_detector(replace(CAMERA, detector=Detector(kind, model, score)), STORE)


def test_the_kind_none_has_no_detector_and_an_unknown_one_is_refused():
    assert ask("none") is None
    with pytest.raises(ValueError, match="'magic' is none of motion"):
        ask("magic")


def overlap(a, b):
    low = np.maximum(a[:2], b[:2])
    high = np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    common = np.prod(np.maximum(high - low, 0.0))
    return common / (np.prod(a[2:]) + np.prod(b[2:]) - common)


def average_precision(pairs, truths):
    """AP at an overlap of one half, all-point interpolation, over (detections, true boxes) of pictures."""
    marks = []
    for found, truth in pairs:
        free = list(range(len(truth)))
        for k in np.argsort(-found.scores):
            best = max(free, key=lambda n: overlap(found.boxes[k], truth[n]), default=None)
            hit = best is not None and overlap(found.boxes[k], truth[best]) >= 0.5
            if hit:
                free.remove(best)
            marks.append((found.scores[k], hit))
    hits = np.array([hit for _, hit in sorted(marks, key=lambda mark: -mark[0])])
    recall = np.cumsum(hits) / truths
    precision = np.maximum.accumulate((np.cumsum(hits) / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


@pytest.mark.skipif(not has("onnxruntime"), reason="onnxruntime is not installed (extra onnx)")
@pytest.mark.skipif(
    not (PETS.is_dir() and NANODET.is_file()), reason="PETS or the NanoDet file is not there (JWO_DATA)"
)
def test_nanodet_finds_the_people_of_a_real_video():
    detector = ask("onnx", str(NANODET), 0.2)
    truth = np.loadtxt(PETS / "gt.txt", delimiter=",")
    capture = cv2.VideoCapture(str(PETS / "video.avi"))
    pairs, count = [], 0
    for frame in range(1, 402):
        good = capture.grab()
        if good and frame % 20 == 1:
            image = capture.retrieve()[1]
            boxes = truth[truth[:, 0] == frame][:, 2:6]
            count += len(boxes)
            pairs.append((detector.detect(image, frame), boxes))
    capture.release()
    assert average_precision(pairs, count) > 0.88
    assert len(detector.detect_batch([image, image])) == 2 and detector.detect_batch([]) == []


@pytest.mark.skipif(not has("onnxruntime"), reason="onnxruntime is not installed (extra onnx)")
def test_a_missing_model_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.onnx"):
        ask("onnx", "nowhere.onnx")


def test_without_onnxruntime_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # to Python as if it were not installed
    with pytest.raises(ModuleNotFoundError, match=r"just_walk_out\[onnx\]"):
        ask("onnx", "x.onnx")


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"just_walk_out\[torch\]"):
        ask("torchvision")
