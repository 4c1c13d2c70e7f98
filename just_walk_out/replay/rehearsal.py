"""A simulated scenario through drivers, detectors and stages in one process, faster than real time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from just_walk_out.camera.finder import PersonFinder
from just_walk_out.deployment import settings_of
from just_walk_out.entry.qr import CodeReader
from just_walk_out.entry.token import ID_BYTES, issue
from just_walk_out.records import CodeScan, ShelfEventArray, ShelfObservationArray, TrackArray
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.shelf_view.cues import product_sight
from just_walk_out.shelf_view.pictures import Picture
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.stage import ShelfViewStage
from just_walk_out.simulation.offline import BoardBytes, CameraFrame, OfflineStore
from just_walk_out.simulation.scenario import Party
from just_walk_out.store.model import Store
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage

_IDLE_PERIOD = 250_000_000  # nanoseconds between looks for silent boards, as in the node


def issue_codes(parties: Iterable[Party], store: Store, key: Ed25519PrivateKey, start: int) -> dict[str, str]:
    """Issue the code that each party's app shows, valid around the rehearsal.

    Args:
        parties: who will come.
        store: the store they come to.
        key: private key of one of the store's public keys.
        start: stamp of the rehearsal's start, nanoseconds; codes are valid from an hour before to a day after.

    Returns:
        Code text by id of the party.
    """
    second = start // 1_000_000_000
    return {
        party.id: issue(
            key,
            store=store.id,
            account=party.account,
            not_before=second - 3600,
            expires=second + 86400,
            admits=len(party.members),
            staff=party.staff,
            # the same rehearsal gives the same visits
            nonce=hashlib.sha256(f"{store.id}/{party.id}/{start}".encode()).digest()[:ID_BYTES],
        )
        for party in parties
    }


def sensor_records(store: Store, simulated: OfflineStore) -> Iterator[tuple[int, Any]]:
    """Yield (stamp of arrival, record) of what drivers, detectors and shelf cameras make of simulated bytes and frames.

    Shelf cameras answer shelf events and tracks; those that they are given here are made of the same records, and only
    their answers are yielded.
    """
    eyes = _Eyes(store)
    for arrival, record in _sensed(store, simulated):
        if not isinstance(record, Picture):
            yield arrival, record
        for answer in eyes.see(record):
            yield arrival, answer


class _Eyes:
    """The shelf cameras of a store, with the stages that they need."""

    def __init__(self, store: Store) -> None:
        cameras = [camera.id for camera in store.cameras if camera.role == "shelf"]
        self._views: list[ShelfViewStage] = []
        self._before: list[ShelfEventStage | TrackerStage] = []
        if cameras:
            settings = settings_of("shelf_view", ShelfViewSettings)
            sight = product_sight(store, settings)
            self._views = [ShelfViewStage(store, camera, settings, sight) for camera in cameras]
            self._before = [
                ShelfEventStage(store, settings_of("shelf_events", ShelfEventSettings)),
                TrackerStage(store, settings_of("person_tracker", TrackerSettings)),
            ]

    def see(self, record: Any) -> Iterator[ShelfObservationArray]:
        """Yield what shelf cameras answer to a record of a sensor or to a picture of one of them."""
        given: list[Any] = [record] if isinstance(record, Picture) else []
        for stage in self._before:
            if type(record) in stage.inputs:
                given += [each for each in stage.push(record) if isinstance(each, (ShelfEventArray, TrackArray))]
        for each in given:
            for view in self._views:
                yield from view.push(each)


def _sensed(store: Store, simulated: OfflineStore) -> Iterator[tuple[int, Any]]:
    """Yield (stamp of arrival, record), and pictures of shelf cameras as they are."""
    drivers = {bus.id: LoadCellDriver(bus, store) for bus in store.buses}
    finders = {camera.id: PersonFinder(store, camera) for camera in store.cameras if camera.role == "overview"}
    watching = {camera.id for camera in store.cameras if camera.role == "shelf"}
    gate_of = {gate.reader.camera: gate.id for gate in store.gates if gate.reader and gate.reader.kind == "camera"}
    readers = {camera: CodeReader() for camera in gate_of}
    idle_due = 0
    for item in simulated.run():
        if isinstance(item, BoardBytes):
            driver = drivers[item.bus]
            for weights in driver.feed(item.stamp, item.data):
                yield item.stamp, weights
            poll = driver.poll(item.stamp)
            simulated.say(item.bus, poll.data, max(item.stamp, poll.at), poll.due)
        elif not isinstance(item, CameraFrame):
            yield item.stamp, CodeScan(item.stamp, item.gate, item.text)
        elif item.camera in watching:
            yield item.stamp, Picture(item.stamp, item.camera, item.image)
        elif item.camera in finders:
            yield item.stamp, finders[item.camera].process(item.stamp, item.image)
        else:
            for text in readers[item.camera].read(item.image, item.stamp):
                yield item.stamp, CodeScan(item.stamp, gate_of[item.camera], text)
        if item.stamp >= idle_due:
            idle_due = item.stamp + _IDLE_PERIOD
            for each in drivers.values():
                for weights in each.idle(item.stamp):
                    yield item.stamp, weights
