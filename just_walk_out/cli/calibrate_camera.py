"""``jwo calibrate camera``: the lens of a camera from a board, or where cameras hang from marks and tags."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.board import DEFAULT_DICTIONARY, Board, TagFinder
from just_walk_out.camera.board_views import (
    PICTURES,
    find_views,
    live_pictures,
    read_picture,
    stored_pictures,
    take_picture,
)
from just_walk_out.camera.calibrate_intrinsics import Intrinsics, calibrate_intrinsics
from just_walk_out.camera.calibrate_pose import calibrate_poses
from just_walk_out.camera.calibration import pose_of, same_shape, scaled, write_camera_info
from just_walk_out.camera.marks import read_marks, read_tags
from just_walk_out.camera.survey import Poses, TagView
from just_walk_out.cli.store_entry import change_store, check_cameras, intrinsics_text, pose_text
from just_walk_out.store.lens import Lens
from just_walk_out.store.load import load_store
from just_walk_out.store.model import Camera, Store

Image = NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("store", type=Path, help="store description: folder with store.yaml, or the file")
    parser.add_argument("--camera", metavar="ID", action="append", default=[], help="a camera; for poses, several")
    lens = parser.add_argument_group("the lens (--board)")
    lens.add_argument(
        "--board", metavar="BOARD", help="chessboard:9x6:0.025 or charuco:7x5:0.035:0.026:4x4_50, as it was printed"
    )
    lens.add_argument(
        "--lens", choices=("pinhole", "rational", "fisheye"), default="pinhole", help="model (default pinhole)"
    )
    lens.add_argument("--views", type=int, default=25, help="pictures taken of a live camera (default 25)")
    lens.add_argument("--timeout", type=float, default=180.0, metavar="S", help="longest time that takes (default 180)")
    pose = parser.add_argument_group("the pose (--points, --tags)")
    pose.add_argument("--points", type=Path, metavar="CSV", help="marked points: camera,u,v,x,y[,z][,name]")
    pose.add_argument("--tags", type=Path, metavar="CSV", help="tags on the floor: id,size[,x,y,heading_deg][,z]")
    pose.add_argument(
        "--dictionary", default=DEFAULT_DICTIONARY, help=f"family of the tags (default {DEFAULT_DICTIONARY})"
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="PATH",
        help="with --board a folder of pictures or a video; with --tags or --points a folder of CAMERA.png or .jpg; "
        "without it, the cameras themselves are looked at; larger pictures of the same shape will do",
    )
    parser.add_argument("--out", type=Path, default=Path("out/calibration"), help="folder for what is written")
    parser.add_argument("--write", action="store_true", help="change the store description, not only show how")


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 0 when there is a result.

    Raises:
        ValueError: with one line on what is missing or wrong.
    """
    store = load_store(args.store)
    check_cameras(store, args.camera)
    if (args.board is None) == (args.points is None and args.tags is None):
        raise ValueError("expected either --board for the lens of a camera, or --points or --tags for the pose")
    args.out.mkdir(parents=True, exist_ok=True)
    return _lens(args, store) if args.board is not None else _poses(args, store)


def _lens(args: argparse.Namespace, store: Store) -> int:
    board = Board.parse(args.board)
    if len(args.camera) != 1:
        raise ValueError("--camera is needed once: whose lens it is")
    camera = store.camera[args.camera[0]]

    def tell(line: str) -> None:
        print(f"  {line}", flush=True)

    if args.pictures is not None:
        views, size, shown = find_views(stored_pictures(args.pictures), board, tell)
    else:
        print(f"{camera.id}: hold the board still before the camera, each time at another place and tilt", flush=True)
        pictures = live_pictures(camera.source, board, args.views, args.timeout, tell)
        views, size, shown = find_views(pictures, board, lambda _: None)
    result = calibrate_intrinsics(views, size, args.lens)
    print(lens_report(camera.id, result))
    info = result.camera_info()
    described = (camera.width, camera.height)
    if size != described:
        info = scaled(info, described)
        print(f"scaled from pictures of {size[0]}x{size[1]} to the {described[0]}x{described[1]} of the description")
    write_camera_info(args.out / f"{camera.id}.yaml", camera.id, info)
    fullest = max(result.views, key=lambda view: len(view.points)).name
    picture = args.out / f"{camera.id}_lens.png"
    from just_walk_out.camera.calibration_picture import draw_intrinsics

    draw_intrinsics(picture, camera.id, result, shown(fullest), fullest)
    print(f"camera_info in {args.out / camera.id}.yaml, residuals drawn in {picture}")
    change_store(args.store, {camera.id: {"intrinsics": intrinsics_text(info)}}, args.write)
    return 0


