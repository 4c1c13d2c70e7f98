"""Node ``checkout``: carts, visits and tracks in, charges out; keeps the ledger."""

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run


def _stage(node: StageNode) -> CheckoutStage:
    return CheckoutStage(node.store, declare(node, CheckoutSettings), Ledger(node.state_dir / "ledger.sqlite"))


def main() -> int:
    """Run the node."""
    return run(lambda: StageNode("checkout", _stage))
