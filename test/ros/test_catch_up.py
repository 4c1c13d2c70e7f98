"""The order in which a node that starts takes up the history of its topics."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.ros.catch_up import CatchUp

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Said:
    stamp: int
    text: str = ""


def catch_up():
    return CatchUp(["tracks", "visits"], ["visits"], 2 * SECOND, 5.0)


def offer(node, topic, seconds, now=0.0):
    return [(topic, record.stamp // SECOND) for topic, record in node.offer(topic, Said(seconds * SECOND), now)]


def test_the_history_of_one_topic_waits_for_the_others_and_snapshots_come_first():
    node = catch_up()
    assert [offer(node, "tracks", second) for second in (10, 11, 60)] == [[], [], []]
    assert offer(node, "scans", 30) == offer(node, "visits", 57) == []
    assert offer(node, "visits", 58) == [
        ("visits", 57), ("visits", 58), ("tracks", 10), ("tracks", 11), ("scans", 30), ("tracks", 60)
    ]  # fmt: skip
    assert node.done and offer(node, "tracks", 5) == [("tracks", 5)]


def test_an_input_that_does_not_come_is_not_waited_for_forever():
    node = catch_up()
    assert offer(node, "tracks", 10, now=100.0) == node.wait(104.9) == []
    assert [record.stamp // SECOND for _, record in node.wait(105.0)] == [10]
    assert node.done and node.wait(110.0) == []


def test_who_needs_no_topic_waits_for_none():
    node = CatchUp([], [], SECOND, 5.0)
    assert node.done and offer(node, "weights", 1) == [("weights", 1)]


@given(st.lists(st.tuples(st.sampled_from(["tracks", "visits", "scans"]), st.integers(1, 60), st.integers(0, 9))))
def test_nothing_is_lost_doubled_or_reordered_within_a_topic(said):
    node = catch_up()
    ordered = sorted(said, key=lambda each: (each[1], each[2]))
    given_ = [(topic, Said(stamp * SECOND, str(number))) for number, (topic, stamp, _) in enumerate(ordered)]
    out = []
    for number, (topic, record) in enumerate(given_):
        out += node.offer(topic, record, number / 2)
    out += node.wait(1e9)
    assert sorted(out, key=lambda each: int(each[1].text)) == given_
    for topic in ("tracks", "visits", "scans"):
        assert [each for each in out if each[0] == topic] == [each for each in given_ if each[0] == topic]
