"""What keeps happening though planogram or catalogue say otherwise: believed as it repeats, reported once, put right.

Three things are told apart. Something that belongs elsewhere is taken from a plate: the odds that the plate carries
it grow with every take that it explains better than what should stand there. What leaves a plate weighs the same
again and again, and nothing weighs that: its product does. And what leaves weighs a multiple or a part of what the
catalogue says: see ``Catalogue``. All are believed from then on, so that what is taken next lands on a receipt;
what was counted as more units before is corrected, never to more.

All of it follows from weighings, which are journaled: after a restart they are noted again. Each question is asked as
of a moment, and only what counts by then answers it: see ``Moment``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from just_walk_out.pickup.catalogue import FACTORS, Belief, Catalogue, Revision, Taken, by_factor, surely_taken
from just_walk_out.pickup.decisions import first_id
from just_walk_out.pickup.memory import Memory, Moment
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.testimony import Weighing
from just_walk_out.records import Alert, Decision, DecisionKind, Severity
from just_walk_out.store.model import Store

_REMEMBERED = 12
_SAME, _SAME_SHARE = 0.003, 0.01
_MILLI = 1000.0
_SURE = 100.0  # logarithm of odds beyond which nothing is surer
_HALF = round(_MILLI * math.log(0.5))


@dataclass(frozen=True, slots=True)
class Correction:
    """A decision that corrects an interaction by what another shelf event has shown.

    Attributes:
        event: id of that shelf event.
        decision: says so of the interaction.
        start: when that shelf event began, nanoseconds; 0 in journals that do not have it.
    """

    event: str
    decision: Decision
    start: int = 0


class Suspicions:
    """Counts what does not fit, by plate and fixture."""

    def __init__(self, store: Store, settings: PickupSettings) -> None:
        """Start without any."""
        self._store = store
        self._settings = settings
        self._catalogue = Catalogue(settings)
        self._of_plate: dict[str, Memory[Weighing]] = {}
        self._unexplained: dict[tuple[str, str], Memory[Weighing]] = {}
        self._told: set[str] = set()

    def strangers(self, plates: Iterable[str], home: Iterable[str], moment: Moment) -> dict[str, float]:
        """Return how probable it is that plates carry each product that was taken there and belongs elsewhere.

        A plate that carries one gives it out in half of its takes; else it was laid there by somebody, once.

        Args:
            plates: ids.
            home: products that the planogram puts there.
            moment: as of when.
        """
        found: dict[str, float] = {}
        others = max(len(self._store.product) - len(set(home)), 1)
        prior = self._settings.misplaced_prior / others
        for plate in plates:
            taken = self._of_plate[plate].here(moment) if plate in self._of_plate else []
            steps = [{each.sku: _given_out(each.odds) for each in weighing.strangers} for weighing in taken]
            known = sorted({sku for step in steps for sku in step})
            odds = {
                sku: prior * math.exp(min(sum(step.get(sku, _HALF) for step in steps) / _MILLI, _SURE)) for sku in known
            }
            whole = 1.0 + math.fsum(odds.values())
            for sku in known:
                found[sku] = max(found.get(sku, 0.0), odds[sku] / whole)
        return found

    def weight(self, sku: str, shelf: str, moment: Moment) -> float | None:
        """Return what a product is believed to weigh at a shelf's fixture by repetition alone, kilograms."""
        alike = self._repeated((self._place(shelf), sku), moment)
        return sum(alike) / len(alike) if alike else None

    def belief(self, sku: str, shelf: str, moment: Moment) -> Belief:
        """Return how sure the catalogue's weight of a product is at a shelf's fixture, as of a moment."""
        return self._catalogue.belief(sku, self._place(shelf), moment)

    def note(self, weighing: Weighing, known: int) -> list[Alert]:
        """Learn from a decided step.

        Args:
            weighing: the step.
            known: up to when its fixture bears on what is reported now, nanoseconds: see ``EventQueue.known``.

        Returns:
            the alerts that it completes.
        """
        moment = Moment(weighing.stamp, known, weighing.event)
        place = self._place(weighing.shelf)
        self._of_plate.setdefault(weighing.plate, Memory(_REMEMBERED, self._settings)).put(weighing)
        if not weighing.sku and len(weighing.home) == 1:
            key = (place, weighing.home[0])
            self._unexplained.setdefault(key, Memory(_REMEMBERED, self._settings)).put(weighing)
        alerts = self._note_kind(weighing, moment)
        for each in weighing.supports:
            quantity = weighing.quantity if each.sku == weighing.sku else 0
            taken = Taken(weighing.start, weighing.stamp, weighing.id, quantity, weighing.visit, each)
            self._catalogue.note(place, taken)
            alerts += self._reported(weighing, each.sku, moment)
        return alerts

    def corrections(self, weighing: Weighing, known: int) -> list[Correction]:
        """Return what has to be corrected of the steps up to one that has been noted, and let it count.

        Args:
            weighing: the step.
            known: up to when its fixture bears on that, nanoseconds: see ``EventQueue.known``.
        """
        moment = Moment(weighing.stamp, known, weighing.event)
        found = [each for support in weighing.supports for each in self._corrected(weighing, support.sku, moment)]
        for correction in found:
            self.correct(correction)
        return found

    def correct(self, correction: Correction) -> None:
        """Let a correction count."""
        decision = correction.decision
        revision = Revision(correction.start, decision.stamp, first_id(correction.event), decision.quantity)
        self._catalogue.revise(decision.sku, decision.interaction, revision)

    def tell_again(self) -> None:
        """Report again what goes on: whether that was heard before a restart is not known."""
        self._told.clear()

    def _place(self, shelf: str) -> str:
        return self._store.gondola_of[shelf].id

    def _note_kind(self, weighing: Weighing, moment: Moment) -> list[Alert]:
        if not weighing.sku:
            return self._unknown(weighing, moment)
        return self._stranger(weighing, moment) if weighing.astray else []

    def _stranger(self, weighing: Weighing, moment: Moment) -> list[Alert]:
        plate, sku = weighing.plate, weighing.sku
        count = sum(each.astray and each.sku == sku for each in self._of_plate[plate].here(moment))
        if count < self._settings.suspicion_count:
            return []
        belongs = " and ".join(weighing.home) or "nothing"
        text = (
            f"{sku} was taken from {plate} {count} times, where the planogram has {belongs}. "
            f"Proposed: add {plate} to the plates of {sku}, or tidy the shelf."
        )
        return self._tell(weighing.stamp, "planogram_suspect", f"{plate}/{sku}", plate, text)

    def _unknown(self, weighing: Weighing, moment: Moment) -> list[Alert]:
        """Report a weight that comes again and again where one product stands."""
        if len(weighing.home) != 1:
            return []
        sku = weighing.home[0]
        alike = self._repeated((self._place(weighing.shelf), sku), moment)
        if not alike:
            return []
        weight = sum(alike) / len(alike)
        text = (
            f"What is taken where {sku} stands weighed {1000 * weight:.0f} g {len(alike)} times; the catalogue says "
            f"{self._entered(sku)}. Proposed: weight_g {1000 * weight:.0f} for {sku}."
        )
        return self._tell(weighing.stamp, "catalogue_weight_suspect", sku, weighing.plate, text)

    def _repeated(self, key: tuple[str, str], moment: Moment) -> list[float]:
        """Return the weights, kilograms, that nothing explains and that agree with the newest that came often enough.

        Args:
            key: fixture, and the product that stands there.
            moment: as of when.
        """
        if key not in self._unexplained:
            return []
        seen = [each.weight for each in self._unexplained[key].here(moment)]
        for newest in reversed(seen):
            alike = [value for value in seen if abs(value - newest) <= _SAME + _SAME_SHARE * newest]
            if len(alike) >= self._settings.suspicion_count:
                return alike
        return []

    def _reported(self, weighing: Weighing, sku: str, moment: Moment) -> list[Alert]:
        """Report a product that more probably weighs something else than what the catalogue says."""
        belief = self.belief(sku, weighing.shelf, moment)
        share, factor = max(zip(by_factor(belief), FACTORS, strict=True))
        if factor == 1.0 or share < self._settings.weight_suspect:
            return []
        weight = 1000 * factor * self._store.product[sku].weight
        text = (
            f"{sku} seems to weigh {weight:.0f} g ({share:.0%}); the catalogue says {self._entered(sku)}, "
            f"as of {_part(factor)}. Proposed: weight_g {weight:.0f} for {sku}."
        )
        return self._tell(weighing.stamp, "catalogue_weight_suspect", f"{sku}/{factor:.3g}", weighing.plate, text)

    def _corrected(self, weighing: Weighing, sku: str, moment: Moment) -> list[Correction]:
        """Correct takes that are no longer sure to have been of so many units."""
        belief = self.belief(sku, weighing.shelf, moment)
        place, sure = self._place(weighing.shelf), 1.0 - self._settings.weight_doubt
        _, factor = max(zip(by_factor(belief)[1:], FACTORS[1:], strict=True))
        found = []
        for taken in self._catalogue.taken(place, sku, moment):
            if taken.quantity < 2:
                continue
            units = surely_taken(belief, taken.support.units, taken.quantity, sure)
            if units >= taken.quantity:
                continue
            note = f"{sku} may weigh {self._grams(sku, factor)} and not {self._entered(sku)}, by what is taken of it"
            decision = Decision(
                weighing.stamp, f"{taken.id}!weight{units}", DecisionKind.CORRECT, taken.visit, taken.id,
                f"pickup: weight of {sku}", sku=sku, quantity=units, note=note,
            )  # fmt: skip
            found.append(Correction(weighing.event, decision, weighing.start))
        return found

    def _grams(self, sku: str, factor: float) -> str:
        return f"{1000 * factor * self._store.product[sku].weight:.0f} g"

    def _entered(self, sku: str) -> str:
        return self._grams(sku, 1.0)

    def _tell(self, stamp: int, kind: str, key: str, source: str, text: str) -> list[Alert]:
        id = f"{kind}/{key}"
        if id in self._told:
            return []
        self._told.add(id)
        return [Alert(stamp, id, Severity.WARNING, kind, source, text)]


def _given_out(odds: int) -> int:
    """Return what a step says for a plate that carries a product, from what it says for the product; thousandths."""
    log = min(odds / _MILLI, _SURE)
    return round(_MILLI * (math.log(0.5) + math.log1p(math.exp(log))))


def _part(factor: float) -> str:
    """Say what the catalogue has the weight of, if the truth is so many times that."""
    if factor > 1.0:
        return f"one piece of a pack of {factor:.0f}"
    return f"a pack of {1.0 / factor:.0f}"
