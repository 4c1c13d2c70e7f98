"""A node that is asked to stop ends at once and says nothing, also in the middle of much traffic."""

import signal
import subprocess
import sys

import pytest

BUSY = """
import sys
sys.path[:] = filter(None, sys.path)  # the source folder would hide the installed messages
from rclpy.node import Node
from just_walk_out.msg import TrackArray
from just_walk_out.ros.stages import run

class Busy(Node):
    def __init__(self):
        super().__init__("busy")
        publisher = self.create_publisher(TrackArray, "tracks", 10)
        for _ in range(8):
            self.create_subscription(TrackArray, "tracks", self.heard, 10)
        self.create_timer(0.0005, lambda: publisher.publish(TrackArray()))
        self.count = 0

    def heard(self, message):
        self.count += 1
        if self.count == 100:
            print("hears", flush=True)

sys.exit(run(Busy))
"""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_busy_node_that_is_asked_to_stop_ends_well_and_says_nothing(domain, kind):
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as node:
            try:
                assert node.stdout is not None and node.stdout.readline() == "hears\n"
                node.send_signal(kind)
                out, err = node.communicate(timeout=30.0)
            finally:
                node.kill()
            assert (node.returncode, out, err) == (0, "", "")
