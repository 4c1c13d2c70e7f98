"""The shape of the YAML files of a store: what keys there are, their types, units and limits.

Shorthands are kept as they were written, so that errors can name them; ``build`` turns these
documents into the model. Lengths are metres, weights kilograms unless the key ends in ``_g``,
angles radians unless the key ends in ``_deg``, prices minor units.
"""

# ruff: noqa: RUF009 - key() describes a field, no value is shared between instances

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from just_walk_out.store.bus import MAIN_HOST, Framing, Order, ProtocolName, Reading, Registers, RegisterType
from just_walk_out.store.model import Camera, Detector, EntrySettings, Payment, Plate, Policy, Reader
from just_walk_out.store.place import Place
from just_walk_out.store.reader import key

ID = {"pattern": r"[A-Za-z][A-Za-z0-9_]{0,39}", "expected": "an id of letters, digits and _ that starts with a letter"}
HOST = {
    "pattern": r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?",
    "expected": "the name of a computer: letters, digits and . _ - between them",
}
MOMENT = {"expected": 'a time with its zone in quotes, as "2026-11-30T18:00:00+01:00"'}
COORDINATE = {"minimum": -1000.0, "maximum": 1000.0}
LENGTH = {"above": 0.0, "maximum": 100.0}
Point2 = tuple[float, float]
Point3 = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class PoseDoc:
    """A pose relative to the parent; at most one of the two rotations."""

    at: Place
    xyz: Point3 = key(expected="[x, y, z] in metres", **COORDINATE)
    rpy: Point3 | None = key(None, "[roll, pitch, yaw] in radians", minimum=-7.0, maximum=7.0)
    rpy_deg: Point3 | None = key(None, "[roll, pitch, yaw] in degrees", minimum=-360.0, maximum=360.0)


@dataclass(frozen=True, kw_only=True)
class CameraPoseDoc:
    """A camera's pose in ``map``; exactly one of the three ways to aim it."""

    at: Place
    xyz: Point3 = key(expected="[x, y, z] in metres", **COORDINATE)
    rpy: Point3 | None = key(None, "[roll, pitch, yaw] in radians", minimum=-7.0, maximum=7.0)
    rpy_deg: Point3 | None = key(None, "[roll, pitch, yaw] in degrees", minimum=-360.0, maximum=360.0)
    look_at: Point3 | None = key(None, "[x, y, z] in metres, the point in the image centre", **COORDINATE)


@dataclass(frozen=True, kw_only=True)
class WallDoc:
    """A wall, up to the ceiling unless it has a height, as barriers have."""

    at: Place
    start: Point2 = key(expected="[x, y] in metres", **COORDINATE)
    end: Point2 = key(expected="[x, y] in metres", **COORDINATE)
    height: float | None = key(None, "metres", **LENGTH)


@dataclass(frozen=True, kw_only=True)
class ReaderDoc:
    """A gate's code reader: either a camera's id or a serial port."""

    at: Place
    camera: str | None = key(None, "the id of a camera")
    port: str | None = key(None, "a serial port or pyserial URL")
    baudrate: int = key(Reader.baudrate, "baud", minimum=50, maximum=10_000_000)


@dataclass(frozen=True, kw_only=True)
class GateDoc:
    """A gate."""

    at: Place
    id: str = key(**ID)
    kind: Literal["entry", "exit", "both"]
    start: Point2 = key(expected="[x, y] in metres", **COORDINATE)
    end: Point2 = key(expected="[x, y] in metres", **COORDINATE)
    reader: ReaderDoc | None = None


@dataclass(frozen=True, kw_only=True)
class IntrinsicsDoc:
    """Calibrated intrinsics, pixels."""

    at: Place
    fx: float = key(expected="pixels", above=0.0, maximum=1e6)
    fy: float = key(expected="pixels", above=0.0, maximum=1e6)
    cx: float = key(expected="pixels", minimum=-1e6, maximum=1e6)
    cy: float = key(expected="pixels", minimum=-1e6, maximum=1e6)
    distortion_model: Literal["plumb_bob", "rational_polynomial", "equidistant"] = "plumb_bob"
    distortion: tuple[float, ...] = key((), "distortion coefficients", minimum=-1e3, maximum=1e3)


