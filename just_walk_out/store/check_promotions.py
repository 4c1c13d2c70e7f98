"""Checks of price rules."""

from __future__ import annotations

from just_walk_out.store import schema
from just_walk_out.store.build import moment
from just_walk_out.store.checks import check_known, check_one_of, check_unique
from just_walk_out.store.place import Errors


def check_promotions(
    promotions: tuple[schema.PromotionDoc, ...], products: tuple[schema.ProductDoc, ...], errors: Errors
) -> None:
    """Report rules that are incomplete, contradict themselves, or are about nothing."""
    check_unique([(doc.id, doc.at.key("id")) for doc in promotions], "promotion id", errors)
    skus = {product.sku for product in products}
    for doc in promotions:
        check_unique([(sku, doc.at.key("skus").item(index)) for index, sku in enumerate(doc.skus)], "SKU", errors)
        for index, sku in enumerate(doc.skus):
            check_known(sku, skus, "SKU", doc.at.key("skus").item(index), errors)
        _check_rule(doc, errors)
        _check_span(doc, errors)


def _check_rule(doc: schema.PromotionDoc, errors: Errors) -> None:
    rules: dict[str, object] = {
        "price": doc.price, "percent_off": doc.percent_off, "amount_off": doc.amount_off, "take": doc.take
    }  # fmt: skip
    terms: dict[str, object] = {"for_price": doc.for_price, "pay": doc.pay}
    check_one_of(rules, doc.at, errors)
    if doc.take is not None:
        check_one_of(terms, doc.at, errors)
        if doc.pay is not None and doc.pay >= doc.take:
            errors.add(doc.at.key("pay"), f"expected fewer units than the {doc.take} that are taken, got {doc.pay}")
        return
    for name, value in terms.items():
        if value is not None:
            errors.add(doc.at.key(name), "expected take beside it: how many units it is about")


def _check_span(doc: schema.PromotionDoc, errors: Errors) -> None:
    known = []
    for name, text in (("begins", doc.begins), ("ends", doc.ends)):
        if text is None:
            continue
        try:
            known.append(moment(text))
        except ValueError as error:
            errors.add(doc.at.key(name), f"expected {schema.MOMENT['expected']}, got {text!r} ({error})")
    if doc.begins is not None and len(known) == 2 and known[0] >= known[1]:
        errors.add(doc.at.key("ends"), "expected a time after begins")
