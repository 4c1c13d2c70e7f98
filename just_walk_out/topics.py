"""Which record crosses on which topic: the one table that nodes, recorder, replay and documentation share.

Names are relative, so that a namespace holds a whole store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from just_walk_out import records


@dataclass(frozen=True)
class Topic:
    """A stream between nodes.

    Attributes:
        name: relative topic name; ``{camera}`` stands for a camera id.
        record: class of its records.
        quality: name of its QoS profile in ``ros/qos.py``: sensor, event or snapshot.
        sensor: whether it comes from a sensor, so that a bag of it can be replayed through the stages.
        steady: whether messages come all the time, so that silence is a fault.
        text: one line for docs/configuration.md and ``jwo topics``.
    """

    name: str
    record: type
    quality: Literal["sensor", "event", "snapshot"]
    sensor: bool
    steady: bool
    text: str


TOPICS: tuple[Topic, ...] = (
    Topic("shelf_weights", records.ShelfWeights, "sensor", True, True, "load-cell samples of one shelf, in batches"),
    Topic("camera/{camera}/detections", records.PersonDetectionArray, "sensor", True, True, "people one camera sees"),
    Topic("code_scans", records.CodeScan, "event", True, False, "codes shown at the gates, unchecked"),
    Topic(
        "shelf_events", records.ShelfEventArray, "event", False, True, "weight steps, and how far each shelf is seen"
    ),
    Topic(
        "shelf_observations",
        records.ShelfObservationArray,
        "event",
        True,
        False,
        "products and arms at shelves, by sight",
    ),
    Topic("tracks", records.TrackArray, "event", False, True, "everyone on the floor, ten times a second"),
    Topic("gate_crossings", records.GateCrossingArray, "event", False, True, "who crossed which gate"),
    Topic("entries", records.Entry, "event", False, False, "verdicts on codes"),
    Topic("visits", records.VisitArray, "snapshot", False, True, "who is in the store on whose account"),
    Topic("interactions", records.InteractionArray, "event", False, True, "decided takes and returns"),
    Topic("carts", records.CartArray, "snapshot", False, True, "what each visit holds"),
    Topic("charges", records.Charge, "event", False, False, "outcomes of visits, after they are in the ledger"),
    Topic("adjustments", records.Adjustment, "event", False, False, "corrections of charges, from the ledger likewise"),
    Topic(
        "decisions",
        records.Decision,
        "event",
        False,
        False,
        "what people decided about lines and visits, and what later evidence corrects",
    ),
    Topic("restock_modes", records.RestockMode, "event", False, False, "gondolas that staff begin or end to restock"),
    Topic("stock", records.StockArray, "snapshot", False, False, "how much there is of each product"),
    Topic("alerts", records.Alert, "event", False, False, "what a person in the store should know"),
)

BY_RECORD: dict[type, Topic] = {topic.record: topic for topic in TOPICS}
