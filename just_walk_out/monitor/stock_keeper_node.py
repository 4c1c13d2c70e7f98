"""Node ``stock_keeper``: interactions and shelf events in, stock levels out; counts and restock modes by service."""

from __future__ import annotations

from typing import Any

from just_walk_out.monitor.stock import StockSettings, StockStage
from just_walk_out.monitor.stock_book import StockBook
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.srv import CountStock, SetRestockMode


class StockKeeperNode(StageNode):
    """Wires the stock stage, and services for those who restock and count."""

    def __init__(self) -> None:
        """Open the book and offer ``~/set_restock_mode`` and ``~/count``."""
        super().__init__("stock_keeper", self._build)
        self.create_service(SetRestockMode, "~/set_restock_mode", self._set_mode)
        self.create_service(CountStock, "~/count", self._count)

    def _build(self, node: StageNode) -> StockStage:
        book = StockBook(node.state_dir / "stock_keeper.sqlite")
        self._stock = StockStage(node.store, declare(node, StockSettings), book)
        return self._stock

    def _set_mode(self, request: Any, response: Any) -> Any:
        now = self.get_clock().now().nanoseconds
        what = f"{request.gondola}: {'restocked' if request.active else 'open for sale'} from now on"
        return self._answer(
            response, lambda: self._stock.set_mode(request.gondola, request.active, request.by, now), what
        )

    def _count(self, request: Any, response: Any) -> Any:
        now = self.get_clock().now().nanoseconds
        what = f"{request.sku}: {request.quantity} units"
        return self._answer(response, lambda: self._stock.count(request.sku, request.quantity, request.by, now), what)

    def _answer(self, response: Any, act: Any, text: str) -> Any:
        try:
            outputs = act()
        except ValueError as error:
            response.message = str(error)
            return response
        for output in outputs:
            self.send(output)
        response.success, response.message = True, text
        return response


def main() -> int:
    """Run the node."""
    return run(StockKeeperNode)
