"""Node ``gate``: tracks in, gate crossings out."""

from just_walk_out.checkout.gate import GateSettings, GateStage
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run


def main() -> int:
    """Run the node."""
    return run(lambda: StageNode("gate", lambda node: GateStage(node.store, declare(node, GateSettings))))