@dataclass(frozen=True, kw_only=True)
class DetectorDoc:
    """Person detector of a camera."""

    at: Place
    kind: Literal["motion", "onnx", "torchvision", "none"] = Detector.kind
    model: str = key(Detector.model, "a model file or name")
    score: float = key(Detector.score, "a score", minimum=0.0, maximum=1.0)
    device: str = key(Detector.device, "auto, cpu or cuda")
    head: Literal["nanodet", "yolox", "yolox_decoded", "yolov8", "yolov8_pose"] = Detector.head
    precision: Literal["auto", "float32", "float16"] = Detector.precision


@dataclass(frozen=True, kw_only=True)
class CameraDoc:
    """A camera; exactly one of ``intrinsics`` and ``horizontal_fov_deg`` (an ideal pinhole)."""

    at: Place
    id: str = key(**ID)
    source: str | int = key(expected="a URL, device path, video file or USB index", minimum=0, maximum=255)
    width: int = key(expected="pixels", minimum=16, maximum=16384)
    height: int = key(expected="pixels", minimum=16, maximum=16384)
    rate: float = key(expected="frames a second", above=0.0, maximum=240.0)
    pose: CameraPoseDoc
    role: Literal["overview", "reader", "shelf"] = "overview"
    shelves: tuple[str, ...] | None = key(None, "ids of gondolas (g1) or of their shelves (g1/s2)", at_least=1)
    intrinsics: IntrinsicsDoc | None = None
    horizontal_fov_deg: float | None = key(None, "degrees", minimum=5.0, maximum=170.0)
    detector: DetectorDoc | None = None
    latency: float = key(Camera.latency, "seconds", minimum=0.0, maximum=10.0)
    host: str = key(MAIN_HOST, **HOST)


@dataclass(frozen=True, kw_only=True)
class PlateDoc:
    """A plate placed one by one; the pose is of its centre, relative to the shelf."""

    at: Place
    id: str = key(**ID)
    pose: PoseDoc
    width: float = key(expected="metres", **LENGTH)
    depth: float = key(expected="metres", **LENGTH)
    capacity: float = key(Plate.capacity, "kilograms", above=0.0, maximum=1000.0)


@dataclass(frozen=True, kw_only=True)
class PlateRowDoc:
    """Equal plates ``p1``, ``p2``, ... in a row from left to right, centred on the shelf."""

    at: Place
    count: int = key(expected="plates", minimum=1, maximum=100)
    pitch: float = key(expected="metres from centre to centre", **LENGTH)
    width: float = key(expected="metres", **LENGTH)
    depth: float = key(expected="metres", **LENGTH)
    capacity: float = key(Plate.capacity, "kilograms", above=0.0, maximum=1000.0)


@dataclass(frozen=True, kw_only=True)
class ShelfDoc:
    """A shelf board: its front left corner in the gondola, and either ``plate_row`` or ``plates``."""

    at: Place
    id: str = key(**ID)
    pose: PoseDoc
    width: float = key(expected="metres", **LENGTH)
    depth: float = key(expected="metres", **LENGTH)
    plate_row: PlateRowDoc | None = None
    plates: tuple[PlateDoc, ...] | None = key(None, at_least=1)


@dataclass(frozen=True, kw_only=True)
class GondolaDoc:
    """A gondola."""

    at: Place
    id: str = key(**ID)
    pose: PoseDoc
    width: float = key(expected="metres", **LENGTH)
    depth: float = key(expected="metres", **LENGTH)
    height: float = key(expected="metres", **LENGTH)
    shelves: tuple[ShelfDoc, ...] = key(at_least=1)


@dataclass(frozen=True, kw_only=True)
class BoardDoc:
    """A board whose channels 0, 1, 2, ... weigh ``plates`` in order; ``null`` leaves a channel unused."""

    at: Place
    board: int = key(expected="a board number", minimum=0, maximum=255)
    plates: tuple[str | None, ...] = key(expected="plate ids in channel order", at_least=1)
    scale: tuple[float, ...] = key(expected="kilograms per count, one for each channel", minimum=-1.0, maximum=1.0)
    zero: tuple[float, ...] | None = key(
        None, "counts of the empty plate, one for each channel", minimum=-(2.0**31), maximum=2.0**31
    )


