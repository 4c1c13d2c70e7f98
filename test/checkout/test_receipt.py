import dataclasses
import json

from just_walk_out.checkout.receipt import receipt, receipt_line, receipt_text
from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
    TaxAmount,
)

CHARGE = Charge(
    stamp=1_700_000_100_000_000_000,
    id="v1/1",
    visit="v1",
    account="ann",
    entered=1_700_000_000_123_456_789,
    exited=1_700_000_100_000_000_000,
    state=ChargeState.CHARGED,
    lines=(
        CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9),
        CartLine("bread", "Bread", 1, 320, 320, DecisionState.REVIEW, 0.6),
    ),
    tax=7,
    total=100,
    currency="EUR",
)


def test_a_receipt_has_its_keys_in_order():
    assert list(receipt(CHARGE)) == ["visit", "account", "entered", "exited", "lines", "total", "currency", "status"]
    assert json.loads(receipt_line(CHARGE)) == {
        "visit": "v1",
        "account": "ann",
        "entered": "2023-11-14T22:13:20.123456Z",
        "exited": "2023-11-14T22:15:00.000000Z",
        "lines": [
            {"sku": "apple", "quantity": 2, "unit_price": 50, "state": "committed"},
            {"sku": "bread", "quantity": 1, "unit_price": 320, "state": "review"},
        ],
        "total": 100,
        "currency": "EUR",
        "status": "charged",
    }
    assert "\n" not in receipt_line(CHARGE)


def test_people_can_read_what_is_charged_and_what_is_not():
    text = receipt_text(CHARGE, "Corner")
    assert "2 x Apple" in text and "1.00 EUR" in text
    assert text.index("Not charged") < text.index("1 x Bread") < text.index("Total")
    assert all(len(line) <= 48 for line in text.splitlines())


CUT = CartLine("apple", "Apple", 3, 50, 100, DecisionState.COMMITTED, 0.9, discount=50, promotions=("apples",))
CORRECTION = Adjustment(
    stamp=1_700_000_200_000_000_000,
    id="v1/1.1",
    charge="v1/1",
    visit="v1",
    account="ann",
    state=AdjustmentState.REFUNDED,
    lines=(dataclasses.replace(CUT, quantity=1, amount=50, discount=0, promotions=()),),
    amount=-50,
    moved=-50,
    tax=3,
    total=50,
    currency="EUR",
    reason="A person has decided.",
    taxes=(TaxAmount(700, 50, 3),),
)


def test_discounts_the_tax_by_rate_and_corrections_are_on_the_receipt():
    charge = dataclasses.replace(CHARGE, lines=(CUT,), taxes=(TaxAmount(700, 100, 7),), kiosk=True)
    page = receipt_text(charge, "Corner", [CORRECTION]).splitlines()
    assert "3 x Apple                               1.50 EUR" in page
    assert "    apples                             -0.50 EUR" in page
    assert "  of 1.00 EUR tax at 7 %                0.07 EUR" in page
    assert "Paid     2023-11-14 22:15:00 UTC in the store" in page
    assert "Paid back                              -0.50 EUR" in page
    assert page.index("Correction v1/1.1") < page.index("Total now                               0.50 EUR")
    assert all(len(line) <= 48 for line in page)
    values = receipt(charge, [CORRECTION])
    assert list(values)[-2:] == ["adjustments", "net"] and values["net"] == 50
    assert values["lines"][0]["discount"] == 50 and values["lines"][0]["promotions"] == ["apples"]
    assert values["adjustments"][0] == {
        "id": "v1/1.1",
        "lines": [{"sku": "apple", "quantity": 1, "unit_price": 50, "state": "committed"}],
        "amount": -50,
        "moved": -50,
        "status": "refunded",
        "reason": "A person has decided.",
    }


def test_reasons_are_never_cut():
    reason = "Later takes show that it may have been fewer units: the weight in the catalogue is in doubt."
    charge = dataclasses.replace(CHARGE, reason=reason)
    page = receipt_text(charge, "Corner", [dataclasses.replace(CORRECTION, reason=reason)])
    assert " ".join(page.split()).count(reason) == 2 and all(len(line) <= 48 for line in page.splitlines())
