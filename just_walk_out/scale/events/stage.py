"""Stage: weights of shelves to events, what changed on which plates, and how far each shelf has been seen."""

from __future__ import annotations

from typing import Any, ClassVar

from just_walk_out.records import EventState, ShelfEvent, ShelfEventArray, ShelfWeights, Watermark, from_dict, to_dict
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stream import ShelfStream
from just_walk_out.store.model import Store

_SECOND = 1_000_000_000
# Events that ended so long before a snapshot were published before it.
_REPEATED = 20 * _SECOND


class ShelfEventStage:
    """Finds weight steps in the samples of any number of shelves.

    A shelf read by several boards is followed board by board; its watermark is the least of theirs. There is none
    before all of its plates that hang on a bus have been heard of, and it stays where a plate was last seen while that
    is stale, saturated or faulty: whoever came near must not be charged as if nothing had been taken there.
    """

    inputs: ClassVar[tuple[type, ...]] = (ShelfWeights,)
    outputs: ClassVar[tuple[type, ...]] = (ShelfEventArray,)
    # Seconds of event time for which a snapshot is of use: then plates may have drifted by what a thing weighs.
    resumable_for: ClassVar[float] = 120.0

    def __init__(self, store: Store, settings: ShelfEventSettings | None = None) -> None:
        """Make the stage for the plates of a store."""
        self._store = store
        self._settings = settings or ShelfEventSettings()
        self._streams: dict[tuple[str, str], ShelfStream] = {}
        wired = {channel.plate for bus in store.buses for channel in bus.channels}
        self._unheard = {id: {plate.id for plate in shelf.plates} & wired for id, shelf in store.shelf.items()}
        self._by_shelf: list[tuple[str, list[ShelfStream]]] = []
        self._saved: dict[tuple[str, str], dict[str, Any]] = {}
        self._again: list[ShelfEvent] = []
        self._recent: list[ShelfEvent] = []
        self._fresh = False
        self._newest = 0
        self._slot = -1
        self._slot_length = max(1, int(self._settings.output_period * _SECOND))

    def restore(self) -> list[Any]:
        """Return nothing: what must be published again comes with the first samples after a snapshot."""
        return []

    @property
    def note_due(self) -> bool:
        """Whether a snapshot must be written before what the last ``push`` returned is published."""
        return self._fresh or any(stream.note_due for stream in self._streams.values())

    def snapshot(self) -> dict[str, Any]:
        """Return what a restarted stage needs to see what happened meanwhile, as JSON values.

        Resting weights, steps in progress, and the last events: they may not have been published when the
        process ended, and under their ids nobody counts them twice.
        """
        self._fresh = False
        streams = [[*key, stream.snapshot()] for key, stream in self._streams.items()]
        return {"streams": streams, "events": [to_dict(event) for event in self._recent]}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; called before the first push.

        Raises:
            ValueError: the snapshot is of another version; nothing has changed then.
        """
        try:
            saved = {(shelf, source): stream for shelf, source, stream in state["streams"]}
            again = [from_dict(ShelfEvent, event) for event in state["events"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"shelf events snapshot: not as this version writes it: {error!r}") from error
        self._saved, self._again = saved, again

    def push(self, record: ShelfWeights) -> list[ShelfEventArray]:
        """Take a batch of samples; return new events, and watermarks at most every ``output_period``."""
        key = (record.shelf, record.source)
        stream = self._streams.get(key)
        if stream is None or stream.plates != record.plates or stream.period != record.sample_period:
            stream = self._begin(key, record)
        if stream is None or record.stamp <= stream.newest or not len(record.weights):
            return []
        events = stream.push(record)
        if events:
            final = [event for event in events if event.state is EventState.FINAL]
            self._fresh |= bool(final)
            self._recent = [event for event in self._recent if event.end > record.stamp - _REPEATED] + final
        if self._again:
            events, self._again = [*self._again, *events], []
        self._newest = max(self._newest, stream.newest)
        slot = self._newest // self._slot_length
        if not events and slot <= self._slot:
            return []
        self._slot = slot
        return [ShelfEventArray(self._newest, self._watermarks(), tuple(events))]

    def _begin(self, key: tuple[str, str], record: ShelfWeights) -> ShelfStream | None:
        """Begin a stream with its first samples; None when its shelf is not of this store."""
        if record.shelf not in self._store.shelf or not len(record.weights):
            return None
        stream = self._resumed(key, record) or ShelfStream(record, self._store, self._settings)
        self._streams[key] = stream
        self._unheard[record.shelf].difference_update(record.plates)
        by_shelf: dict[str, list[ShelfStream]] = {}
        for (shelf, _), each in sorted(self._streams.items()):
            by_shelf.setdefault(shelf, []).append(each)
        self._by_shelf = list(by_shelf.items())
        return stream

    def _resumed(self, key: tuple[str, str], record: ShelfWeights) -> ShelfStream | None:
        """Return a stream that goes on from the snapshot; None where that is of other plates or another version."""
        saved = self._saved.pop(key, None)
        if saved is None:
            return None
        stream = ShelfStream(record, self._store, self._settings)
        try:
            if (tuple(saved["plates"]), saved["period"]) != (stream.plates, stream.period):
                return None
            stream.resume(saved)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            return None
        return stream

    def _watermarks(self) -> tuple[Watermark, ...]:
        return tuple(
            [
                Watermark(
                    shelf, min([stream.watermark for stream in streams]), max([stream.since for stream in streams])
                )
                for shelf, streams in self._by_shelf
                if not self._unheard[shelf]
            ]
        )
