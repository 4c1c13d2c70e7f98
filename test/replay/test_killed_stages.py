"""The stages that decide about money, killed 50 times: every receipt is the same.

They are killed in the middle of their writes, before or after these are on disk, and at any other moment, and are
away for up to some seconds in which the others go on.
"""

import contextlib
import random
from collections import deque

import pytest

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import Alert, CartArray, Charge, InteractionArray, ShelfEventArray, TrackArray, VisitArray
from just_walk_out.replay.bag import read_records
from just_walk_out.replay.pipeline import Pipeline, stages_of

KILLS = 50
MOST = 12  # in one run
UPSTREAM = (ShelfEventArray, TrackArray, VisitArray)
# what a stage that is started again is told: the history of the topics, as deep as their QoS keeps it
HISTORY = {ShelfEventArray: 1500, TrackArray: 1500, InteractionArray: 1500, VisitArray: 10, CartArray: 10}


class Killed(BaseException):
    """The process ends, at once."""


class Fate:
    """Says at which of its writes a process is killed, and whether the write still gets to the disk."""

    def __init__(self, draws):
        self.draws, self.kills = draws, 0
        self.left = draws.randrange(1, 6)

    def strikes(self):
        self.left -= 1
        if self.left:
            return False
        self.kills += 1
        # soon again, or in the middle of what is told anew after the start
        self.left = self.draws.choice((2, 3, 5, 20, 100))
        return self.kills <= MOST

    def outage(self):
        """For how many records from upstream the stage that was killed is away; thirty are a second."""
        return self.draws.choice((0, 0, 10, 90, 180))

    def random_kill(self):
        """The number of a stage that is killed now, for no reason; None: none."""
        if self.kills >= MOST or self.draws.random() > 0.002:
            return None
        self.kills += 1
        return self.draws.randrange(3)


class FragileJournal(Journal):
    fate = None

    def append(self, record, id, stamp):
        if self.fate is None or not self.fate.strikes():
            return super().append(record, id, stamp)
        if self.fate.draws.random() < 0.5:
            super().append(record, id, stamp)
        raise Killed


class FragileLedger(Ledger):
    fate = None

    @contextlib.contextmanager
    def transaction(self):
        strikes = self.fate is not None and self.fate.strikes()
        if strikes and self.fate.draws.random() < 0.5:
            raise Killed
        with super().transaction() as connection:
            yield connection
        if strikes:
            raise Killed


class Processes:
    """Pickup, cart and checkout, each started again when it is killed, wired as the topics wire them."""

    def __init__(self, store, fate=None):
        self.ledger = FragileLedger()
        self.journals = [FragileJournal(), FragileJournal()]
        self.builders = [
            lambda: PickupStage(store, PickupSettings(), self.journals[0]),
            lambda: CartStage(store, CartSettings(), self.journals[1]),
            lambda: CheckoutStage(store, CheckoutSettings(), self.ledger),
        ]
        self.history = {kind: deque(maxlen=depth) for kind, depth in HISTORY.items()}
        self.said = []
        self.fate = fate
        self.away = [0] * 3
        self.stages = [None] * 3
        for number in range(3):
            self.start(number)
        self.ledger.fate = fate
        for journal in self.journals:
            journal.fate = fate

    def start(self, number):
        while True:
            try:
                self.stages[number] = self.builders[number]()
                self.publish(self.stages[number].restore())
                told = [each for kind in self.stages[number].inputs for each in self.history.get(kind, ())]
                # as ros/catch_up.py does: how things stand, then what has happened
                for record in sorted(told, key=lambda each: (HISTORY[type(each)] > 10, each.stamp)):
                    self.publish(self.stages[number].push(record))
                return
            except Killed:
                continue

    def tell(self, record):
        """Let a record come from upstream."""
        for number in range(3):
            if self.away[number]:
                self.away[number] -= 1
                if not self.away[number]:
                    self.start(number)
        victim = None if self.fate is None else self.fate.random_kill()
        if victim is not None:
            self.kill(victim)
        self.publish([record])

    def finish(self):
        for number in range(3):
            if self.away[number]:
                self.away[number] = 0
                self.start(number)

    def kill(self, number):
        self.stages[number] = None
        self.away[number] = self.fate.outage()
        if not self.away[number]:
            self.start(number)

    def publish(self, records):
        for record in records:
            if type(record) in self.history:
                self.history[type(record)].append(record)
                self.deliver(record)
            elif isinstance(record, Charge | Alert):
                self.said.append(record)

    def deliver(self, record):
        for number, stage in enumerate(self.stages):
            if stage is None or type(record) not in stage.inputs:
                continue
            try:
                outputs = self.stages[number].push(record)
            except Killed:
                # what it was told is in the history by now, and is told again
                self.kill(number)
                continue
            self.publish(outputs)

    def receipts(self):
        return sorted(receipt_line(charge) for charge in self.ledger.charges())


@pytest.fixture(scope="module")
def upstream(plain_bag, demo_store):
    """Shelf events, tracks and visits of three shoppers."""
    pipeline = Pipeline(stages_of(demo_store)[:4])
    outputs = [each for _, record in read_records(plain_bag) for each in pipeline.push(record)]
    return [each for each in outputs if isinstance(each, UPSTREAM)]


@pytest.fixture(scope="module")
def expected(upstream, demo_store):
    plain = Processes(demo_store)
    for record in upstream:
        plain.tell(record)
    assert len(plain.receipts()) == 3
    return plain.receipts()


def test_fifty_kills_change_no_receipt_and_double_no_charge(upstream, demo_store, expected):
    kills = 0
    for seed in range(100):
        fate = Fate(random.Random(seed))
        shop = Processes(demo_store, fate)
        for record in upstream:
            shop.tell(record)
        shop.finish()
        kills += min(fate.kills, MOST)
        shop.ledger.fate = None
        assert shop.receipts() == expected, f"seed {seed}"
        assert shop.ledger.unfinished() == [] and shop.ledger.adjustments() == []
        charged = {charge.id: charge for charge in shop.said if isinstance(charge, Charge)}
        assert sorted(receipt_line(charge) for charge in charged.values()) == expected
        for charge in charged.values():
            assert LedgerGateway(shop.ledger).owed(charge.account, charge.currency) == charge.total
        if kills >= KILLS:
            return
    pytest.fail(f"only {kills} kills")
