"""Runs the checks of a store description that go beyond single values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from just_walk_out.store import (
    check_catalogue,
    check_devices,
    check_fixtures,
    check_floor,
    check_promotions,
    check_protocols,
)
from just_walk_out.store.place import Errors, Place

CHECKS: tuple[tuple[Callable[..., None], tuple[str, ...], tuple[str, ...]], ...] = (
    (check_floor.check_walls, ("walls",), ()),
    (check_floor.check_gates, ("floor", "gates"), ("floor",)),
    (check_fixtures.check_names, ("gondolas",), ()),
    (check_devices.check_frames, ("cameras", "gondolas"), ()),
    (check_protocols.check_protocols, ("buses",), ()),
    (check_devices.check_buses, ("buses", "gondolas"), ("gondolas",)),
    (check_catalogue.check_planogram, ("planogram", "products", "gondolas"), ("gondolas",)),
    (check_fixtures.check_sizes, ("gondolas",), ("gondolas",)),
    (check_fixtures.check_placement, ("floor", "walls", "gondolas"), ("floor", "walls", "gondolas")),
    (check_floor.check_ways, ("floor", "walls", "gates", "gondolas"), ("floor", "walls", "gates", "gondolas")),
    (check_devices.check_cameras, ("cameras",), ()),
    (check_devices.check_camera_places, ("floor", "cameras"), ("floor",)),
    (check_devices.check_shelf_cameras, ("cameras", "gondolas"), ("cameras", "gondolas")),
    (check_devices.check_readers, ("gates", "cameras"), ()),
    (check_devices.check_ports, ("gates", "buses"), ()),
    (check_devices.check_hosts, ("cameras", "buses"), ()),
    (check_catalogue.check_products, ("products", "tax_classes"), ()),
    (check_promotions.check_promotions, ("promotions", "products"), ()),
    (check_catalogue.check_keys, ("entry",), ()),
)
"""Checks in order, the sections that each reads, and those it builds on, which must have no error so far."""


def validate(sections: Mapping[str, Any], places: Mapping[str, Place], errors: Errors) -> None:
    """Report what is wrong between the values of the sections.

    A check is left out where a section it builds on has errors already: what it would say follows from them.

    Args:
        sections: the sections that could be read, as documents.
        places: where each section stands.
        errors: receives what is wrong.
    """
    if "floor" in sections:
        check_floor.check_floor(sections["floor"], places["floor"], errors)
    for check, read, basis in CHECKS:
        if all(name in sections for name in read) and not errors.spoiled(*basis):
            check(*(sections[name] for name in read), errors)
