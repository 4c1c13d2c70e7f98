"""Settlement: a visit that has left becomes a charge once everything it may have touched is decided."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.checkout.cashier import Cashier
from just_walk_out.checkout.gateways import PaymentGateway, open_gateway
from just_walk_out.checkout.inside import UNHEARD, Stay, inside, told
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.proximity import Proximity
from just_walk_out.checkout.unseen import UnseenTimes
from just_walk_out.records import (
    Adjustment,
    Alert,
    Cart,
    CartArray,
    CartState,
    Charge,
    Severity,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
)
from just_walk_out.settings import setting, validate
from just_walk_out.store.model import Store

NANOSECONDS = 1_000_000_000
VISITS = "visits"
# Nanoseconds after which somebody who is out of reach of a shelf has nothing to do with what begins there.
_GONE = 500_000_000


@dataclass(frozen=True)
class CheckoutSettings:
    """How settlement decides which shelves to wait for, and which visits a person must look at."""

    sigmas: float = setting(
        2.0, "standard deviations of a track's position that are added to the reach", minimum=0.0, maximum=10.0
    )
    birth_age: float = setting(
        2.0, "a track older than this when first seen inside may have been near any shelf before", unit="s", minimum=0.0
    )
    unseen: float = setting(
        0.5, "how long a shelf that a visit is near may go unseen; a visit near it for longer goes to review", unit="s",
        minimum=0.0, maximum=60.0,
    )  # fmt: skip
    memory: int = setting(10_000, "number of tracks whose shelves are remembered", minimum=100)
    republish: int = setting(100, "number of charges, and of adjustments, published again after a restart", minimum=0)
    patience: float = setting(
        60.0, "how much longer than for a sensor a visit waits for the cart itself: for nodes that are started again",
        unit="s", minimum=0.0, maximum=600.0,
    )  # fmt: skip
    retry: float = setting(
        5.0, "event time between tries to reach a payment gateway that does not answer", unit="s", minimum=0.0
    )


class CheckoutStage:
    """Issues one charge for each visit that has left, or was lost from sight: that one is for review.

    A visit that left at T is settled once the carts' watermarks of every shelf its members came near have
    passed the moment when the last of them was gone from it, and those of the visits T. If that has not
    happened when the tracks and other shelves are ``policy.settle_timeout`` past T, the charge is for review and
    names what is silent; for carts that are not told, or not that far of any shelf, as while nodes are started
    again, it waits ``patience`` longer.
    So it is for review, too, when the visit was near a shelf while nothing could be seen of it, see
    ``UnseenTimes``. The ledger has the charge before it is published; its id makes it unique whatever is
    repeated.

    Who pays in the store gets a charge for the cart so far, settled likewise as of the moment of asking (what
    is taken while that is waited for may be on it); the charge of the exit is about the rest. A cart that
    changes after its visit was charged makes adjustments.
    """

    inputs: ClassVar[tuple[type, ...]] = (CartArray, VisitArray, TrackArray)
    outputs: ClassVar[tuple[type, ...]] = (Charge, Adjustment, Alert)

    def __init__(
        self, store: Store, settings: CheckoutSettings, ledger: Ledger, gateway: PaymentGateway | None = None
    ) -> None:
        """Prepare the stage; call ``restore`` before the first ``push``.

        Args:
            store: the store.
            settings: see ``CheckoutSettings``.
            ledger: where charges are kept.
            gateway: who moves the money; the one the store description names when not given.

        Raises:
            ValueError: a setting is out of range, or the store names an unknown gateway.
        """
        validate(settings)
        self._ledger = ledger
        gateway = open_gateway(store, ledger) if gateway is None else gateway
        self._cashier = Cashier(store, ledger, gateway, round(settings.retry * NANOSECONDS))
        self._timeout = round(store.policy.settle_timeout * NANOSECONDS)
        self._patience = round(settings.patience * NANOSECONDS)
        self._republish = settings.republish
        birth_age = round(settings.birth_age * NANOSECONDS)
        self._proximity = Proximity(store, store.policy.reach, settings.sigmas, birth_age, settings.memory)
        self._unseen = UnseenTimes()
        self._bearable = round(settings.unseen * NANOSECONDS)
        self._tick = 0
        self._heard = 0
        self._decided: dict[str, int] = {}
        self._carts: dict[str, Cart] = {}
        self._visits: dict[str, Visit] = {}
        self._leaving: dict[str, Visit] = {}
        self._asked: dict[str, tuple[str, int]] = {}

    def restore(self) -> list[Any]:
        """Settle what was begun and not finished, and return the last charges and adjustments again."""
        self._asked = self._ledger.asked()
        return self._cashier.restore(self._republish)

    def push(self, record: CartArray | VisitArray | TrackArray) -> list[Any]:
        """Take carts, visits or tracks; returns the charges and adjustments that are due now, and alerts."""
        results: list[Any] = []
        if isinstance(record, TrackArray):
            self._proximity.update(record)
            self._tick = max(self._tick, record.stamp)
            results += self._cashier.advance(self._tick)
        elif isinstance(record, VisitArray):
            results += self._follow(record)
        else:
            # a cart_aggregator that was started again promises less at first, and keeps what it has promised before
            for mark in record.watermarks:
                self._decided[mark.source] = max(mark.stamp, self._decided.get(mark.source, mark.stamp))
                self._unseen.take(mark)
            self._carts = {cart.visit: cart for cart in record.carts}
            for cart in record.carts:
                if cart.state is not CartState.OPEN and cart.visit not in self._leaving:
                    results += self._cashier.amend(cart)
        for id, (charge, stamp) in list(self._asked.items()):
            results += self._serve(id, charge, stamp)
        for visit in sorted(self._leaving.values(), key=lambda each: (each.exited, each.id)):
            results += self._settle(visit)
        return results

    def pay(self, visit: str, stamp: int) -> str:
        """Note that somebody asks to pay in the store; the charge follows from a later ``push``.

        Args:
            visit: whose cart.
            stamp: now, nanoseconds of event time; the cart as of then is charged.

        Returns:
            The id of the charge that will follow; that of the last request, while it is not answered.

        Raises:
            ValueError: nobody of the visit is in the store, or it is not known.
        """
        if visit in self._asked:
            return self._asked[visit][0]
        known = self._visits.get(visit)
        if known is None or known.state is not VisitState.OPEN:
            there = told(self._visits.values(), heard=self._heard > 0)
            raise ValueError(f"expected a visit that is in the store, got {visit!r}; {there}")
        charge = self._cashier.next_id(visit)
        self._ledger.ask(charge, visit, stamp)
        self._asked[visit] = (charge, stamp)
        return charge

    def inside(self) -> tuple[int, list[Stay]]:
        """Return up to when visits are known, nanoseconds, and who is in the store, in the order of coming in.

        Raises:
            ValueError: nothing is known of visits yet, which is not the same as that nobody is inside.
        """
        if not self._heard:
            raise ValueError(UNHEARD)
        stays = []
        for visit in inside(self._visits.values()):
            cart = self._carts.get(visit.id)
            now = max(self._tick, visit.entered)
            gone = dataclasses.replace(visit, exited=now)
            doubt = "the cart is not known" if cart is None else self._blindness(gone)
            stays.append(self._cashier.stay(visit, cart, now, doubt))
        return self._heard, stays

    def _follow(self, array: VisitArray) -> list[Any]:
        alerts: list[Any] = []
        self._heard = max(self._heard, array.stamp)
        before = self._visits.keys()
        self._visits = {visit.id: visit for visit in array.visits}
        for visit in array.visits:
            if visit.state is VisitState.OPEN:
                alerts += self._cashier.reserve(visit)
            ended = visit.state in (VisitState.LEFT, VisitState.LOST)
            if ended and visit.id not in self._leaving and not self._cashier.book(visit.id).is_closed:
                self._leaving[visit.id] = visit
        if before - self._visits.keys():
            self._cashier.forget_all_but([*self._visits, *self._leaving, *self._carts])
            inside = [visit.entered for visit in [*self._visits.values(), *self._leaving.values()] if visit.entered]
            self._unseen.forget_before(min(inside, default=array.stamp))
        return alerts

    def _silent(self, visit: Visit, stamp: int) -> list[str]:
        """Return the sources that a visit came near and that are not decided as far as it needs, up to a moment."""
        needed = {VISITS: stamp}
        for shelf in self._proximity.of(visit.tracks, visit.entered):
            stays = self._proximity.stays(visit.tracks, visit.entered, shelf)
            # what begins at a shelf after the last of them has gone is somebody else's
            last = stamp if stays is None else max((end for _, end in stays), default=0) + _GONE
            needed[shelf] = min(stamp, last)
        return [source for source, until in needed.items() if self._decided.get(source, -1) < until]

    def _settle(self, visit: Visit) -> list[Any]:
        # The tracks must have been seen up to the exit before the shelves they came near are known.
        if self._tick < visit.exited:
            return []
        silent = self._silent(visit, visit.exited)
        cart = self._carts.get(visit.id)
        # a cart that is open does not know yet what came after the exit
        known = cart is not None and cart.state is not CartState.OPEN
        if cart is not None and known and not silent:
            lost = visit.state is VisitState.LOST
            doubt = "nobody saw the shopper leave" if lost else self._blindness(visit)
            return self._issue(visit, cart, visit.exited, doubt)
        # a shelf that is silent while others go on is a fault of the store; a cart that is not told yet, or carts that
        # lag in all, as those of a cart_aggregator that was started again and is catching up, pass
        told = max((stamp for source, stamp in self._decided.items() if source != VISITS), default=0)
        ours = not known or VISITS in silent or told < visit.exited + self._timeout
        if self._tick < visit.exited + self._timeout + (self._patience if ours else 0):
            return []
        reason = f"no word from {', '.join(silent)} up to the exit" if silent else "the cart is not known"
        return self._issue(visit, cart, visit.exited + self._timeout, reason)

    def _blindness(self, visit: Visit) -> str:
        """Return why a visit may have taken what nothing could see; empty: it cannot."""
        whole = [(visit.entered, visit.exited)]
        found = []
        for shelf in self._proximity.of(visit.tracks, visit.entered):
            stays = self._proximity.stays(visit.tracks, visit.entered, shelf)
            unseen = self._unseen.longest(shelf, whole if stays is None else stays)
            if unseen > self._bearable:
                found.append(f"{shelf} for {unseen / NANOSECONDS:.1f} s")
        return f"the shopper was near shelves that could not be seen: {', '.join(found)}" if found else ""

    def _issue(self, visit: Visit, cart: Cart | None, stamp: int, reason: str) -> list[Any]:
        del self._leaving[visit.id]
        results: list[Any] = []
        lines = () if cart is None else self._cashier.book(visit.id).allot(cart.lines)[1]
        if cart is not None and not reason:
            results += self._cashier.settle_inside(cart)
        return [*results, *self._cashier.charge(visit, cart, lines, stamp, reason)]

    def _serve(self, id: str, charge: str, stamp: int) -> list[Any]:
        """Make the charge that somebody in the store has asked for, once the cart of then is known."""
        visit, cart = self._visits.get(id), self._carts.get(id)
        if visit is None or self._tick < stamp:
            return []
        made = charge != self._cashier.next_id(id)
        silent = self._silent(visit, stamp)
        over = visit.state is not VisitState.OPEN
        if not (made or over or self._tick >= stamp + self._timeout) and (silent or cart is None):
            return []
        del self._asked[id]
        results: list[Any] = []
        if not (made or over or silent or cart is None):
            results = self._cashier.charge_at_kiosk(visit, cart, stamp)
        elif not (made or over):
            text = f"A payment in the store was not possible: no word from {', '.join(silent) or 'the cart'}."
            alert = Alert(stamp, f"kiosk_unavailable/{charge}", Severity.WARNING, "kiosk_unavailable", "checkout", text)
            results = [dataclasses.replace(alert, visit=id)]
        self._ledger.answer(charge)
        return results
