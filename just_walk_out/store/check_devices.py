"""Checks of cameras, gate readers and serial buses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from just_walk_out.store import schema
from just_walk_out.store.build import build_camera, build_gondolas
from just_walk_out.store.bus import MAIN_HOST
from just_walk_out.store.checks import check_known, check_one_of, check_unique
from just_walk_out.store.geometry import distance_outside
from just_walk_out.store.model import Point
from just_walk_out.store.place import Errors, Place

MOUNTING = 0.5
"""Metres outside the floor polygon at which a camera may hang, as on the outer side of a door frame."""
DISTORTION = {"plumb_bob": (0, 4, 5, 8), "rational_polynomial": (8,), "equidistant": (0, 4)}
"""Numbers of coefficients that OpenCV takes."""


def check_cameras(cameras: tuple[schema.CameraDoc, ...], errors: Errors) -> None:
    """Report cameras that share an id or are described in contradiction."""
    check_unique([(camera.id, camera.at.key("id")) for camera in cameras], "camera id", errors)
    for camera in cameras:
        pose = camera.pose
        aims: dict[str, object] = {"rpy": pose.rpy, "rpy_deg": pose.rpy_deg, "look_at": pose.look_at}
        if (
            check_one_of(aims, pose.at, errors)
            and pose.look_at is not None
            and math.dist(pose.look_at, pose.xyz) < 0.01
        ):
            errors.add(pose.at.key("look_at"), "expected a point away from the camera")
        lens: dict[str, object] = {"intrinsics": camera.intrinsics, "horizontal_fov_deg": camera.horizontal_fov_deg}
        if check_one_of(lens, camera.at, errors) and camera.intrinsics is not None:
            counts = DISTORTION[camera.intrinsics.distortion_model]
            if len(camera.intrinsics.distortion) not in counts:
                numbers = " or ".join(str(count) for count in counts)
                errors.add(camera.intrinsics.at.key("distortion"), f"expected {numbers} coefficients")
        detector = camera.detector
        if detector is not None and detector.kind == "onnx" and not detector.model:
            errors.add(detector.at.key("model"), "missing; expected a model file for the onnx detector")


def check_shelf_cameras(
    cameras: tuple[schema.CameraDoc, ...], gondolas: tuple[schema.GondolaDoc, ...], errors: Errors
) -> None:
    """Report cameras that look at shelves that are not there, or at none."""
    built = build_gondolas(gondolas).gondolas
    known = {gondola.id for gondola in built} | {shelf.id for gondola in built for shelf in gondola.shelves}
    for camera in cameras:
        if camera.role != "shelf":
            if camera.shelves is not None:
                errors.add(camera.at.key("shelves"), f"expected a camera of role shelf, {camera.id} is {camera.role}")
            continue
        at = camera.at.key("shelves")
        names = camera.shelves or ()
        good = [check_known(name, known, "id", at.item(index), errors) for index, name in enumerate(names)]
        check_unique([(name, at.item(index)) for index, name in enumerate(names)], "shelf", errors)
        if all(good) and not build_camera(camera, built).shelves:
            errors.add(
                camera.at, f"expected a shelf in the picture of {camera.id}, there is none; aim it or name shelves"
            )


def check_camera_places(floor: Sequence[Point], cameras: tuple[schema.CameraDoc, ...], errors: Errors) -> None:
    """Report cameras outside the store."""
    for camera in cameras:
        x, y, z = camera.pose.xyz
        off = float(distance_outside(floor, (x, y)))
        if off > MOUNTING:
            errors.add(camera.pose.at.key("xyz"), f"expected a camera in the store, it is {off:.2f} m outside")
        elif z <= 0:
            errors.add(camera.pose.at.key("xyz"), "expected a camera above the floor")


def check_frames(
    cameras: tuple[schema.CameraDoc, ...], gondolas: tuple[schema.GondolaDoc, ...], errors: Errors
) -> None:
    """Report cameras whose id names another frame."""
    frames = {"map", *(gondola.id for gondola in gondolas)}
    for camera in cameras:
        if camera.id in frames:
            errors.add(camera.at.key("id"), f"expected a frame name of its own, {camera.id} is taken")


def check_readers(gates: tuple[schema.GateDoc, ...], cameras: tuple[schema.CameraDoc, ...], errors: Errors) -> None:
    """Report readers that are not there, or that read for two gates."""
    roles = {camera.id: camera.role for camera in cameras}
    used = []
    for gate in gates:
        reader = gate.reader
        if reader is None or not check_one_of({"camera": reader.camera, "port": reader.port}, reader.at, errors):
            continue
        if gate.kind == "exit":
            errors.add(reader.at, "expected no reader, nobody shows a code at an exit")
        elif reader.camera is not None:
            at = reader.at.key("camera")
            if check_known(reader.camera, roles, "id", at, errors):
                if roles[reader.camera] != "reader":
                    errors.add(at, f"expected a camera of role reader, {reader.camera} is {roles[reader.camera]}")
                used.append((reader.camera, at))
    check_unique(used, "reader camera", errors)


def check_buses(buses: tuple[schema.BusDoc, ...], gondolas: tuple[schema.GondolaDoc, ...], errors: Errors) -> None:
    """Report channels that are described twice, weigh nothing, or weigh what another one weighs."""
    check_unique([(bus.id, bus.at.key("id")) for bus in buses], "bus id", errors)
    plates = {plate.id for fixture in build_gondolas(gondolas).gondolas for s in fixture.shelves for plate in s.plates}
    weighed: list[tuple[str, Place]] = []
    for bus in buses:
        wires: list[tuple[str, Place]] = []
        for board in bus.boards or ():
            for number, plate in enumerate(board.plates):
                at = board.at.key("plates").item(number)
                wires.append((f"board {board.board} channel {number}", at))
                if plate is not None:
                    weighed.append((plate, at))
            _check_lengths(board, errors)
        for channel in bus.channels or ():
            wires.append((f"board {channel.board} channel {channel.channel}", channel.at))
            weighed.append((channel.plate, channel.at.key("plate")))
            _check_scale(channel.scale, channel.at.key("scale"), errors)
        if bus.plate is not None:
            weighed.append((bus.plate, bus.at.key("plate")))
        weighed += [(unit.plate, unit.at.key("plate")) for unit in bus.units or ()]
        check_unique(wires, "channel", errors)
    known = [(plate, at) for plate, at in weighed if check_known(plate, plates, "plate id", at, errors)]
    check_unique(known, "plate", errors)


def _check_lengths(board: schema.BoardDoc, errors: Errors) -> None:
    for name, values in (("scale", board.scale), ("zero", board.zero)):
        if values is not None and len(values) != len(board.plates):
            at = board.at.key(name)
            errors.add(at, f"expected {len(board.plates)} numbers, one for each of plates, got {len(values)}")
    for index, scale in enumerate(board.scale):
        _check_scale(scale, board.at.key("scale").item(index), errors)


def _check_scale(scale: float, at: Place, errors: Errors) -> None:
    if scale == 0:
        errors.add(at, "expected kilograms per count other than 0")


def check_ports(gates: tuple[schema.GateDoc, ...], buses: tuple[schema.BusDoc, ...], errors: Errors) -> None:
    """Report serial ports of one computer that two devices claim; scanners are read on the main computer."""
    ports = [(bus.host, bus.port, bus.at.key("port")) for bus in buses]
    readers = [gate.reader for gate in gates if gate.reader is not None]
    ports += [(MAIN_HOST, reader.port, reader.at.key("port")) for reader in readers if reader.port is not None]
    for host in sorted({host for host, _, _ in ports}):
        check_unique([(port, at) for owner, port, at in ports if owner == host], "serial port", errors)


def check_hosts(cameras: tuple[schema.CameraDoc, ...], buses: tuple[schema.BusDoc, ...], errors: Errors) -> None:
    """Report names of computers that differ in upper and lower case only: they are one computer, mistyped."""
    spelling: dict[str, str] = {MAIN_HOST: MAIN_HOST}
    named = [(camera.host, camera.at) for camera in cameras] + [(bus.host, bus.at) for bus in buses]
    for host, at in named:
        known = spelling.setdefault(host.lower(), host)
        if known != host:
            errors.add(at.key("host"), f"expected one spelling of a computer's name, it is {known} before")
