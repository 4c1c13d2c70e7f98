"""Node ``pickup_detector``: shelf events, tracks and visits in, interactions out."""

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run


def _stage(node: StageNode) -> PickupStage:
    return PickupStage(node.store, declare(node, PickupSettings), Journal(node.state_dir / "pickup_detector.sqlite"))


def main() -> int:
    """Run the node."""
    return run(lambda: StageNode("pickup_detector", _stage))
