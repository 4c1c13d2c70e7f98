"""What should not happen at doors and shelves: refused codes, exits without a visit, takes by nobody."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from just_walk_out.entry.token import issue
from just_walk_out.records import (
    Alert,
    CartArray,
    CodeScan,
    DecisionState,
    Entry,
    EntryResult,
    EventState,
    GateCrossingArray,
    InteractionArray,
    ShelfEvent,
    ShelfEventArray,
    Track,
    TrackArray,
    TrackState,
    VisitArray,
    Watermark,
)
from just_walk_out.simulation.line import SerialLine

SECOND = 1_000_000_000
TICK = SECOND // 10


class Floor:
    """Publishes tracks as the tracker would: one snapshot a tick of event time, as fast as wanted."""

    def __init__(self, running):
        self.running = running
        self.now = time.time_ns() // TICK * TICK

    def pass_by(self, seconds, people=lambda age: ()):
        """Let event time pass; ``people`` gives the tracks at an age in seconds."""
        start = self.now
        for index in range(1, round(seconds * SECOND / TICK) + 1):
            self.now = start + index * TICK
            tracks = tuple(people(index * TICK / SECOND))
            self.running.observer.publish(TrackArray(self.now, (Watermark("tracks", self.now),), tracks))

    def pass_until(self, stamp):
        self.pass_by(max(0.0, (stamp - self.now) / SECOND) + TICK / SECOND)

    def wait(self, condition, what):
        """Wait as ``Running.wait`` does while event time goes on, as in a store it always does.

        Records of two topics may arrive in either order: what comes after the tick that would have
        decided it is decided with the next one.
        """
        for _ in range(80):
            if self.running.observer.wait_for(condition, 0.25):
                return
            self.pass_by(TICK / SECOND)
        self.running.wait(condition, what, 0.25)


def walker(name, born, x, y, vy):
    covariance = tuple(0.01 if index % 5 == 0 else 0.0 for index in range(16))
    return Track(name, TrackState.CONFIRMED, x, y, 0.0, vy, covariance, 1.0, born)


@pytest.fixture(scope="module")
def doors(running):
    """Everything between tracks, codes and carts, with a serial scanner at the second entrance."""
    line = SerialLine(running.folder / "scanner", running.store.gate["entry_2"].reader.baudrate)
    line.plug()
    port = {"ports__entry_2": str(line.path)}
    nodes = [running.node(name) for name in ("gate", "pickup_detector", "cart_aggregator")]
    running.start([*nodes, running.node("entry", **port)])
    observer = running.observer
    running.expect_readers([observer.writer(TrackArray), observer.writer(ShelfEventArray)], 2)
    running.wait_for_health("entry: scanner entry_2", 0)
    running.line, running.floor = line, Floor(running)
    running.floor.pass_by(1.0)
    running.floor.wait(lambda: running.records(VisitArray), "the entry does not follow the tracks")
    yield running
    line.unplug()


@pytest.fixture
def scan(doors, key):
    """Show a code to the scanner of the second entrance and return the verdict."""

    def token(account, *, valid=(-60, 600), signed_by=key):
        second = time.time_ns() // SECOND
        return issue(
            signed_by, store=doors.store.id, account=account, not_before=second + valid[0], expires=second + valid[1]
        )

    def show(code):
        seen, judged = len(doors.records(CodeScan)), len(doors.records(Entry))
        assert doors.line.send(code.encode() + b"\r\n")
        doors.wait(lambda: len(doors.records(CodeScan)) > seen, "the scanner's line is not published")
        assert doors.records(CodeScan)[-1].code == code
        doors.floor.pass_until(doors.records(CodeScan)[-1].stamp + 2 * SECOND)
        doors.floor.wait(lambda: len(doors.records(Entry)) > judged, "no verdict on a code")
        return doors.records(Entry)[-1]

    show.token = token
    return show


def admitted(doors):
    return [visit.account for visit in doors.records(VisitArray)[-1].visits]


def settled(doors):
    """Wait until the visits have followed the tracks."""
    doors.floor.pass_by(2.0)
    doors.floor.wait(
        lambda: doors.records(VisitArray)[-1].stamp >= doors.floor.now - 2 * SECOND, "the visits do not follow"
    )


def alerts(doors, kind):
    return [alert for alert in doors.records(Alert) if alert.kind == kind]


def test_a_good_code_is_accepted(doors, scan):
    entry = scan(scan.token("good"))
    assert (entry.result, entry.account, entry.gate) == (EntryResult.ACCEPTED, "good", "entry_2")
    doors.floor.wait(lambda: "good" in admitted(doors), "no visit")


def test_an_expired_code_opens_no_visit(doors, scan):
    entry = scan(scan.token("expired", valid=(-600, -60)))
    assert entry.result is EntryResult.EXPIRED and entry.reason
    settled(doors)
    assert "expired" not in admitted(doors)


def test_a_forged_code_opens_no_visit_and_raises_an_alert(doors, scan):
    entry = scan(scan.token("forged", signed_by=Ed25519PrivateKey.generate()))
    assert entry.result is EntryResult.FORGED and entry.account == ""
    doors.floor.wait(lambda: alerts(doors, "entry_refused"), "no alert")
    settled(doors)
    assert "forged" not in admitted(doors)


def test_text_that_is_no_code_is_refused(doors, scan):
    assert scan("4006381333931").result is EntryResult.MALFORMED


def test_a_code_used_at_the_other_gate_is_refused_as_replayed(doors, scan):
    code = scan.token("twice")
    # the entry's own reader, and the observer's
    doors.expect_readers([doors.observer.writer(CodeScan)], 2)
    judged = len(doors.records(Entry))
    stamp = time.time_ns()
    doors.observer.publish(CodeScan(stamp, "entry_1", code))
    doors.floor.pass_until(stamp + 2 * SECOND)
    doors.floor.wait(lambda: len(doors.records(Entry)) > judged, "no verdict")
    assert doors.records(Entry)[-1].result is EntryResult.ACCEPTED
    assert scan(code).result is EntryResult.REPLAYED
    settled(doors)
    assert admitted(doors).count("twice") == 1


def test_an_exit_without_a_visit_raises_an_alert(doors):
    born = doors.floor.now - 60 * SECOND
    doors.floor.pass_by(2.0, lambda age: [walker("stranger", born, 6.7, 1.4 - 0.8 * age, -0.8)])
    doors.floor.pass_by(3.0)
    doors.floor.wait(lambda: alerts(doors, "exit_without_visit"), "no alert")
    assert alerts(doors, "exit_without_visit")[0].track == "stranger"

    def crossings():
        return [(each.track, each.gate) for array in doors.records(GateCrossingArray) for each in array.crossings]

    doors.floor.wait(crossings, "the crossing is not published")
    assert crossings() == [("stranger", "exit_1")]


def test_a_product_taken_by_nobody_near_raises_an_alert_and_is_in_no_cart(doors):
    start = doors.floor.now + SECOND
    facing = doors.store.planogram[0]
    plate = facing.plates[0]
    weight = doors.store.product[facing.sku].weight
    shelf = plate.rsplit("/", 1)[0]
    event = ShelfEvent(
        f"{shelf}@{start}", shelf, start, start + SECOND, EventState.FINAL, (plate,), (-weight,), (1e-6,)
    )
    doors.floor.pass_by(4.0)
    marks = tuple(Watermark(each, doors.floor.now) for each in doors.store.shelf)
    doors.observer.publish(ShelfEventArray(doors.floor.now, marks, (event,)))
    doors.floor.pass_by(8.0)
    doors.floor.wait(lambda: alerts(doors, "unassigned_take"), "no alert")
    made = [each for array in doors.records(InteractionArray) for each in array.interactions]
    assert [(each.sku, each.visit, each.state) for each in made] == [(facing.sku, "", DecisionState.REVIEW)]
    assert "\n" not in alerts(doors, "unassigned_take")[0].text
    assert all(not cart.lines for array in doors.records(CartArray) for cart in array.carts)


def test_an_entry_without_a_code_raises_an_alert_and_opens_no_visit(doors):
    doors.floor.pass_by(doors.store.entry.window + 1.0)  # until no code of another test waits for its shopper
    before, born = admitted(doors), doors.floor.now
    doors.floor.pass_by(2.0, lambda age: [walker("guest", born, 1.1, 0.2 + 0.8 * age, 0.8)])
    doors.floor.pass_by(3.0)
    doors.floor.wait(lambda: alerts(doors, "entry_without_code"), "no alert")
    (alert,) = alerts(doors, "entry_without_code")
    assert (alert.track, alert.source, alert.visit) == ("guest", "entry_1", "") and "\n" not in alert.text
    settled(doors)
    assert set(admitted(doors)) <= set(before)
