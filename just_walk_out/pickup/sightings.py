"""What shelf cameras say about a step: evidence among others, where there is any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from just_walk_out.pickup.products import Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import ShelfEvent, ShelfObservation, ShelfObservationArray
from just_walk_out.store.model import Store

_KEPT = 300 * 1_000_000_000
"""Nanoseconds for which observations are kept: no step waits that long."""


@dataclass(frozen=True)
class Sight:
    """What is seen of one step.

    Attributes:
        products: log-likelihood of each product that can be told by sight, in relation to an unknown thing.
        tracks: log-likelihood of each person whose arm would be seen, in relation to nobody's.
        ids: of the observations.
    """

    products: Mapping[str, float] = field(default_factory=dict)
    tracks: Mapping[str, float] = field(default_factory=dict)
    ids: tuple[str, ...] = ()

    def of_items(self, items: tuple[tuple[str, int], ...]) -> float:
        """Return the log-likelihood of what an explanation names; 0 for an unknown thing or one without photos."""
        if not items:
            return 0.0
        return sum(self.products.get(sku, 0.0) for sku, _ in items) / len(items)


NOTHING = Sight()


class Sightings:
    """Observations by shelf event, and how far each shelf camera has answered."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Take the store's shelf cameras; nothing has been seen yet."""
        self._watchers = store.watchers
        self._settings = settings
        self._seen: dict[tuple[str, str], int] = {}
        self._of_event: dict[str, dict[str, ShelfObservation]] = {}

    def push(self, record: ShelfObservationArray) -> None:
        """Take observations and watermarks of one camera; repeated ones change nothing."""
        for mark in record.watermarks:
            key = (record.camera, mark.source)
            self._seen[key] = max(mark.stamp, self._seen.get(key, 0))
        for observation in record.observations:
            self._of_event.setdefault(observation.event, {})[observation.id] = observation
        if record.observations:
            oldest = max(each.end for each in record.observations) - _KEPT
            for event, found in list(self._of_event.items()):
                if all(each.end < oldest for each in found.values()):
                    del self._of_event[event]

    def is_watched(self, shelf: str) -> bool:
        """Tell whether any camera looks at a shelf."""
        return bool(self._watchers.get(shelf))

    def answered(self, shelf: str, until: int) -> bool:
        """Tell whether every camera that looks at a shelf has answered up to a moment; true without a camera."""
        return all(self._seen.get((camera, shelf), 0) >= until for camera in self._watchers.get(shelf, ()))

    def arms(self, event_id: str, plates: Sequence[str]) -> Mapping[str, float]:
        """Return what is seen of arms at plates during a shelf event, log-likelihood by track."""
        found = [each for _, each in sorted(self._of_event.get(event_id, {}).items()) if each.plate in plates]
        return _mean([(1.0, dict(zip(e.tracks, e.track_scores, strict=True))) for e in found], self._settings.view_arms)

    def of(self, event: ShelfEvent, step: Step) -> Sight:
        """Return what is seen of a step: the mean of cameras, and of plates by how much each changed."""
        found = [each for _, each in sorted(self._of_event.get(event.id, {}).items()) if each.plate in step.plates]
        if not found:
            return NOTHING
        weight = {plate: abs(float(change)) for plate, change in zip(step.plates, step.change, strict=True)}
        products = [(weight[each.plate], dict(zip(each.skus, each.product_scores, strict=True))) for each in found]
        tracks = [(weight[each.plate], dict(zip(each.tracks, each.track_scores, strict=True))) for each in found]
        return Sight(
            _mean(products, self._settings.view_products),
            _mean(tracks, self._settings.view_arms),
            tuple(each.id for each in found),
        )


def _mean(parts: list[tuple[float, dict[str, float]]], temper: float) -> dict[str, float]:
    """Return weighted means by key over the parts that say anything, times a factor."""
    saying = [(weight, scores) for weight, scores in parts if scores and weight > 0.0]
    total = sum(weight for weight, _ in saying)
    names = sorted({name for _, scores in saying for name in scores})
    return {name: temper * sum(weight * scores.get(name, 0.0) for weight, scores in saying) / total for name in names}
