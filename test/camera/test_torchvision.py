"""The torchvision detector with torchvision's own networks, on frames of a real video.

Trained weights cannot be had everywhere, so the networks are filled with seeded numbers, or so that what they
must answer is known. That says nothing of how well the trained ones see; it says that what they see arrives.
"""

import os
import urllib.request
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from just_walk_out.camera.detectors.base import make_detector
from just_walk_out.camera.finder import PersonFinder
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Detector

REASON = "torch and torchvision are not installed (extra torch)"
torch = pytest.importorskip("torch", reason=REASON)
detection = pytest.importorskip("torchvision.models.detection", reason=REASON)

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared"))
VIDEO = DATA / "data" / "people" / "pets09_s2l1" / "video.avi"
STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = STORE.camera["cam_sw"]
SMALL = "fasterrcnn_mobilenet_v3_large_320_fpn"
KEYPOINTS = "keypointrcnn_resnet50_fpn"
CLASSES = 91


def ask(model="", score=0.5, device="auto", precision="auto"):
    detector = Detector("torchvision", model, score, device, precision=precision)
    return make_detector(replace(CAMERA, detector=detector), STORE)


@pytest.fixture(scope="module")
def frames():
    """Two pictures of people in the street, cut to a low strip: networks scale the short side up."""
    if not VIDEO.is_file():
        pytest.skip("the PETS video is not there (JWO_DATA)")
    capture = cv2.VideoCapture(str(VIDEO))
    pictures = [capture.read()[1] for _ in range(2)]
    capture.release()
    return [picture[200:232] for picture in pictures]


def certain(path, label, logit=6.0):
    """Write weights with which each region of the picture shows one class; return the confidence in it."""
    torch.manual_seed(7)
    network = getattr(detection, SMALL)(weights=None, weights_backbone=None)
    head = network.roi_heads.box_predictor
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.cls_score.bias[label] = logit
    torch.save(network.state_dict(), path)
    return float(np.exp(logit) / (np.exp(logit) + CLASSES - 1))


def seeded(name, path, **options):
    """Write seeded weights that see people more readily than anything else; return the network."""
    torch.manual_seed(7)
    network = getattr(detection, name)(weights=None, weights_backbone=None, **options).eval()
    with torch.no_grad():
        network.roi_heads.box_predictor.cls_score.bias[1] += 2.0
    torch.save(network.state_dict(), path)
    return network


def small_joints(monkeypatch):
    """Have Keypoint R-CNN look at few places in small pictures: its own take seconds on a processor."""
    build = getattr(detection, KEYPOINTS)
    few = {"min_size": 96, "max_size": 160, "box_detections_per_img": 4, "rpn_post_nms_top_n_test": 8}
    monkeypatch.setattr(detection, KEYPOINTS, lambda **options: build(**{**options, **few}))


@pytest.mark.parametrize("name", [SMALL, KEYPOINTS])
def test_the_people_are_those_the_network_itself_answers_for_the_pictures_in_rgb(name, tmp_path, frames, monkeypatch):
    small_joints(monkeypatch)
    network = seeded(name, tmp_path / "weights.pth", box_score_thresh=0.0)
    results = ask(f"{name}:{tmp_path / 'weights.pth'}", 0.0).detect_batch(frames)
    with torch.inference_mode():
        colours = [cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in frames]
        answers = network([torch.from_numpy(picture).permute(2, 0, 1) / 255.0 for picture in colours])
    for found, answer in zip(results, answers, strict=True):
        people = answer["labels"].numpy() == 1
        assert len(found) == people.sum() > 0
        corners = np.column_stack([found.boxes[:, :2], found.boxes[:, :2] + found.boxes[:, 2:]])
        assert np.allclose(corners, answer["boxes"].numpy()[people], atol=0.01)
        assert np.allclose(found.scores, answer["scores"].numpy()[people], atol=1e-5)
        if name != KEYPOINTS:
            assert found.hands is None
            continue
        # COCO's joints 9 and 10 are the wrists
        assert found.hands.shape == (len(found), 2, 3)
        for person, hands in zip(np.flatnonzero(people), found.hands, strict=True):
            for joint, hand in zip((9, 10), hands, strict=True):
                raw = float(answer["keypoints_scores"][person, joint])
                if raw < 0.0:
                    assert np.isnan(hand).all()
                else:
                    assert np.allclose(hand[:2], answer["keypoints"][person, joint, :2].numpy(), atol=0.01)
                    assert hand[2] == pytest.approx(1.0 / (1.0 + np.exp(-raw)), abs=1e-4)
        assert np.isfinite(found.hands).any()


