"""Sensor records played into live nodes over DDS: every hop delivers, and the receipts are the offline ones."""

import pytest

from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.records import (
    CartArray,
    CodeScan,
    Crossing,
    Entry,
    EntryResult,
    GateCrossingArray,
    InteractionArray,
    PersonDetectionArray,
    ShelfEventArray,
    ShelfWeights,
    TrackArray,
    VisitArray,
    VisitState,
)
from just_walk_out.replay.offline import replay


@pytest.fixture(scope="module")
def played(running, rehearsal):
    """All pipeline nodes and the recorder, after the whole scenario."""
    bag = running.folder / "bag"
    running.start([*running.pipeline(), running.node("recorder", bag=str(bag))])
    observer = running.observer
    cameras = [camera.id for camera in running.store.cameras if camera.role == "overview"]
    sensors = [observer.writer(ShelfWeights), observer.writer(CodeScan)]
    sensors += [observer.writer(PersonDetectionArray, camera=camera) for camera in cameras]
    # the stage, the recorder and the observer itself
    running.expect_readers(sensors, 3)
    running.play(rehearsal)
    running.wait(lambda: len(running.charges()) >= len(rehearsal.charges), "charges are missing")
    running.supervisor.stop(["recorder"])
    return running


def items(records, name):
    return [item for record in records for item in getattr(record, name)]


def test_detections_become_confirmed_tracks(played):
    tracks = items(played.records(TrackArray), "tracks")
    assert len({track.id for track in tracks if track.state == 1}) == 3


def test_weights_become_shelf_events_at_the_right_shelves(played, rehearsal):
    taken = {moment["plate"] for moment in rehearsal.truth if moment["kind"] == "take"}
    events = items(played.records(ShelfEventArray), "events")
    assert taken <= {plate for event in events for plate in event.plates}


def test_tracks_become_crossings(played):
    crossings = items(played.records(GateCrossingArray), "crossings")
    assert sorted(crossing.direction for crossing in crossings) == [Crossing.IN] * 3 + [Crossing.OUT] * 3


def test_codes_and_crossings_become_visits(played):
    entries = played.records(Entry)
    assert [(entry.account, entry.result) for entry in entries] == [
        (account, EntryResult.ACCEPTED) for account in ("ada", "ben", "cleo")
    ]
    last = played.records(VisitArray)[-1]
    assert {(visit.account, visit.state) for visit in last.visits} == {
        (account, VisitState.LEFT) for account in ("ada", "ben", "cleo")
    }


def test_events_tracks_and_visits_become_interactions(played):
    owners = {entry.id: entry.account for entry in played.records(Entry)}
    made = {item.id: item for item in items(played.records(InteractionArray), "interactions")}
    assert sorted((owners[item.visit], item.sku, item.quantity) for item in made.values()) == [
        ("ada", "cola_can", 1),
        ("ben", "chocolate_dark", 1),
        ("ben", "tortilla_chips", 1),
        ("ben", "tortilla_chips", 1),
        ("cleo", "honey", 1),
    ]


def test_interactions_become_carts(played, rehearsal):
    carts = {cart.visit: cart for cart in items(played.records(CartArray), "carts")}
    assert {visit: cart.total for visit, cart in carts.items()} == {
        charge.visit: charge.total for charge in rehearsal.charges.values()
    }


def test_charges_are_those_of_the_offline_pipeline_and_stand_in_the_ledger(played, rehearsal):
    assert played.receipts() == rehearsal.receipts()
    assert played.ledger() == played.charges()


def test_the_recorded_bag_gives_the_same_receipts_offline_every_time(played, rehearsal):
    for _ in range(2):
        assert sorted(receipt_line(charge) for charge in replay(played.folder / "bag")) == rehearsal.receipts()
