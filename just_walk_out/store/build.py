"""Turns the documents of a store description into the model, expanding the shorthands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Literal

from just_walk_out.store import schema
from just_walk_out.store.bus import Bus, Channel, Framing, Reading, Registers, StatusRegister
from just_walk_out.store.model import (
    ALWAYS,
    Camera,
    Detector,
    Facing,
    Gate,
    Gondola,
    Plate,
    Pose,
    Product,
    Promotion,
    Reader,
    Shelf,
    Wall,
)
from just_walk_out.store.place import Place
from just_walk_out.store.sight import seen_shelves

# Spread from piece to piece of goods filled to a weight: kilograms, and as a share of the weight.
_SPREAD, _SPREAD_SHARE = 0.0005, 0.005


@dataclass
class Built:
    """A part of the model, and where each of its ids stands in the files."""

    gondolas: tuple[Gondola, ...] = ()
    place: dict[str, Place] = field(default_factory=dict)


def build_pose(doc: schema.PoseDoc | schema.CameraPoseDoc) -> Pose:
    """Return the pose; a camera that looks at a point has no roll."""
    x, y, z = doc.xyz
    target = doc.look_at if isinstance(doc, schema.CameraPoseDoc) else None
    if target is not None:
        dx, dy, dz = (goal - own for goal, own in zip(target, doc.xyz, strict=True))
        return Pose(x, y, z, 0.0, math.atan2(-dz, math.hypot(dx, dy)), math.atan2(dy, dx))
    if doc.rpy_deg is not None:
        roll, pitch, yaw = (math.radians(angle) for angle in doc.rpy_deg)
        return Pose(x, y, z, roll, pitch, yaw)
    return Pose(x, y, z, *(doc.rpy or ()))


def build_wall(doc: schema.WallDoc) -> Wall:
    """Return the wall."""
    return Wall(doc.start, doc.end, doc.height)


def build_gate(doc: schema.GateDoc) -> Gate:
    """Return the gate."""
    reader = None
    if doc.reader is not None and doc.reader.camera is not None:
        reader = Reader("camera", camera=doc.reader.camera)
    elif doc.reader is not None and doc.reader.port is not None:
        reader = Reader("serial", port=doc.reader.port, baudrate=doc.reader.baudrate)
    return Gate(doc.id, doc.kind, doc.start, doc.end, reader)


def build_camera(doc: schema.CameraDoc, gondolas: tuple[Gondola, ...] = ()) -> Camera:
    """Return the camera; a field of view stands for an ideal pinhole with square pixels.

    One of role shelf looks at the shelves that it names, or else at all that it has in its picture.
    """
    camera = _build_lens(doc)
    if doc.role != "shelf":
        return camera
    named = set(doc.shelves or seen_shelves(camera, gondolas))
    shelves = [shelf.id for each in gondolas for shelf in each.shelves if shelf.id in named or each.id in named]
    return replace(camera, shelves=tuple(shelves))


def _build_lens(doc: schema.CameraDoc) -> Camera:
    cx, cy = (doc.width - 1) / 2, (doc.height - 1) / 2
    fx = fy = doc.width / 2 / math.tan(math.radians(doc.horizontal_fov_deg or 90.0) / 2)
    camera = Camera(
        doc.id, str(doc.source), doc.width, doc.height, doc.rate, fx, fy, cx, cy, build_pose(doc.pose), doc.role,
        detector=_build_detector(doc), host=doc.host, latency=doc.latency,
    )  # fmt: skip
    if doc.intrinsics is None:
        return camera
    lens = doc.intrinsics
    # rational_polynomial is what ROS calls plumb_bob with eight coefficients
    model: Literal["plumb_bob", "equidistant"] = (
        "equidistant" if lens.distortion_model == "equidistant" else "plumb_bob"
    )
    return Camera(
        doc.id, str(doc.source), doc.width, doc.height, doc.rate, lens.fx, lens.fy, lens.cx, lens.cy, camera.pose,
        doc.role, model, lens.distortion, camera.detector, doc.host, doc.latency,
    )  # fmt: skip


def _build_detector(doc: schema.CameraDoc) -> Detector:
    found = doc.detector
    if found is not None:
        return Detector(found.kind, found.model, found.score, found.device, found.head, found.precision)
    return Detector() if doc.role == "overview" else Detector("none")


def build_gondolas(docs: tuple[schema.GondolaDoc, ...]) -> Built:
    """Return the gondolas with qualified ids, and the place of each gondola, shelf and plate."""
    built = Built()
    gondolas = []
    for doc in docs:
        shelves = []
        built.place.setdefault(doc.id, doc.at)
        for shelf in doc.shelves:
            name = f"{doc.id}/{shelf.id}"
            built.place.setdefault(name, shelf.at)
            plates = tuple(_build_plates(name, shelf, built.place))
            shelves.append(Shelf(name, build_pose(shelf.pose), shelf.width, shelf.depth, plates))
        pose = build_pose(doc.pose)
        gondolas.append(Gondola(doc.id, pose, doc.width, doc.depth, doc.height, tuple(shelves)))
    built.gondolas = tuple(gondolas)
    return built


def _build_plates(name: str, shelf: schema.ShelfDoc, place: dict[str, Place]) -> list[Plate]:
    found = []
    row = shelf.plate_row
    if row is not None:
        first = shelf.width / 2 - (row.count - 1) / 2 * row.pitch
        for index in range(row.count):
            pose = Pose(first + index * row.pitch, shelf.depth / 2)
            found.append(Plate(f"{name}/p{index + 1}", pose, row.width, row.depth, row.capacity))
            place.setdefault(found[-1].id, row.at)
    for doc in shelf.plates or ():
        found.append(Plate(f"{name}/{doc.id}", build_pose(doc.pose), doc.width, doc.depth, doc.capacity))
        place.setdefault(found[-1].id, doc.at)
    return found


def build_bus(doc: schema.BusDoc) -> Bus:
    """Return the bus with every channel of its boards or scales."""
    framing = Framing(doc.data_bits, doc.parity, doc.stop_bits)
    if doc.protocol == "board":
        unused = tuple(
            (board.board, number)
            for board in doc.boards or ()
            for number, plate in enumerate(board.plates)
            if plate is None
        )
        channels = _board_channels(doc)
        return Bus(doc.id, doc.protocol, doc.port, doc.baudrate, channels, doc.host, framing, unused=unused)
    polled = doc.mode == "polled" or doc.protocol == "modbus_rtu"
    timeout = Reading.timeout if doc.timeout is None else doc.timeout
    reading = Reading(doc.rate or Reading.rate, polled, timeout, doc.latency)
    registers = None
    if doc.modbus is None:
        channels = (Channel(0, 0, doc.plate or "", 1.0),)
    else:
        units = doc.units or ()
        channels = tuple(
            Channel(0, number, one.plate, doc.modbus.scale if one.scale is None else one.scale, one.zero)
            for number, one in enumerate(units)
        )
        registers = _build_registers(doc.modbus, units)
    return Bus(doc.id, doc.protocol, doc.port, doc.baudrate, channels, doc.host, framing, reading, registers)


def _board_channels(doc: schema.BusDoc) -> tuple[Channel, ...]:
    channels = []
    for board in doc.boards or ():
        zeros = board.zero or (0.0,) * len(board.plates)
        wired = zip(board.plates, board.scale, zeros)  # noqa: B905 - unequal lengths are reported by the checks
        for number, (plate, scale, zero) in enumerate(wired):
            if plate is not None:
                channels.append(Channel(board.board, number, plate, scale, zero))
    channels += [Channel(one.board, one.channel, one.plate, one.scale, one.zero) for one in doc.channels or ()]
    return tuple(channels)


def _build_registers(doc: schema.ModbusDoc, units: tuple[schema.UnitDoc, ...]) -> Registers:
    points = tuple((one.unit, doc.register if one.register is None else one.register) for one in units)
    status = None
    if doc.status is not None:
        status = StatusRegister(doc.status.register, doc.status.overload, doc.status.fault)
    return Registers(points, doc.function, doc.type, doc.word_order, doc.byte_order, status)


def build_product(doc: schema.ProductDoc, tax_classes: dict[str, int]) -> Product:
    """Return the product with weights in kilograms and its tax rate.

    Without a spread it has the one of packed goods that are filled to a weight: half a gram, and half a per cent.
    """
    weight = doc.weight if doc.weight is not None else (doc.weight_g or 0.0) / 1000
    if doc.weight_spread is None and doc.weight_spread_g is None:
        spread = math.hypot(_SPREAD, _SPREAD_SHARE * weight)
    else:
        spread = doc.weight_spread if doc.weight_spread is not None else (doc.weight_spread_g or 0.0) / 1000
    tax = tax_classes.get(doc.tax, 0) if doc.tax is not None else 0
    return Product(doc.sku, doc.name, doc.barcode, weight, spread, doc.price, tax, doc.minimum_age, doc.photos or "")


def build_promotion(doc: schema.PromotionDoc) -> Promotion:
    """Return the price rule; its name is its id where it has none."""
    kind, value = next(
        (kind, value)
        for kind, value in (
            ("price", doc.price),
            ("percent_off", doc.percent_off),
            ("amount_off", doc.amount_off),
            ("take_for", doc.for_price),
            ("take_pay", doc.pay),
        )
        if value is not None
    )
    begins = 0 if doc.begins is None else moment(doc.begins)
    ends = ALWAYS if doc.ends is None else moment(doc.ends)
    return Promotion(doc.id, doc.name or doc.id, kind, doc.skus, value, doc.take or 1, begins, ends)  # type: ignore[arg-type]


def moment(text: str) -> int:
    """Return nanoseconds since 1970 of an ISO 8601 time with its zone.

    Raises:
        ValueError: it is none, or is without zone or before 1970.
    """
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise ValueError("without a time zone")
    since = time - datetime(1970, 1, 1, tzinfo=timezone.utc)
    if since < timedelta(0):
        raise ValueError("before 1970")
    return (since // timedelta(microseconds=1)) * 1000


def build_facing(doc: schema.FacingDoc) -> Facing:
    """Return the facing."""
    return Facing(doc.sku, doc.plates)
