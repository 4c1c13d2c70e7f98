"""Nodes that decide about money, killed (SIGKILL) at random moments over DDS: every receipt is the same.

``JWO_KILLS=50 pytest test/system/test_kill_loop.py`` runs it; a few kills over DDS are in ``test/nodes``, and fifty of
the stages alone in ``test/replay/test_killed_stages.py``.
"""

import os
import random

import pytest

from just_walk_out.records import CodeScan, PersonDetectionArray, ShelfWeights

VICTIMS = ("cart_aggregator", "pickup_detector", "checkout")
KILLS = int(os.environ.get("JWO_KILLS", "0"))
AT_ONCE = 5  # kills in one run of the scenario


def pieces():
    return [(seed, min(AT_ONCE, KILLS - done)) for seed, done in enumerate(range(0, KILLS, AT_ONCE), start=1)]


@pytest.mark.skipif(not KILLS, reason="takes minutes: set JWO_KILLS to the number of kills")
@pytest.mark.parametrize(("seed", "kills"), pieces() or [(0, 0)])
def test_kills_at_random_moments_change_no_receipt_and_double_no_charge(
    store, demo_path, tmp_path, rehearsal, seed, kills, make_running
):
    running = make_running(store, demo_path, tmp_path)
    running.start(running.pipeline())
    observer = running.observer
    cameras = [camera.id for camera in store.cameras if camera.role == "overview"]
    sensors = [observer.writer(ShelfWeights), observer.writer(CodeScan)]
    sensors += [observer.writer(PersonDetectionArray, camera=camera) for camera in cameras]
    running.expect_readers(sensors, 2)
    # a reader may learn of its writer a moment later than the writer of it, and sensors do not repeat themselves
    observer.wait_for(lambda: False, 3.0)
    draws = random.Random(seed)
    first, last = rehearsal.steps[0].until, rehearsal.steps[-1].until
    killed = []

    def kill(name):
        killed.append(name)
        running.supervisor.kill(name)

    agenda = [(draws.randrange(first, last), draws.choice(VICTIMS)) for _ in range(kills)]
    running.play(rehearsal, events=[(stamp, lambda name=name: kill(name)) for stamp, name in agenda])
    running.wait(lambda: len(running.charges()) >= len(rehearsal.charges), "charges are missing", 60.0)
    assert len(killed) == kills
    reasons = {charge.account: charge.reason for charge in running.charges().values() if charge.reason}
    assert running.receipts() == rehearsal.receipts(), (sorted(agenda), reasons)
    assert running.ledger() == running.charges()
