"""Poses from marks and tags: known cameras come out, blunders are named, what is not tied to the store is said."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rendered import look, rays
from scipy.spatial.transform import Rotation

from just_walk_out.camera.board import TagFinder, dictionary
from just_walk_out.camera.calibrate_pose import calibrate_poses
from just_walk_out.camera.calibration import pose_of
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.formats import read_tsai
from just_walk_out.camera.survey import Mark, Tag, TagView
from just_walk_out.store.lens import Lens
from just_walk_out.store.model import Camera, Pose

PETS = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared")) / "data" / "people" / "pets09_s2l1"
LENS = {"distortion": (-0.12, 0.02, 0.0005, -0.0004, 0.0)}
FISHEYE = {"distortion_model": "equidistant", "distortion": (0.02, -0.004, 0.0, 0.0)}


def camera(name, x, y, yaw, pitch=0.65, **lens):
    lens = lens or LENS
    focal = 300.0 if "distortion_model" in lens else 420.0
    pose = Pose(x, y, 3.0, 0.02, pitch, yaw)
    return Camera(name, "0", 800, 600, 10.0, focal, focal + 2, 402.0, 297.0, pose, **lens)


A = camera("a", 0.1, 0.1, 0.8)
B = camera("b", 7.9, 0.2, 2.4, **FISHEYE)
C = camera("c", 7.8, 5.9, -2.3)
POINTS = [(1.2, 1.4), (4.2, 1.1), (6.1, 3.3), (2.4, 4.1), (3.3, 2.6), (5.0, 4.6), (2.0, 2.4), (4.6, 3.0)]


def marks(cameras, points=POINTS, noise=0.4, seed=3):
    rng = np.random.default_rng(seed)
    for one in cameras:
        projector = FloorProjector(one)
        for number, (x, y) in enumerate(points):
            pixel = projector.to_pixels([x, y, 0.0])
            if projector.inside(pixel):
                u, v = pixel + rng.normal(0.0, noise, 2)
                yield Mark(one.id, f"point {number}", (float(u), float(v)), (x, y, 0.0))


def errors(found, true):
    """Metres and degrees between two extrinsics."""
    got, want = np.linalg.inv(found), np.linalg.inv(true.extrinsic())
    turn = Rotation.from_matrix(got[:3, :3].T @ want[:3, :3]).magnitude()
    return np.linalg.norm(got[:3, 3] - want[:3, 3]), np.rad2deg(turn)


@pytest.mark.parametrize("one", [A, B, C], ids=["a", "b fisheye", "c"])
def test_a_pose_comes_out_of_marked_points_and_its_uncertainty_is_true(one):
    wide, seen = [], list(marks([one], noise=0.0))
    for seed in range(12):
        result = calibrate_poses([one], list(marks([one], seed=seed)))
        pose = result.cameras[one.id]
        metres, degrees = errors(pose.extrinsic, one)
        assert metres < 0.06 and degrees < 0.8 and pose.rms < 1.2
        lens = Lens.of(one)
        typical, worst = pose.floor_deviation(lens, (one.width, one.height))
        assert 0.0 < typical < worst < 0.5
        found = FloorProjector(replace(one, pose=pose_of(pose.extrinsic)))
        off = found.to_floor([mark.pixel for mark in seen]) - [mark.place[:2] for mark in seen]
        wide.append(float(np.sqrt((off**2).sum(axis=1).mean())) / typical)
    assert 0.15 < np.median(wide) < 2.0, "centimetres at the floor against what was said"


def test_a_blunder_is_outvoted_and_named():
    seen = list(marks([A]))
    wrong = replace(seen[2], place=(seen[2].place[0] + 0.5, *seen[2].place[1:]))
    pose = calibrate_poses([A], [*seen[:2], wrong, *seen[3:]]).cameras["a"]
    assert errors(pose.extrinsic, A)[0] < 0.08
    assert any(f"{wrong.name} is" in warning and "pixels off" in warning for warning in pose.warnings)
    assert not any("pixels off" in warning for warning in calibrate_poses([A], seen).cameras["a"].warnings)


def test_points_nearly_on_a_line_are_warned_of_and_on_a_line_refused():
    line = [(1.0 + 0.5 * k, 1.2 + 0.4 * k + 0.12 * (k % 2)) for k in range(7)]
    pose = calibrate_poses([A], list(marks([A], line))).cameras["a"]
    assert any("nearly on one line" in warning for warning in pose.warnings)
    straight = [(1.0 + 0.5 * k, 1.2 + 0.4 * k) for k in range(7)]
    with pytest.raises(ValueError, match="camera a: its 7 points lie on one line"):
        calibrate_poses([A], list(marks([A], straight)))


def test_few_points_and_points_close_together_are_warned_of():
    few = calibrate_poses([A], list(marks([A], POINTS[:1] + POINTS[3:6]))).cameras["a"]
    assert any("4 points hardly show" in warning for warning in few.warnings)
    close = [(2.0 + 0.2 * x, 2.0 + 0.2 * y) for x in range(3) for y in range(3)]
    tight = calibrate_poses([A], list(marks([A], close))).cameras["a"]
    assert any("of the picture" in warning for warning in tight.warnings)
    with pytest.raises(ValueError, match=r"expected 4 points .* camera a sees 3 points"):
        calibrate_poses([A], list(marks([A]))[:3])


def sightings(cameras, tags, noise=0.15):
    rng = np.random.default_rng(5)
    for one in cameras:
        projector = FloorProjector(one)
        for tag, place in tags:
            pixels = projector.to_pixels(tag.corners(np.array(place)))
            if projector.inside(pixels, 4).all():
                yield TagView(one.id, tag.id, pixels + rng.normal(0.0, noise, pixels.shape))


def test_cameras_that_share_tags_of_unknown_place_tie_each_other():
    # a sees marks; b and c see nothing known, but tags which others see, too
    places = [(2.2, 1.6, 0.3), (3.6, 2.9, -1.2), (4.4, 1.9, 2.0), (5.2, 3.6, 0.0), (4.1, 4.3, 1.0), (3.0, 3.4, -2.5)]
    tags = [(Tag(number, 0.24, None), place) for number, place in enumerate(places)]
    seen = list(sightings([A, B, C], tags))
    assert {view.camera for view in seen} == {"a", "b", "c"}
    result = calibrate_poses([A, B, C], list(marks([A], noise=0.2)), [tag for tag, _ in tags], seen)
    for one in (A, B, C):
        assert errors(result.cameras[one.id].extrinsic, one)[0] < 0.15, one.id
        assert result.cameras[one.id].rms < 0.8
    for tag, place in tags:
        assert result.tags[tag.id][:2] == pytest.approx(place[:2], abs=0.06)
        assert np.sin(result.tags[tag.id][2] - place[2]) == pytest.approx(0.0, abs=0.05)


def test_a_tag_that_was_measured_wrongly_is_outvoted_and_named():
    places = [(2.2, 1.6, 0.3), (3.6, 2.9, -1.2), (4.4, 1.9, 2.0), (2.2, 3.2, 0.0), (4.1, 4.0, 1.0), (3.0, 3.9, -2.5)]
    tags = [(Tag(number, 0.24, place), place) for number, place in enumerate(places)]
    seen = list(sightings([A], tags))
    given = [tag for tag, _ in tags]
    assert calibrate_poses([A], [], given, seen).warnings == ()
    given[3] = replace(given[3], place=(2.5, 3.2, 0.0))
    result = calibrate_poses([A], [], given, seen)
    (said,) = result.warnings
    assert said.startswith("tag 3 lies ") and "from where it was measured" in said
    assert errors(result.cameras["a"].extrinsic, A)[0] < 0.05
    assert result.tags[3][:2] == pytest.approx(places[3][:2], abs=0.05)


def test_a_camera_that_nothing_ties_to_the_store_is_named():
    tag = Tag(7, 0.2, None)
    view = TagView("c", 7, np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0], [1.0, 9.0]]))
    with pytest.raises(ValueError, match="camera c sees 0 points, tags 7"):
        calibrate_poses([A, C], list(marks([A])), [tag], [view])


def test_tags_in_rendered_pictures_give_the_pose():
    tags = [
        Tag(k, 0.3, place)
        for k, place in enumerate([(1.5, 1.5, 0.0), (3.4, 1.9, 0.7), (2.0, 3.3, -1.4), (3.6, 3.4, 3.0)])
    ]
    family = dictionary("apriltag_36h11")
    layers = [floor_layer(A, tag, cv2.aruco.generateImageMarker(family, tag.id, 80)) for tag in tags]
    seen = rays((800, 600), (A.fx, A.fy, A.cx, A.cy), "plumb_bob", A.distortion)
    picture = look(seen, layers)
    views = [TagView("a", sighting.id, sighting.corners) for sighting in TagFinder().find(picture)]
    assert [view.tag for view in views] == [0, 1, 2, 3]
    pose = calibrate_poses([A], [], tags, views).cameras["a"]
    metres, degrees = errors(pose.extrinsic, A)
    assert metres < 0.08 and degrees < 0.5 and pose.rms < 0.7


def floor_layer(one, tag, drawn):
    """A tag with a white margin, lying on the floor, as ``look`` wants it."""
    x, y, heading = tag.place
    texel = tag.size / 80
    texture = np.pad(drawn, 10, constant_values=240)
    c, s = np.cos(heading), np.sin(heading)
    # columns run along the tag's heading, rows towards the reader
    plane = np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])
    extrinsic = one.extrinsic()
    rotation = extrinsic[:3, :3] @ plane
    shift = extrinsic[:3, :3] @ np.array([x, y, 0.0]) + extrinsic[:3, 3]
    return texture, texel, (-tag.size / 2 - 10 * texel,) * 2, rotation, shift


@pytest.mark.skipif(not PETS.is_dir(), reason="the PETS sequence is not there (JWO_DATA)")
def test_the_pose_of_pets_comes_out_of_a_few_people_who_stand_still():
    calibrated = read_tsai(PETS / "calibration_tsai.xml")
    view = calibrated.camera("view_001")
    truth = np.loadtxt(PETS / "gt.txt", delimiter=",")[::310]
    feet = truth[:, 2:4] + truth[:, 4:6] * [0.5, 1.0] - 1.0
    seen = [
        Mark("view_001", f"row {number}", (float(u), float(v)), (float(x), float(y), 0.0))
        for number, ((u, v), (x, y)) in enumerate(zip(feet, truth[:, 7:9], strict=True))
    ]
    pose = calibrate_poses([view], seen).cameras["view_001"]
    assert len(seen) == 15 and errors(pose.extrinsic, view)[1] < 0.5
    found = FloorProjector(replace(view, pose=pose_of(pose.extrinsic)))
    every = np.loadtxt(PETS / "gt.txt", delimiter=",")
    off = found.to_floor(every[:, 2:4] + every[:, 4:6] * [0.5, 1.0] - 1.0) - every[:, 7:9]
    assert np.median(np.linalg.norm(off, axis=1)) < 0.15
