"""One named QoS profile for each kind of stream; every publisher and subscriber takes one of these."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, *, reliable: bool, latched: bool) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


# Only the newest picture is worth anything.
IMAGE = _profile(1, reliable=False, latched=False)
# Weights and detections: the writer offers reliability, so that a recorder may ask for it; the stages
# that must not fall behind read best effort.
SENSOR_WRITER = _profile(100, reliable=True, latched=False)
SENSOR_READER = _profile(100, reliable=False, latched=False)
SENSOR_RECORDER = _profile(1000, reliable=True, latched=False)
# What stages tell each other. The history is deep enough that a stage that was killed and started
# again within a minute or two gets all it has missed.
EVENT = _profile(1500, reliable=True, latched=True)
# Complete snapshots: the newest says it all.
SNAPSHOT = _profile(10, reliable=True, latched=True)
# The store description and things drawn once.
LATCHED = _profile(1, reliable=True, latched=True)
# Diagnostics and markers for people.
STATUS = _profile(50, reliable=True, latched=False)
