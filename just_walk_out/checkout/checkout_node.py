"""Node ``checkout``: carts, visits and tracks in, charges out; keeps the ledger.

Payment in the store, and who is there, by service.
"""

from __future__ import annotations

from typing import Any

from just_walk_out.checkout.ledger import Ledger
from just_walk_out.checkout.stage import CheckoutSettings, CheckoutStage
from just_walk_out.ros.conversions import to_message, to_time
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.srv import ListVisits, Pay


class CheckoutNode(StageNode):
    """Wires the checkout stage, and services to pay before leaving and to see who is inside."""

    def __init__(self) -> None:
        """Take up what was begun and offer ``~/pay`` and ``~/visits``."""
        super().__init__("checkout", self._build)
        self.create_service(Pay, "~/pay", self._pay)
        self.create_service(ListVisits, "~/visits", self._list)

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

    def _list(self, request: Any, response: Any) -> Any:
        try:
            stamp, stays = self._checkout.inside()
        except ValueError as error:
            response.message = str(error)
            return response
        response.success, response.stamp = True, to_time(stamp)
        response.message = f"{len(stays)} visits inside"
        response.visits = [to_message(stay.visit) for stay in stays]
        response.carts = [to_message(stay.cart) for stay in stays]
        response.billed, response.due = [stay.billed for stay in stays], [stay.due for stay in stays]
        response.doubts = [stay.doubt for stay in stays]
        return response


def main() -> int:
    """Run the node."""
    return run(CheckoutNode)
