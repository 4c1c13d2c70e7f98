"""Money in integer minor units, with its ISO 4217 code; never a float.

Tax is rounded once for each rate over the sum of the lines with that rate (the method of EN 16931 for
invoices), half to even, so that the number of lines a purchase is split into does not change the tax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from just_walk_out.records import TaxAmount

BASIS_POINTS = 10_000
# ISO 4217, table A.1: currencies whose minor unit is not a hundredth.
WITHOUT_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF")
) | {"XPF"}
WITH_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))

_AMOUNT = re.compile(r"(-?[0-9]{1,15})(?:\.([0-9]+))?(?: ?([A-Z]{3}))?", re.ASCII)


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


def parse_money(text: str, currency: str = "") -> tuple[int, str]:
    """Read an amount as ``format_money`` writes it; decimals may be left out altogether.

    Args:
        text: ``12.34 EUR``, or ``12.34`` where ``currency`` says of what.
        currency: that it must be of, ISO 4217; empty where the text has to say it.

    Returns:
        Minor units, and their currency.

    Raises:
        ValueError: it is something else, of another currency, or has other decimals than the currency.
    """
    found = _AMOUNT.fullmatch(text.strip())
    code = currency or (found[3] if found else "") or ""
    example = format_money(25 * 10 ** decimals(code), code or "EUR")
    if found is None or not code or (found[2] and len(found[2]) != decimals(code)):
        raise ValueError(f"expected an amount such as {example}, got {text!r}")
    if found[3] not in (None, code):
        raise ValueError(f"expected an amount in {code}, such as {example}, got {text!r}")
    return int(found[1] + (found[2] or "0" * decimals(code))), code
