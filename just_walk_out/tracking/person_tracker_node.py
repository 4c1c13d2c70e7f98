"""Node ``person_tracker``: detections of all cameras in, tracks out."""

from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage


def main() -> int:
    """Run the node."""
    return run(
        lambda: StageNode("person_tracker", lambda node: TrackerStage(node.store, declare(node, TrackerSettings)))
    )
