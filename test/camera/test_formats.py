"""Published calibrations against the published truth: where the feet of the boxes are, people are said to stand."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.formats import read_cam_para, read_tsai, read_wildtrack

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared")) / "data" / "people"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real sequences are not there (JWO_DATA)")
WILDTRACK = ("CVLab1", "CVLab2", "CVLab3", "CVLab4", "IDIAP1", "IDIAP2", "IDIAP3")


@needs_data
def test_feet_of_pets_stand_where_the_truth_says():
    calibrated = read_tsai(DATA / "pets09_s2l1" / "calibration_tsai.xml")
    projector = FloorProjector(calibrated.camera("view_001"))
    truth = np.loadtxt(DATA / "pets09_s2l1" / "gt.txt", delimiter=",")
    feet = truth[:, 2:4] + truth[:, 4:6] * [0.5, 1.0] - 1.0  # the boxes count pixels from 1
    off = np.linalg.norm(projector.to_floor(feet) - truth[:, 7:9], axis=1)
    assert np.median(off) < 0.05 and np.percentile(off, 95) < 0.15
    assert calibrated.deviation < 0.05, "pixels between Tsai and plumb_bob"
    assert projector.centre[2] == pytest.approx(7.0, abs=1.0)


@needs_data
def test_feet_of_wildtrack_stand_where_the_truth_says_in_all_seven_views():
    folder = DATA / "wildtrack"
    truth = np.loadtxt(folder / "gt_ground_m.csv", delimiter=",", skiprows=1)
    where = {(int(frame), int(person)): (x, y) for frame, person, x, y in truth}
    views = np.loadtxt(folder / "views_boxes.csv", delimiter=",", skiprows=1)
    for number, name in enumerate(WILDTRACK):
        calibrated = read_wildtrack(
            folder / "extrinsic" / f"extr_{name}.xml", folder / "intrinsic_zero" / f"intr_{name}.xml"
        )
        projector = FloorProjector(calibrated.camera(name))
        rows = [row for row in views if row[1] == number and (int(row[0]), int(row[2])) in where and row[6] < 1079]
        places = np.array([where[int(row[0]), int(row[2])] for row in rows])
        boxes = np.array(rows)[:, 3:]
        feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
        off = np.linalg.norm(projector.to_floor(feet) - places, axis=1)
        assert np.median(off) < 0.15, name
        assert 1.5 < projector.centre[2] < 5.0


@needs_data
@pytest.mark.parametrize("sequence", ["mot17_02", "mot17_04"])
def test_people_of_mot17_have_the_height_of_people(sequence):
    projector = FloorProjector(read_cam_para(DATA / sequence / "cam_para.txt", (1920, 1080)).camera(sequence))
    assert read_cam_para(DATA / sequence / "cam_para.txt").info.width == 1920
    truth = np.loadtxt(DATA / sequence / "gt.txt", delimiter=",")
    whole = truth[(truth[:, 6] == 1) & (truth[:, 7] == 1) & (truth[:, 8] > 0.99)]
    boxes = whole[:, 2:6]
    feet = projector.to_floor(boxes[:, :2] + boxes[:, 2:] * [0.5, 1.0])
    tall = [projector.to_pixels(np.column_stack([feet, np.full(len(feet), z)]))[:, 1] for z in (0.0, 1.7)]
    ratio = boxes[:, 3] / (tall[0] - tall[1]) * 1.7
    # one view tells no scale: these calibrations were drawn by hand
    assert 1.3 < np.nanmedian(ratio) < 2.5


FILES = {
    "tsai": ("<Camera><Geometry width='7'/></Camera>", read_tsai),
    "broken": ("<Camera>", read_tsai),
    "empty": ("", read_tsai),
    "text": ("RotationMatrices\n1 0 0\n", read_cam_para),
    "mirror": (
        "RotationMatrices\n1 0 0\n0 1 0\n0 0 -1\nTranslationVectors\n0 0 0\nIntrinsicMatrix\n1 0 1\n0 1 1\n0 0 1",
        read_cam_para,
    ),
    "nan": (
        "RotationMatrices\n1 0 0\n0 1 0\n0 0 1\nTranslationVectors\n0 nan 0\nIntrinsicMatrix\n1 0 1\n0 1 1\n0 0 1",
        read_cam_para,
    ),
    "opencv": ("<opencv_storage><rvec>1 2</rvec></opencv_storage>", lambda path: read_wildtrack(path, path)),
    "words": ("<opencv_storage><rvec>1 2 x</rvec></opencv_storage>", lambda path: read_wildtrack(path, path)),
}


@pytest.mark.parametrize("name", FILES)
def test_another_file_is_refused_in_one_line_that_names_it(tmp_path, name):
    text, read = FILES[name]
    path = tmp_path / f"{name}.file"
    path.write_text(text)
    with pytest.raises(ValueError, match=path.name) as error:
        read(path)
    assert "\n" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="RotainMcesTlVrIx0123456789.- \n", max_size=200))
def test_no_text_makes_the_reader_of_mot17_fail_otherwise(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text)
    with pytest.raises(ValueError):
        read_cam_para(path)


def test_a_rotation_of_few_digits_becomes_a_rotation(tmp_path):
    path = tmp_path / "cam_para.txt"
    path.write_text(
        "RotationMatrices\n0.139 -0.990 0\n-0.069 -0.0097 -0.9976\n0.988 0.139 -0.07\n\n"
        "TranslationVectors\n0 1310 6097\n\nIntrinsicMatrix\n1300 0 960\n0 1300 540\n0 0 1\n"
    )
    calibrated = read_cam_para(path, (1920, 1080))
    rotation = calibrated.extrinsic[:3, :3]
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.allclose(calibrated.camera("c").extrinsic(), calibrated.extrinsic, atol=1e-9)
    assert math.isclose(calibrated.extrinsic[1, 3], 1.31)
