"""Calibrations written into a store description change what they mean to, and no other character."""

import shutil

import pytest
import yaml

from just_walk_out.store.edit import difference, edit_cameras, write_checked
from just_walk_out.store.load import load_store
from just_walk_out.store.place import StoreError

DROP = {"intrinsics": "horizontal_fov_deg"}
LENS = "{fx: 240.0, fy: 241.0, cx: 239.0, cy: 180.0, distortion_model: equidistant, distortion: [0.1, 0, 0, 0]}"
POSE = "{xyz: [0.2, 0.8, 2.9], rpy_deg: [1.0, 30.0, 40.0]}"


@pytest.fixture
def store(tmp_path, demo_path):
    shutil.copytree(demo_path, tmp_path / "store")
    return tmp_path / "store"


def test_only_the_values_meant_change(store, demo_store):
    changed = edit_cameras(store, {"cam_se": {"intrinsics": LENS, "pose": POSE}}, DROP)
    before, after = (store / "cameras.yaml").read_text(), changed[store / "cameras.yaml"]
    lines = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert [new.strip() for _, new in lines] == [f"intrinsics: {LENS}", f"pose: {POSE}"]
    assert difference(changed).count("\n+ ") == 2 and "cameras.yaml now" in difference(changed)
    write_checked(store, changed)
    found = load_store(store)
    assert found.camera["cam_se"].fx == 240.0 and found.camera["cam_se"].pose.z == 2.9
    assert [camera for camera in found.cameras if camera.id != "cam_se"] == [
        camera for camera in demo_store.cameras if camera.id != "cam_se"
    ]
    assert edit_cameras(store, {"cam_se": {"pose": POSE}}, DROP) == changed and difference(changed) == ""


BLOCK = """
cameras:
  - width: 480   # as its menu says
    id: cam_a
    pose:
      xyz: [1, 1, 2.5]   # by the tape
      look_at: [3, 3, 0]

    # what it is for
    role: overview
"""


def test_values_in_blocks_are_replaced_and_missing_keys_added(tmp_path):
    path = tmp_path / "store.yaml"
    path.write_text(BLOCK)
    text = edit_cameras(path, {"cam_a": {"pose": POSE, "intrinsics": LENS}}, DROP)[path]
    (camera,) = yaml.safe_load(text)["cameras"]
    assert camera["pose"] == yaml.safe_load(POSE) and camera["intrinsics"] == yaml.safe_load(LENS)
    assert camera["width"] == 480 and camera["role"] == "overview"
    assert "# as its menu says" in text and "# what it is for" in text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("cameras: [{id: cam_a, pose: {xyz: [1, 1, 1]}}]", "camera cam_a: expected its keys on lines of their own"),
        ("p: &p {xyz: [1, 1, 1]}\ncameras:\n- id: cam_a\n  pose: *p\n", "pose: expected a value, not an alias"),
        ("cameras:\n- id: cam_a\n  pose: &p {xyz: [1, 1, 1]}\n", "pose: expected no anchor"),
        ("cameras:\n- id: cam_b\n", "expected the cameras cam_a in this file"),
    ],
)
def test_what_cannot_be_changed_in_place_is_said(tmp_path, text, part):
    path = tmp_path / "store.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=part):
        edit_cameras(path, {"cam_a": {"pose": POSE}}, DROP)


def test_a_store_that_would_be_wrong_is_not_written(store):
    before = (store / "cameras.yaml").read_text()
    changed = edit_cameras(store, {"cam_sw": {"pose": "{xyz: [99, 99, 3], rpy_deg: [0, 0, 0]}"}}, DROP)
    with pytest.raises(StoreError, match=r"cameras\.yaml"):
        write_checked(store, changed)
    assert (store / "cameras.yaml").read_text() == before
