"""A checkout process that is killed (SIGKILL) in the middle of settling, again and again."""

import os
import subprocess
import sys

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger

VISITS = 12
PROCESS = f"""
import sys
from pathlib import Path
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.records import *
from just_walk_out.store.model import EntrySettings, Product, Store

store = Store("s", "S", "EUR", (), (), (), (), (), (), (Product("apple", "Apple", "", 0.2, 0.01, 50),), (),
              EntrySettings(()))
stage = CheckoutStage(store, CheckoutSettings(republish=0), Ledger(Path(sys.argv[1])))
for charge in stage.restore():
    print(charge.id, flush=True)
line = CartLine("apple", "Apple", 1, 50, 50, DecisionState.COMMITTED, 0.9)
for number in range({VISITS}):
    left = number * 10**9
    visit = Visit(f"v{{number}}", "ann", "in", 0, left, VisitState.LEFT, tracks=("t",), gone=("t",))
    cart = Cart(visit.id, "ann", "EUR", CartState.SETTLED, lines=(line,), total=50)
    for record in (TrackArray(left), VisitArray(left, (), (visit,)),
                   CartArray(left, (Watermark("visits", left),), (cart,))):
        for charge in stage.push(record):
            print(charge.id, flush=True)
"""


def start(path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROCESS, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_nothing_published_is_lost_and_nothing_is_charged_twice(tmp_path):
    path = tmp_path / "ledger.sqlite"
    published = []
    for lines_before_the_kill in (1, 3, 4):
        with start(path) as process:
            published += [process.stdout.readline().strip() for _ in range(lines_before_the_kill)]
            process.kill()
            published += process.stdout.read().split()
    with start(path) as process:
        published += process.stdout.read().split()
    assert process.returncode == 0
    ledger = Ledger(path)
    expected = {f"v{number}/1" for number in range(VISITS)}
    assert {charge.id for charge in ledger.charges()} == expected
    assert ledger.unfinished() == []
    assert set(published) <= expected
    assert LedgerGateway(ledger).owed("ann", "EUR") == 50 * VISITS
