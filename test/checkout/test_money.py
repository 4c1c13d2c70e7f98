from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.checkout.money import divide_half_even, format_money, parse_money, tax_part, tax_table

amounts = st.integers(-(10**12), 10**12)
rates = st.integers(0, 10_000)


@given(amounts, st.integers(1, 10**6))
def test_division_rounds_halves_to_even_exactly(numerator, denominator):
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(amounts, rates)
def test_tax_included_and_tax_added_agree_within_one_unit(net, rate):
    gross = net + tax_part(net, rate, included=False)
    assert abs(tax_part(gross, rate, included=True) - (gross - net)) <= 1


@given(st.lists(st.tuples(st.integers(0, 10**7), rates), max_size=8), st.booleans())
def test_tax_is_a_part_of_the_total_and_splitting_lines_does_not_change_it(lines, included):
    table = tax_table(lines, included=included)
    assert all(0 <= each.tax <= each.amount for each in table)
    net = sum(each.amount - (0 if included else each.tax) for each in table)
    assert net == sum(amount for amount, _ in lines)
    split = [part for amount, rate in lines for part in ((amount // 3, rate), (amount - amount // 3, rate))]
    assert tax_table(reversed(split), included=included) == table


def test_the_usual_rates():
    assert tax_part(119, 1900, included=True) == 19
    assert tax_part(100, 1900, included=False) == 19
    assert tax_part(50, 100, included=False) == 0
    assert tax_part(150, 100, included=False) == 2


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1234, "EUR", "12.34 EUR"),
        (5, "EUR", "0.05 EUR"),
        (-5, "USD", "-0.05 USD"),
        (1200, "JPY", "1200 JPY"),
        (1250, "KWD", "1.250 KWD"),
        (0, "EUR", "0.00 EUR"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_the_currency(amount, currency, text):
    assert format_money(amount, currency) == text


@given(amounts, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_written_is_the_amount(amount, currency):
    number, code = format_money(amount, currency).split(" ")
    assert code == currency
    assert int(number.replace(".", "")) == amount


@given(amounts, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_written_is_read_again(amount, currency):
    text = format_money(amount, currency)
    assert parse_money(text) == parse_money(text, currency) == (amount, currency)
    assert parse_money(text.split(" ")[0], currency) == (amount, currency)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("25", "EUR", 2500), ("0.05EUR", "", 5), (" 7 ", "KWD", 7000), ("-0.05", "EUR", -5)],
)
def test_decimals_and_the_gap_before_the_currency_may_be_left_out(text, currency, amount):
    assert parse_money(text, currency) == (amount, currency or "EUR")


@given(
    st.text() | st.sampled_from(["25.0", "1.000", "1,50", "1e3", "٢٥", "25.00", "inf", "1_0 EUR", "9" * 16 + " EUR"])
)
def test_nothing_else_is_read(text):
    with pytest.raises(ValueError, match="expected an amount such as"):
        parse_money(text)


@pytest.mark.parametrize(("text", "currency"), [("25.0", "EUR"), ("25.00", "JPY"), ("1.000", "EUR"), ("12 EUR", "USD")])
def test_other_decimals_or_another_currency_are_refused(text, currency):
    with pytest.raises(ValueError, match=f"such as 25.* {currency}, got '{text}'"):
        parse_money(text, currency)
