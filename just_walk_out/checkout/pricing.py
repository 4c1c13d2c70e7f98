"""What a basket costs: the catalogue's prices and the store's promotions, cheapest for the shopper.

A rule counts for a basket when it was in force at any moment of the visit. Each unit is marked down by the
best of its markdowns. Bundle rules (so many for a price, take so many and pay for fewer) then take the
units of their products together, dearest first, in groups. Where bundle rules share products the order of precedence
that is cheapest for the shopper counts, of all orders; where more than ``ORDERED`` rules hang together, of the first
of them by id, and the others follow. Among so many a rule more never costs anything.

A group that is not full may be paid as if it were. So whoever takes less never pays more than whoever takes
more of the same, and a refund never costs anything: the price of a basket is monotone in its units, as each
of the prices it is the least of is. What a group costs is shared out over its units in proportion to their
prices, so that each rate of tax bears its part.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from just_walk_out.checkout.money import divide_half_even
from just_walk_out.records import CartLine, DecisionState
from just_walk_out.store.model import Promotion, Store

BUNDLES = ("take_for", "take_pay")
ORDERED = 10


@dataclasses.dataclass(frozen=True, slots=True)
class _Unit:
    """One unit with its price after markdowns and the rule that marked it down, if any; ``paid`` in the end."""

    sku: str
    paid: int
    rule: str = ""


class PriceList:
    """The promotions of a store, applied to the committed lines of baskets."""

    def __init__(self, store: Store) -> None:
        """Take the promotions of the store."""
        self._promotions = tuple(sorted(store.promotions, key=lambda promotion: promotion.id))

    def in_force(self, begins: int, ends: int) -> tuple[Promotion, ...]:
        """Return the rules that hold at any moment from ``begins`` to ``ends``, nanoseconds, both included."""
        return tuple(each for each in self._promotions if each.begins <= ends and begins < each.ends)

    def price(self, lines: Iterable[CartLine], rules: Sequence[Promotion]) -> tuple[CartLine, ...]:
        """Return the lines with what each costs.

        Args:
            lines: of one basket, each product at most once among the committed ones.
            rules: the promotions that count, from ``in_force``.
        """
        given = tuple(lines)
        charged = [line for line in given if line.state is DecisionState.COMMITTED]
        paid: defaultdict[str, int] = defaultdict(int)
        names: defaultdict[str, set[str]] = defaultdict(set)
        for unit in _cheapest([_marked_down(line, rules) for line in charged], rules):
            paid[unit.sku] += unit.paid
            names[unit.sku] |= {unit.rule} - {""}
        priced = []
        for line in given:
            full = line.quantity * line.unit_price
            if line.state is not DecisionState.COMMITTED:
                priced.append(dataclasses.replace(line, amount=full, discount=0, promotions=()))
                continue
            amount = paid[line.sku]
            rules_of = tuple(sorted(names[line.sku]))
            priced.append(dataclasses.replace(line, amount=amount, discount=full - amount, promotions=rules_of))
        return tuple(priced)


def _marked_down(line: CartLine, rules: Sequence[Promotion]) -> tuple[_Unit, int]:
    """Return one unit of the line at its best price, and the number of units."""
    best = _Unit(line.sku, line.unit_price)
    for rule in rules:
        if rule.kind in BUNDLES or line.sku not in rule.skus:
            continue
        price = {
            "price": rule.value,
            "percent_off": divide_half_even(line.unit_price * (100 - rule.value), 100),
            "amount_off": max(0, line.unit_price - rule.value),
        }[rule.kind]
        if price < best.paid:
            best = _Unit(line.sku, price, rule.id)
    return best, line.quantity


def _cheapest(stock: Sequence[tuple[_Unit, int]], rules: Sequence[Promotion]) -> list[_Unit]:
    """Return every unit with what is paid for it."""
    units = [unit for unit, count in stock for _ in range(count)]
    for linked in _linked([rule for rule in rules if rule.kind in BUNDLES]):
        skus = {sku for rule in linked for sku in rule.skus}
        concerned = [unit for unit in units if unit.sku in skus]
        if not concerned:
            continue
        best = _bundled(concerned, _cheapest_order(concerned, linked))
        units = [unit for unit in units if unit.sku not in skus] + best
    return units


def _linked(bundles: Sequence[Promotion]) -> list[list[Promotion]]:
    """Return the bundle rules in groups that share products, directly or by others."""
    groups: list[list[Promotion]] = []
    for rule in bundles:
        skus = set(rule.skus)
        touching = [group for group in groups if any(skus.intersection(other.skus) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append(sorted([rule, *(other for group in touching for other in group)], key=lambda each: each.id))
    return groups


def _cheapest_order(units: Sequence[_Unit], linked: Sequence[Promotion]) -> list[Promotion]:
    """Return the order of precedence in which least is paid, of those the first by id.

    What a rule takes depends on which rules come before it, not on their order, so that sets of rules are gone
    through instead of orders (as Held and Karp do for ways through cities).
    """
    rules, others = linked[:ORDERED], linked[ORDERED:]
    skus = [frozenset(rule.skus) for rule in rules]
    everything = (1 << len(rules)) - 1

    @cache
    def paid(number: int, left: frozenset[str]) -> int:
        taken = _dearest_first(unit for unit in units if unit.sku in left)
        return _sum(_grouped(taken, rules[number]))

    @cache
    def taken_by(before: int) -> frozenset[str]:
        return frozenset().union(*(skus[number] for number in range(len(rules)) if before >> number & 1))

    @cache
    def least(before: int) -> int:
        """Return what is paid at least for what the rules before have left."""
        return min((after(number, before) for number in range(len(rules)) if not before >> number & 1), default=0)

    def after(number: int, before: int) -> int:
        return paid(number, skus[number] - taken_by(before)) + least(before | 1 << number)

    order, before = [], 0
    while before != everything:
        best = least(before)
        number = next(n for n in range(len(rules)) if not before >> n & 1 and after(n, before) == best)
        order.append(rules[number])
        before |= 1 << number
    return [*order, *others]


def _bundled(units: Sequence[_Unit], order: Iterable[Promotion]) -> list[_Unit]:
    """Let each rule in turn take the units of its products that no rule before it has taken."""
    left = _dearest_first(units)
    done: list[_Unit] = []
    for rule in order:
        done += _grouped([unit for unit in left if unit.sku in rule.skus], rule)
        left = [unit for unit in left if unit.sku not in rule.skus]
    return done + left


def _dearest_first(units: Iterable[_Unit]) -> list[_Unit]:
    return sorted(units, key=lambda unit: (-unit.paid, unit.sku))


def _grouped(taken: list[_Unit], rule: Promotion) -> list[_Unit]:
    """Return the units that a rule has taken, dearest first, with what each bears."""
    groups = (_group(taken[start : start + rule.count], rule) for start in range(0, len(taken), rule.count))
    return [unit for group in groups for unit in group]


def _group(group: list[_Unit], rule: Promotion) -> list[_Unit]:
    """Return the units of a group, dearest first, with the share of its price that each bears."""
    apart = _sum(group)
    together = rule.value if rule.kind == "take_for" else _sum(group[: rule.value])
    if together >= apart:
        return group
    bounds = [0]
    for unit in group:
        bounds.append(bounds[-1] + unit.paid)
    shares = [together * upper // apart - together * lower // apart for lower, upper in pairwise(bounds)]
    return [_Unit(unit.sku, share, rule.id) for unit, share in zip(group, shares, strict=True)]


def _sum(units: Iterable[_Unit]) -> int:
    return sum(unit.paid for unit in units)
