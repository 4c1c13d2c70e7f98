"""What people say to a running store by its services: pay, review, restock, count. Over real DDS."""

import dataclasses
import json
import time

import pytest

from just_walk_out.cli.main import main
from just_walk_out.deployment import NodePlan, command
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartArray,
    Charge,
    Decision,
    DecisionKind,
    DecisionState,
    Interaction,
    InteractionArray,
    Kind,
    RestockMode,
    StockArray,
    TrackArray,
    Visit,
    VisitArray,
    VisitState,
    Watermark,
)
from just_walk_out.ros.observer import Observer
from just_walk_out.supervisor import Supervisor

SECOND = 1_000_000_000
NAMESPACE = "shop"
UNCERTAIN = "no line is certain enough to be charged"
NODES = ("cart_aggregator", "checkout", "stock_keeper")
KINDS = (Adjustment, CartArray, Charge, Decision, RestockMode, StockArray)


class Shop:
    """The nodes that decide about money and stock, told by hand what shoppers do."""

    def __init__(self, store, path, folder):
        self.store, self.folder = store, folder
        self.supervisor = Supervisor(folder / "logs", report=lambda text: None)
        self.observer = Observer(store, KINDS, NAMESPACE)
        parameters = {"store": str(path), "state_dir": str(folder / "state")}
        for name in NODES:
            self.supervisor.start(name, command(NodePlan(name, name, parameters), NAMESPACE))
        self.start = time.time_ns()
        self.now = self.start

    def tell(self, visit, *interactions, corrections=()):
        """What the stages before say, as if all shelves were decided a minute from now."""
        self.now = max(self.now + SECOND, time.time_ns() + 60 * SECOND)
        marks = tuple(Watermark(shelf, self.now) for shelf in sorted(self.store.shelf))
        self.observer.publish(VisitArray(self.now, (Watermark("visits", self.now),), (visit,)))
        self.observer.publish(InteractionArray(self.now, marks, interactions, corrections))
        self.observer.publish(TrackArray(self.now))

    def wait(self, kind, condition, what):
        def found():
            return [each for each in self.observer.records(kind) if condition(each)]

        assert self.observer.wait_for(found, 30), what
        return found()[-1]

    def close(self):
        self.supervisor.stop()
        self.observer.close()


@pytest.fixture
def shop(domain, demo_store, demo_path, tmp_path):
    made = Shop(demo_store, demo_path, tmp_path)
    yield made
    made.close()


def ask(*arguments, capsys):
    status = main([*arguments, "--namespace", NAMESPACE, "--timeout", "30"])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_who_asks_a_store_that_does_not_run_is_told_so_in_one_line(domain, capsys):
    for verb in (["visits"], ["visits", "--json"], ["pay", "v1"], ["review", "list"]):
        assert main([*verb, "--namespace", NAMESPACE, "--timeout", "0.2"]) == 1
        output = capsys.readouterr()
        (line,) = output.err.splitlines()
        assert (
            line.startswith(f"jwo {verb[0]}: ") and "does not answer: does the store run" in line and output.out == ""
        )


