"""Node ``shelf_events``: shelf weights in, shelf events out."""

from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage


def main() -> int:
    """Run the node."""
    return run(
        lambda: StageNode("shelf_events", lambda node: ShelfEventStage(node.store, declare(node, ShelfEventSettings)))
    )
