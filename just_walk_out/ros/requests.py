"""Asks running nodes by their services: who is inside, decisions, payment in the store, restocking and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from just_walk_out import srv
from just_walk_out.checkout.inside import Stay
from just_walk_out.records import Cart, Interaction, Visit
from just_walk_out.ros.conversions import from_message, from_time


class RequestError(ValueError):
    """A node did not answer, or refused; one line."""


def ask(service: str, kind: str, values: Mapping[str, Any], namespace: str = "", timeout: float = 15.0) -> Any:
    """Return the answer of a node.

    Args:
        service: node and service, e.g. ``cart_aggregator/decide``.
        kind: name of the service's class in ``srv/``.
        values: fields of the request.
        namespace: that the store runs in.
        timeout: how long to wait for the node and its answer, seconds.

    Raises:
        RequestError: there was no answer in time, or it was a refusal.
    """
    kinds = getattr(srv, kind)
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node("jwo", namespace=namespace, context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        client = node.create_client(kinds, service)
        if not client.wait_for_service(timeout):
            raise RequestError(f"{client.srv_name} does not answer: does the store run, and in this namespace?")
        future = client.call_async(kinds.Request(**values))
        executor.spin_until_future_complete(future, timeout)
        if not future.done():
            raise RequestError(f"{client.srv_name} does not answer")
        answer: Any = future.result()
    finally:
        node.destroy_node()
        context.try_shutdown()
    if not getattr(answer, "success", True):
        raise RequestError(answer.message)
    return answer


def reviews(visit: str, namespace: str = "", timeout: float = 15.0) -> list[Interaction]:
    """Return what waits for a person: of one visit, or of all.

    Raises:
        RequestError: there was no answer in time, or no visit of the last days has this id.
    """
    answer = ask("cart_aggregator/reviews", "ListReviews", {"visit": visit}, namespace, timeout)
    return [from_message(Interaction, message) for message in answer.interactions]


def stays(namespace: str = "", timeout: float = 15.0) -> tuple[int, list[Stay]]:
    """Return up to when visits are known, nanoseconds, and who is in the store, in the order of coming in.

    Raises:
        RequestError: there was no answer in time, or nothing is known of visits yet.
    """
    answer = ask("checkout/visits", "ListVisits", {}, namespace, timeout)
    rows = zip(answer.visits, answer.carts, answer.billed, answer.due, answer.doubts, strict=True)
    return from_time(answer.stamp), [
        Stay(from_message(Visit, visit), from_message(Cart, cart), billed, due, doubt)
        for visit, cart, billed, due, doubt in rows
    ]