def lens_report(name: str, result: Intrinsics) -> str:
    """Return a calibration of a lens as text for people."""
    lines = [f"camera {name}, {result.model}, {result.size[0]}x{result.size[1]}"]
    for key, value, deviation in zip(("fx", "fy", "cx", "cy"), result.lens, result.deviations, strict=True):
        lines.append(f"  {key:<10} {value:10.3f} +-{deviation:.3f} px")
    lines.append("  distortion " + " ".join(f"{value:.6f}" for value in result.distortion))
    lines.append(f"  error {result.rms:.3f} px RMS, {result.worst:.2f} px at most")
    lines.append(f"  {len(result.views)} views, corners in {100 * result.coverage:.0f} % of the picture")
    for view, off in zip(result.views, result.residuals, strict=True):
        far = np.linalg.norm(off, axis=1)
        rms = float(np.sqrt((far**2).mean()))
        lines.append(f"    {view.name:<24} {len(off):4d} corners {rms:7.3f} px RMS {far.max():7.2f} px at most")
    lines += [f"    {view:<24} left out: {why}" for view, why in result.left_out.items()]
    lines += [f"  warning: {line}" for line in result.warnings]
    return "\n".join(lines)


def _poses(args: argparse.Namespace, store: Store) -> int:
    marks = read_marks(args.points) if args.points is not None else []
    tags = read_tags(args.tags) if args.tags is not None else []
    strange = sorted({mark.camera for mark in marks} - set(store.camera))
    if strange:
        raise ValueError(f"{args.points}: expected cameras among {', '.join(store.camera)}, got {', '.join(strange)}")
    pictures = _pictures(args, store, {mark.camera for mark in marks}, bool(tags))
    finder = TagFinder(args.dictionary)
    views: list[TagView] = []
    for name, picture in list(pictures.items()):
        camera = store.camera[name]
        size, described = (picture.shape[1], picture.shape[0]), (camera.width, camera.height)
        if not same_shape(size, described):
            raise ValueError(
                f"{name}: expected a picture of the shape {described[0]}x{described[1]}, got {size[0]}x{size[1]}"
            )
        # tags may be looked for in a larger picture than the store works with
        scale = np.divide(described, size)
        seen = [
            TagView(name, tag.id, (tag.corners + 0.5) * scale - 0.5) for tag in (finder.find(picture) if tags else [])
        ]
        pictures[name] = np.asarray(cv2.resize(picture, described, interpolation=cv2.INTER_AREA), np.uint8)
        known = [view for view in seen if view.tag in {tag.id for tag in tags}]
        if tags:
            print(f"{name}: {len(known)} tags ({', '.join(str(view.tag) for view in known)})", flush=True)
        views += known
    chosen = set(args.camera) or {mark.camera for mark in marks} | {view.camera for view in views}
    cameras = [camera for camera in store.cameras if camera.id in chosen]
    if not cameras:
        raise ValueError("no camera sees a tag of the list")
    result = calibrate_poses(
        cameras,
        [mark for mark in marks if mark.camera in chosen],
        tags,
        [view for view in views if view.camera in chosen],
    )
    print(pose_report(store, result))
    from just_walk_out.camera.calibration_picture import draw_poses

    draw_poses(args.out / "poses.png", store, result, pictures)
    print(f"residuals, floor and plan drawn in {args.out / 'poses.png'}")
    changes = {name: {"pose": pose_text(pose_of(pose.extrinsic))} for name, pose in result.cameras.items()}
    change_store(args.store, changes, args.write)
    return 0


def _pictures(args: argparse.Namespace, store: Store, marked: set[str], needed: bool) -> dict[str, Image]:
    """Return one picture a camera: stored ones where there is a folder, else of the cameras where tags need them."""
    wanted = args.camera or [camera.id for camera in store.cameras if camera.role == "overview" or camera.id in marked]
    if args.pictures is not None:
        if not args.pictures.is_dir():
            raise ValueError(f"{args.pictures}: expected a folder with a picture CAMERA.png or CAMERA.jpg a camera")
        files = {file.stem: file for file in sorted(args.pictures.iterdir()) if file.suffix.lower() in PICTURES}
        found = {name: read_picture(files[name]) for name in wanted if name in files}
        if needed and not found:
            raise ValueError(f"{args.pictures}: expected pictures named {', '.join(wanted)}, with {PICTURES[0]} or so")
        return found
    return {name: take_picture(store.camera[name].source) for name in wanted} if needed else {}


def pose_report(store: Store, result: Poses) -> str:
    """Return poses as text for people."""
    lines = []
    for name, pose in result.cameras.items():
        camera: Camera = store.camera[name]
        typical, worst = pose.floor_deviation(Lens.of(camera), (camera.width, camera.height))
        x, y, z = -pose.extrinsic[:3, :3].T @ pose.extrinsic[:3, 3]
        moved = float(np.linalg.norm([x - camera.pose.x, y - camera.pose.y, z - camera.pose.z]))
        far = np.linalg.norm(pose.residuals, axis=1)
        lines.append(f"camera {name} at {x:.3f}, {y:.3f}, {z:.3f} m, {moved:.3f} m from where it was described")
        lines.append(f"  {len(far)} points, {pose.rms:.3f} px RMS, {far.max():.2f} px at most")
        lines.append(f"  floor points are certain to {100 * typical:.1f} cm, {100 * worst:.1f} cm at worst in view")
        for point, off in zip(pose.names, far, strict=True):
            lines.append(f"    {point:<24} {off:7.2f} px")
        lines += [f"  warning: {line}" for line in pose.warnings]
    for number, (x, y, turn) in result.tags.items():
        lines.append(f"tag {number} at {x:.3f}, {y:.3f} m, heading {np.rad2deg(turn):.1f} degrees")
    lines += [f"warning: {line}" for line in result.warnings]
    return "\n".join(lines)
