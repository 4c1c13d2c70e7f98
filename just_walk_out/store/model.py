"""What a store is made of: frozen values in SI units, in the frame ``map`` unless said otherwise.

Ids of shelves and plates are qualified by their parents: gondola ``g1``, shelf ``g1/s2``, plate
``g1/s2/p3``. They serve as frame names too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from just_walk_out.store.bus import MAIN_HOST, Bus

Point = tuple[float, float]
ALWAYS = 2**63 - 1
"""Where a rule without an end ends, nanoseconds."""


@dataclass(frozen=True)
class Pose:
    """A pose relative to the parent frame: metres, and radians about fixed x, y, z (REP-103)."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """Return the 4x4 transform from this frame to the parent."""
        cr, sr = math.cos(self.roll), math.sin(self.roll)
        cp, sp = math.cos(self.pitch), math.sin(self.pitch)
        cy, sy = math.cos(self.yaw), math.sin(self.yaw)
        return np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr, self.x],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr, self.y],
                [-sp, cp * sr, cp * cr, self.z],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )


@dataclass(frozen=True)
class Wall:
    """A segment on the floor plan that nobody walks through, nor looks through below its height.

    ``height`` is in metres above the floor; None: up to the ceiling, as walls are unless something else is said.
    """

    start: Point
    end: Point
    height: float | None = None


@dataclass(frozen=True)
class Reader:
    """What reads codes at a gate: a camera of the store, or a scanner that sends lines."""

    kind: Literal["camera", "serial"]
    camera: str = ""
    port: str = ""
    baudrate: int = 9600


@dataclass(frozen=True)
class Gate:
    """A line on the floor; who walks from its right side to its left (seen from start to end) comes in."""

    id: str
    kind: Literal["entry", "exit", "both"]
    start: Point
    end: Point
    reader: Reader | None = None

    @property
    def admits(self) -> bool:
        """Whether people come in here."""
        return self.kind in ("entry", "both")

    @property
    def releases(self) -> bool:
        """Whether people leave here."""
        return self.kind in ("exit", "both")

    @property
    def inward(self) -> Point:
        """Unit vector into the store."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length = math.hypot(dx, dy)
        return (-dy / length, dx / length)


@dataclass(frozen=True)
class Detector:
    """Which person detector a camera runs, and its settings.

    ``head`` says what the outputs of an ONNX file mean; ``precision`` is that of torchvision's networks, where auto
    is float16 on a GPU and float32 on the processor.
    """

    kind: Literal["motion", "onnx", "torchvision", "none"] = "motion"
    model: str = ""
    score: float = 0.5
    device: str = "auto"
    head: Literal["nanodet", "yolox", "yolox_decoded", "yolov8", "yolov8_pose"] = "nanodet"
    precision: Literal["auto", "float32", "float16"] = "auto"


