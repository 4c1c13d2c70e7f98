"""Money in integer minor units, with its ISO 4217 code; never a float.

Tax is rounded once for each rate over the sum of the lines with that rate (the method of EN 16931 for
invoices), half to even, so that the number of lines a purchase is split into does not change the tax.
"""

from __future__ import annotations

from collections.abc import Iterable

from just_walk_out.records import TaxAmount

BASIS_POINTS = 10_000
# ISO 4217, table A.1: currencies whose minor unit is not a hundredth.
WITHOUT_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF")
) | {"XPF"}
WITH_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def decimals(currency: str) -> int:
    """Return the number of decimals of a currency's major unit (ISO 4217)."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide two integers and round to the nearest, halves to the even neighbour; ``denominator`` > 0."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def tax_part(amount: int, basis_points: int, *, included: bool) -> int:
    """Return the tax in, or on top of, an amount.

    Args:
        amount: minor units.
        basis_points: tax rate in hundredths of a percent.
        included: whether the amount contains the tax already.
    """
    whole = BASIS_POINTS + basis_points if included else BASIS_POINTS
    return divide_half_even(amount * basis_points, whole)


def tax_table(amounts: Iterable[tuple[int, int]], *, included: bool) -> tuple[TaxAmount, ...]:
    """Return what is to be paid at each rate of tax, lowest rate first, and the tax in it.

    Args:
        amounts: (amount in minor units, tax rate in basis points) of each line.
        included: whether the amounts contain the tax already.
    """
    by_rate: dict[int, int] = {}
    for amount, basis_points in amounts:
        by_rate[basis_points] = by_rate.get(basis_points, 0) + amount
    table = []
    for rate, amount in sorted(by_rate.items()):
        tax = tax_part(amount, rate, included=included)
        table.append(TaxAmount(rate, amount if included else amount + tax, tax))
    return tuple(table)


def format_money(amount: int, currency: str) -> str:
    """Write an amount for people: ``12.34 EUR``, ``1200 JPY``, ``1.250 KWD``."""
    places = decimals(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole = digits[: len(digits) - places]
    return f"{sign}{whole}{'.' + digits[len(whole) :] if places else ''} {currency}"