@dataclass(frozen=True, kw_only=True)
class ChannelDoc:
    """One channel, for wiring that follows no order."""

    at: Place
    board: int = key(expected="a board number", minimum=0, maximum=255)
    channel: int = key(expected="a channel number", minimum=0, maximum=31)
    plate: str = key(expected="a plate id")
    scale: float = key(expected="kilograms per count", minimum=-1.0, maximum=1.0)
    zero: float = key(0.0, "counts of the empty plate", minimum=-(2.0**31), maximum=2.0**31)


@dataclass(frozen=True, kw_only=True)
class StatusDoc:
    """Flags that a Modbus transmitter keeps beside the weight."""

    at: Place
    register: int = key(expected="a register address, from 0", minimum=0, maximum=65535)
    overload: int = key(0, "a bit mask", minimum=0, maximum=65535)
    fault: int = key(0, "a bit mask", minimum=0, maximum=65535)


@dataclass(frozen=True, kw_only=True)
class ModbusDoc:
    """Where the Modbus transmitters of a bus keep the weight."""

    at: Place
    register: int = key(expected="a register address, from 0", minimum=0, maximum=65535)
    type: RegisterType
    scale: float = key(expected="kilograms per count", minimum=-1000.0, maximum=1000.0)
    function: Literal["holding", "input"] = Registers.function
    word_order: Order = Registers.word_order
    byte_order: Order = Registers.byte_order
    status: StatusDoc | None = None


@dataclass(frozen=True, kw_only=True)
class UnitDoc:
    """A Modbus transmitter and its plate; ``register`` and ``scale`` where it differs from the others."""

    at: Place
    unit: int = key(expected="a unit address", minimum=1, maximum=247)
    plate: str = key(expected="a plate id")
    register: int | None = key(None, "a register address, from 0", minimum=0, maximum=65535)
    scale: float | None = key(None, "kilograms per count", minimum=-1000.0, maximum=1000.0)
    zero: float = key(0.0, "counts of the empty plate", minimum=-(2.0**32), maximum=2.0**32)


@dataclass(frozen=True, kw_only=True)
class BusDoc:
    """A serial bus; which keys below ``baudrate`` there are depends on the protocol, see ``check_protocols``."""

    at: Place
    id: str = key(**ID)
    protocol: ProtocolName
    port: str = key(expected="a serial port or pyserial URL")
    baudrate: int = key(expected="baud", minimum=50, maximum=10_000_000)
    data_bits: int = key(Framing.data_bits, "7 or 8", minimum=7, maximum=8)
    parity: Literal["none", "even", "odd"] = Framing.parity
    stop_bits: int = key(Framing.stop_bits, "1 or 2", minimum=1, maximum=2)
    boards: tuple[BoardDoc, ...] | None = None
    channels: tuple[ChannelDoc, ...] | None = None
    plate: str | None = key(None, "a plate id")
    units: tuple[UnitDoc, ...] | None = key(None, at_least=1)
    modbus: ModbusDoc | None = None
    mode: Literal["continuous", "polled"] | None = None
    rate: float | None = key(None, "readings a second", minimum=0.5, maximum=100.0)
    timeout: float | None = key(None, "seconds", minimum=0.02, maximum=5.0)
    latency: float = key(Reading.latency, "seconds", minimum=0.0, maximum=2.0)
    host: str = key(MAIN_HOST, **HOST)