@dataclass(frozen=True)
class Camera:
    """A camera: what to open, its pinhole or fisheye model, and its pose in ``map``.

    ``pose`` is of the camera body (x forward, y left, z up); the optical frame (x right, y down,
    z forward) is called ``<id>_optical``. ``host`` is the computer it is plugged into, ``latency`` the
    seconds from the exposure of a frame to its arrival there, where known. A camera of role shelf looks at
    ``shelves`` (qualified ids).
    """

    id: str
    source: str
    width: int
    height: int
    rate: float
    fx: float
    fy: float
    cx: float
    cy: float
    pose: Pose
    role: Literal["overview", "reader", "shelf"] = "overview"
    distortion_model: Literal["plumb_bob", "equidistant"] = "plumb_bob"
    distortion: tuple[float, ...] = ()
    detector: Detector = Detector()
    host: str = MAIN_HOST
    latency: float = 0.0
    shelves: tuple[str, ...] = ()

    @property
    def intrinsic(self) -> NDArray[np.float64]:
        """The 3x3 camera matrix, pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def extrinsic(self) -> NDArray[np.float64]:
        """Return the 4x4 transform from ``map`` to the optical frame."""
        body_from_optical = np.array(
            [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
        )
        return np.linalg.inv(self.pose.matrix() @ body_from_optical)


@dataclass(frozen=True)
class Plate:
    """A weighing plate: its centre relative to the shelf, and its size along x (width) and y (depth)."""

    id: str
    pose: Pose
    width: float
    depth: float
    capacity: float = 20.0


@dataclass(frozen=True)
class Shelf:
    """A shelf board: pose relative to its gondola; x runs along the front edge, y into the shelf."""

    id: str
    pose: Pose
    width: float
    depth: float
    plates: tuple[Plate, ...]


@dataclass(frozen=True)
class Gondola:
    """A fixture that stands on the floor.

    Origin: the front left bottom corner as a shopper in front of it sees it; x runs along the front
    to the right, y into the fixture, z up. Size: width (x), depth (y), height (z).
    """

    id: str
    pose: Pose
    width: float
    depth: float
    height: float
    shelves: tuple[Shelf, ...]

    def footprint(self) -> tuple[Point, ...]:
        """Return the four corners on the floor, in ``map``."""
        corners = np.array(
            [[0, 0, 0, 1], [self.width, 0, 0, 1], [self.width, self.depth, 0, 1], [0, self.depth, 0, 1]], float
        )
        placed = corners @ self.pose.matrix().T
        return tuple((float(x), float(y)) for x, y in placed[:, :2])


@dataclass(frozen=True)
class Product:
    """A catalogue entry; the price is in minor units of the store's currency, the weight in kilograms.

    ``photos`` is a folder of pictures of it, for shelf cameras; empty where there is none.
    """

    sku: str
    name: str
    barcode: str
    weight: float
    weight_spread: float
    price: int
    tax_basis_points: int = 0
    minimum_age: int = 0
    photos: str = ""


@dataclass(frozen=True)
class Promotion:
    """A rule that lowers what units of some products cost; ``checkout.pricing`` says how rules combine.

    Attributes:
        id: of the rule.
        name: what receipts call it.
        kind: ``price``, ``percent_off`` and ``amount_off`` mark each unit down; ``take_for`` sells every
            ``count`` units for ``value`` together, ``take_pay`` for the price of the ``value`` dearest of them.
        skus: products it is about; units of all of them count together.
        value: minor units, percent, or units to pay for, by kind.
        count: units of a bundle; 1 for markdowns.
        begins: first moment of event time in which it holds, nanoseconds.
        ends: first moment in which it does not hold any more, nanoseconds.
    """

    id: str
    name: str
    kind: Literal["price", "percent_off", "amount_off", "take_for", "take_pay"]
    skus: tuple[str, ...]
    value: int
    count: int = 1
    begins: int = 0
    ends: int = ALWAYS


@dataclass(frozen=True)
class Facing:
    """A product's place in the planogram."""

    sku: str
    plates: tuple[str, ...]


@dataclass(frozen=True)
class EntrySettings:
    """Who may come in: base64 Ed25519 public keys, and how long a code waits for its shopper, seconds."""

    public_keys: tuple[str, ...]
    window: float = 30.0


@dataclass(frozen=True)
class Policy:
    """Rules of the house.

    Attributes:
        commit_confidence: posterior from which an interaction is committed, 0..1.
        settle_timeout: seconds that tracks and other shelves are past an exit when a silent shelf sends to review.
        reach: how far from a shelf's front a person can still take from it, metres.
        group_timeout: seconds after which a group whose payer left is settled.
        absence_timeout: seconds after which a visit whose members nobody sees any more goes to review.
        prices_include_tax: whether catalogue prices are gross.
    """

    commit_confidence: float = 0.8
    settle_timeout: float = 10.0
    reach: float = 1.2
    group_timeout: float = 600.0
    absence_timeout: float = 1800.0
    prices_include_tax: bool = True


@dataclass(frozen=True)
class Payment:
    """Which payment gateway settles charges, and how much it reserves when a visit begins (minor units, 0: nothing)."""

    gateway: Literal["ledger"] = "ledger"
    preauthorise: int = 0


