"""The plain values that cross rooms.

Each class mirrors the message of the same name in ``msg/`` field by field, without ROS: stamps are
integer nanoseconds of event time, arrays are tuples (numpy arrays for samples), enumerations are
``IntEnum``. ``ros/conversions.py`` turns one into the other; ``to_dict`` and ``from_dict`` turn them
into JSON values and back for journals and receipts. The meaning, unit and range of each field stand
in the message file.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Adjustment",
    "AdjustmentState",
    "Alert",
    "Candidate",
    "Cart",
    "CartArray",
    "CartLine",
    "CartState",
    "Charge",
    "ChargeState",
    "CodeScan",
    "Crossing",
    "Decision",
    "DecisionKind",
    "DecisionState",
    "Entry",
    "EntryMethod",
    "EntryResult",
    "EventState",
    "GateCrossing",
    "GateCrossingArray",
    "Hand",
    "Interaction",
    "InteractionArray",
    "Kind",
    "PersonDetection",
    "PersonDetectionArray",
    "PlateStatus",
    "RestockMode",
    "Severity",
    "ShelfEvent",
    "ShelfEventArray",
    "ShelfObservation",
    "ShelfObservationArray",
    "ShelfWeights",
    "StockArray",
    "StockLevel",
    "TaxAmount",
    "Track",
    "TrackArray",
    "TrackHand",
    "TrackState",
    "Visit",
    "VisitArray",
    "VisitState",
    "Watermark",
    "from_dict",
    "to_dict",
]


class TrackState(IntEnum):
    """How well a track is founded."""

    TENTATIVE = 0
    CONFIRMED = 1
    COASTING = 2


class PlateStatus(IntEnum):
    """Health of one weighing plate."""

    OK = 0
    STALE = 1
    SATURATED = 2
    FAULT = 3
    ADJUSTED = 4


class EventState(IntEnum):
    """Whether a shelf event may still be revised."""

    SETTLING = 0
    FINAL = 1


class EntryResult(IntEnum):
    """Verdict on a code shown at a gate."""

    ACCEPTED = 0
    MALFORMED = 1
    FORGED = 2
    EXPIRED = 3
    NOT_YET_VALID = 4
    REPLAYED = 5
    WRONG_STORE = 6


class EntryMethod(IntEnum):
    """How a shopper identified."""

    QR = 0
    DEVICE = 1
    FACE = 2


class Crossing(IntEnum):
    """Direction in which a gate was crossed."""

    IN = 0
    OUT = 1


class VisitState(IntEnum):
    """Life of a visit."""

    EXPECTED = 0
    OPEN = 1
    LEFT = 2
    ABANDONED = 3
    LOST = 4


class Kind(IntEnum):
    """What was done at the shelf."""

    TAKE = 0
    RETURN = 1


class DecisionState(IntEnum):
    """State of an interaction or a cart line."""

    COMMITTED = 0
    WAITING = 1
    REVIEW = 2


class CartState(IntEnum):
    """Life of a cart."""

    OPEN = 0
    SETTLING = 1
    SETTLED = 2


class ChargeState(IntEnum):
    """Outcome of a visit."""

    CHARGED = 0
    EMPTY = 1
    REVIEW = 2
    STAFF = 3
    DECLINED = 4


class AdjustmentState(IntEnum):
    """What came of a correction of a charge."""

    CHARGED = 0
    REFUNDED = 1
    WAIVED = 2
    DECLINED = 3
    UNCHANGED = 4


class DecisionKind(IntEnum):
    """What a person decided about an interaction or a whole visit; CORRECT: what later evidence shows of one."""

    CONFIRM = 0
    REMOVE = 1
    MOVE = 2
    CHANGE = 3
    CONTEST = 4
    CORRECT = 5


class Severity(IntEnum):
    """How urgent an alert is."""

    INFO = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Watermark:
    """Promise that ``source`` has nothing more to say up to ``stamp``, having seen all from ``since`` on."""

    source: str
    stamp: int
    since: int = 0


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand of a person in the picture of one camera, and the ray through the store on which it lies."""

    u: float
    v: float
    score: float
    direction: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PersonDetection:
    """One person seen by one camera, projected to the floor."""

    x: float
    y: float
    covariance: tuple[float, ...]
    score: float
    box: tuple[float, ...]
    hands: tuple[Hand, ...] = ()
    appearance: bytes = b""


