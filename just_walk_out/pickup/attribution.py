"""One decision about one step: product, quantity and shopper together, with its runners-up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from just_walk_out.pickup.catalogue import Belief
from just_walk_out.pickup.decisions import Decisions
from just_walk_out.pickup.memory import Moment
from just_walk_out.pickup.products import Explanation, ProductModel, Step
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.sightings import NOTHING, Sight
from just_walk_out.pickup.suspicions import Suspicions
from just_walk_out.records import Candidate, DecisionState, Interaction, Kind, ShelfEvent
from just_walk_out.store.model import Policy

TRACK_MEMORY = 90.0
"""Seconds of tracks that are kept: who was near before is not known any more."""

_RUNNERS_UP = 5
Choice = tuple[float, tuple[tuple[str, int], ...], str, str]
"""Probability, products with units, visit and track."""


@dataclass(frozen=True)
class Person:
    """Somebody who may have acted: visit and track (both empty: nobody known), and how that fits, log-likelihood."""

    visit: str
    track: str
    score: float


class Attribution:
    """The posterior over product, quantity and shopper."""

    def __init__(
        self,
        products: ProductModel,
        decisions: Decisions,
        suspicions: Suspicions,
        settings: PickupSettings,
        policy: Policy,
    ) -> None:
        """Take the models of goods and what has been decided.

        Args:
            products: weights and places.
            decisions: who holds what, and what lies where by mistake.
            suspicions: where planogram and catalogue seem to be wrong.
            settings: priors.
            policy: how sure a decision must be.
        """
        self._products = products
        self._decisions = decisions
        self._suspicions = suspicions
        self._settings = settings
        self._policy = policy

    def decide(
        self,
        event: ShelfEvent,
        step: Step,
        people: Sequence[Person],
        index: int,
        inside: Collection[str],
        known: int,
        sight: Sight = NOTHING,
    ) -> list[Interaction]:
        """Return what most probably happened, one interaction a product.

        Args:
            event: what changed.
            step: the part of it in question.
            people: who may have done it.
            index: number of interactions of the event before this one.
            inside: visits that had not left by then.
            known: up to when its fixture bears on it, nanoseconds.
            sight: what shelf cameras say of the step; their part in the people's scores is in there already.
        """
        joint: list[tuple[Explanation, str, str, float]] = []
        moment = Moment(event.end, known)
        if step.total < 0:
            foreign = self._decisions.foreign(step.plates, event.start)
            home = self._products.home(step)
            strangers = self._suspicions.strangers(step.plates, home, moment)
            repeated = {sku: self._suspicions.weight(sku, event.shelf, moment) for sku in home}
            weights = {sku: weight for sku, weight in repeated.items() if weight is not None}
            options = self._products.takes(step, foreign, weights, self._beliefs(home, event, moment), strangers)
            joint = [
                (option, each.visit, each.track, option.log_weight + each.score)
                for each in people
                for option in options
            ]
        else:
            for each in people:
                held = self._decisions.held(each.visit, event.start, event.id) if each.visit else Counter[str]()
                joint += [
                    (option, each.visit, each.track, option.log_weight + each.score)
                    for option in self._products.returns(step, held, self._back(step, held, event, moment))
                ]
                joint += self._handed_over(event, step, each, held, inside, moment)
        if sight.products:
            joint = [
                (option, visit, track, weight + sight.of_items(option.items)) for option, visit, track, weight in joint
            ]
        return self._choose(event, step, joint, index, sight.ids, max(event.end, known))

    def _beliefs(self, skus: Iterable[str], event: ShelfEvent, moment: Moment) -> dict[str, Belief]:
        """Return how sure the weights of products are as of when an event is decided."""
        return {sku: self._suspicions.belief(sku, event.shelf, moment) for sku in skus}

    def _back(self, step: Step, held: Mapping[str, int], event: ShelfEvent, moment: Moment) -> dict[str, Belief]:
        """Return the same of what may come back: what is held, or stands there."""
        return self._beliefs(sorted({*held, *self._products.home(step)}), event, moment)

    def _handed_over(
        self,
        event: ShelfEvent,
        step: Step,
        person: Person,
        held: Mapping[str, int],
        inside: Collection[str],
        moment: Moment,
    ) -> list[tuple[Explanation, str, str, float]]:
        """Explain a gain by what somebody else took and handed over: it comes off the cart of who took it."""
        if not person.track or self._settings.hand_over_prior <= 0.0:
            return []
        others = sorted(self._decisions.holders(inside, event.start) - {person.visit})
        carts = {visit: self._decisions.held(visit, event.start, event.id) for visit in others}
        joint = []
        for sku in sorted({sku for units in carts.values() for sku in units if not held.get(sku)}):
            owners = [visit for visit in others if carts[visit][sku]]
            log_prior = math.log(self._settings.hand_over_prior / len(owners))
            for visit in owners:
                units = Counter({sku: carts[visit][sku]})
                for option in self._products.returns(step, units, self._back(step, units, event, moment)):
                    if [each for each, _ in option.items] == [sku] and option.items[0][1] <= carts[visit][sku]:
                        joint.append((option, visit, person.track, option.log_weight + person.score + log_prior))
        return joint

    def _choose(
        self,
        event: ShelfEvent,
        step: Step,
        joint: list[tuple[Explanation, str, str, float]],
        index: int,
        views: tuple[str, ...],
        decided: int,
    ) -> list[Interaction]:
        """Take the best of product, quantity and shopper together; members of one visit count as one."""
        best = max(weight for *_, weight in joint)
        pooled: dict[tuple[tuple[tuple[str, int], ...], str], tuple[float, float, str]] = {}
        total = 0.0
        for option, visit, track, weight in joint:
            share = math.exp(weight - best)
            total += share
            owner = visit or f"?{track}"
            before, strongest, name = pooled.get((option.items, owner), (0.0, -1.0, track))
            pooled[(option.items, owner)] = (
                before + share,
                *((share, track) if share > strongest else (strongest, name)),
            )
        ranked = sorted(
            ((share / total, items, "" if owner.startswith("?") else owner, track))
            for (items, owner), (share, _, track) in pooled.items()
        )[::-1]
        kind = Kind.TAKE if step.total < 0 else Kind.RETURN
        (probability, items, visit, track), sure = self._in_favour(ranked, kind)
        candidates = tuple(
            Candidate(kind, sku, units, who, where, round(share, 6))
            for share, option, who, where in ranked[:_RUNNERS_UP]
            for sku, units in (option or (("", 1),))
        )
        reason = self._doubt(sure, items, visit, track, event)
        state = DecisionState.REVIEW if reason else DecisionState.COMMITTED
        evidence = (event.id, track, *views) if track else (event.id, *views)
        return [
            Interaction(
                f"{event.id}#{index + offset}", event.start, event.end, event.shelf, step.plates, kind, state,
                sku, units, visit, track, round(probability, 6), candidates, evidence, reason, event.degraded, decided,
            )
            for offset, (sku, units) in enumerate(items or (("", 1),))
        ]  # fmt: skip

    def _in_favour(self, ranked: list[Choice], kind: Kind) -> tuple[Choice, float]:
        """Return the likeliest, or in doubt what leaves less to pay, and how sure it is that its visit did so much.

        Weight and place do not tell products of equal weight apart. What the shopper took is then the cheapest
        of those that come into question, and what came back is the dearest. Nor does weight tell two units from a
        pack of them whose weight in the catalogue is that of one: then the fewest were taken that surely were.
        """
        probability, items, visit, _ = best = ranked[0]
        if not items or not visit:
            return best, probability
        if len(items) == 1:
            probability, items, *_ = best = self._fewest(ranked, best, kind)
        alike = [each for each in ranked if each[2] == visit and _units(each[1]) == _units(items)]
        # Whatever of these it was, this visit has it: doubt about the product alone is no doubt about the visit.
        sure = max(probability, sum(share for share, *_ in alike))
        if probability >= self._policy.commit_confidence:
            return best, sure
        alike = [each for each in alike if each[0] >= self._settings.plausible]
        sign = 1 if kind is Kind.TAKE else -1
        cheapest = min(alike, key=lambda each: (sign * self._products.price(each[1]), -each[0], each[1]), default=best)
        return cheapest, sure

    def _fewest(self, ranked: list[Choice], best: Choice, kind: Kind) -> Choice:
        """Return, of the units of the likeliest product, so many as were surely taken or may have come back.

        The probability that comes with it is that there were no fewer, or no more.
        """
        _, ((sku, likeliest),), visit, _ = best
        same = [each for each in ranked if each[2] == visit and len(each[1]) == 1 and each[1][0][0] == sku]
        whole = sum(share for share, *_ in same)
        sign = -1 if kind is Kind.TAKE else 1
        for choice in sorted(same, key=lambda each: sign * each[1][0][1]):
            units = choice[1][0][1]
            enough = sum(share for share, ((_, count),), *_ in same if sign * (units - count) >= 0)
            if sign * (units - likeliest) >= 0 and enough >= self._policy.commit_confidence * whole:
                return (enough, *choice[1:])
        return best

    def _doubt(
        self, probability: float, items: tuple[tuple[str, int], ...], visit: str, track: str, event: ShelfEvent
    ) -> str:
        if not items:
            return "no product of the catalogue fits the weight"
        if not track:
            return "nobody was near"
        if not visit:
            return "the person has no visit"
        span = (event.end - event.start) / 1e9
        if span > TRACK_MEMORY:
            return f"the shelf was not seen for {span:.0f} s, and who was near at first is not known any more"
        if probability < self._policy.commit_confidence:
            return f"confidence {probability:.2f} is below {self._policy.commit_confidence:.2f}"
        if event.degraded and probability < 0.5 + 0.5 * self._policy.commit_confidence:
            return "samples of the shelf were lost during the step"
        return ""


def _units(items: tuple[tuple[str, int], ...]) -> int:
    return sum(units for _, units in items)
