"""Every topic's writer and readers must match, and what is decided must reach those that start late."""

import pytest

pytest.importorskip("rclpy", reason="needs rclpy: run make setup")

from rclpy.qos import DurabilityPolicy, QoSCompatibility, ReliabilityPolicy, qos_check_compatible

from just_walk_out.ros import qos, stages
from just_walk_out.topics import TOPICS


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_stage_and_recorder_can_read_what_is_written(topic):
    written = stages._WRITERS[topic.quality]
    recorder = qos.SENSOR_RECORDER if topic.quality == "sensor" else qos.EVENT
    for reader in (stages._READERS[topic.quality], recorder):
        compatible, reason = qos_check_compatible(written, reader)
        assert compatible != QoSCompatibility.ERROR, reason


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.quality != "sensor"], ids=lambda topic: topic.name
)
def test_what_is_decided_is_kept_for_those_that_start_late(topic):
    for profile in (stages._WRITERS[topic.quality], stages._READERS[topic.quality]):
        assert profile.reliability == ReliabilityPolicy.RELIABLE
        assert profile.durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_sensor_readers_never_hold_a_sensor_up():
    assert qos.SENSOR_READER.reliability == qos.IMAGE.reliability == ReliabilityPolicy.BEST_EFFORT
    assert qos.SENSOR_READER.durability == DurabilityPolicy.VOLATILE
