"""``jwo calibrate camera``, ``board`` and ``import`` as a person runs them, on pictures of what the command printed."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from rendered import board_poses, look, rays

from just_walk_out.camera.calibration import read_camera_info
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.cli.main import main
from just_walk_out.store.load import load_store

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared")) / "data" / "people"
BOARD = "charuco:7x5:0.045:0.034:4x4_50"
LENS = ((236.0, 235.2, 243.1, 176.4), "plumb_bob", (-0.14, 0.025, 0.0004, -0.0003, 0.0))


@pytest.fixture
def store(tmp_path, demo_path):
    folder = tmp_path / "store"
    shutil.copytree(demo_path, folder)
    return folder


@pytest.fixture
def jwo(capsys):
    def run(*arguments):
        status = main(["calibrate", *(str(argument) for argument in arguments)])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def printed(jwo, path, *arguments):
    """What the command prints, as a texture: grey, metres a texel."""
    status, out, _ = jwo("board", path, *arguments)
    assert status == 0 and str(path) in out
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), 0.0254 / 300


def test_a_board_that_was_printed_by_the_command_gives_the_lens(jwo, store, tmp_path):
    texture, texel = printed(jwo, tmp_path / "board.png", "--board", BOARD)
    texture = cv2.resize(texture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    texel *= 4
    (tmp_path / "shots").mkdir()
    seen = rays((480, 360), *LENS)
    for number, (rotation, shift) in enumerate(board_poses(12, 0.3, 0.55)):
        middle = np.array([2.5 * 0.045, 1.5 * 0.045, 0.0])
        picture = look(seen, [(texture, texel, (-0.09, -0.09), rotation, shift - rotation @ middle)], seed=number)
        cv2.imwrite(str(tmp_path / "shots" / f"{number:02d}.png"), picture)
    before = (store / "cameras.yaml").read_text()
    given = ("camera", store, "--camera", "cam_sw", "--board", BOARD, "--pictures", tmp_path / "shots")
    status, out, err = jwo(*given, "--out", tmp_path / "out", "--write")
    assert (status, err) == (0, "")
    assert "px RMS" in out and "-    horizontal_fov_deg: 92" in out and "written: cameras.yaml" in out
    assert cv2.imread(str(tmp_path / "out" / "cam_sw_lens.png")).shape[0] > 800
    camera = load_store(store).camera["cam_sw"]
    assert (camera.fx, camera.fy) == pytest.approx(LENS[0][:2], rel=0.01)
    assert camera.distortion[0] == pytest.approx(LENS[2][0], abs=0.03)
    after = (store / "cameras.yaml").read_text()
    assert len(set(before.splitlines()) ^ set(after.splitlines())) == 1, "the other cameras keep the old line"
    assert read_camera_info(tmp_path / "out" / "cam_sw.yaml")[1].k[0] == pytest.approx(camera.fx, abs=1e-3)


def test_tags_on_the_floor_give_the_poses_of_all_cameras_that_share_them(jwo, store, tmp_path):
    true = load_store(store)
    places = {
        0: (3.0, 2.6, 10.0),
        1: (4.4, 3.4, -80.0),
        2: (5.6, 2.5, 200.0),
        3: (4.2, 4.6, 45.0),
        4: (3.2, 3.8, 130.0),
    }
    unknown = {5: (5.2, 3.6, 70.0), 6: (4.0, 2.2, 0.0)}
    cameras = [true.camera[name] for name in ("cam_sw", "cam_ne")]
    layers = {camera.id: [] for camera in cameras}
    for number, (x, y, degrees) in {**places, **unknown}.items():
        # printed small and enlarged, as a print shop would do it
        texture, texel = printed(jwo, tmp_path / "tag.png", "--tags", number, "--size", 0.05, "--dictionary", "4x4_50")
        texel *= 8
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        plane = np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])
        # the margin around the black square is two of its modules
        corner = -(0.2 + 2 * 0.4 / 6)
        for camera in cameras:
            extrinsic = camera.extrinsic()
            shift = extrinsic[:3, :3] @ np.array([x, y, 0.0]) + extrinsic[:3, 3]
            layers[camera.id].append((texture, texel, (corner, corner), extrinsic[:3, :3] @ plane, shift))
    (tmp_path / "shots").mkdir()
    for camera in cameras:
        # twice the size the store works with, as a camera's snapshots often are
        lens = (2 * camera.fx, 2 * camera.fy, 2 * camera.cx + 0.5, 2 * camera.cy + 0.5)
        seen = rays((960, 720), lens, "plumb_bob", ())
        cv2.imwrite(str(tmp_path / "shots" / f"{camera.id}.png"), look(seen, layers[camera.id]))
    rows = [f"{number},0.4,{x},{y},{turn}" for number, (x, y, turn) in places.items()] + ["5,0.4,,,", "6,0.4,,,"]
    (tmp_path / "tags.csv").write_text("id,size,x,y,heading_deg\n" + "\n".join(rows) + "\n")
    text = (store / "cameras.yaml").read_text()
    (store / "cameras.yaml").write_text(text.replace("xyz: [0.15, 0.75, 3.0]", "xyz: [0.4, 0.75, 2.8]"))
    given = (
        "camera",
        store,
        "--tags",
        tmp_path / "tags.csv",
        "--dictionary",
        "4x4_50",
        "--pictures",
        tmp_path / "shots",
    )
    status, out, err = jwo(*given, "--out", tmp_path / "out", "--write")
    assert (status, err) == (0, ""), err
    assert "floor points are certain to" in out and "tag 5 at 5.2" in out and cv2.imread(
        str(tmp_path / "out" / "poses.png")
    ) is not None  # fmt: skip
    found = load_store(store)
    for camera in cameras:
        got = found.camera[camera.id]
        assert np.linalg.norm(np.subtract(FloorProjector(got).centre, FloorProjector(camera).centre)) < 0.1
        pixels = [[240.0, 240.0], [150.0, 300.0], [330.0, 200.0]]
        off = FloorProjector(got).to_floor(pixels) - FloorProjector(camera).to_floor(pixels)
        assert np.linalg.norm(off, axis=1).max() < 0.04
    assert found.camera["cam_nw"] == true.camera["cam_nw"]


def test_marked_points_alone_need_no_picture(jwo, store, tmp_path, demo_store):
    camera = demo_store.camera["cam_nw"]
    points = [(1.2, 5.2), (4.5, 3.3), (2.2, 2.3), (4.8, 5.4), (3.4, 4.2), (2.0, 4.4)]
    pixels = FloorProjector(camera).to_pixels([[x, y, 0.0] for x, y in points])
    rows = [f"cam_nw,{u:.1f},{v:.1f},{x},{y}" for (u, v), (x, y) in zip(pixels, points, strict=True)]
    (tmp_path / "points.csv").write_text("camera,u,v,x,y\n" + "\n".join(rows) + "\n")
    given = ("camera", store, "--points", tmp_path / "points.csv", "--out", tmp_path)
    status, out, err = jwo(*given)
    assert (status, err) == (0, "") and "camera cam_nw at 0.1" in out and "nothing changed: --write writes it" in out
    assert load_store(store) == demo_store
    status, out, err = jwo(*given, "--write")
    assert (status, err) == (0, "")
    got = load_store(store).camera["cam_nw"]
    assert np.linalg.norm(np.subtract(FloorProjector(got).centre, FloorProjector(camera).centre)) < 0.03


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sequences are not there (JWO_DATA)")
def test_calibrations_made_elsewhere_are_read(jwo, store, tmp_path):
    tsai = DATA / "pets09_s2l1" / "calibration_tsai.xml"
    status, out, _ = jwo("import", "tsai", tsai, "--camera", "pets", "--out", tmp_path / "pets.yaml")
    assert status == 0 and "is off by 0.00" in out
    (entry,) = yaml.safe_load(out[out.index("- id:") : out.index("camera_info in")])
    assert entry["intrinsics"]["fx"] == pytest.approx(1185, abs=1)
    status, out, _ = jwo("import", "camera_info", tmp_path / "pets.yaml", "--camera", "pets")
    assert status == 0 and "768x576" in out and f"fx: {entry['intrinsics']['fx']:.3f}" in out
    folder = DATA / "wildtrack"
    status, out, _ = jwo(
        "import", "wildtrack", folder / "extrinsic" / "extr_CVLab1.xml", folder / "intrinsic_zero" / "intr_CVLab1.xml"
    )
    assert status == 0 and "xyz: [9.09" in out
    status, _, err = jwo("import", "mot17", DATA / "mot17_02" / "cam_para.txt", "--store", store, "--camera", "cam_sw")
    assert status == 1 and "of the shape 480x360" in err


def test_a_camera_info_goes_into_the_store_scaled_to_its_size(jwo, store, tmp_path):
    text = """{image_width: 960, image_height: 720, camera_name: x, distortion_model: rational_polynomial,
        camera_matrix: {data: [500, 0, 480.5, 0, 502, 360.5, 0, 0, 1]},
        distortion_coefficients: {data: [0.1, 0.02, 0, 0, 0, 0.2, 0.03, 0]}}"""
    (tmp_path / "x.yaml").write_text(text)
    given = ("import", "camera_info", tmp_path / "x.yaml", "--store", store, "--camera", "cam_se", "--write")
    status, out, err = jwo(*given)
    assert (status, err) == (0, "") and "written: cameras.yaml" in out
    camera = load_store(store).camera["cam_se"]
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (250.0, 251.0, 240.0, 180.0)
    assert camera.distortion == (0.1, 0.02, 0, 0, 0, 0.2, 0.03, 0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("camera", "STORE"), "expected either --board"),
        (("camera", "STORE", "--camera", "cam_x", "--board", BOARD), "--camera: expected one of cam_sw"),
        (("camera", "STORE", "--board", BOARD), "--camera is needed once"),
        (("camera", "STORE", "--camera", "cam_sw", "--board", "chess"), "expected chessboard:"),
        (("camera", "STORE", "--camera", "cam_sw", "--board", BOARD, "--pictures", "STORE"), "expected pictures"),
        (
            ("camera", "STORE", "--camera", "cam_sw", "--board", BOARD, "--pictures", "nowhere"),
            "a folder of pictures or",
        ),
        (("camera", "STORE", "--points", "nowhere.csv"), "nowhere.csv: cannot be read as CSV"),
        (("camera", "STORE", "--points", "points.csv"), "line 2: u: expected a number, got 'left'"),
        (("camera", "STORE", "--tags", "tags.csv", "--pictures", "STORE"), "expected pictures named cam_sw"),
        (("camera", "STORE", "--tags", "half.csv"), "expected x, y and heading_deg, or none of them"),
        (("board", "board.pdf"), "expected either --board or --tags"),
        (("board", "board.doc", "--board", BOARD), "expected a name that ends in .pdf, .svg, .png"),
        (("board", "tags.png", "--tags", "0-5"), "expected a PDF for 6 pages"),
        (("board", "tags.pdf", "--tags", "5-x"), "--tags: expected numbers such as"),
        (("board", "tags.pdf", "--tags", "5-3"), "--tags: expected numbers such as"),
        (("board", "tags.pdf", "--tags", "900"), "tag 900: expected 0 to 586"),
        (("import", "tsai", "points.csv"), "expected a Tsai calibration"),
        (("import", "wildtrack", "points.csv"), "wildtrack: expected two files"),
        (("import", "tsai", "points.csv", "--write"), "--write: expected --store, too"),
    ],
)
def test_wrong_arguments_end_in_one_line(jwo, store, tmp_path, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("camera,u,v,x,y\ncam_sw,left,3,1,1\n")
    Path("tags.csv").write_text("id,size\n1,0.2\n")
    Path("half.csv").write_text("id,size,x,y,heading_deg\n1,0.2,3.0,,\n")
    status, _, err = jwo(*(store if argument == "STORE" else argument for argument in arguments))
    assert status == 1 and part in err and err.count("\n") == 1, err