@dataclass(frozen=True)
class Store:
    """A whole store."""

    id: str
    name: str
    currency: str
    floor: tuple[Point, ...]
    walls: tuple[Wall, ...]
    gates: tuple[Gate, ...]
    cameras: tuple[Camera, ...]
    gondolas: tuple[Gondola, ...]
    buses: tuple[Bus, ...]
    products: tuple[Product, ...]
    planogram: tuple[Facing, ...]
    entry: EntrySettings
    policy: Policy = Policy()
    payment: Payment = Payment()
    promotions: tuple[Promotion, ...] = ()
    products_model: str = ""
    """File of what shelf cameras have learnt of the products; empty where there is none."""

    @cached_property
    def shelf(self) -> dict[str, Shelf]:
        """Shelves by qualified id."""
        return {shelf.id: shelf for gondola in self.gondolas for shelf in gondola.shelves}

    @cached_property
    def plate(self) -> dict[str, Plate]:
        """Plates by qualified id."""
        return {plate.id: plate for shelf in self.shelf.values() for plate in shelf.plates}

    @cached_property
    def gondola_of(self) -> dict[str, Gondola]:
        """Gondola by shelf id and by plate id."""
        found = {}
        for gondola in self.gondolas:
            for shelf in gondola.shelves:
                found[shelf.id] = gondola
                found.update({plate.id: gondola for plate in shelf.plates})
        return found

    @cached_property
    def product(self) -> dict[str, Product]:
        """Products by SKU."""
        return {product.sku: product for product in self.products}

    @cached_property
    def camera(self) -> dict[str, Camera]:
        """Cameras by id."""
        return {camera.id: camera for camera in self.cameras}

    @cached_property
    def watchers(self) -> dict[str, tuple[str, ...]]:
        """Cameras of role shelf that look at each shelf; shelves without one are left out."""
        found: dict[str, list[str]] = {}
        for camera in self.cameras:
            if camera.role == "shelf":
                for shelf in camera.shelves:
                    found.setdefault(shelf, []).append(camera.id)
        return {shelf: tuple(cameras) for shelf, cameras in found.items()}

    @cached_property
    def gate(self) -> dict[str, Gate]:
        """Gates by id."""
        return {gate.id: gate for gate in self.gates}

    @cached_property
    def bus(self) -> dict[str, Bus]:
        """Serial buses by id."""
        return {bus.id: bus for bus in self.buses}

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Names of the computers of the store, the main one first."""
        named = {camera.host for camera in self.cameras} | {bus.host for bus in self.buses}
        return (MAIN_HOST, *sorted(named - {MAIN_HOST}))

    @cached_property
    def skus_on(self) -> dict[str, tuple[str, ...]]:
        """SKUs the planogram puts on each plate."""
        found: dict[str, list[str]] = {plate: [] for plate in self.plate}
        for facing in self.planogram:
            for plate in facing.plates:
                found[plate].append(facing.sku)
        return {plate: tuple(skus) for plate, skus in found.items()}

    @cached_property
    def plate_position(self) -> dict[str, tuple[float, float, float]]:
        """Centre of each plate in ``map``, metres."""
        found = {}
        for gondola in self.gondolas:
            base = gondola.pose.matrix()
            for shelf in gondola.shelves:
                placed = base @ shelf.pose.matrix()
                for plate in shelf.plates:
                    x, y, z, _ = placed @ np.array([plate.pose.x, plate.pose.y, plate.pose.z, 1.0])
                    found[plate.id] = (float(x), float(y), float(z))
        return found

    def front_of(self, plate: str) -> Point:
        """Return the point on the floor at the front edge of the gondola, before the plate."""
        gondola = self.gondola_of[plate]
        inverse = np.linalg.inv(gondola.pose.matrix())
        local = inverse @ np.array([*self.plate_position[plate], 1.0])
        x, y, _, _ = gondola.pose.matrix() @ np.array([local[0], 0.0, 0.0, 1.0])
        return (float(x), float(y))
