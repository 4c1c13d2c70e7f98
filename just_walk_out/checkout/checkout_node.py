"""Node ``checkout``: carts, visits and tracks in, charges out; keeps the ledger; payment in the store by service."""

from __future__ import annotations

from typing import Any

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.srv import Pay


class CheckoutNode(StageNode):
    """Wires the checkout stage, and a service to pay before leaving."""

    def __init__(self) -> None:
        """Take up what was begun and offer ``~/pay``."""
        super().__init__("checkout", self._build)
        self.create_service(Pay, "~/pay", self._pay)

    def _build(self, node: StageNode) -> CheckoutStage:
        ledger = Ledger(node.state_dir / "ledger.sqlite")
        self._checkout = CheckoutStage(node.store, declare(node, CheckoutSettings), ledger)
        return self._checkout

    def _pay(self, request: Any, response: Any) -> Any:
        try:
            response.charge = self._checkout.pay(request.visit, self.get_clock().now().nanoseconds)
        except ValueError as error:
            response.message = str(error)
            return response
        response.success = True
        response.message = f"{response.charge}: the charge follows once the shelves are decided up to now"
        return response


def main() -> int:
    """Run the node."""
    return run(CheckoutNode)