@dataclass(frozen=True, slots=True)
class PersonDetectionArray:
    """All people one camera saw in one frame; the stamp is the camera's watermark."""

    stamp: int
    camera: str
    detections: tuple[PersonDetection, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackHand:
    """A hand of a tracked person as one camera saw it: the ray from the camera on which the wrist lies."""

    camera: str
    score: float
    direction: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One person on the floor at one tick."""

    id: str
    state: TrackState
    x: float
    y: float
    vx: float
    vy: float
    covariance: tuple[float, ...]
    existence: float
    born: int
    birth_gate: str = ""
    cameras: tuple[str, ...] = ()
    identity: float = 1.0
    candidates: tuple[str, ...] = ()
    chances: tuple[float, ...] = ()
    hands: tuple[TrackHand, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackArray:
    """Everyone on the floor at one tick of the tracker."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    tracks: tuple[Track, ...] = ()
    ended: tuple[str, ...] = ()
    exchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ShelfWeights:
    """A batch of load-cell samples of one shelf; ``weights`` is flat, row-major samples x plates."""

    stamp: int
    shelf: str
    source: str
    sequence: int
    lost: int
    sample_period: int
    plates: tuple[str, ...]
    status: tuple[PlateStatus, ...]
    weights: NDArray[np.float32]

    @property
    def samples(self) -> NDArray[np.float32]:
        """Weights as a (samples, plates) view, kilograms."""
        return self.weights.reshape(-1, len(self.plates))

    def stamps(self) -> NDArray[np.int64]:
        """Return the time of each sample, nanoseconds."""
        count = len(self.weights) // len(self.plates)
        return self.stamp + self.sample_period * np.arange(count, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ShelfEvent:
    """A weight step of one shelf."""

    id: str
    shelf: str
    start: int
    end: int
    state: EventState
    plates: tuple[str, ...]
    change: tuple[float, ...]
    covariance: tuple[float, ...]
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class ShelfEventArray:
    """New shelf events and how far each shelf has been seen."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    events: tuple[ShelfEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ShelfObservation:
    """What a shelf camera says about one plate of a shelf event."""

    id: str
    camera: str
    event: str
    plate: str
    start: int
    end: int
    skus: tuple[str, ...] = ()
    product_scores: tuple[float, ...] = ()
    tracks: tuple[str, ...] = ()
    track_scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ShelfObservationArray:
    """New observations of one shelf camera, and how far it has answered for each shelf it sees."""

    stamp: int
    camera: str
    watermarks: tuple[Watermark, ...] = ()
    observations: tuple[ShelfObservation, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeScan:
    """The text of a code shown at a gate, unchecked."""

    stamp: int
    gate: str
    code: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The verdict on a code shown at a gate."""

    stamp: int
    id: str
    gate: str
    account: str
    method: EntryMethod
    result: EntryResult
    admits: int = 1
    staff: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GateCrossing:
    """A person crossed the line of a gate."""

    id: str
    stamp: int
    gate: str
    track: str
    direction: Crossing
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GateCrossingArray:
    """New gate crossings and how far the tracks have been seen."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    crossings: tuple[GateCrossing, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One admission: an account and the people in the store on its behalf."""

    id: str
    account: str
    gate: str
    entered: int = 0
    exited: int = 0
    state: VisitState = VisitState.EXPECTED
    admits: int = 1
    staff: bool = False
    tracks: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitArray:
    """All visits that are not over and those that ended lately."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One explanation of a shelf event, with its probability."""

    kind: Kind
    sku: str
    quantity: int
    visit: str
    track: str
    probability: float


@dataclass(frozen=True, slots=True)
class Interaction:
    """A decided take or return."""

    id: str
    start: int
    end: int
    shelf: str
    plates: tuple[str, ...]
    kind: Kind
    state: DecisionState
    sku: str
    quantity: int
    visit: str
    track: str
    confidence: float
    candidates: tuple[Candidate, ...] = ()
    evidence: tuple[str, ...] = ()
    reason: str = ""
    degraded: bool = False
    decided: int = 0


@dataclass(frozen=True, slots=True)
class InteractionArray:
    """New interactions and how far each shelf is decided."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    corrections: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class CartLine:
    """Units of one product in one state."""

    sku: str
    name: str
    quantity: int
    unit_price: int
    amount: int
    state: DecisionState
    confidence: float
    evidence: tuple[str, ...] = ()
    discount: int = 0
    promotions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cart:
    """What a visit holds at this moment."""

    visit: str
    account: str
    currency: str
    state: CartState = CartState.OPEN
    revision: int = 0
    updated: int = 0
    lines: tuple[CartLine, ...] = ()
    total: int = 0
    decisions: tuple[str, ...] = ()
    cleared: bool = False
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CartArray:
    """All carts of visits that are not over and those that ended lately."""

    stamp: int
    watermarks: tuple[Watermark, ...] = ()
    carts: tuple[Cart, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one interaction, or about all of a visit where ``interaction`` is empty.

    One of kind CORRECT is made by a stage: later evidence shows that it was fewer units.
    """

    stamp: int
    id: str
    kind: DecisionKind
    visit: str
    interaction: str
    by: str
    to_visit: str = ""
    sku: str = ""
    quantity: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class RestockMode:
    """Staff begin or end to restock a gondola."""

    stamp: int
    id: str
    gondola: str
    active: bool
    by: str


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of one product in the store; ``counted`` is when they were counted last, 0: never."""

    sku: str
    quantity: int
    counted: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class StockArray:
    """How much there is of each product."""

    stamp: int
    levels: tuple[StockLevel, ...] = ()
    restocking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """What is paid at one rate of tax, and the tax in it, minor units."""

    basis_points: int
    amount: int
    tax: int


@dataclass(frozen=True, slots=True)
class Charge:
    """The outcome of a visit, or of a payment in the store before the visit is over."""

    stamp: int
    id: str
    visit: str
    account: str
    entered: int
    exited: int
    state: ChargeState
    lines: tuple[CartLine, ...]
    tax: int
    total: int
    currency: str
    reason: str = ""
    kiosk: bool = False
    taxes: tuple[TaxAmount, ...] = ()
    preauthorised: int = 0
    payment: str = ""
    revision: int = 0
    decisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction of a charge that has been made; the charge itself stays as it was."""

    stamp: int
    id: str
    charge: str
    visit: str
    account: str
    state: AdjustmentState
    lines: tuple[CartLine, ...]
    amount: int
    moved: int
    tax: int
    total: int
    currency: str
    reason: str = ""
    taxes: tuple[TaxAmount, ...] = ()
    decisions: tuple[str, ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person in the store should know."""

    stamp: int
    id: str
    severity: Severity
    kind: str
    source: str
    text: str
    visit: str = field(default="")
    track: str = field(default="")


Record = TypeVar("Record")
_SAMPLES: Any = np.ndarray[Any, np.dtype[np.float32]]


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """Return the resolved type of each field of a record class, in order."""
    hints = typing.get_type_hints(cls)
    # numpy 2.5 makes NDArray an alias that hides what it stands for
    hints = {name: _SAMPLES if kind == NDArray[np.float32] else kind for name, kind in hints.items()}
    return {item.name: hints[item.name] for item in dataclasses.fields(cls)}


def to_dict(record: Any) -> Any:
    """Turn a record into JSON values: dicts, lists, numbers and strings."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {name: to_dict(getattr(record, name)) for name in field_types(type(record))}
    if isinstance(record, tuple | list | bytes):
        return [to_dict(item) for item in record]
    if isinstance(record, np.ndarray):
        return record.tolist()
    if isinstance(record, IntEnum):
        return int(record)
    return record


def from_dict(cls: type[Record], values: Any) -> Record:
    """Rebuild a record of class ``cls`` from what ``to_dict`` gave."""
    return typing.cast(Record, _rebuild(cls, values))


def _rebuild(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        known = field_types(kind)
        return kind(**{name: _rebuild(known[name], item) for name, item in value.items()})
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(_rebuild(typing.get_args(kind)[0], item) for item in value)
    if origin is np.ndarray:
        return np.asarray(value, dtype=np.float32)
    if kind is bytes:
        return bytes(value)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (item for item in typing.get_args(kind) if item is not types.NoneType)
        return None if value is None else _rebuild(inner, value)
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and issubclass(kind, IntEnum):
        return kind(value)
    return value