def test_people_pay_review_restock_and_count_while_the_store_runs(shop, capsys):
    def take(number, sku, state, quantity=1):
        at = shop.start + number * SECOND
        shelf = next(iter(shop.store.shelf))
        return Interaction(
            f"{shelf}@{number}#0", at, at, shelf, (), Kind.TAKE, state, sku, quantity, "v1", "t1", 0.5, reason="doubt"
        )

    visit = Visit("v1", "ada", "entry_1", shop.start, 0, VisitState.OPEN, tracks=("t1",))
    cola, honey = take(1, "cola_can", DecisionState.COMMITTED), take(2, "honey", DecisionState.REVIEW)
    milk, price = take(3, "milk", DecisionState.COMMITTED, 2), shop.store.product["milk"].price
    shop.tell(visit, cola, honey, milk)
    shop.wait(CartArray, lambda each: each.carts and each.carts[0].lines, "no cart")

    # the cart may be told before checkout has heard of the visit
    deadline = time.monotonic() + 30
    status, said, error = ask("pay", "v1", capsys=capsys)
    while status and "expected a visit that is in the store" in error and time.monotonic() < deadline:
        status, said, error = ask("pay", "v1", capsys=capsys)
    assert status == 0 and "v1/1" in said, error
    shop.tell(visit)
    paid = shop.wait(Charge, lambda each: each.id == "v1/1", "no charge at the kiosk")
    assert (paid.kiosk, paid.total) == (True, 109 + 2 * price)

    (stay,) = (json.loads(line) for line in ask("visits", "--json", capsys=capsys)[1].splitlines())
    assert (stay["visit"], stay["account"], stay["waiting"]) == ("v1", "ada", [honey.id])
    assert [(line["sku"], line["state"]) for line in stay["lines"]] == [
        ("cola_can", "committed"), ("honey", "review"), ("milk", "committed")
    ]  # fmt: skip
    assert (stay["billed"], stay["due"], stay["doubt"]) == (109 + 2 * price, 0, UNCERTAIN)
    status, said, _ = ask("visits", capsys=capsys)
    assert status == 0 and "visit v1  ada" in said and "1 visit inside, as of 20" in said
    status, _, error = ask("pay", "v9", capsys=capsys)
    assert (status, error) == (1, "jwo pay: expected a visit that is in the store, got 'v9'; inside: v1 (ada)\n")
    status, _, error = ask("review", "list", "--visit", "v9", capsys=capsys)
    assert status == 1 and error.endswith("there is no 'v9'; inside: v1 (ada)\n")

    status, said, _ = ask("review", "list", capsys=capsys)
    assert status == 0 and honey.id in said and cola.id not in said and "1 interactions wait" in said
    status, said, _ = ask("review", "change", honey.id, "--by", "rita", "--sku", "oats", capsys=capsys)
    assert status == 0 and f"{honey.id}!1" in said
    assert shop.wait(Decision, lambda each: each.interaction == honey.id, "no decision").by == "rita"
    status, _, error = ask("review", "move", honey.id, "--by", "rita", "--to", "v9", capsys=capsys)
    assert (
        status == 1
        and error == "jwo review: expected the id of a visit of the last days, there is no 'v9'; inside: v1 (ada)\n"
    )

    left = dataclasses.replace(visit, state=VisitState.LEFT, exited=time.time_ns(), gone=("t1",))
    shop.tell(left)
    charge = shop.wait(Charge, lambda each: each.id == "v1/2", "no charge at the exit")
    assert [(line.sku, line.quantity) for line in charge.lines] == [("oats", 1)]

    # what later takes show of the milk is paid back at once, and told once
    milk_id = f"{milk.id}!weight1"
    correction = Decision(
        shop.now, milk_id, DecisionKind.CORRECT, "v1", milk.id, "pickup: weight of milk", sku="milk", quantity=1
    )
    for _ in range(2):
        shop.tell(left, corrections=(correction,))
    back = shop.wait(Adjustment, lambda each: each.id == "v1/1.1", "nothing was paid back")
    assert (back.moved, back.total) == (-price, 109 + price) and milk_id in back.decisions
    assert shop.wait(Decision, lambda each: each.id == milk_id, "no correction") == correction

    shop.supervisor.kill("cart_aggregator")
    shop.supervisor.kill("checkout")
    status, _, _ = ask("review", "remove", cola.id, "--by", "rita", "--note", "not hers", capsys=capsys)
    assert status == 0
    shop.tell(left)
    refund = shop.wait(Adjustment, lambda each: each.id == "v1/1.2", "no refund")
    assert (refund.state, refund.moved, refund.total, refund.decisions) == (
        AdjustmentState.REFUNDED,
        -109,
        price,
        (f"{honey.id}!1", f"{cola.id}!1", milk_id),
    )

    assert ask("stock", "count", "cola_can", "10", "--by", "sam", capsys=capsys)[0] == 0
    assert ask("restock", "begin", "g2", "--by", "sam", capsys=capsys)[0] == 0
    status, _, error = ask("restock", "begin", "g99", "--by", "sam", capsys=capsys)
    assert status == 1 and "expected a gondola" in error
    stock = shop.wait(StockArray, lambda each: each.restocking == ("g2",), "no stock")
    assert {level.sku: level.quantity for level in stock.levels}["cola_can"] == 10
    assert shop.wait(RestockMode, lambda each: each.gondola == "g2", "no mode").active
    assert main(["stock", "show", str(shop.folder / "state" / "stock_keeper.sqlite")]) == 0
    assert "cola_can" in capsys.readouterr().out
    assert main(["ledger", str(shop.folder / "state" / "ledger.sqlite")]) == 0
    assert "+ refunded" in (text := capsys.readouterr().out) and "v1/1.2" in text