def test_a_picture_gets_the_same_answer_alone_and_among_others(tmp_path, frames):
    seeded(SMALL, tmp_path / "weights.pth")
    detector = ask(f"{SMALL}:{tmp_path / 'weights.pth'}", 0.0)
    together = detector.detect_batch([*frames, frames[0]])
    for found, alone in zip(together, (detector.detect(frames[0], 0), detector.detect(frames[1], 0)), strict=False):
        assert np.allclose(found.boxes, alone.boxes, atol=0.02) and np.allclose(found.scores, alone.scores, atol=1e-4)
    assert np.allclose(together[0].boxes, together[2].boxes, atol=0.02)


def test_half_precision_finds_the_same_people_and_is_not_taken_on_a_processor_unasked(tmp_path, frames):
    """On a processor float16 is real but slow; the automatic choice is float32 there and float16 on a GPU."""
    path = tmp_path / "people.pth"
    score = certain(path, label=1)
    pictures = [picture[:, :320] for picture in frames]
    found = {
        precision: ask(f"{SMALL}:{path}", 0.5, precision=precision).detect(pictures[0], 0)
        for precision in ("float32", "auto", "float16")
    }
    exact, half = found["float32"], found["float16"]
    if not torch.cuda.is_available():
        assert np.array_equal(found["auto"].boxes, exact.boxes)
    assert half.boxes.dtype == np.float64 and np.allclose(half.scores, score, atol=1e-3)
    # untrained layers amplify what half precision loses: the reference is the network with a half-precision inside
    network = getattr(detection, SMALL)(weights=None, weights_backbone=None, box_score_thresh=0.5).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    network.backbone, network.roi_heads.box_head = Half(network.backbone), Half(network.roi_heads.box_head)
    with torch.inference_mode():
        (answer,) = network([torch.from_numpy(pictures[0][..., ::-1].copy()).permute(2, 0, 1) / 255.0])
    people = answer["boxes"].numpy()[answer["labels"].numpy() == 1]
    assert np.allclose(half.boxes[:, :2] + half.boxes[:, 2:], people[:, 2:], atol=0.01) and len(half) > 0
    # and it is another arithmetic indeed
    assert len(half) != len(exact) or not np.array_equal(half.boxes, exact.boxes)


class Half(torch.nn.Module):
    """A part of a network in float16, with float32 around it."""

    def __init__(self, part):
        super().__init__()
        self.part = part
        self.out_channels = getattr(part, "out_channels", None)

    def forward(self, given):
        with torch.autocast("cuda" if given.is_cuda else "cpu", dtype=torch.float16):
            answer = self.part(given)
        return {name: value.float() for name, value in answer.items()} if isinstance(answer, dict) else answer.float()


def test_people_come_as_boxes_inside_the_picture_with_the_confidence_of_the_network(tmp_path, frames):
    path = tmp_path / "people.pth"
    score = certain(path, label=1)
    detector = ask(f"{SMALL}:{path}", score - 0.01)
    results = detector.detect_batch(frames)
    assert [len(found) > 0 for found in results] == [True, True]
    for found, picture in zip(results, frames, strict=True):
        assert found.boxes.dtype == found.scores.dtype == np.float64
        assert found.boxes.shape == (len(found), 4) and found.positions is None
        assert np.allclose(found.scores, score, atol=1e-4)
        assert (found.boxes[:, :2] >= 0.0).all() and (found.boxes[:, 2:] > 0.0).all()
        limit = np.array([picture.shape[1], picture.shape[0]])
        assert (found.boxes[:, :2] + found.boxes[:, 2:] <= limit + 1e-3).all()
    assert detector.detect_batch([]) == []
    assert len(ask(f"{SMALL}:{path}", score + 0.01).detect(frames[0], 0)) == 0


