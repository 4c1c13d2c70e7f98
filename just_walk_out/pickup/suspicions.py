"""What keeps happening though planogram or catalogue say otherwise: found from repeated steps, reported once.

Three things are told apart. Something that belongs elsewhere is taken from a plate again and again: the plate
carries it. What leaves a plate weighs the same again and again, and nothing weighs that: its product does. And a
product leaves only in pairs (or threes): the catalogue has the weight of a part of it. The first two are believed
from then on, so that what is taken next lands on a receipt; the last is only reported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from just_walk_out.pickup.products import Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.records import Alert, Interaction, Kind, Severity, ShelfEvent
from just_walk_out.store.model import Store

_LIKELY = 0.5
_REMEMBERED = 12
_SAME, _SAME_SHARE = 0.003, 0.01
_PARTS = (2, 3, 4, 6)


class Suspicions:
    """Counts what does not fit, by plate."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Start without any."""
        self._store = store
        self._settings = settings
        self._strangers: dict[tuple[str, str], int] = {}
        self._unexplained: dict[str, deque[float]] = {}
        self._counts: dict[str, deque[int]] = {}
        self._weights: dict[str, float] = {}
        self._told: set[str] = set()

    def strangers(self, plates: Sequence[str]) -> dict[str, int]:
        """Return products that plates are believed to carry besides those of the planogram, and how many at most."""
        least = self._settings.suspicion_count - 1
        return {
            sku: self._settings.most_units
            for (plate, sku), count in self._strangers.items()
            if plate in plates and count >= least
        }

    def weight(self, sku: str) -> float | None:
        """Return what a product is believed to weigh instead of its weight in the catalogue, kilograms."""
        return self._weights.get(sku)

    def note(self, event: ShelfEvent, step: Step, decided: Sequence[Interaction], foreign: set[str]) -> list[Alert]:
        """Take a decided step and return the alerts that it completes.

        Args:
            event: what changed.
            step: the part of it that was decided.
            decided: what was decided of it.
            foreign: products that are known to lie there because somebody put them there.
        """
        first = decided[0]
        if first.kind is not Kind.TAKE:
            return []
        home = sorted({sku for plate in step.plates for sku in self._store.skus_on[plate]})
        if not first.sku:
            return self._unknown(event, step, home)
        if first.sku not in home:
            share = sum(each.probability for each in first.candidates if each.sku == first.sku)
            if first.sku in foreign or share < _LIKELY:
                return []
            return self._stranger(event, step, first.sku, home)
        if len(decided) == 1 and first.sku not in self._weights:
            return self._always_several(event, first.sku, first.quantity)
        return []

    def _stranger(self, event: ShelfEvent, step: Step, sku: str, home: list[str]) -> list[Alert]:
        plate = step.plates[0]
        count = self._strangers[(plate, sku)] = self._strangers.get((plate, sku), 0) + 1
        if count < self._settings.suspicion_count:
            return []
        belongs = " and ".join(home) or "nothing"
        text = (
            f"{sku} was taken from {plate} {count} times, where the planogram has {belongs}. "
            f"Proposed: add {plate} to the plates of {sku}, or tidy the shelf."
        )
        return self._tell(event, "planogram_suspect", f"{plate}/{sku}", plate, text)

    def _unknown(self, event: ShelfEvent, step: Step, home: list[str]) -> list[Alert]:
        """Look for a weight that comes again and again where one product stands."""
        if len(home) != 1:
            return []
        sku, least = home[0], self._settings.suspicion_count
        seen = self._unexplained.setdefault(sku, deque(maxlen=_REMEMBERED))
        seen.append(-step.total)
        alike = [value for value in seen if abs(value - seen[-1]) <= _SAME + _SAME_SHARE * seen[-1]]
        if len(alike) < least:
            return []
        weight = sum(alike) / len(alike)
        self._weights[sku] = weight
        entered = self._store.product[sku].weight
        text = (
            f"What is taken where {sku} stands weighed {1000 * weight:.0f} g {len(alike)} times; the catalogue says "
            f"{1000 * entered:.0f} g. Proposed: weight_g {1000 * weight:.0f} for {sku}."
        )
        return self._tell(event, "catalogue_weight_suspect", sku, step.plates[0], text)

    def _always_several(self, event: ShelfEvent, sku: str, quantity: int) -> list[Alert]:
        """Look for a product that is never taken one by one."""
        counts = self._counts.setdefault(sku, deque(maxlen=_REMEMBERED))
        counts.append(quantity)
        part = next((part for part in reversed(_PARTS) if all(count % part == 0 for count in counts)), 0)
        if not part or len(counts) < self._settings.suspicion_count + 1:
            return []
        weight = part * self._store.product[sku].weight
        text = (
            f"{sku} was taken {len(counts)} times and always {part} or a multiple at once. Is it a pack of {part}? "
            f"Proposed: weight_g {1000 * weight:.0f} for {sku}."
        )
        return self._tell(event, "catalogue_weight_suspect", f"{sku}/{part}", event.shelf, text)

    def _tell(self, event: ShelfEvent, kind: str, key: str, source: str, text: str) -> list[Alert]:
        id = f"{kind}/{key}"
        if id in self._told:
            return []
        self._told.add(id)
        return [Alert(event.end, id, Severity.WARNING, kind, source, text)]
