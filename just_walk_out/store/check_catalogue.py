"""Checks of catalogue, planogram and keys."""

from __future__ import annotations

import base64
import binascii

from just_walk_out.store import schema
from just_walk_out.store.build import build_gondolas, build_product
from just_walk_out.store.checks import check_known, check_one_of, check_unique
from just_walk_out.store.place import Errors

KEY_BYTES = 32
"""Length of an Ed25519 public key (RFC 8032)."""


def check_products(products: tuple[schema.ProductDoc, ...], tax_classes: dict[str, int] | None, errors: Errors) -> None:
    """Report products that share an SKU or barcode, or whose weight, barcode or tax makes no sense."""
    check_unique([(product.sku, product.at.key("sku")) for product in products], "SKU", errors)
    codes = [(product.barcode.zfill(14), product.at.key("barcode")) for product in products if product.barcode]
    check_unique(codes, "barcode", errors)
    for doc in products:
        weight: dict[str, object] = {"weight": doc.weight, "weight_g": doc.weight_g}
        spread: dict[str, object] = {"weight_spread": doc.weight_spread, "weight_spread_g": doc.weight_spread_g}
        # both are looked at, so that neither hides the other
        given = any(value is not None for value in spread.values())
        whole = [check_one_of(weight, doc.at, errors), not given or check_one_of(spread, doc.at, errors)]
        product = build_product(doc, tax_classes or {})
        if given and all(whole) and product.weight_spread >= product.weight:
            name = "weight_spread" if doc.weight_spread is not None else "weight_spread_g"
            errors.add(doc.at.key(name), f"expected a standard deviation below the weight of {product.weight:g} kg")
        if doc.barcode and doc.barcode[-1] != check_digit(doc.barcode[:-1]):
            expected = check_digit(doc.barcode[:-1])
            errors.add(doc.at.key("barcode"), f"expected check digit {expected}, got {doc.barcode[-1]}")
        if doc.tax is not None:
            check_known(doc.tax, tax_classes or {}, "name in tax_classes", doc.at.key("tax"), errors)


def check_digit(body: str) -> str:
    """Return the check digit of a GTIN without it (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(body)))
    return str(-total % 10)


def check_planogram(
    planogram: tuple[schema.FacingDoc, ...],
    products: tuple[schema.ProductDoc, ...],
    gondolas: tuple[schema.GondolaDoc, ...],
    errors: Errors,
) -> None:
    """Report places of nothing or nowhere."""
    skus = {product.sku for product in products}
    plates = {plate.id for fixture in build_gondolas(gondolas).gondolas for s in fixture.shelves for plate in s.plates}
    pairs = []
    for facing in planogram:
        check_known(facing.sku, skus, "SKU", facing.at.key("sku"), errors)
        for index, plate in enumerate(facing.plates):
            at = facing.at.key("plates").item(index)
            if check_known(plate, plates, "plate id", at, errors):
                pairs.append((f"{facing.sku} on {plate}", at))
    check_unique(pairs, "place", errors)


def check_keys(entry: schema.EntryDoc, errors: Errors) -> None:
    """Report public keys that are none."""
    at = entry.at.key("public_keys")
    good = []
    for index, text in enumerate(entry.public_keys):
        try:
            length = len(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            length = 0
        if length != KEY_BYTES:
            errors.add(at.item(index), f"expected the base64 of a raw Ed25519 public key of {KEY_BYTES} bytes")
        else:
            good.append((text, at.item(index)))
    check_unique(good, "key", errors)