@dataclass(frozen=True, kw_only=True)
class ProductDoc:
    """A product; one of each weight and its ``_g`` form. The spread, a standard deviation, may be left out."""

    at: Place
    sku: str = key(expected="letters, digits and . _ -", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
    name: str = key(expected="text")
    price: int = key(expected="minor units of the currency", minimum=0, maximum=100_000_000)
    barcode: str = key("", "a GTIN of 8, 12, 13 or 14 digits in quotes", pattern=r"|[0-9]{8}|[0-9]{12,14}")
    weight: float | None = key(None, "kilograms", above=0.0, maximum=1000.0)
    weight_g: float | None = key(None, "grams", above=0.0, maximum=1_000_000.0)
    weight_spread: float | None = key(None, "kilograms", minimum=0.0, maximum=1000.0)
    weight_spread_g: float | None = key(None, "grams", minimum=0.0, maximum=1_000_000.0)
    tax: str | None = key(None, "the name of a tax class")
    minimum_age: int = key(0, "years", minimum=0, maximum=120)
    photos: str | None = key(None, "a folder of pictures, relative to the store description")


@dataclass(frozen=True, kw_only=True)
class PromotionDoc:
    """A price rule: exactly one of ``price``, ``percent_off``, ``amount_off`` and, with one of two more, ``take``."""

    at: Place
    id: str = key(**ID)
    skus: tuple[str, ...] = key(expected="SKUs of products", at_least=1)
    name: str | None = key(None, "text")
    price: int | None = key(None, "minor units of the currency", minimum=0, maximum=100_000_000)
    percent_off: int | None = key(None, "percent", minimum=1, maximum=100)
    amount_off: int | None = key(None, "minor units of the currency", minimum=1, maximum=100_000_000)
    take: int | None = key(None, "units", minimum=2, maximum=1000)
    for_price: int | None = key(None, "minor units of the currency", minimum=0, maximum=100_000_000)
    pay: int | None = key(None, "units", minimum=1, maximum=999)
    begins: str | None = key(None, **MOMENT)
    ends: str | None = key(None, **MOMENT)


@dataclass(frozen=True, kw_only=True)
class FacingDoc:
    """A product's place."""

    at: Place
    sku: str = key(expected="the SKU of a product")
    plates: tuple[str, ...] = key(expected="plate ids", at_least=1)


@dataclass(frozen=True, kw_only=True)
class EntryDoc:
    """Who may come in."""

    at: Place
    public_keys: tuple[str, ...] = key(expected="base64 Ed25519 public keys", at_least=1)
    window: float = key(EntrySettings.window, "seconds", above=0.0, maximum=3600.0)


@dataclass(frozen=True, kw_only=True)
class PolicyDoc:
    """Rules of the house; see the model for their meaning."""

    at: Place
    commit_confidence: float = key(Policy.commit_confidence, "a probability", minimum=0.0, maximum=1.0)
    settle_timeout: float = key(Policy.settle_timeout, "seconds", minimum=0.0, maximum=86400.0)
    reach: float = key(Policy.reach, "metres", above=0.0, maximum=5.0)
    group_timeout: float = key(Policy.group_timeout, "seconds", minimum=0.0, maximum=86400.0)
    absence_timeout: float = key(Policy.absence_timeout, "seconds", minimum=1.0, maximum=86400.0)
    prices_include_tax: bool = Policy.prices_include_tax


@dataclass(frozen=True, kw_only=True)
class PaymentDoc:
    """Payment gateway."""

    at: Place
    gateway: Literal["ledger"] = "ledger"
    preauthorise: int = key(Payment.preauthorise, "minor units of the currency", minimum=0, maximum=100_000_000)


@dataclass(frozen=True, kw_only=True)
class StoreDoc:
    """All sections; each top-level key stands in one of the files."""

    id: str = key(**ID)
    name: str = key(expected="text")
    currency: str = key(expected="an ISO 4217 code such as EUR", pattern=r"[A-Z]{3}")
    floor: tuple[Point2, ...] = key(expected="the corners [x, y] of the floor in order", at_least=3, **COORDINATE)
    gates: tuple[GateDoc, ...] = key(at_least=1)
    cameras: tuple[CameraDoc, ...] = key()
    gondolas: tuple[GondolaDoc, ...] = key(at_least=1)
    buses: tuple[BusDoc, ...] = key()
    products: tuple[ProductDoc, ...] = key(at_least=1)
    planogram: tuple[FacingDoc, ...] = key()
    entry: EntryDoc
    walls: tuple[WallDoc, ...] = ()
    tax_classes: dict[str, int] | None = key(None, "basis points", minimum=0, maximum=10_000)
    policy: PolicyDoc | None = None
    payment: PaymentDoc | None = None
    promotions: tuple[PromotionDoc, ...] = ()
    products_model: str | None = key(None, "a file of jwo train products, relative to the store description")
