import dataclasses
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from just_walk_out.checkout.money import tax_table
from just_walk_out.checkout.pricing import PriceList
from just_walk_out.records import CartLine, DecisionState
from just_walk_out.store.model import EntrySettings, Promotion, Store

PRICES = {"apple": 50, "bread": 320, "chips": 199, "dates": 75}


def store_with(*promotions):
    return Store("s", "S", "EUR", (), (), (), (), (), (), (), (), EntrySettings(()), promotions=promotions)


def lines(state=DecisionState.COMMITTED, **units):
    return tuple(
        CartLine(sku, sku, count, PRICES[sku], count * PRICES[sku], state, 0.9)
        for sku, count in sorted(units.items())
        if count
    )


def price(rules, basket):
    prices = PriceList(store_with(*rules))
    return prices.price(basket, prices.in_force(0, 0))


def cost(rules, **units):
    return sum(line.amount for line in price(rules, lines(**units)))


def rule(id, kind, value, *skus, count=1):
    return Promotion(id, id, kind, skus, value, count)


@pytest.mark.parametrize(
    ("rules", "units", "expected"),
    [
        ([rule("r", "price", 30, "apple")], {"apple": 2, "bread": 1}, 60 + 320),
        ([rule("r", "percent_off", 25, "apple", "bread")], {"apple": 1, "bread": 1}, 38 + 240),
        ([rule("r", "amount_off", 400, "bread")], {"bread": 2}, 0),
        ([rule("r", "price", 60, "apple")], {"apple": 1}, 50),
        ([rule("a", "price", 40, "apple"), rule("b", "percent_off", 50, "apple")], {"apple": 1}, 25),
        ([rule("r", "take_for", 500, "chips", count=3)], {"chips": 7}, 500 + 500 + 199),
        ([rule("r", "take_pay", 2, "apple", "chips", count=3)], {"chips": 2, "apple": 1}, 398),
        ([rule("r", "take_pay", 2, "apple", "chips", count=3)], {"chips": 3, "apple": 3}, 398 + 100),
        # whoever takes three of four for the price of two need not fetch the fourth
        ([rule("r", "take_pay", 2, "apple", count=4)], {"apple": 3}, 100),
        # a markdown first, then the bundle, and only where it is cheaper still
        ([rule("m", "price", 20, "apple"), rule("r", "take_for", 90, "apple", count=3)], {"apple": 3}, 60),
        # two bundles that share a product: the order that is cheapest
        (
            [rule("a", "take_for", 350, "chips", "apple", count=2), rule("b", "take_for", 300, "chips", count=2)],
            {"chips": 2, "apple": 2},
            300 + 100,
        ),
    ],
)
def test_what_baskets_cost(rules, units, expected):
    assert cost(rules, **units) == expected


def test_what_is_not_certain_is_neither_priced_nor_counted():
    rules = [rule("r", "take_pay", 1, "apple", count=2)]
    doubtful = lines(DecisionState.REVIEW, apple=1)
    assert price(rules, [*lines(apple=1), *doubtful])[1:] == doubtful
    assert price(rules, doubtful) == doubtful


def test_a_line_names_the_rules_that_lowered_it():
    found = price([rule("r", "take_for", 300, "chips", "bread", count=2)], lines(chips=1, bread=1, apple=1))
    assert [(line.sku, line.amount, line.discount, line.promotions) for line in found] == [
        ("apple", 50, 0, ()),
        ("bread", 184, 136, ("r",)),
        ("chips", 116, 83, ("r",)),
    ]


def test_a_rule_counts_for_a_visit_when_it_held_at_any_moment_of_it():
    spans = PriceList(store_with(dataclasses.replace(rule("r", "price", 1, "apple"), begins=100, ends=200)))
    held = [bool(spans.in_force(*span)) for span in ((0, 99), (0, 100), (150, 160), (199, 300), (200, 300))]
    assert held == [False, True, True, True, False]


skus = st.lists(st.sampled_from(sorted(PRICES)), min_size=1, max_size=4, unique=True).map(tuple)
markdowns = st.one_of(
    st.tuples(st.just("price"), st.integers(0, 400)),
    st.tuples(st.just("percent_off"), st.integers(1, 100)),
    st.tuples(st.just("amount_off"), st.integers(1, 400)),
).map(lambda terms: (*terms, 1))
bundles = st.integers(2, 5).flatmap(
    lambda count: st.one_of(
        st.tuples(st.just("take_for"), st.integers(0, 900), st.just(count)),
        st.tuples(st.just("take_pay"), st.integers(1, count - 1), st.just(count)),
    )
)
promotions = st.lists(st.tuples(st.one_of(markdowns, bundles), skus), max_size=9).map(
    lambda found: [Promotion(f"r{n}", "", kind, of, value, count) for n, ((kind, value, count), of) in enumerate(found)]
)
baskets = st.fixed_dictionaries({sku: st.integers(0, 7) for sku in PRICES})


# six bundles that hang together, of which the cheapest order begins with neither the first nor ends with the last
SIX = [
    rule("r0", "take_for", 0, "apple", count=2),
    rule("r1", "take_for", 0, "apple", count=2),
    rule("r2", "take_for", 2, "apple", "chips", count=2),
    rule("r3", "take_for", 0, "apple", "bread", "dates", count=2),
    rule("r4", "take_for", 1, "apple", "bread", "chips", "dates", count=2),
    rule("r5", "take_for", 0, "apple", count=2),
]


@settings(max_examples=150, deadline=None)
@given(promotions, baskets, st.sampled_from(sorted(PRICES)), st.randoms(use_true_random=False))
@example(SIX, {"chips": 1, "dates": 2}, "apple", random.Random(0))
def test_the_laws_of_prices(rules, units, more, draws):
    basket = lines(**units)
    found = price(rules, basket)
    total = sum(line.amount for line in found)
    assert all(line.amount >= 0 and line.discount >= 0 for line in found)
    assert all(line.amount + line.discount == line.quantity * line.unit_price for line in found)
    # neither the order of the lines nor that of the rules changes anything, nor does pricing what is priced
    shuffled, others = list(basket), list(rules)
    draws.shuffle(shuffled)
    draws.shuffle(others)
    assert {line.sku: line for line in price(others, shuffled)} == {line.sku: line for line in found}
    assert price(rules, found) == found
    # a rule more never costs anything, and a unit more is never cheaper
    assert total <= cost(rules[:-1], **units) <= cost([], **units)
    assert total <= cost(rules, **units | {more: units.get(more, 0) + 1})


@settings(max_examples=100, deadline=None)
@given(promotions, baskets, st.booleans())
def test_the_tax_table_is_about_the_whole_total(rules, units, included):
    rates = {"apple": 700, "bread": 1900, "chips": 700, "dates": 0}
    found = price(rules, lines(**units))
    table = tax_table([(line.amount, rates[line.sku]) for line in found], included=included)
    net_or_gross = sum(line.amount for line in found)
    assert sum(each.amount for each in table) == net_or_gross + (0 if included else sum(each.tax for each in table))
    assert all(0 <= each.tax <= each.amount for each in table)
    assert [each.basis_points for each in table] == sorted({rates[line.sku] for line in found})
