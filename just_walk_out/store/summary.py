"""A store description in a few lines, for people."""

from __future__ import annotations

import numpy as np

from just_walk_out.store.bus import MAIN_HOST
from just_walk_out.store.concerns import concerns
from just_walk_out.store.coverage import views
from just_walk_out.store.geometry import polygon_area
from just_walk_out.store.model import Store

NEAR = (0.002, 0.005, 0.010)
"""Kilograms for which near neighbours in weight are counted."""


def summary(store: Store) -> str:
    """Return what the store consists of, and every concern about it."""
    overview = [camera for camera in store.cameras if camera.role == "overview"]
    readers = sum(camera.role == "reader" for camera in store.cameras)
    shelf = len(store.cameras) - len(overview) - readers
    watched = f", {shelf} shelf ({len(store.watchers)} shelves)" if shelf else ""
    channels = [channel for bus in store.buses for channel in bus.channels]
    boards = {(bus.id, channel.board) for bus in store.buses for channel in bus.channels}
    weights = sorted(product.weight for product in store.products)
    low, high = weights[0] * 1000, weights[-1] * 1000
    several = sum(len(skus) > 1 for skus in store.skus_on.values())
    lines = [
        f"{store.name} ({store.id}), {store.currency}",
        f"  floor      {polygon_area(store.floor):.1f} m2, {len(store.walls)} inner walls",
        f"  gates      {', '.join(f'{gate.id} ({gate.kind})' for gate in store.gates)}",
        f"  cameras    {len(overview)} overview, {readers} reader{watched}{_seen(store)}",
        f"  fixtures   {len(store.gondolas)} gondolas, {len(store.shelf)} shelves, {len(store.plate)} plates",
        f"  buses      {len(store.buses)} with {len(boards)} boards and {len(channels)} channels",
        f"  hosts      {', '.join(_carries(store, host) for host in store.hosts)}",
        f"  catalogue  {len(store.products)} products of {low:.0f} to {high:.0f} g; {_alike(weights)}",
        f"  planogram  {len(store.planogram)} facings, {several} plates with several products",
        f"  prices     {len(store.promotions)} promotions",
        f"  ages       {sum(product.minimum_age > 0 for product in store.products)} products with an age limit",
    ]
    found = concerns(store)
    lines += [f"warning: {line}" for line in found]
    lines.append(f"valid, {len(found)} warnings" if found else "valid")
    return "\n".join(lines)


def _seen(store: Store) -> str:
    seen = views(store)
    return f"; {float(np.mean(seen >= 2)):.0%} of the floor is in two pictures or more" if len(seen) else ""


def _carries(store: Store, host: str) -> str:
    cameras = sum(camera.host == host for camera in store.cameras)
    buses = sum(bus.host == host for bus in store.buses)
    pipeline = "the pipeline, " if host == MAIN_HOST else ""
    return f"{host} ({pipeline}{cameras} cameras, {buses} buses)"


def _alike(weights: list[float]) -> str:
    values = np.array(weights)
    if len(values) < 2:
        return "nothing to confuse"
    gaps = np.diff(values)
    nearest = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    # weights are given to the gram, and a gram is no exact binary number
    counts = [int(np.sum(nearest <= near + 1e-9)) for near in NEAR]
    parts = [f"{count} within {near * 1000:.0f} g" for count, near in zip(counts, NEAR, strict=True)]
    return ", ".join(parts) + " of another"