def test_what_is_no_person_is_not_reported(tmp_path, frames):
    certain(tmp_path / "cars.pth", label=3)
    assert len(ask(f"{SMALL}:{tmp_path / 'cars.pth'}", 0.05).detect(frames[0], 0)) == 0


def test_a_camera_turns_them_into_people_on_the_floor(tmp_path, frames):
    path = tmp_path / "people.pth"
    certain(path, label=1)
    camera = replace(CAMERA, detector=Detector("torchvision", f"{SMALL}:{path}", 0.5))
    finder = PersonFinder(STORE, camera)
    picture = cv2.resize(frames[0], (camera.width, camera.height))
    record = finder.process(1_000_000_000, picture)
    assert record.camera == camera.id and record.stamp == 1_000_000_000


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_processor_is_taken_and_a_gpu_that_is_asked_for_is_missed(tmp_path):
    certain(tmp_path / "people.pth", label=1)
    model = f"{SMALL}:{tmp_path / 'people.pth'}"
    picture = np.full((48, 64, 3), 90, np.uint8)
    automatic, chosen = (ask(model, device=device).detect(picture, 0) for device in ("auto", "cpu"))
    assert np.array_equal(automatic.boxes, chosen.boxes) and len(chosen) > 0
    for device in ("cuda", "cuda:1", "toaster"):
        with pytest.raises(ValueError, match=f"detector device '{device}': .") as error:
            ask(model, device=device)
        assert "\n" not in str(error.value)


def foreign(folder):
    """Files that are no weights of the network."""
    good = folder / "good.pth"
    certain(good, label=1)
    data = good.read_bytes()
    torch.save({"layer.weight": torch.zeros(3)}, folder / "other.pth")
    torch.save([1, 2, 3], folder / "list.pth")
    torch.save({"weights": Path("x")}, folder / "objects.pth")
    (folder / "empty.pth").write_bytes(b"")
    (folder / "text.pth").write_text("this is no state dict\n" * 20)
    (folder / "half.pth").write_bytes(data[: len(data) // 2])
    (folder / "picture.pth").write_bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    return sorted(path for path in folder.iterdir() if path != good)


def test_a_file_that_is_no_weights_of_the_network_gets_one_line(tmp_path):
    paths = foreign(tmp_path)
    assert len(paths) == 7
    for path in paths:
        with pytest.raises(ValueError, match=rf"{path.name}'?.*: not a state dict of {SMALL}: .") as error:
            ask(f"{SMALL}:{path}")
        assert "\n" not in str(error.value) and len(str(error.value)) < 400 + len(str(path))


def test_a_model_that_is_not_there_gets_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"nowhere.pth': no such file; expected a state dict of {SMALL}"):
        ask(f"{SMALL}:nowhere.pth")
    for model in ("magicnet", str(tmp_path / "weights.pth")):
        with pytest.raises(ValueError, match="no such model; expected NAME or NAME:FILE"):
            ask(model)


@pytest.mark.parametrize("model", ["", SMALL, KEYPOINTS])
def test_weights_that_cannot_be_fetched_are_asked_for_as_a_file(model, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    urllib.request.install_opener(None)  # one that was made before does not know of the proxy
    name = model or "fasterrcnn_resnet50_fpn_v2"
    with pytest.raises(ConnectionError, match=rf"'{name}': its weights cannot be fetched .*{name}:FILE") as error:
        ask(model)
    assert "\n" not in str(error.value)


def test_other_networks_of_torchvision_take_the_score_too(tmp_path):
    torch.manual_seed(7)
    name, path = "ssdlite320_mobilenet_v3_large", tmp_path / "weights.pth"
    torch.save(getattr(detection, name)(weights=None, weights_backbone=None).state_dict(), path)
    picture = np.random.default_rng(1).integers(0, 256, (48, 640, 3), dtype=np.uint8)
    assert len(ask(f"{name}:{path}", 1.0).detect(picture, 0)) == 0
