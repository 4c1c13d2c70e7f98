"""A shelf-event node that is killed while something is taken."""

import numpy as np

from just_walk_out.records import PlateStatus, ShelfEventArray, ShelfWeights

SECOND = 1_000_000_000
PERIOD = SECOND // 60
BATCH = 6
START = 1_700_000_000 * SECOND


def batches(shelf, begin, end, taken):
    """Samples from one second to another; 200 g leave the second plate at ``taken`` seconds."""
    plates = tuple(plate.id for plate in shelf.plates)
    rng = np.random.default_rng(round(begin * 1000))
    for number in range(round(begin * 60), round(end * 60), BATCH):
        times = np.arange(number, number + BATCH) / 60.0
        weights = 2.0 + rng.normal(0.0, 0.0005, (BATCH, len(plates)))
        weights[times >= taken, 1] -= 0.2
        yield ShelfWeights(
            START + number * PERIOD, shelf.id, "bus/1", number // BATCH, 0, PERIOD, plates,
            (PlateStatus.OK,) * len(plates), weights.astype(np.float32).reshape(-1),
        )  # fmt: skip


def test_a_take_while_the_node_is_down_is_reported_degraded_after_its_restart(running):
    shelf = next(iter(running.store.shelf.values()))
    observer, child = running.observer, "shelf_events"
    running.start([running.node(child)])
    writer = observer.writer(ShelfWeights)
    running.expect_readers([writer])

    def play(begin, end):
        for batch in batches(shelf, begin, end, 6.5):
            observer.publish(batch)
            # The reader may learn of its writer a moment later than the writer of it: what comes before is lost.
            observer.wait_for(lambda batch=batch: seen() >= batch.stamp - SECOND // 5, 0.5)
        running.wait(lambda: seen() >= START + round((end - 0.5) * SECOND), "lag")

    def seen():
        return max((output.stamp for output in running.records(ShelfEventArray)), default=START)

    play(0.0, 6.0)
    before = {mark.source: mark.stamp for output in running.records(ShelfEventArray) for mark in output.watermarks}
    running.supervisor.kill(child)
    running.wait(lambda: running.supervisor.children[child].starts == 2, "not started again", 40.0)
    # Its reader is new to the writer, which still knows the old one: what comes too early is said again.
    for _ in range(100):
        for batch in batches(shelf, 7.0, 9.0, 6.5):
            observer.publish(batch)
        if observer.wait_for(lambda: any(output.events for output in running.records(ShelfEventArray)), 0.5):
            break
    (event,) = [event for output in running.records(ShelfEventArray) for event in output.events]
    assert event.degraded and event.plates == (shelf.plates[1].id,)
    assert abs(event.change[0] + 0.2) < 0.002
    assert before[shelf.id] < event.start <= START + 6 * SECOND
