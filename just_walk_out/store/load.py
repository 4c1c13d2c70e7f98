"""Loads a store description: YAML files into the model, or every error in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_type_hints

from just_walk_out.store import build, schema
from just_walk_out.store.documents import Documents, read_documents
from just_walk_out.store.model import EntrySettings, Payment, Policy, Store
from just_walk_out.store.place import Errors, Place, StoreError
from just_walk_out.store.reader import INVALID, Reader, describe, limits_of
from just_walk_out.store.validate import validate

__all__ = ["PICTURES", "SENSORS", "StoreError", "load_store"]

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
"""Endings of the files that count as photos of a product."""

SENSORS = ("gates", "cameras", "buses", "entry")
"""Sections that only say how a store is read: a recording of one can do without."""


def load_store(path: Path | str, without: Collection[str] = ()) -> Store:
    """Load and validate a store description.

    Args:
        path: folder with ``store.yaml``, or that file.
        without: sections that may be missing, of ``SENSORS``; the store then has none of it.

    Raises:
        StoreError: with every error found, one line each.
    """
    errors = Errors()
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    documents = read_documents(Path(path), errors)
    sections = _read_sections(documents, errors, without)
    _find_photos(sections, folder, errors)
    _find_model(sections, documents, folder, errors)
    validate(sections, {name: at for name, (at, _) in documents.sections.items()}, errors)
    if errors.found:
        raise StoreError(errors.lines())
    return _build(schema.StoreDoc(**sections))


def _read_sections(documents: Documents, errors: Errors, without: Collection[str]) -> dict[str, Any]:
    """Return the sections that could be read; an absent optional one has its default."""
    hints = get_type_hints(schema.StoreDoc)
    known = {item.name: item for item in dataclasses.fields(schema.StoreDoc)}
    reader = Reader(errors)
    meant: set[str] = set()
    sections: dict[str, Any] = {}
    for name, (at, value) in documents.sections.items():
        if name not in known:
            meant |= reader.report_unknown(name, at, [other for other in known if other not in documents.sections])
            continue
        read = reader.read(hints[name], value, at, limits_of(known[name]))
        if read is not INVALID:
            sections[name] = read
    for name, item in known.items():
        if name in documents.sections or name in meant or not documents.complete:
            continue
        if item.default is not dataclasses.MISSING:
            sections[name] = item.default
        elif name in without:
            at = Place(documents.root.file).key(name)
            sections[name] = schema.EntryDoc(at=at, public_keys=()) if name == "entry" else ()
        else:
            expected = describe(hints[name], limits_of(item))
            errors.add(Place(documents.root.file).key(name), f"missing; expected {expected}")
    return sections


def _find_photos(sections: dict[str, Any], folder: Path, errors: Errors) -> None:
    """Report folders of photos without a picture, and give the others a whole path."""
    found = []
    for product in sections.get("products", ()):
        if product.photos is None:
            found.append(product)
            continue
        whole = (folder / product.photos).resolve()
        if not any(each.suffix.lower() in PICTURES for each in (whole.iterdir() if whole.is_dir() else ())):
            kinds = ", ".join(PICTURES)
            errors.add(product.at.key("photos"), f"expected a folder with pictures ({kinds}), got {product.photos!r}")
        found.append(dataclasses.replace(product, photos=str(whole)))
    if found:
        sections["products"] = tuple(found)


def _find_model(sections: dict[str, Any], documents: Documents, folder: Path, errors: Errors) -> None:
    """Report a model of the products that is not there, and give the other a whole path."""
    name = sections.get("products_model")
    if name is None:
        return
    whole = (folder / name).resolve()
    if not whole.is_file():
        at, _ = documents.sections["products_model"]
        errors.add(at, f"expected a file that jwo train products wrote, got {name!r}")
    sections["products_model"] = str(whole)


def _build(doc: schema.StoreDoc) -> Store:
    gondolas = build.build_gondolas(doc.gondolas).gondolas
    policy, payment = Policy(), Payment()
    if doc.policy is not None:
        given = {item.name: getattr(doc.policy, item.name) for item in dataclasses.fields(Policy)}
        policy = Policy(**given)
    if doc.payment is not None:
        payment = Payment(doc.payment.gateway, doc.payment.preauthorise)
    return Store(
        id=doc.id,
        name=doc.name,
        currency=doc.currency,
        floor=doc.floor,
        walls=tuple(build.build_wall(wall) for wall in doc.walls),
        gates=tuple(build.build_gate(gate) for gate in doc.gates),
        cameras=tuple(build.build_camera(camera, gondolas) for camera in doc.cameras),
        gondolas=gondolas,
        buses=tuple(build.build_bus(bus) for bus in doc.buses),
        products=tuple(build.build_product(product, doc.tax_classes or {}) for product in doc.products),
        planogram=tuple(build.build_facing(facing) for facing in doc.planogram),
        entry=EntrySettings(doc.entry.public_keys, doc.entry.window),
        policy=policy,
        payment=payment,
        promotions=tuple(build.build_promotion(promotion) for promotion in doc.promotions),
        products_model=doc.products_model or "",
    )
