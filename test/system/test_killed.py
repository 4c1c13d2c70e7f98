"""Nodes killed (SIGKILL) while shoppers are in the store: the receipts stay the same, nothing is charged twice."""

from just_walk_out.checkout.gateways import LedgerGateway
from just_walk_out.checkout.ledger import Ledger
from just_walk_out.records import CodeScan, PersonDetectionArray, ShelfWeights

SECOND = 1_000_000_000


def test_killed_nodes_change_no_receipt(running, rehearsal):
    running.start(running.pipeline())
    observer = running.observer
    cameras = [camera.id for camera in running.store.cameras if camera.role == "overview"]
    sensors = [observer.writer(ShelfWeights), observer.writer(CodeScan)]
    running.expect_readers([*sensors, *(observer.writer(PersonDetectionArray, camera=each) for each in cameras)], 2)
    takes, exits, codes = (rehearsal.moments(kind) for kind in ("take", "left", "code"))
    moments = {
        # after a code has been accepted and before its shopper has come in
        "entry": codes[-1] + 2 * SECOND,
        # two takes are in, two of the same visit are to come
        "cart_aggregator": takes[1] + SECOND,
        # while the last take of a visit is being made
        "pickup_detector": takes[3],
        # as a visit is about to be settled
        "checkout": exits[0] + SECOND // 10,
    }
    assert takes[3] < exits[0]

    def killer(name):
        return lambda: running.supervisor.kill(name)

    running.play(rehearsal, events=[(stamp, killer(name)) for name, stamp in moments.items()])
    running.wait(lambda: len(running.charges()) >= len(rehearsal.charges), "charges are missing")
    assert {name: running.supervisor.children[name].starts for name in moments} == dict.fromkeys(moments, 2)
    assert running.receipts() == rehearsal.receipts()
    assert running.ledger() == running.charges()
    gateway = LedgerGateway(Ledger(running.state / "ledger.sqlite"))
    for charge in rehearsal.charges.values():
        assert gateway.owed(charge.account) == charge.total
