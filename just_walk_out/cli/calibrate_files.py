"""``jwo calibrate board`` and ``jwo calibrate import``: boards to print, calibrations made elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from just_walk_out.camera.board import DEFAULT_DICTIONARY, EXPECTED, Board
from just_walk_out.camera.calibration import CameraInfo, pose_of, read_camera_info, scaled, write_camera_info
from just_walk_out.camera.formats import Calibrated, read_cam_para, read_tsai, read_wildtrack
from just_walk_out.cli.store_entry import camera_text, change_store, check_cameras, intrinsics_text, pose_text
from just_walk_out.store.load import load_store

_FORMATS = ("camera_info", "tsai", "wildtrack", "mot17")


def add_board_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="PDF, SVG or PNG to write; several tags make a PDF of several pages")
    parser.add_argument("--board", metavar="BOARD", help=f"the board: {EXPECTED.removeprefix('expected ')}")
    parser.add_argument("--tags", metavar="NUMBERS", help="tags instead of a board, e.g. 0-5 or 1,4,7")
    parser.add_argument("--size", type=float, default=0.16, metavar="M", help="side of a tag's black square (0.16)")
    parser.add_argument("--dictionary", default=DEFAULT_DICTIONARY, help=f"of the tags (default {DEFAULT_DICTIONARY})")


def run_board(args: argparse.Namespace) -> int:
    """Write the pages.

    Raises:
        ValueError: with one line on what is wrong.
    """
    from just_walk_out.camera.board_print import board_page, save, tag_page

    if (args.board is None) == (args.tags is None):
        raise ValueError("expected either --board or --tags")
    if args.board is not None:
        pages = [board_page(Board.parse(args.board))]
    else:
        if not 0.005 <= args.size <= 2.0:
            raise ValueError(f"--size: expected 0.005 to 2 metres, got {args.size}")
        pages = [tag_page(args.dictionary, number, args.size) for number in _numbers(args.tags)]
    args.file.parent.mkdir(parents=True, exist_ok=True)
    save(pages, args.file)
    count = f"{len(pages)} pages of " if len(pages) > 1 else ""
    last = f" to {pages[-1].text}" if len(pages) > 1 else ""
    print(f"{args.file}: {count}{pages[0].width:.0f} x {pages[0].height:.0f} mm; {pages[0].text}{last}")
    print("print it at 100 %, glue it to something flat, and measure it: the size in the command must be the real one")
    return 0


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or not 0 <= int(last or first) - int(first) <= 500:
            raise ValueError(f"--tags: expected numbers such as 0-5 or 1,4,7, got {text!r}")
        found += range(int(first), int(last or first) + 1)
    return found


def add_import_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("format", choices=_FORMATS, help="what kind of file it is")
    parser.add_argument("file", type=Path, nargs="+", help="the file; for wildtrack extrinsic and intrinsic")
    parser.add_argument("--size", metavar="WxH", help="of the pictures, for formats that do not tell")
    parser.add_argument("--camera", metavar="ID", default="camera", help="name of the camera; one of the store's")
    parser.add_argument("--store", type=Path, help="store description whose camera it is")
    parser.add_argument("--write", action="store_true", help="change the store description, not only show how")
    parser.add_argument("--out", type=Path, metavar="YAML", help="write a ROS camera_info file")


def run_import(args: argparse.Namespace) -> int:
    """Read the calibration and say what it is in the store's terms.

    Raises:
        ValueError: with one line on what is missing or wrong.
    """
    if len(args.file) != (2 if args.format == "wildtrack" else 1):
        raise ValueError(f"{args.format}: expected {'two files' if args.format == 'wildtrack' else 'one file'}")
    if args.write and args.store is None:
        raise ValueError("--write: expected --store, too")
    read = _read(args)
    info = read.info if isinstance(read, Calibrated) else read
    if isinstance(read, Calibrated) and args.format == "tsai":
        print(f"Tsai's distortion as plumb_bob is off by {read.deviation:.4f} px at most over the picture")
    if args.store is None:
        if isinstance(read, Calibrated):
            print(camera_text(read.camera(args.camera)), end="")
        else:
            print(f"{args.camera}, {info.width}x{info.height}: intrinsics: {intrinsics_text(info)}")
    else:
        store = load_store(args.store)
        check_cameras(store, [args.camera])
        camera = store.camera[args.camera]
        info = scaled(info, (camera.width, camera.height))
        change = {"intrinsics": intrinsics_text(info)}
        if isinstance(read, Calibrated):
            change["pose"] = pose_text(pose_of(read.extrinsic))
        change_store(args.store, {args.camera: change}, args.write)
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_camera_info(args.out, args.camera, info)
        print(f"camera_info in {args.out}")
    return 0


def _read(args: argparse.Namespace) -> Calibrated | CameraInfo:
    size = None
    if args.size is not None:
        width, cross, height = args.size.partition("x")
        if not cross or not width.isdecimal() or not height.isdecimal() or 0 in (int(width), int(height)):
            raise ValueError(f"--size: expected WIDTHxHEIGHT such as 1920x1080, got {args.size!r}")
        size = (int(width), int(height))
    if args.format == "camera_info":
        return read_camera_info(args.file[0])[1]
    if args.format == "tsai":
        return read_tsai(args.file[0])
    if args.format == "wildtrack":
        return read_wildtrack(args.file[0], args.file[1], size or (1920, 1080))
    return read_cam_para(args.file[0], size)
