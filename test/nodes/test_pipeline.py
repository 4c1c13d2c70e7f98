"""The nodes as processes over real DDS, fed by the player with a recorded bag."""

import sqlite3

import pytest

from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.deployment import NodePlan, command, plan
from just_walk_out.records import (
    Alert,
    CartArray,
    Charge,
    CodeScan,
    Entry,
    EntryResult,
    GateCrossingArray,
    InteractionArray,
    ShelfEventArray,
    TrackArray,
    VisitArray,
)
from just_walk_out.replay.bag import read_records
from just_walk_out.replay.offline import replay
from just_walk_out.ros.observer import Observer
from just_walk_out.supervisor import Supervisor

KINDS = (
    Alert, CartArray, Charge, CodeScan, Entry, GateCrossingArray, InteractionArray, ShelfEventArray, TrackArray,
    VisitArray,
)  # fmt: skip
NAMESPACE = "shop"


class Shop:
    """The pipeline's nodes, a player, and somebody who watches."""

    def __init__(self, store, path, bag, folder):
        self.bag, self.folder = bag, folder
        self.supervisor = Supervisor(folder / "logs", report=lambda line: None)
        self.observer = Observer(store, KINDS, NAMESPACE)
        self.nodes = plan(store, path, state_dir=folder / "state", sensors=False)
        for node in self.nodes:
            self.supervisor.start(node.name, command(node, NAMESPACE))
        assert self.observer.wait_for_nodes([node.name for node in self.nodes], 60) == []

    def play(self, rate):
        player = NodePlan("player", "player", {"bag": str(self.bag), "rate": rate})
        self.supervisor.start("player", command(player, NAMESPACE), respawn=False)

    def charges(self):
        """Each charge once: a node that was started again repeats what it has said."""
        return {charge.id: charge for charge in self.observer.records(Charge)}

    def close(self):
        self.supervisor.stop()
        self.observer.close()


@pytest.fixture
def shop(domain, demo_store, demo_path, plain_bag, tmp_path):
    made = Shop(demo_store, demo_path, plain_bag, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected(plain_bag):
    return sorted(receipt_line(charge) for charge in replay(plain_bag))


def ledger_rows(folder):
    with sqlite3.connect(folder / "state" / "ledger.sqlite") as ledger:
        return ledger.execute("SELECT account, total FROM charges WHERE finished = 1 ORDER BY account").fetchall()


def test_a_bag_through_live_nodes_gives_the_same_receipts_over_every_hop(shop, plain_bag, expected):
    start = next(read_records(plain_bag))[0]
    shop.observer.writer(CodeScan)
    shop.observer.wait_for(lambda: shop.observer.node.count_subscribers("/shop/code_scans") >= 2, 20)
    shop.observer.publish(CodeScan(start + 2_000_000_000, "entry_1", "not a code of ours"))
    shop.play(2.0)
    assert shop.observer.wait_for(lambda: len(shop.charges()) == 3, 60)
    assert sorted(receipt_line(charge) for charge in shop.charges().values()) == expected
    for kind in set(KINDS) - {Alert}:
        assert shop.observer.records(kind), kind.__name__
    verdicts = [entry.result for entry in shop.observer.records(Entry)]
    assert verdicts.count(EntryResult.MALFORMED) == 1
    assert verdicts.count(EntryResult.ACCEPTED) == 3
    assert ledger_rows(shop.folder) == [("ada", 109), ("ben", 637), ("cleo", 549)]


def test_killed_nodes_lose_and_double_nothing(shop, expected):
    """SIGKILL in the middle of the visits: what was decided stays, what was missed is said again."""

    def interactions():
        return sum(len(array.interactions) for array in shop.observer.records(InteractionArray))

    shop.play(1.0)
    assert shop.observer.wait_for(lambda: interactions() >= 1, 60)
    shop.supervisor.kill("cart_aggregator")
    assert shop.observer.wait_for(lambda: interactions() >= 2, 60)
    shop.supervisor.kill("pickup_detector")
    shop.supervisor.kill("checkout")
    assert shop.observer.wait_for(lambda: len(shop.charges()) >= 1, 60)
    shop.supervisor.kill("entry")
    shop.supervisor.kill("checkout")
    assert shop.observer.wait_for(lambda: len(shop.charges()) == 3, 60)
    assert sorted(receipt_line(charge) for charge in shop.charges().values()) == expected
    assert ledger_rows(shop.folder) == [("ada", 109), ("ben", 637), ("cleo", 549)]
    assert shop.supervisor.children["cart_aggregator"].starts == 2
