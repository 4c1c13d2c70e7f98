"""Node ``cart_aggregator``: visits and interactions in, carts out."""

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.journal import Journal
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run


def _stage(node: StageNode) -> CartStage:
    return CartStage(node.store, declare(node, CartSettings), Journal(node.state_dir / "cart_aggregator.sqlite"))


def main() -> int:
    """Run the node."""
    return run(lambda: StageNode("cart_aggregator", _stage))
