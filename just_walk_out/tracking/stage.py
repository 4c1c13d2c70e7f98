"""The tracker as a stage: detections of all cameras in, a snapshot of everyone at each tick out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from just_walk_out.records import PersonDetectionArray, TrackArray, Watermark
from just_walk_out.settings import validate
from just_walk_out.store.model import Store
from just_walk_out.tracking.floor_map import FloorMap
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.ticks import TickBuffer, TickCounts
from just_walk_out.tracking.tracker import Tracker

_SECOND = 1_000_000_000


class TrackerStage:
    """Fuses the detections of all overview cameras on ticks k x tick of event time."""

    inputs: ClassVar[tuple[type, ...]] = (PersonDetectionArray,)
    outputs: ClassVar[tuple[type, ...]] = (TrackArray,)

    def __init__(self, store: Store, settings: TrackerSettings | None = None) -> None:
        """Take the store; its overview cameras are expected to send.

        Raises:
            ValueError: a setting is out of range.
        """
        self._settings = settings or TrackerSettings()
        validate(self._settings)
        cameras = [each for each in store.cameras if each.role == "overview" and each.detector.kind != "none"]
        self._tracker = Tracker(FloorMap(store, cameras), self._settings)
        self._buffer = TickBuffer(
            [camera.id for camera in cameras],
            round(self._settings.tick * _SECOND),
            round(self._settings.camera_timeout * _SECOND),
            round(self._settings.jump_limit * _SECOND),
        )

    @property
    def counts(self) -> Mapping[str, TickCounts]:
        """What became of the frames of each camera."""
        return self._buffer.counts

    def unused_cameras(self) -> dict[str, float]:
        """Return the cameras that have sent since this was last asked, and of which nothing can be used.

        Their pictures come too late, or their clock is off; a camera that sends nothing says so itself.

        Returns:
            By camera, seconds that its stamps are ahead of those of the others; negative: behind.
        """
        return {camera: lead / _SECOND for camera, lead in self._buffer.unused().items()}

    def restore(self) -> list[Any]:
        """Nothing is kept in a journal: tracks are published again at the next tick."""
        return []

    def push(self, record: PersonDetectionArray) -> list[Any]:
        """Take one camera's detections; returns a ``TrackArray`` for each tick they complete."""
        published: list[Any] = []
        for stamp, frames in self._buffer.push(record):
            tracks, ended = self._tracker.process(stamp, frames)
            published.append(TrackArray(stamp, (Watermark("tracks", stamp),), tracks, ended, self._tracker.exchanged))
        return published

    def snapshot(self) -> dict[str, Any]:
        """Return what a restarted tracker needs to go on with the same ids, as JSON values."""
        return {"next_tick": self._buffer.next_tick, "tracker": self._tracker.snapshot()}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; called before the first push. Tracks too old by then end by themselves.

        Raises:
            ValueError: the snapshot is of another store or another version; nothing has changed then.
        """
        try:
            tracker, tick = state["tracker"], int(state["next_tick"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"tracker snapshot: not as this version writes it: {error!r}") from error
        self._tracker.resume(tracker)
        if tick:
            self._buffer.resume(tick)
