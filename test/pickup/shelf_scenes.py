"""Constructed shelf events and people for the tests of this room, and a stage that decides on them."""

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import (
    EventState,
    InteractionArray,
    ShelfEvent,
    ShelfEventArray,
    Track,
    TrackArray,
    TrackState,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)

SECOND = 1_000_000_000
COVARIANCE = (0.01, 0, 0, 0, 0, 0.01, 0, 0, 0, 0, 0.1, 0, 0, 0, 0, 0.1)


def before(store, plate, aside=0.0, distance=0.45):
    """A place on the floor before a plate."""
    gondola = store.gondola_of[plate].pose.matrix()
    x, y = store.front_of(plate)
    right, back = gondola[:2, 0], gondola[:2, 1]
    return (x + aside * right[0] - distance * back[0], y + aside * right[1] - distance * back[1])


def event(store, plate, grams, at, number=0):
    shelf = plate.rsplit("/", 1)[0]
    start, end = int(at * SECOND), int((at + 0.6) * SECOND)
    return ShelfEvent(
        f"{shelf}@{start}/{number}", shelf, start, end, EventState.FINAL, (plate,), (grams / 1000.0,), (4e-6,)
    )


def streams(store, events, people, until):
    """Three streams in their own order: shelf events, tracks and visits.

    People: visit id -> function of time that gives a place.
    """
    shelves, tracks, visits = [], [], []
    for tick in range(0, int(until * 10) + 1):
        now = tick * SECOND // 10
        done = tuple(item for item in events if (tick - 1) / 10 < item.end / SECOND + 0.3 <= tick / 10)
        waiting = {item.shelf: item.start - 1 for item in events if item.end + 0.3 * SECOND > now >= item.start}
        marks = tuple(Watermark(shelf, waiting.get(shelf, now - SECOND // 5)) for shelf in store.shelf)
        shelves.append(ShelfEventArray(now, marks, done))
        found = tuple(
            Track(f"t-{name}", TrackState.CONFIRMED, *place(tick / 10), 0.0, 0.0, COVARIANCE, 1.0, 0)
            for name, place in people.items()
        )
        tracks.append(TrackArray(now, (Watermark("tracks", now),), found))
        known = tuple(
            Visit(name, name, "entry_1", 1, 0, VisitState.OPEN, tracks=(f"t-{name}",))
            for name in people
            if not name.startswith("?")
        )
        visits.append(VisitArray(now, (Watermark("visits", now - SECOND // 2),), known))
    return shelves, tracks, visits


def decide(store, feed, journal=None):
    stage = PickupStage(store, PickupSettings(), journal or Journal())
    outputs = [output for record in feed for output in stage.push(record)]
    return [item for array in outputs if isinstance(array, InteractionArray) for item in array.interactions]


def in_turn(parts):
    return [record for row in zip(*parts, strict=True) for record in row]


def grams(store, sku):
    return store.product[sku].weight * 1000


def plate_of(store, sku):
    return next(facing.plates[0] for facing in store.planogram if facing.sku == sku)


def still(place):
    return lambda time: place
