"""Carts of visits: interactions and what people decide about them in, snapshots of all carts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.cart.contents import Carts
from just_walk_out.cart.fold import Contents
from just_walk_out.cart.review import objection, unknown
from just_walk_out.checkout.inside import told
from just_walk_out.checkout.pricing import PriceList
from just_walk_out.journal import RECENT, Journal
from just_walk_out.records import (
    Alert,
    Cart,
    CartArray,
    CartLine,
    CartState,
    Decision,
    DecisionKind,
    DecisionState,
    Interaction,
    InteractionArray,
    Kind,
    RestockMode,
    Severity,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Promotion, Store

NANOSECONDS = 1_000_000_000
VISITS = "visits"
_TIDYING = 3600 * NANOSECONDS


@dataclass(frozen=True)
class CartSettings:
    """How often carts are published."""

    interval: float = setting(
        0.2, "event time between snapshots in which only watermarks have moved", unit="s", minimum=0.0, maximum=10.0
    )
    reopened: float = setting(
        86400.0, "how long a visit that is long over is shown again after a decision about it", unit="s", minimum=60.0
    )


@dataclass(frozen=True, slots=True)
class _Priced:
    """What the contents of a cart cost by some rules."""

    contents: Contents
    rules: tuple[Promotion, ...]
    lines: tuple[CartLine, ...]
    total: int


class CartStage:
    """Keeps the cart of each visit as the fold of its interactions, and of what people decide about them.

    Interactions, decisions, corrections, restock modes and visits that are over are journaled by id, the first one
    wins; carts are folded anew in the order of event time, so that neither repetition nor the order of arrival
    changes them. Interactions of a visit that is not known yet are kept until it is. What happens at a
    gondola that is being restocked is in no cart, nor is what was taken after the visit, unless a person decides so.
    What a person has decided about is not corrected.
    """

    inputs: ClassVar[tuple[type, ...]] = (VisitArray, InteractionArray, RestockMode)
    outputs: ClassVar[tuple[type, ...]] = (CartArray, Decision, Alert)

    def __init__(self, store: Store, settings: CartSettings, journal: Journal) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Raises:
            ValueError: a setting is out of range.
        """
        validate(settings)
        self._store = store
        self._journal = journal
        self._interval = round(settings.interval * NANOSECONDS)
        self._reopened = round(settings.reopened * NANOSECONDS)
        self._carts = Carts(store)
        self._prices = PriceList(store)
        self._priced: dict[str, _Priced] = {}
        self._visits: dict[str, Visit] = {}
        self._over: dict[str, Visit] = {}
        self._watermarks: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._undecided: dict[str, Interaction] = {}
        self._stamp = 0
        self._tidied = 0
        self._published: int | None = None
        self._promised = (0, 0)

    def restore(self) -> list[Any]:
        """Fold the recent journal; carts appear once their visits are known again. Returns the last decisions."""
        self._over = {visit.id: visit for visit in self._journal.recent(Visit)}
        for visit in self._over.values():
            self._carts.end(visit.id, visit.exited)
        for mode in self._journal.recent(RestockMode):
            self._carts.restock(mode)
        for interaction in self._journal.recent(Interaction):
            self._file(interaction)
        decisions = list(self._journal.recent(Decision))
        for decision in decisions:
            self._carts.decide(decision)
        return decisions[-100:]

    def push(self, record: VisitArray | InteractionArray | RestockMode) -> list[Any]:
        """Take visits, interactions or a restock mode; returns alerts and, if due, a snapshot of the carts."""
        alerts: list[Alert] = []
        corrections: list[Decision] = []
        if isinstance(record, RestockMode):
            changed = self._journal.append(record, record.id, record.stamp) and self._carts.restock(record)
        else:
            self._stamp = max(self._stamp, record.stamp)
            if isinstance(record, VisitArray):
                changed = self._follow(record, alerts)
            else:
                changed = False
                for interaction in record.interactions:
                    changed = self._take_in(interaction, alerts) or changed
                corrections = [each for each in record.corrections if self._correct(each)]
            self._tidy()
            for mark in record.watermarks:
                self._watermarks[mark.source] = max(mark.stamp, self._watermarks.get(mark.source, mark.stamp))
                self._since[mark.source] = max(mark.since, self._since.get(mark.source, 0))
        alerts += self._unmatched_returns()
        if not (changed or corrections or self._due()):
            return list(alerts)
        return [*corrections, *alerts, self._publish()]

    def decide(self, draft: Decision) -> tuple[Decision, list[Any]]:
        """Let a person's decision take effect.

        Args:
            draft: the decision; its id is given here, and its visit filled in where an interaction is named.

        Returns:
            The decision as it is in the journal by now, and what is to be published: nothing, if it repeats the
            last one about the same.

        Raises:
            ValueError: it cannot be; says what was expected.
        """
        known = self._carts.decisions.repeated(draft)
        if known is not None:
            return known, []
        draft = self._carts.completed(draft)
        reason = objection(draft, self._carts, self._known, self._told(), self._store)
        if reason:
            raise ValueError(reason)
        decision = self._carts.decisions.numbered(draft)
        if not self._journal.append(decision, decision.id, decision.stamp):
            raise ValueError(f"{decision.id}: expected something of the last days, was decided about before that")
        self._carts.decide(decision)
        return decision, [decision, self._publish()]

    def reviews(self, visit: str = "") -> list[Interaction]:
        """Return what waits for a person, as it stands now, oldest first: of one visit, or of all.

        Raises:
            ValueError: no visit of the last days has this id.
        """
        waiting = self._carts.reviews(visit)
        if visit and not waiting and self._known(visit) is None:
            raise ValueError(unknown(visit, self._told()))
        return waiting

    def _publish(self) -> CartArray:
        self._published, self._promised = self._stamp, self._promise()
        return self._snapshot()

    def _promise(self) -> tuple[int, int]:
        """Return how many sources have been heard of, and up to when all of them are known."""
        return len(self._watermarks), min(self._watermarks.values(), default=0)

    def _due(self) -> bool:
        """Tell whether a snapshot would say something new: time has passed, or a source that lagged has caught up."""
        sources, known = self._promise()
        passed = max(self._stamp - (self._published or 0), known - self._promised[1])
        return self._published is None or sources != self._promised[0] or passed >= self._interval

    def _follow(self, array: VisitArray, alerts: list[Alert]) -> bool:
        visits = {visit.id: visit for visit in array.visits}
        changed = visits != self._visits
        for gone in self._visits.keys() - visits.keys():
            self._priced.pop(gone, None)
        self._visits = visits
        for visit in array.visits:
            over = visit.state in (VisitState.LEFT, VisitState.LOST)
            if over and visit.id not in self._over:
                self._over[visit.id] = visit
                self._journal.append(visit, visit.id, visit.exited)
                self._carts.end(visit.id, visit.exited)
                alerts += [_late(each) for each in self._carts.late(visit.id)]
        return changed

    def _tidy(self) -> None:
        """Forget once in a while what a restart would not read back either: memory does not grow with the journal."""
        if self._stamp < self._tidied + _TIDYING:
            return
        self._tidied, before = self._stamp, self._stamp - RECENT
        reopened = self._carts.decisions.visits(before)
        self._over = {id: each for id, each in self._over.items() if each.exited >= before or id in reopened}
        self._priced = {id: priced for id, priced in self._priced.items() if id in self._visits}
        self._carts.forget(before, [*self._visits, *self._over])

    def _known(self, visit: str) -> Visit | None:
        return self._visits.get(visit) or self._over.get(visit)

    def _told(self) -> str:
        return told(self._visits.values(), heard=VISITS in self._watermarks)

    def _take_in(self, interaction: Interaction, alerts: list[Alert]) -> bool:
        if not self._journal.append(interaction, interaction.id, interaction.end):
            return False
        self._file(interaction)
        if self._carts.is_restocking(interaction):
            return False
        refusal = self._refusal(interaction)
        if refusal is not None:
            alerts.append(refusal)
            return False
        if self._carts.is_late(interaction):
            alerts.append(_late(interaction))
        if interaction.kind is Kind.TAKE:
            alerts += self._age_alert(interaction)
        return interaction.visit in self._visits

    def _correct(self, correction: Decision) -> bool:
        """Let a correction by later evidence take effect, once; a person's word outranks it."""
        if correction.kind is not DecisionKind.CORRECT or not self._carts.is_open(correction.interaction):
            return False
        if not self._journal.append(correction, correction.id, correction.stamp):
            return False
        self._carts.decide(correction)
        return True

    def _refusal(self, interaction: Interaction) -> Alert | None:
        verb = "taken" if interaction.kind is Kind.TAKE else "put back"
        if interaction.sku and interaction.sku not in self._store.product:
            text = f"Product {interaction.sku} was {verb} at {interaction.shelf}, but the catalogue does not have it."
            return _alert(interaction, Severity.ERROR, "unknown_product", text)
        if not interaction.visit or not interaction.sku:
            what = f"{interaction.quantity} x {interaction.sku}" if interaction.sku else "An unknown product"
            who = "by an unknown person" if not interaction.visit else "in a visit"
            kind = "unassigned_take" if interaction.kind is Kind.TAKE else "unassigned_return"
            return _alert(interaction, Severity.WARNING, kind, f"{what} was {verb} at {interaction.shelf} {who}.")
        return None

    def _age_alert(self, interaction: Interaction) -> list[Alert]:
        product, visit = self._store.product[interaction.sku], self._known(interaction.visit)
        if not product.minimum_age or (visit is not None and visit.staff):
            return []
        text = f"{product.name} was taken at {interaction.shelf}: the shopper must be {product.minimum_age} or older."
        return [_alert(interaction, Severity.INFO, "age_restricted_take", text)]

    def _file(self, interaction: Interaction) -> None:
        self._carts.add(interaction)
        if interaction.kind is Kind.RETURN and self._refusal(interaction) is None:
            self._undecided[interaction.id] = interaction

    def _unmatched_returns(self) -> list[Alert]:
        """Judge the returns that no earlier interaction of any shelf can precede any more."""
        seen = min((stamp for source, stamp in self._watermarks.items() if source != VISITS), default=-1)
        decided = [each for each in self._undecided.values() if each.end <= seen]
        alerts = []
        for interaction in sorted(decided, key=lambda each: (each.end, each.id)):
            del self._undecided[interaction.id]
            if interaction.id in self._carts.contents(interaction.visit).unmatched:
                text = f"{interaction.sku} was put back at {interaction.shelf}, but was not in the cart."
                alerts.append(_alert(interaction, Severity.INFO, "return_not_in_cart", text))
        return alerts

    def _snapshot(self) -> CartArray:
        marks = tuple(Watermark(each, stamp, self._since[each]) for each, stamp in sorted(self._watermarks.items()))
        again = [self._over[id] for id in self._carts.decisions.visits() if id in self._over and self._is_reopened(id)]
        return CartArray(self._stamp, marks, tuple(self._cart(visit) for visit in [*self._visits.values(), *again]))

    def _is_reopened(self, visit: str) -> bool:
        last = self._carts.decisions.bearing(visit)[-1]
        return visit not in self._visits and last.stamp >= self._stamp - self._reopened

    def _cart(self, visit: Visit) -> Cart:
        state = self._state(visit)
        # a price that held at any moment of the visit holds for it
        until = self._stamp if state is CartState.OPEN else visit.exited
        rules = self._prices.in_force(visit.entered or until, until)
        contents = self._carts.contents(visit.id)
        priced = self._price(visit.id, contents, rules)
        bearing = self._carts.decisions.bearing(visit.id)
        decisions = [each for each in bearing if each.kind is not DecisionKind.CORRECT]
        return Cart(
            visit=visit.id,
            account=visit.account,
            currency=self._store.currency,
            state=state,
            revision=self._carts.revision(visit.id),
            updated=max([self._carts.updated(visit.id, visit.entered), *(each.stamp for each in bearing)]),
            lines=priced.lines,
            total=priced.total,
            decisions=tuple(each.id for each in decisions),
            cleared=bool(decisions) and contents.is_certain,
            corrections=tuple(each.id for each in bearing if each.kind is DecisionKind.CORRECT),
        )

    def _price(self, visit: str, contents: Contents, rules: tuple[Promotion, ...]) -> _Priced:
        known = self._priced.get(visit)
        if known is None or known.contents is not contents or known.rules != rules:
            lines = self._prices.price(contents.lines, rules) if rules else contents.lines
            total = sum(line.amount for line in lines if line.state is DecisionState.COMMITTED)
            known = self._priced[visit] = _Priced(contents, rules, lines, total)
        return known

    def _state(self, visit: Visit) -> CartState:
        if visit.state in (VisitState.EXPECTED, VisitState.OPEN):
            return CartState.OPEN
        settled = bool(self._watermarks) and all(stamp >= visit.exited for stamp in self._watermarks.values())
        return CartState.SETTLED if settled else CartState.SETTLING


def _late(interaction: Interaction) -> Alert:
    text = f"{interaction.quantity} x {interaction.sku} was taken at {interaction.shelf} after the visit was over."
    return _alert(interaction, Severity.WARNING, "take_after_visit", text)


def _alert(interaction: Interaction, severity: Severity, kind: str, text: str) -> Alert:
    return Alert(
        stamp=interaction.end,
        id=f"{kind}/{interaction.id}",
        severity=severity,
        kind=kind,
        source=interaction.shelf,
        text=text,
        visit=interaction.visit,
        track=interaction.track,
    )
