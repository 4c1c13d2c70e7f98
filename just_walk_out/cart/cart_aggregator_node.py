"""Node ``cart_aggregator``: visits and interactions in, carts out; decisions of people by service."""

from __future__ import annotations

from typing import Any

from just_walk_out.cart.stage import CartSettings, CartStage
from just_walk_out.journal import Journal
from just_walk_out.records import Decision, DecisionKind
from just_walk_out.ros.conversions import to_message
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.srv import Decide, ListReviews


class CartAggregatorNode(StageNode):
    """Wires the cart stage, and services to what waits for a person."""

    def __init__(self) -> None:
        """Restore the carts and offer ``~/decide`` and ``~/reviews``."""
        super().__init__("cart_aggregator", self._build)
        self.create_service(Decide, "~/decide", self._decide)
        self.create_service(ListReviews, "~/reviews", self._list)

    def _build(self, node: StageNode) -> CartStage:
        journal = Journal(node.state_dir / "cart_aggregator.sqlite")
        self._carts = CartStage(node.store, declare(node, CartSettings), journal)
        return self._carts

    def _decide(self, request: Any, response: Any) -> Any:
        try:
            draft = Decision(
                stamp=self.get_clock().now().nanoseconds,
                id="",
                kind=DecisionKind(request.kind),
                visit=request.visit,
                interaction=request.interaction,
                by=request.by,
                to_visit=request.to_visit,
                sku=request.sku,
                quantity=request.quantity,
                note=request.note,
            )
            decision, outputs = self._carts.decide(draft)
        except ValueError as error:
            response.message = str(error)
            return response
        for output in outputs:
            self.send(output)
        response.success, response.id = True, decision.id
        response.message = f"{decision.id}: {decision.kind.name.lower()} by {decision.by}"
        return response

    def _list(self, request: Any, response: Any) -> Any:
        try:
            response.interactions = [to_message(each) for each in self._carts.reviews(request.visit)]
        except ValueError as error:
            response.message = str(error)
            return response
        response.success = True
        response.message = f"{len(response.interactions)} interactions wait"
        return response


def main() -> int:
    """Run the node."""
    return run(CartAggregatorNode)
